/*
 * Opens files for a process that must not: those that belong to a module, by where they
 * lie and what they are. Whether a file is the module's its build-id says, which is not
 * looked at here: nothing of a file is, but its first bytes.
 */
#ifndef SYMBOL_SYMBOL_BROKER_H
#define SYMBOL_SYMBOL_BROKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bytes;

enum { SYMBOL_BUILD_ID_MIN = 3, SYMBOL_BUILD_ID_MAX = 64 };

struct symbol_broker {
	const char *path; /* of the module */
	const char *root; /* below which debug files lie, or NULL */
	const uint8_t *build_id;
	size_t build_id_len;
};

/* May the module's debug information be in a file of that name? Only absolute ones: the
 * module itself; what lies below its directory, or below root; split units (.dwo, .dwp)
 * and shared parts (.debug), which name their place themselves. */
bool symbol_broker_allows(const struct symbol_broker *broker, const char *path);

/* Takes . and .. out of an absolute path, without a look at the disk. out: strlen(path) + 2
 * bytes. Allocates nothing. */
void symbol_broker_normalise(const char *path, char *out);

/* ROOT/.build-id/xx/yyyy.debug, to be freed; NULL where that is no build-id. */
char *symbol_broker_build_id_path(const char *root, const uint8_t *id, size_t len);

/* Whether there may be a file for the module at all, and one of its own: else nobody need
 * ask. */
bool symbol_broker_offers(const struct symbol_broker *broker);
bool symbol_broker_offers_own(const struct symbol_broker *broker);

/* Opens it for reading, if it is allowed, a regular file, of a file system that holds
 * files, and an ELF file that is no core. -1 and errno if not: EACCES where it may not
 * be, ENOEXEC where it is something else. Never blocks, nor takes a terminal. */
int symbol_broker_open(const struct symbol_broker *broker, const char *path);

/* What the servers of DEBUGINFOD_URLS, if that is set, have for the build-id: -1 and errno
 * if nothing. *path is then to be freed. */
int symbol_broker_fetch(const struct symbol_broker *broker, char **path);

#endif
