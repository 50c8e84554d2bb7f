/* Where the program is, where our own files are. */
#include "config.h"

#include "analyzer/cmd/record.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "analyzer/cmd/cmd.h"
#include "analyzer/util/err.h"
#include "analyzer/util/xalloc.h"

#ifndef ESC_LIBDIR
#define ESC_LIBDIR "/usr/local/lib"
#endif
#ifndef ESC_KEEPER
#define ESC_KEEPER "/usr/local/libexec/esc/esc-keeper"
#endif

#define FIND_LOADER_32 "/lib/ld-linux.so.2"

/* 0 if the file can be run, else the errno. */
static int
record_find_try(const char *path)
{
	struct stat status;

	if (stat(path, &status) != 0)
		return errno;
	if (!S_ISREG(status.st_mode))
		return EACCES;
	return access(path, X_OK) == 0 ? 0 : errno;
}

/* As execvp looks: the first that can be run, in the order of PATH. */
static char *
record_find_in_path(const char *name, int *error)
{
	const char *path = getenv("PATH");
	const char *at = path != NULL ? path : "/bin:/usr/bin";
	size_t len;
	char *file;
	int why;

	*error = ENOENT;
	for (;; at += len + 1) {
		len = strcspn(at, ":");
		file = len > 0 ? xasprintf("%.*s/%s", (int)len, at, name) : xasprintf("./%s", name);
		why = record_find_try(file);
		if (why == 0)
			return file;
		free(file);
		if (why == EACCES)
			*error = EACCES;
		if (at[len] == '\0')
			return NULL;
	}
}

int
record_find_program(struct record *record, struct err *err)
{
	const char *name = record->argv[0];
	int error = ENOENT;

	if (strchr(name, '/') != NULL) {
		error = record_find_try(name);
		if (error == 0)
			record->program = xstrdup(name);
	} else if (name[0] != '\0') {
		record->program = record_find_in_path(name, &error);
	}
	if (record->program != NULL)
		return 0;
	if (error == ENOENT || error == ENOTDIR) {
		(void)err_set(err, "%s: not found", name);
		return CMD_NOT_FOUND;
	}
	(void)err_set(err, "%s: cannot run it: %s", name, strerror(error));
	return CMD_NOT_EXECUTABLE;
}

/* The directory that holds our own executable; NULL: unknown. */
static char *
record_find_home(void)
{
	char path[4096];
	ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 1);
	char *slash;

	if (len <= 0)
		return NULL;
	path[len] = '\0';
	slash = strrchr(path, '/');
	if (slash == NULL)
		return NULL;
	*slash = '\0';
	return xstrdup(path);
}

/* The first of HOME/place/name that is there, else `installed` if that is. */
static char *
record_find_own(const char *const *places, const char *name, const char *installed)
{
	char *home = record_find_home();
	char *file;

	for (; home != NULL && *places != NULL; places++) {
		file = xasprintf("%s/%s/%s", home, *places, name);
		if (access(file, R_OK) == 0) {
			free(home);
			return file;
		}
		free(file);
	}
	free(home);
	return access(installed, R_OK) == 0 ? xstrdup(installed) : NULL;
}

/* In the build tree, beside libtool's real executable, or relocated. */
static char *
record_find_shim(const char *name)
{
	/* a folder of libraries for each processor, as Debian has them, is `$LIB` too */
	static const char near[] = "../" ESC_LOADER_LIB;
	static const char *const places[] = { ".libs", ".", "preload/.libs", "../preload/.libs",
		"../lib", near, NULL };
	const char *wanted = getenv("ESC_LIB");
	char *installed, *found;

	if (wanted != NULL && wanted[0] != '\0')
		return realpath(wanted, NULL);
	installed = xasprintf("%s/%s", ESC_LIBDIR, name);
	found = record_find_own(places, name, installed);
	free(installed);
	return found;
}

static bool
record_find_same(const char *one, const char *other)
{
	struct stat a, b;

	return stat(one, &a) == 0 && stat(other, &b) == 0 && a.st_dev == b.st_dev &&
	    a.st_ino == b.st_ino;
}

/*
 * The loader of a 32-bit program complains of a library that is not for it. $LIB is another
 * folder for each loader: ours leads to `lib`, a 32-bit one's to an empty library
 * (build-aux/preloads.sh). NULL: not needed where no 32-bit loader is, or not there.
 */
static char *
record_find_any(const char *lib)
{
	const char *name = strrchr(lib, '/') + 1;
	int folder = (int)(name - lib);
	char *ours, *any = NULL;

	if (ESC_LOADER_LIB[0] == '\0' || access(FIND_LOADER_32, F_OK) != 0)
		return NULL;
	ours = xasprintf("%.*sesc/%s/%s", folder, lib, ESC_LOADER_LIB, name);
	if (record_find_same(ours, lib))
		any = xasprintf("%.*sesc/$LIB/%s", folder, lib, name);
	free(ours);
	return any;
}

int
record_find_lib(struct record *record, struct err *err)
{
	static const char *const places[] = { ".", "..", "keeper", "../keeper", "../libexec/esc",
		NULL };
	/* only the one that links libunwind can compare with it */
	const char *name = record->check ? "libesc-unwind.so" : "libesc.so";

	record->keeper = record_find_own(places, "esc-keeper", ESC_KEEPER);
	record->lib = record_find_shim(name);
	if (record->lib == NULL)
		return err_set(err, "%s is not there: install esc, or name it in ESC_LIB", name);
	if (strpbrk(record->lib, ": ") != NULL)
		return err_set(err,
		    "%s: LD_PRELOAD cannot hold such a path "
		    "(':' or space)",
		    record->lib);
	record->lib_any = record_find_any(record->lib);
	return 0;
}
