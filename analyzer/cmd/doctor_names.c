#include "config.h"

#include <glob.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "analyzer/cmd/doctor.h"
#include "analyzer/cmd/elf_file.h"
#include "analyzer/util/strbuf.h"
#include "analyzer/util/xalloc.h"

enum { DOCTOR_ID_MAX = 64 };

/* Hex digits of the build-id; NULL: it has none. The caller frees it. */
static char *
doctor_build_id(const struct elf_file *file)
{
	const Elf64_Shdr *section = elf_file_section(file, ".note.gnu.build-id");
	unsigned char *note = elf_file_contents(file, section);
	struct strbuf id = { 0 };
	Elf64_Nhdr head = { 0 };
	uint64_t from = sizeof(head) + 4; /* behind the name, "GNU" */

	if (note && section->sh_size > from)
		memcpy(&head, note, sizeof(head));
	if (head.n_namesz == 4 && head.n_descsz > 0 && head.n_descsz <= DOCTOR_ID_MAX &&
	    section->sh_size >= from + head.n_descsz)
		for (unsigned i = 0; i < head.n_descsz; i++)
			strbuf_addf(&id, "%02x", note[from + i]);
	free(note);
	return id.text;
}

/* A file of debug information beside the program or in /usr/lib/debug; NULL: none. */
static char *
doctor_debug_file(const char *path, const struct elf_file *file, const char *id)
{
	char *link = elf_file_contents(file, elf_file_section(file, ".gnu_debuglink"));
	const char *slash = strrchr(path, '/');
	int folder = slash ? (int)(slash - path) : 0;
	char *places[4] = { NULL };
	char *found = NULL;

	if (id && strlen(id) > 2)
		places[0] = xasprintf("/usr/lib/debug/.build-id/%.2s/%s.debug", id, id + 2);
	if (link && *link && !strchr(link, '/')) {
		places[1] = xasprintf("%.*s/%s", folder, path, link);
		places[2] = xasprintf("%.*s/.debug/%s", folder, path, link);
		places[3] = xasprintf("/usr/lib/debug%.*s/%s", folder, path, link);
	}
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		if (!found && places[i] && strcmp(places[i], path) != 0 &&
		    access(places[i], R_OK) == 0)
			found = places[i];
		else
			free(places[i]);
	}
	free(link);
	return found;
}

/* Whether a list of dpkg's has one of the paths as a line. */
static bool
doctor_lists(const char *list, const char *path, const char *other)
{
	FILE *file = fopen(list, "re");
	char line[4096];
	bool is_there = false;

	while (file && !is_there && fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		is_there = strcmp(line, path) == 0 || strcmp(line, other) == 0;
	}
	if (file)
		fclose(file);
	return is_there;
}

/* How much of NAME.list or NAME:ARCH.list is the package's name. */
static size_t
doctor_package_name(const char *list)
{
	size_t len = strcspn(list, ":");

	return list[len] == ':' ? len : (size_t)(strrchr(list, '.') - list);
}

/* The package that a file is of, as dpkg -S says; NULL: of none. */
static char *
doctor_package(const char *path)
{
	/* what is in /bin may be listed as in /usr/bin, and the other way round */
	const char *bare = strncmp(path, "/usr/", 5) == 0 ? path + 4 : path;
	char *full = xasprintf("/usr%s", bare);
	char *package = NULL;
	glob_t found;

	if (glob("/var/lib/dpkg/info/*.list", GLOB_NOSORT, NULL, &found) == 0) {
		for (size_t i = 0; !package && i < found.gl_pathc; i++) {
			const char *name = strrchr(found.gl_pathv[i], '/') + 1;

			if (doctor_lists(found.gl_pathv[i], bare, full))
				package = xstrndup(name, doctor_package_name(name));
		}
		globfree(&found);
	}
	free(full);
	return package;
}

/* Whether /etc/os-release names that family. */
static bool
doctor_is_family(const char *family)
{
	FILE *file = fopen("/etc/os-release", "re");
	char line[512];
	bool is_it = false;

	while (file && fgets(line, sizeof(line), file))
		if ((strncmp(line, "ID=", 3) == 0 || strncmp(line, "ID_LIKE=", 8) == 0) &&
		    strstr(line, family))
			is_it = true;
	if (file)
		fclose(file);
	return is_it;
}

/* How to get debug information on this distribution. */
static char *
doctor_debug_advice(const char *path, const char *id)
{
	const char *servers = getenv("DEBUGINFOD_URLS");
	char *package = doctor_is_family("debian") ? doctor_package(path) : NULL;
	char *advice = NULL;

	if (package)
		advice = xasprintf("apt install %s-dbgsym, from the debug archive of the "
				   "distribution (%s-dbg in old ones)",
		    package, package);
	else if (doctor_is_family("fedora") || doctor_is_family("rhel"))
		advice = xasprintf("if it is a package's: dnf debuginfo-install %s", path);
	else if (doctor_is_family("suse"))
		advice = xstrdup("if it is a package's: zypper install PACKAGE-debuginfo");
	if (id && servers && *servers)
		advice = xasprintf("%s%sdebuginfod-find debuginfo %s, to "
				   "/usr/lib/debug/.build-id/%.2s/%s.debug",
		    advice ? advice : "", advice ? "; or " : "", id, id, id + 2);
	free(package);
	return advice ? advice : xstrdup("build it with -g, and do not strip it");
}

void
doctor_names(struct doctor *doctor, const char *path, const struct elf_file *file)
{
	bool has_debug =
	    elf_file_section(file, ".debug_info") || elf_file_section(file, ".zdebug_info");
	char *id = doctor_build_id(file);
	char *debug = doctor_debug_file(path, file, id);

	if (!file->sections)
		doctor_add(doctor, DOCTOR_WARNING, "names",
		    xstrdup("it has no table of sections: functions are numbers"), NULL);
	else if (has_debug)
		doctor_add(doctor, DOCTOR_OK, "names", xstrdup("it has debug information"), NULL);
	else if (debug)
		doctor_add(
		    doctor, DOCTOR_OK, "names", xasprintf("debug information in %s", debug), NULL);
	else
		doctor_add(doctor, DOCTOR_WARNING, "names",
		    xstrdup(elf_file_first(file, SHT_SYMTAB)
			    ? "no debug information: functions, but neither lines nor what was "
			      "inlined"
			    : "stripped: of its functions the exported ones alone have names"),
		    doctor_debug_advice(path, id));
	free(id);
	free(debug);
}
