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

#include "analyzer/cmd/elf_file.h"
#include "analyzer/util/err.h"
#include "analyzer/util/files.h"
#include "analyzer/util/xalloc.h"

#if defined(__aarch64__)
#define CHECK_MACHINE EM_AARCH64
#else
#define CHECK_MACHINE EM_X86_64
#endif

enum { CHECK_SCRIPTS = 5 }; /* interpreters of interpreters */

struct check {
	struct elf_file file;
	const char *why; /* static text, NULL while nothing is wrong */
	bool usual;      /* its loader is ESC_LOADER */
};

/* --- What it links --- */

bool
record_check_is_sanitizer(const char *library)
{
	static const char *const names[] = { "libasan.so", "libtsan.so", "liblsan.so",
		"libhwasan.so", "libmsan.so", "libclang_rt.asan", "libclang_rt.tsan",
		"libclang_rt.lsan", "libclang_rt.hwasan" };
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strncmp(library, names[i], strlen(names[i])) == 0)
			return true;
	return false;
}

static const char check_sanitized[] =
    "is built with a sanitizer, which replaces malloc itself; profile a build "
    "without it";

static void
check_needed(struct check *check, const Elf64_Dyn *entries, uint64_t count, const char *strings,
    uint64_t size)
{
	uint64_t i;

	for (i = 0; i < count; i++)
		if (entries[i].d_tag == DT_NEEDED &&
		    record_check_is_sanitizer(elf_file_text(strings, size, entries[i].d_un.d_val)))
			check->why = check_sanitized;
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
check_symbols(struct check *check, const Elf64_Sym *symbols, uint64_t count, const char *strings,
    uint64_t size)
{
	uint64_t i;

	for (i = 0; i < count; i++)
		if (symbols[i].st_shndx != SHN_UNDEF)
			check_symbol(check, elf_file_text(strings, size, symbols[i].st_name));
}

/* Of more sections of a type the first counts, or many would take for ever. */
static void
check_section(struct check *check, Elf64_Word type)
{
	const Elf64_Shdr *section = elf_file_first(&check->file, type);
	void *entries = elf_file_contents(&check->file, section);
	uint64_t size = 0;
	char *strings = elf_file_strings(&check->file, section, &size);

	if (entries == NULL || strings == NULL)
		;
	else if (type == SHT_DYNAMIC)
		check_needed(check, entries, section->sh_size / sizeof(Elf64_Dyn), strings, size);
	else
		check_symbols(check, entries, section->sh_size / sizeof(Elf64_Sym), strings, size);
	free(entries);
	free(strings);
}

/* --- How it starts --- */

static void
check_loader(struct check *check, const Elf64_Phdr *segment)
{
	char *loader = elf_file_load(check->file.fd, segment->p_offset, segment->p_filesz);

	if (loader != NULL && strstr(loader, "ld-linux") == NULL && strstr(loader, "ld64") == NULL)
		check->why = "does not use the GNU C library; build it "
			     "with that";
	check->usual = loader != NULL && strcmp(loader, ESC_LOADER) == 0;
	free(loader);
}

static void
check_segments(struct check *check, const char *path)
{
	const Elf64_Phdr *segments = check->file.segments;
	bool dynamic = false;
	unsigned i;

	/* the kernel takes the first, too */
	for (i = 0; segments != NULL && i < check->file.head.e_phnum && !dynamic; i++)
		if (segments[i].p_type == PT_INTERP) {
			dynamic = true;
			check_loader(check, &segments[i]);
		}
	/* the loader itself, called as a program, has no loader */
	if (segments != NULL && !dynamic && strstr(path, "/ld-") == NULL)
		check->why = "is statically linked: nothing can be preloaded; "
			     "link it dynamically";
}

static void
check_rights(struct check *check)
{
	struct stat status;

	if (fstat(check->file.fd, &status) != 0)
		return;
	if (((status.st_mode & S_ISUID) && status.st_uid != getuid()) ||
	    ((status.st_mode & S_ISGID) && (status.st_mode & S_IXGRP) && status.st_gid != getgid()))
		check->why = "is set-user-ID or set-group-ID: the loader "
			     "preloads nothing; run a copy without that bit";
	else if (getuid() != 0 && fgetxattr(check->file.fd, "security.capability", NULL, 0) > 0)
		check->why = "has file capabilities: the loader preloads "
			     "nothing; run a copy without them";
}

static void
check_elf(struct check *check, const char *path)
{
	/* of a 32-bit one the first bytes alone are told, which both have */
	if (elf_file_read(&check->file, check->file.fd) != 0) {
		check->why = "is a 32-bit program; esc profiles 64-bit ones";
		return;
	}
	if (check->file.head.e_machine != CHECK_MACHINE) {
		check->why = "is built for another processor";
		return;
	}
	check_rights(check);
	if (check->why == NULL)
		check_segments(check, path);
	if (check->why == NULL)
		check_section(check, SHT_DYNAMIC);
	if (check->why == NULL)
		check_section(check, SHT_DYNSYM);
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
	int fd;

	fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return NULL; /* may be run, not read: the shim will tell */
	len = files_read(fd, 0, line, sizeof(line) - 1);
	if (len >= sizeof(check.file.head) && memcmp(line, ELFMAG, SELFMAG) == 0) {
		check.file.fd = fd;
		check_elf(&check, path);
		elf_file_release(&check.file);
	} else if (len >= 2 && line[0] == '#' && line[1] == '!') {
		line[strcspn(line, "\n")] = '\0';
		next = check_interpreter(line);
	} else if (len > 0 || errno == 0) {
		next = xstrdup("/bin/sh"); /* so does execvp */
	}
	(void)close(fd);
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
