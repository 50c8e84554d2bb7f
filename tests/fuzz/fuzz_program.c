/*
 * Any file as the program that is to be recorded: what is said against it is what a
 * second look finds (program_judge), in one line that names it; no more than a few times
 * the file is read, and nothing beyond its end.
 *
 * Stands in the place of files.c: all that is read comes through here.
 */
#include <elf.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "analyzer/cmd/record.h"
#include "analyzer/util/files.h"
#include "tests/fuzz/fuzz.h"

#if defined(__aarch64__)
enum { PROGRAM_MACHINE = EM_AARCH64 };
#else
enum { PROGRAM_MACHINE = EM_X86_64 };
#endif

enum { PROGRAM_ROOM = 1 << 20, PROGRAM_TIMES = 8, PROGRAM_MANY = 2000 };

static struct fuzz_file file;
static size_t program_read; /* bytes */

/* It is the file that is looked at, and not an interpreter. */
static bool
program_is_ours(int fd)
{
	struct stat one, other;

	FUZZ_CHECK(fstat(fd, &one) == 0 && fstat(file.fd, &other) == 0);
	return fd == file.fd || (one.st_dev == other.st_dev && one.st_ino == other.st_ino);
}

size_t
files_read(int fd, uint64_t offset, void *to, size_t len)
{
	size_t left = offset < file.size ? file.size - offset : 0;
	ssize_t got;

	if (!program_is_ours(fd)) {
		got = pread(fd, to, len, (off_t)offset);
		return got > 0 ? (size_t)got : 0;
	}
	errno = 0;
	/* memory for it was asked for */
	FUZZ_CHECK(len <= file.size || len < 256);
	len = len < left ? len : left;
	memcpy(to, file.bytes + offset, len);
	program_read += len;
	return len;
}

/* ---- the second look ---- */

/* What stands at offset, if all of it is in the file. */
static const void *
program_at(uint64_t offset, uint64_t size)
{
	if (offset > file.size || size > file.size - offset)
		return NULL;
	return file.bytes + offset;
}

/* Is there one of the words where the text at `at` of a table begins? */
static bool
program_is(const uint8_t *table, uint64_t size, uint64_t at, const char *const *words, bool whole)
{
	for (; at < size && *words != NULL; words++) {
		size_t len = strlen(*words);

		if (size - at < len || memcmp(table + at, *words, len) != 0)
			continue;
		/* it ends there, or the table does */
		if (!whole || at + len == size || table[at + len] == 0)
			return true;
	}
	return false;
}

static const char *
program_look_at_section(const Elf64_Shdr *sections, unsigned count, const Elf64_Shdr *section)
{
	static const char *const libraries[] = { "libasan.so", "libtsan.so", "liblsan.so",
		"libhwasan.so", "libmsan.so", "libclang_rt.asan", "libclang_rt.tsan",
		"libclang_rt.lsan", "libclang_rt.hwasan", NULL };
	static const char *const functions[] = { "__asan_init", "__tsan_init", "__lsan_init",
		"__msan_init", "__hwasan_init", NULL };
	static const char *const own[] = { "malloc", NULL };
	const uint8_t *table = program_at(section->sh_offset, section->sh_size), *strings;
	bool sanitized = false, has_malloc = false;
	const Elf64_Shdr *linked;
	Elf64_Sym symbol;
	Elf64_Dyn entry;
	uint64_t i;

	if (section->sh_link >= count)
		return NULL;
	linked = &sections[section->sh_link];
	strings = program_at(linked->sh_offset, linked->sh_size);
	if (strings == NULL || table == NULL)
		return NULL;
	for (i = 0; section->sh_type == SHT_DYNAMIC && i < section->sh_size / sizeof(entry); i++) {
		memcpy(&entry, table + i * sizeof(entry), sizeof(entry));
		sanitized = sanitized ||
		    (entry.d_tag == DT_NEEDED &&
			program_is(strings, linked->sh_size, entry.d_un.d_val, libraries, false));
	}
	for (i = 0; section->sh_type == SHT_DYNSYM && i < section->sh_size / sizeof(symbol); i++) {
		memcpy(&symbol, table + i * sizeof(symbol), sizeof(symbol));
		if (symbol.st_shndx == SHN_UNDEF)
			continue;
		sanitized = sanitized ||
		    program_is(strings, linked->sh_size, symbol.st_name, functions, true);
		has_malloc =
		    has_malloc || program_is(strings, linked->sh_size, symbol.st_name, own, true);
	}
	return sanitized ? "sanitizer" : has_malloc ? "malloc of its own" : NULL;
}

/* Of several sections of a kind the first counts: a program has one. */
static const char *
program_look_at_sections(const Elf64_Ehdr *elf)
{
	uint64_t size = (uint64_t)elf->e_shnum * sizeof(Elf64_Shdr);
	const void *from = program_at(elf->e_shoff, size);
	const char *found[2] = { NULL, NULL }, *why;
	bool seen[2] = { false, false };
	Elf64_Shdr *sections;

	if (elf->e_shentsize != sizeof(*sections) || from == NULL)
		return NULL;
	sections = malloc(size + 1);
	FUZZ_CHECK(sections != NULL);
	memcpy(sections, from, size);
	for (unsigned i = 0; i < elf->e_shnum; i++) {
		unsigned kind = sections[i].sh_type == SHT_DYNSYM;

		if (sections[i].sh_type != SHT_DYNAMIC && sections[i].sh_type != SHT_DYNSYM)
			continue;
		if (!seen[kind])
			found[kind] = program_look_at_section(sections, elf->e_shnum, &sections[i]);
		seen[kind] = true;
	}
	free(sections);
	why = found[0] != NULL ? found[0] : found[1];
	return why;
}

/* "": it says nothing of how it starts. */
static const char *
program_look_at_segments(const Elf64_Ehdr *elf)
{
	const uint8_t *from = program_at(elf->e_phoff, (uint64_t)elf->e_phnum * sizeof(Elf64_Phdr));
	const uint8_t *loader;
	Elf64_Phdr segment;

	if (elf->e_phentsize != sizeof(segment) || from == NULL)
		return NULL;
	for (unsigned i = 0; i < elf->e_phnum; i++) {
		char *text;
		bool known;

		memcpy(&segment, from + i * sizeof(segment), sizeof(segment));
		if (segment.p_type != PT_INTERP)
			continue;
		loader = program_at(segment.p_offset, segment.p_filesz);
		if (loader == NULL)
			return NULL;
		text = strndup((const char *)loader, segment.p_filesz);
		FUZZ_CHECK(text != NULL);
		known = strstr(text, "ld-linux") != NULL || strstr(text, "ld64") != NULL;
		free(text);
		return known ? NULL : "GNU C library";
	}
	return "statically linked";
}

static const char *
program_judge(void)
{
	const char *why;
	Elf64_Ehdr elf;

	memcpy(&elf, file.bytes, sizeof(elf));
	if (elf.e_ident[EI_CLASS] != ELFCLASS64)
		return "32-bit";
	if (elf.e_machine != PROGRAM_MACHINE)
		return "another processor";
	why = program_look_at_segments(&elf);
	return why != NULL ? why : program_look_at_sections(&elf);
}

/* ---- the file ---- */

/* The input; or with a table of very many sections, all of them as its last bytes say. */
static void
program_make(struct fuzz_input *input)
{
	bool many = fuzz_byte(input) % 4 == 1 && input->left >= sizeof(Elf64_Ehdr) + 64;
	size_t size = input->left;
	Elf64_Ehdr elf;

	FUZZ_CHECK(size + (size_t)PROGRAM_MANY * 64 < PROGRAM_ROOM);
	fuzz_file_cut(&file, PROGRAM_ROOM);
	memcpy(file.bytes, input->at, size);
	if (many) {
		for (unsigned i = 0; i < PROGRAM_MANY; i++)
			memcpy(file.bytes + size + i * 64UL, input->at + size - 64, 64);
		memcpy(&elf, file.bytes, sizeof(elf));
		elf.e_shoff = size;
		elf.e_shnum = PROGRAM_MANY;
		elf.e_shentsize = 64;
		memcpy(file.bytes, &elf, sizeof(elf));
		size += PROGRAM_MANY * 64UL;
	}
	fuzz_file_cut(&file, size);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = { data, size };
	struct record record = { .program = NULL };
	const char *why;
	char *said;

	if (size > PROGRAM_ROOM / 2)
		return 0;
	fuzz_file_open(&file, PROGRAM_ROOM);
	program_make(&input);
	program_read = 0;
	record.program = file.path;
	said = record_check(&record);
	FUZZ_CHECK(record.exe != NULL);
	FUZZ_CHECK(program_read <= PROGRAM_TIMES * (file.size + 256));
	FUZZ_CHECK(said == NULL || strpbrk(said, "\r\n") == NULL);
	if (file.size >= sizeof(Elf64_Ehdr) && memcmp(file.bytes, ELFMAG, SELFMAG) == 0) {
		why = program_judge();
		FUZZ_CHECK((why == NULL) == (said == NULL));
		FUZZ_CHECK(said == NULL || strncmp(said, file.path, strlen(file.path)) == 0);
		FUZZ_CHECK(said == NULL || strstr(said, why) != NULL);
	}
	free(said);
	free(record.exe);
	return 0;
}
