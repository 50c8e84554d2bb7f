#include "config.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <glob.h>
#include <gnu/libc-version.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "analyzer/cmd/doctor.h"
#include "analyzer/cmd/elf_file.h"
#include "analyzer/cmd/record.h"
#include "analyzer/util/strbuf.h"
#include "analyzer/util/xalloc.h"

/* Libraries at most; bytes of code that one of data alone has, too, to be loaded. */
enum { DOCTOR_LIBRARIES = 512, DOCTOR_CODE = 512 };

struct doctor_library {
	char *name; /* as it is needed */
	char *path; /* NULL: not found */
	bool is_direct;
};

struct doctor_links {
	struct doctor_library list[DOCTOR_LIBRARIES]; /* in the loader's order */
	size_t count;
	char **folders; /* where the loader looks in the end */
	size_t folder_count, folder_cap;
	char *runpath; /* of the program, with its folder for $ORIGIN; NULL: none */
	struct strbuf missing, frameless;
	char *allocator; /* the first that defines malloc */
};

static void
doctor_add_folder(struct doctor_links *links, const char *folder, size_t len)
{
	links->folders = xgrow(
	    links->folders, &links->folder_cap, links->folder_count + 1, sizeof(*links->folders));
	links->folders[links->folder_count++] = xstrndup(folder, len);
}

/* What ldconfig is told to look through, whose cache is a format of its own. */
static void
doctor_configured(struct doctor_links *links, const char *path)
{
	FILE *file = fopen(path, "re");
	char line[4096];

	while (file && fgets(line, sizeof(line), file))
		if (line[0] == '/')
			doctor_add_folder(links, line, strcspn(line, " \t\r\n"));
	if (file)
		fclose(file);
}

static void
doctor_folders(struct doctor_links *links)
{
	static const char *const usual[] = { "/lib64", "/usr/lib64", "/lib", "/usr/lib",
		"/usr/local/lib" };
	Dl_info info;
	glob_t found;

	doctor_configured(links, "/etc/ld.so.conf");
	if (glob("/etc/ld.so.conf.d/*.conf", 0, NULL, &found) == 0) {
		for (size_t i = 0; i < found.gl_pathc; i++)
			doctor_configured(links, found.gl_pathv[i]);
		globfree(&found);
	}
	/* where our own C library is */
	if (dladdr((void *)(uintptr_t)gnu_get_libc_version, &info) != 0 && info.dli_fname[0] == '/')
		doctor_add_folder(
		    links, info.dli_fname, (size_t)(strrchr(info.dli_fname, '/') - info.dli_fname));
	for (size_t i = 0; i < sizeof(usual) / sizeof(*usual); i++)
		doctor_add_folder(links, usual[i], strlen(usual[i]));
}

/* The first of the folders between colons that has it; NULL: none. */
static char *
doctor_in_list(const char *list, const char *name)
{
	while (list && *list) {
		size_t len = strcspn(list, ":");
		char *path = xasprintf("%.*s/%s", (int)len, list, name);

		if (len > 0 && len < 4096 && access(path, R_OK) == 0)
			return path;
		free(path);
		list += len + (list[len] == ':');
	}
	return NULL;
}

static char *
doctor_find(const struct doctor_links *links, const char *runpath, const char *name)
{
	char *path = NULL;

	if (strchr(name, '/'))
		return access(name, R_OK) == 0 ? xstrdup(name) : NULL;
	path = doctor_in_list(runpath, name);
	path = path ? path : doctor_in_list(links->runpath, name);
	path = path ? path : doctor_in_list(getenv("LD_LIBRARY_PATH"), name);
	for (size_t i = 0; !path && i < links->folder_count; i++)
		path = doctor_in_list(links->folders[i], name);
	return path;
}

/* A list of folders with that of the file at `path` for $ORIGIN. */
static char *
doctor_origin(const char *list, const char *path)
{
	const char *slash = strrchr(path, '/');
	struct strbuf real = { 0 };

	while (*list) {
		size_t len = strncmp(list, "$ORIGIN", 7) == 0 ? 7
		    : strncmp(list, "${ORIGIN}", 9) == 0      ? 9
							      : 0;

		if (len > 0 && slash)
			strbuf_add(&real, path, (size_t)(slash - path));
		else
			strbuf_add(&real, list, 1);
		list += len > 0 && slash ? len : 1;
	}
	return real.text;
}

/* Notes one that is needed by who has that runpath. */
static void
doctor_need(struct doctor_links *links, const char *runpath, const char *name, bool is_direct)
{
	if (*name == '\0' || links->count == DOCTOR_LIBRARIES)
		return;
	for (size_t i = 0; i < links->count; i++)
		if (strcmp(links->list[i].name, name) == 0)
			return;
	links->list[links->count++] =
	    (struct doctor_library){ xstrdup(name), doctor_find(links, runpath, name), is_direct };
}

/* Notes what the file at `path` needs. Returns its own runpath, or NULL; the caller frees
 * it. */
static char *
doctor_needs(
    struct doctor_links *links, const char *path, const struct elf_file *file, bool is_direct)
{
	const Elf64_Shdr *section = elf_file_first(file, SHT_DYNAMIC);
	Elf64_Dyn *entries = elf_file_contents(file, section);
	uint64_t size = 0, count = entries ? section->sh_size / sizeof(*entries) : 0;
	char *strings = elf_file_strings(file, section, &size);
	char *runpath = NULL;

	for (uint64_t i = 0; strings && i < count; i++)
		if (!runpath && (entries[i].d_tag == DT_RUNPATH || entries[i].d_tag == DT_RPATH))
			runpath = doctor_origin(
			    elf_file_text(strings, size, entries[i].d_un.d_val), path);
	for (uint64_t i = 0; strings && i < count; i++)
		if (entries[i].d_tag == DT_NEEDED)
			doctor_need(links, runpath,
			    elf_file_text(strings, size, entries[i].d_un.d_val), is_direct);
	free(entries);
	free(strings);
	return runpath;
}

static void
doctor_list(struct strbuf *list, const char *name)
{
	strbuf_adds(list, list->len > 0 ? ", " : "");
	strbuf_adds(list, name);
}

/* Looks at one library, and notes what it needs. */
static void
doctor_library(struct doctor_links *links, const struct doctor_library *library)
{
	int fd =
	    library->path ? open(library->path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC) : -1;
	bool is_c =
	    strncmp(library->name, "libc.so", 7) == 0 || strncmp(library->name, "ld-linux", 8) == 0;
	struct elf_file file = { .fd = -1 };
	const Elf64_Shdr *code;

	if (fd < 0) {
		doctor_list(&links->missing, library->name);
		return;
	}
	if (elf_file_read(&file, fd) == 0) {
		free(doctor_needs(links, library->path, &file, false));
		if (!is_c && !links->allocator && elf_file_defines(&file, "malloc"))
			links->allocator = xstrdup(library->path);
		code = elf_file_section(&file, ".text");
		if (code && code->sh_size > DOCTOR_CODE &&
		    !elf_file_has_segment(&file, PT_GNU_EH_FRAME))
			doctor_list(&links->frameless, library->name);
	}
	elf_file_release(&file);
	close(fd);
}

/* A malloc that is linked in but not for others: its calls do not leave the program. */
static const char *
doctor_inside(const struct elf_file *file)
{
	static const char *const names[] = { "je_malloc", "_rjem_malloc", "mi_malloc", "tc_malloc",
		"rpmalloc", "malloc" };
	const Elf64_Shdr *table = elf_file_first(file, SHT_SYMTAB);
	Elf64_Sym *symbols = elf_file_contents(file, table);
	uint64_t size = 0, count = symbols ? table->sh_size / sizeof(*symbols) : 0;
	char *strings = elf_file_strings(file, table, &size);
	const char *found = NULL;

	for (uint64_t i = 0; strings && i < count && !found; i++)
		for (size_t n = 0; n < sizeof(names) / sizeof(*names); n++)
			if (symbols[i].st_shndx != SHN_UNDEF &&
			    ELF64_ST_TYPE(symbols[i].st_info) == STT_FUNC &&
			    strcmp(elf_file_text(strings, size, symbols[i].st_name), names[n]) == 0)
				found = names[n];
	free(symbols);
	free(strings);
	return found;
}

static void
doctor_allocator(
    struct doctor *doctor, const struct doctor_links *links, const struct elf_file *file)
{
	const char *inside = elf_file_defines(file, "malloc") ? NULL : doctor_inside(file);

	if (inside)
		doctor_add(doctor, DOCTOR_WARNING, "allocator",
		    xasprintf("it has %s linked in: what it allocates by that is not seen", inside),
		    xstrdup("build it with the C library's malloc"));
	else if (links->allocator)
		doctor_add(doctor, DOCTOR_OK, "allocator",
		    xasprintf("%s: calls go through libesc.so to it", links->allocator), NULL);
	else if (!elf_file_defines(file, "malloc"))
		doctor_add(doctor, DOCTOR_OK, "allocator", xstrdup("the C library's"), NULL);
}

static void
doctor_links_tell(struct doctor *doctor, struct doctor_links *links)
{
	for (size_t i = 0; i < links->count; i++)
		if (!links->list[i].is_direct && record_check_is_sanitizer(links->list[i].name))
			doctor_add(doctor, DOCTOR_PROBLEM, "libraries",
			    xasprintf("%s, which one of them needs, replaces malloc itself",
				links->list[i].name),
			    xstrdup("profile a build without the sanitizer"));
	if (links->missing.len > 0)
		doctor_add(doctor, DOCTOR_WARNING, "libraries",
		    xasprintf("not found here: %s", links->missing.text),
		    xstrdup("where its loader does find them, look at them by hand: nm -D"));
	else
		doctor_add(
		    doctor, DOCTOR_OK, "libraries", xasprintf("all %zu found", links->count), NULL);
	if (links->frameless.len > 0)
		doctor_add(doctor, DOCTOR_WARNING, "frames",
		    xasprintf("without .eh_frame_hdr, so that stacks end there: %s",
			links->frameless.text),
		    NULL);
}

void
doctor_libraries(struct doctor *doctor, const char *path, const struct elf_file *file)
{
	struct doctor_links *links = xcalloc(1, sizeof(*links));

	doctor_folders(links);
	links->runpath = doctor_needs(links, path, file, true);
	for (size_t i = 0; i < links->count; i++)
		doctor_library(links, &links->list[i]);
	doctor_allocator(doctor, links, file);
	if (elf_file_has_segment(file, PT_DYNAMIC))
		doctor_links_tell(doctor, links);
	for (size_t i = 0; i < links->count; i++) {
		free(links->list[i].name);
		free(links->list[i].path);
	}
	for (size_t i = 0; i < links->folder_count; i++)
		free(links->folders[i]);
	free(links->folders);
	free(links->runpath);
	free(links->allocator);
	strbuf_release(&links->missing);
	strbuf_release(&links->frameless);
	free(links);
}
