/* Can libesc.so be preloaded into the program? Reads the ELF file itself, with
 * pread, and believes nothing that it says. */
#include "config.h"

#include "analyzer/cmd/record.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "analyzer/util/err.h"
#include "analyzer/util/files.h"
#include "analyzer/util/xalloc.h"

#if defined(__aarch64__)
#define CHECK_MACHINE EM_AARCH64
#else
#define CHECK_MACHINE EM_X86_64
#endif

enum {
	CHECK_SCRIPTS = 5,         /* interpreters of interpreters */
	CHECK_TABLE_MAX = 1 << 28, /* bytes of a symbol or string table */
};

struct check {
	int fd;
	Elf64_Ehdr elf;
	const char *why; /* static text, NULL while nothing is wrong */
	bool usual;      /* its loader is ESC_LOADER */
};

/* What stands at `offset`, one byte more for a NUL; NULL: not all there. */
static void *
check_load(const struct check *check, uint64_t offset, uint64_t size)
{
	struct stat status;
	char *block;

	if (size > CHECK_TABLE_MAX || fstat(check->fd, &status) != 0 ||
	    offset > (uint64_t)status.st_size || size > (uint64_t)status.st_size - offset)
		return NULL;
	block = xcalloc(1, (size_t)size + 1);
	if (files_read(check->fd, offset, block, (size_t)size) != size) {
		free(block);
		return NULL;
	}
	return block;
}

static const char *
check_name(const char *strings, uint64_t size, uint64_t at)
{
	return at < size ? strings + at : "";
}

/* --- What it links --- */

static bool
check_is_sanitizer(const char *needed)
{
	static const char *const names[] = { "libasan.so", "libtsan.so", "liblsan.so",
		"libhwasan.so", "libmsan.so", "libclang_rt.asan", "libclang_rt.tsan",
		"libclang_rt.lsan", "libclang_rt.hwasan" };
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strncmp(needed, names[i], strlen(names[i])) == 0)
			return true;
	return false;
}

static const char check_sanitized[] =
    "is built with a sanitizer, which replaces malloc itself; profile a build "
    "without it";

static void
check_needed(struct check *check, const Elf64_Shdr *dynamic, const char *strings, uint64_t size)
{
	Elf64_Dyn *entries = check_load(check, dynamic->sh_offset, dynamic->sh_size);
	uint64_t count = dynamic->sh_size / sizeof(*entries);
	uint64_t i;

	for (i = 0; entries != NULL && i < count; i++)
		if (entries[i].d_tag == DT_NEEDED &&
		    check_is_sanitizer(check_name(strings, size, entries[i].d_un.d_val)))
			check->why = check_sanitized;
	free(entries);
}

static void
check_symbol(struct check *check, const char *name)
{
	static const char *const sanitizers[] = { "__asan_init", "__tsan_init", "__lsan_init",
		"__msan_init", "__hwasan_init" };
	size_t i;

	for (i = 0; i < sizeof(sanitizers) / sizeof(sanitizers[0]); i++)
		if (strcmp(name, sanitizers[i]) == 0)
			check->why = check_sanitized;
	if (check->why == NULL && strcmp(name, "malloc") == 0)
		check->why = "has a malloc of its own, which nothing can be "
			     "put before; link it with the C library's";
}

static void
check_symbols(struct check *check, const Elf64_Shdr *table, const char *strings, uint64_t size)
{
	Elf64_Sym *symbols = check_load(check, table->sh_offset, table->sh_size);
	uint64_t count = table->sh_size / sizeof(*symbols);
	uint64_t i;

	for (i = 0; symbols != NULL && i < count; i++)
		if (symbols[i].st_shndx != SHN_UNDEF)
			check_symbol(check, check_name(strings, size, symbols[i].st_name));
	free(symbols);
}

static void
check_section(struct check *check, const Elf64_Shdr *sections, const Elf64_Shdr *section)
{
	const Elf64_Shdr *linked;
	char *strings;

	if (section->sh_link >= check->elf.e_shnum)
		return;
	linked = &sections[section->sh_link];
	strings = check_load(check, linked->sh_offset, linked->sh_size);
	if (strings == NULL)
		return;
	if (section->sh_type == SHT_DYNAMIC)
		check_needed(check, section, strings, linked->sh_size);
	else
		check_symbols(check, section, strings, linked->sh_size);
	free(strings);
}

static void
check_first_section(struct check *check, const Elf64_Shdr *sections, Elf64_Word type)
{
	unsigned i;

	for (i = 0; sections != NULL && i < check->elf.e_shnum; i++)
		if (sections[i].sh_type == type) {
			check_section(check, sections, &sections[i]);
			return;
		}
}

static void
check_sections(struct check *check)
{
	Elf64_Shdr *sections;

	if (check->elf.e_shentsize != sizeof(*sections))
		return;
	sections =
	    check_load(check, check->elf.e_shoff, (uint64_t)check->elf.e_shnum * sizeof(*sections));
	/* a program has one of each: of more the first counts, or many would take for ever */
	check_first_section(check, sections, SHT_DYNAMIC);
	if (check->why == NULL)
		check_first_section(check, sections, SHT_DYNSYM);
	free(sections);
}

/* --- How it starts --- */

static void
check_loader(struct check *check, const Elf64_Phdr *segment)
{
	char *loader = check_load(check, segment->p_offset, segment->p_filesz);

	if (loader != NULL && strstr(loader, "ld-linux") == NULL && strstr(loader, "ld64") == NULL)
		check->why = "does not use the GNU C library; build it "
			     "with that";
	check->usual = loader != NULL && strcmp(loader, ESC_LOADER) == 0;
	free(loader);
}

static void
check_segments(struct check *check, const char *path)
{
	Elf64_Phdr *segments;
	bool dynamic = false;
	unsigned i;

	if (check->elf.e_phentsize != sizeof(*segments))
		return;
	segments =
	    check_load(check, check->elf.e_phoff, (uint64_t)check->elf.e_phnum * sizeof(*segments));
	/* the kernel takes the first, too */
	for (i = 0; segments != NULL && i < check->elf.e_phnum && !dynamic; i++)
		if (segments[i].p_type == PT_INTERP) {
			dynamic = true;
			check_loader(check, &segments[i]);
		}
	/* the loader itself, called as a program, has no loader */
	if (segments != NULL && !dynamic && strstr(path, "/ld-") == NULL)
		check->why = "is statically linked: nothing can be preloaded; "
			     "link it dynamically";
	free(segments);
}

static void
check_rights(struct check *check)
{
	struct stat status;

	if (fstat(check->fd, &status) != 0)
		return;
	if (((status.st_mode & S_ISUID) && status.st_uid != getuid()) ||
	    ((status.st_mode & S_ISGID) && (status.st_mode & S_IXGRP) && status.st_gid != getgid()))
		check->why = "is set-user-ID or set-group-ID: the loader "
			     "preloads nothing; run a copy without that bit";
	else if (getuid() != 0 && fgetxattr(check->fd, "security.capability", NULL, 0) > 0)
		check->why = "has file capabilities: the loader preloads "
			     "nothing; run a copy without them";
}

static void
check_elf(struct check *check, const char *path)
{
	if (check->elf.e_ident[EI_CLASS] != ELFCLASS64) {
		check->why = "is a 32-bit program; esc profiles 64-bit ones";
		return;
	}
	if (check->elf.e_machine != CHECK_MACHINE) {
		check->why = "is built for another processor";
		return;
	}
	check_rights(check);
	if (check->why == NULL)
		check_segments(check, path);
	if (check->why == NULL)
		check_sections(check);
}

/* --- Scripts --- */

/* The word at *at, which moves behind it; NULL: none. The caller frees it. */
static char *
check_word(const char **at)
{
	const char *from = *at + strspn(*at, " \t");
	size_t len = strcspn(from, " \t\r\n");

	*at = from + len;
	return len > 0 ? xstrndup(from, len) : NULL;
}

/* What env will run: the first word that is neither option nor variable. */
static char *
check_env(const char *at)
{
	char *argv[2] = { NULL, NULL };
	struct record found = { .argv = argv };
	struct err err;

	while ((argv[0] = check_word(&at)) != NULL &&
	    (argv[0][0] == '-' || strchr(argv[0], '=') != NULL))
		free(argv[0]);
	if (argv[0] != NULL && record_find_program(&found, &err) != 0)
		found.program = NULL;
	free(argv[0]);
	return found.program;
}

/* The interpreter that the first line names; NULL: unknown. */
static char *
check_interpreter(const char *line)
{
	const char *at = line + 2;
	char *interpreter = check_word(&at);
	const char *base;
	char *run;

	if (interpreter == NULL)
		return NULL;
	base = strrchr(interpreter, '/');
	if (strcmp(base != NULL ? base + 1 : interpreter, "env") != 0)
		return interpreter;
	run = check_env(at);
	if (run == NULL)
		return interpreter;
	free(interpreter);
	return run;
}

/*
 * Looks at one file. Returns the next one to look at, which interprets it (the
 * caller frees it), or NULL: it is the last, *result says what is wrong with it.
 */
static char *
check_file(const char *path, struct check *result)
{
	struct check check = { .why = NULL };
	char line[256] = "";
	char *next = NULL;
	size_t len;

	check.fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (check.fd < 0)
		return NULL; /* may be run, not read: the shim will tell */
	len = files_read(check.fd, 0, line, sizeof(line) - 1);
	if (len >= sizeof(check.elf) && memcmp(line, ELFMAG, SELFMAG) == 0) {
		memcpy(&check.elf, line, sizeof(check.elf));
		check_elf(&check, path);
	} else if (len >= 2 && line[0] == '#' && line[1] == '!') {
		line[strcspn(line, "\n")] = '\0';
		next = check_interpreter(line);
	} else if (len > 0 || errno == 0) {
		next = xstrdup("/bin/sh"); /* so does execvp */
	}
	(void)close(check.fd);
	*result = check;
	return next;
}

char *
record_check(struct record *record)
{
	char *path = xstrdup(record->program);
	struct check last = { .why = NULL };
	char *next, *text;
	int depth;

	for (depth = 0; depth < CHECK_SCRIPTS; depth++) {
		next = check_file(path, &last);
		if (next == NULL)
			break;
		free(path);
		path = next;
	}
	text = last.why != NULL ? xasprintf("%s %s", path, last.why) : NULL;
	record->usual = last.usual;
	record->exe = realpath(path, NULL);
	if (record->exe == NULL)
		record->exe = xstrdup(path);
	free(path);
	return text;
}
