/*
 * What the server tells of a database, as the commands tell it: the same rows, written
 * by the same format. They are read once; after that nothing changes, and any number of
 * threads may ask.
 */
#ifndef WEB_SERVER_DOCUMENT_H
#define WEB_SERVER_DOCUMENT_H

#include <stddef.h>
#include <stdio.h>

struct document; /* opaque */
struct err;
struct parameters;
struct paths;
struct query_db;

enum {
	DOCUMENT_COUNT = 200,  /* sites to a request, where it does not say */
	DOCUMENT_MOST = 10000, /* ... and at most */
};

/* Reads the reports; files are named as paths says. NULL and err set on failure. */
struct document *document_new(struct query_db *db, const struct paths *paths, struct err *err);
void document_free(struct document *document); /* takes NULL */

/* Each writes one JSON object to out. An HTTP status: 200, or 400 and nothing written,
 * *why (static) says what is wrong with the parameters. */

/* esc-info/1, as `esc info --format=json`. No parameters. */
unsigned document_info(const struct document *document, const struct parameters *parameters,
    FILE *out, const char **why);
/* esc-report/1, as `esc report --format=json`, and "page": offset, count and total.
 * sort=ORDER, verdict=V,..., text=PART (of function, file or module), offset=N, count=N. */
unsigned document_sites(const struct document *document, const struct parameters *parameters,
    FILE *out, const char **why);

#endif
