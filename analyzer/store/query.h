/*
 * Reads a database, which may come from anywhere: it is opened read-only, views
 * and triggers do not work, what stands for our tables must be tables, only SELECT on
 * those is allowed, all statements together have a deadline, and the text that is read
 * in all is limited, since a long name may stand in every stack. Its contents may still be
 * anything: texts need not be UTF-8, numbers are in no range, references may lead
 * nowhere or in a circle.
 */
#ifndef STORE_QUERY_H
#define STORE_QUERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct err;
struct query_db;
struct query; /* one prepared statement */

/* SQL: the part of a site's blocks that need not be on the heap, 0 to 1. What a
 * library made for itself is not the site's to place; where the whole site escapes,
 * that of some callers may not. is_of: "= id", the rows of site_context that count. */
#define QUERY_SHARE(is_of)                                                                  \
	"CASE WHEN container = 'library' THEN 0.0"                                          \
	" WHEN verdict IN ('stack', 'buffer', 'caller') THEN 1.0"                           \
	" WHEN verdict = 'reuse' THEN max(0.0, 1.0 -"                                       \
	" CAST(activations AS REAL) / max(observed, 1))"                                    \
	" WHEN verdict = 'mixed' THEN CAST(local AS REAL) / max(observed, 1)"               \
	" ELSE min(1.0, (SELECT total(c.estimated) FROM site_context c WHERE c.site " is_of \
	" AND c.verdict IN ('stack', 'buffer', 'caller')) / max(estimated, 1.0)) END"

/* user_version of the databases that are read; schema.sql writes the same. */
enum { QUERY_VERSION = 10 };

enum query_type { QUERY_NULL, QUERY_INT, QUERY_REAL, QUERY_TEXT };

/* The file is a database of ours, by its first bytes. */
bool query_is_database(const char *path);
/* NULL and err set if it cannot be read or is no database of this version. A file that is
 * written or cut meanwhile is an error of the statement that ends after it. */
struct query_db *query_open(const char *path, struct err *err);
void query_close(struct query_db *db); /* takes NULL */
/* Seconds that sqlite may work for this database, opening it and all statements
 * together; 0: no end. 60 unless this says otherwise. */
void query_set_deadline(struct query_db *db, unsigned seconds);
/* Bytes of text that may be read of it in all; 1 GiB and 64 times the file's size unless
 * this says otherwise. */
void query_set_text(struct query_db *db, uint64_t bytes);

/* Text that is used once more without being read anew counts as read. */
void query_count_text(struct query_db *db, uint64_t bytes);

/* Both limits count from here again: for who answers one question after the other. */
void query_renew(struct query_db *db);

/* A function for SQL: of `count` numbers, NULL read as 0; text or real is set. */
struct query_function {
	const char *name;
	int count;
	const char *(*text)(const double *values); /* its text is static */
	double (*real)(const double *values);
};

/* Statements have SQL's functions and add_up(): sum(), but what would be larger than an
 * integer of the database is the largest one, not an error. */
/* Makes the functions of a list, that a name of NULL ends, known to statements
 * prepared from now on. -1 and err set on failure. */
int query_add_functions(
    struct query_db *db, const struct query_function *functions, struct err *err);

/* Makes db a copy in memory, which query_edit may change; nothing is done if it is one. It
 * comes before all statements and functions. -1 and err set on failure; db is then only to be
 * closed. */
int query_detach(struct query_db *db, struct err *err);
/* Runs one statement of ours upon such a copy, whatever it is, with `count` texts as its
 * parameters. -1 and err set on failure. */
int query_edit(
    struct query_db *db, const char *sql, const char *const *texts, size_t count, struct err *err);

/*
 * Makes db a copy in memory without what tells whose it is or where: directories, the
 * arguments of the command, numbers of processes and threads, times of day, patterns that
 * were given. Names of functions, of files without their directories, and build-ids stay.
 * -1 and err set on failure; db is then only to be closed.
 */
int query_anonymise(struct query_db *db, struct err *err);
/* Writes the whole database, a file of SQLite's; -1 and err set on failure. */
int query_save(struct query_db *db, FILE *out, struct err *err);

/* One SELECT; NULL and err set if it is anything else. */
struct query *query_prepare(struct query_db *db, const char *sql, struct err *err);
void query_finish(struct query *query); /* takes NULL */
/* Parameters count from 1. The text is copied. */
void query_bind_int(struct query *query, int at, int64_t value);
void query_bind_text(struct query *query, int at, const char *value);
/* The next row: 1, no more: 0, failed: -1 and err set. */
int query_next(struct query *query, struct err *err);
/* From the first row again, with the parameters as they are. */
void query_reset(struct query *query);

/* Columns count from 0. Texts live until the next row. NULL reads as 0 and "". */
int query_columns(const struct query *query);
const char *query_name(const struct query *query, int column);
enum query_type query_type(const struct query *query, int column);
int64_t query_int(const struct query *query, int column);
double query_real(const struct query *query, int column);
const char *query_text(const struct query *query, int column);

#endif
