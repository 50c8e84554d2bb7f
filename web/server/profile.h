/*
 * One file that is looked at: its database, and what was read of it. What is read once
 * never changes; who wants more of the database takes the lock. Lives as long as somebody
 * holds it.
 */
#ifndef WEB_SERVER_PROFILE_H
#define WEB_SERVER_PROFILE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyzer/format/rows.h"
#include "analyzer/report/info.h"

struct err;
struct paths;
struct query_db;

enum { PROFILE_KEPT = 16 }; /* documents that are made once */

/* A document that was made: gzip. */
struct profile_kept {
	char *bytes;
	size_t len;
	size_t whole; /* bytes of what it is */
};

/* A file that was made for who wants to save it: no name, and no bytes of ours. */
struct profile_file {
	char *name; /* of the export */
	int fd;
	struct profile_file *next;
};

struct profile {
	_Atomic unsigned holders;
	char *file; /* as the user named it */
	const struct paths *paths;
	struct info info;
	struct rows sites;      /* plain, paths shown, what costs most first */
	size_t *by_file;        /* rows of them, by what file they stand in */
	pthread_mutex_t making; /* of documents that are kept; outside of the lock */
	pthread_mutex_t lock;
	/* Under the lock: */
	struct query_db *db;
	struct profile_file *files;
	struct profile_kept *_Atomic kept[PROFILE_KEPT]; /* set once, read without it */
};

/* Takes db over, also on failure: NULL and err set. Files are named as paths says, which
 * must outlive it. Held once. */
struct profile *profile_new(
    struct query_db *db, const char *file, const struct paths *paths, struct err *err);
struct profile *profile_hold(struct profile *profile);
void profile_drop(struct profile *profile); /* takes NULL */

/* The database, for one question; profile_unlock ends it. */
struct query_db *profile_lock(struct profile *profile);
void profile_unlock(struct profile *profile);

/* The rows of the sites that stand in a file, least number first; *count of them. */
const size_t *profile_in_file(const struct profile *profile, const char *file, size_t *count);
/* report_run, its one row. */
const struct rows *profile_run(const struct profile *profile);

#endif
