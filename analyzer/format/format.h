/* Formats know columns, not reports. */
#ifndef FORMAT_FORMAT_H
#define FORMAT_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct rows;

struct format_part {
	const char *name; /* the member that it is in JSON */
	const struct rows *rows;
	bool is_single; /* one row, an object rather than an array */
};

struct format_document {
	const char *schema;              /* "esc-report/1"; NULL: an array, or one table */
	const struct format_part *parts; /* the last one is the matter itself */
	size_t count;
};

struct format {
	const char *name;
	const char *summary;
	void (*write)(const struct format_document *document, FILE *out);
};

/* The format of that name, or NULL. */
const struct format *format_find(const char *name);
/* The at-th format, or NULL behind the last. */
const struct format *format_at(size_t at);

#endif
