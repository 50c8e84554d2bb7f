/* A database as a file of another tool's, or a picture. */
#ifndef EXPORT_EXPORT_H
#define EXPORT_EXPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct err;
struct query_db;
struct tree_metric;

struct export_options {
	const struct tree_metric *metric;
	bool is_inverted;
	/* The run that this one is compared with, for exports that can; NULL: none. */
	struct query_db *before;
};

struct export
{
	const char *name;
	const char *summary;
	bool is_binary;        /* of no use on a terminal */
	bool compares;         /* it takes options.before */
	const char *extension; /* of its files; NULL: json */
	/* -1 and err set on failure; what was written then is to be thrown away */
	int (*write)(
	    const struct export_options *options, struct query_db *db, FILE *out, struct err *err);
};

/* The export of that name, or NULL. */
const struct export *export_find(const char *name);
/* The at-th, or NULL behind the last. */
const struct export *export_at(size_t at);

#endif
