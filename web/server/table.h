/* Of the sites what the page's table shows: some columns, of all or of the first rows. */
#ifndef WEB_SERVER_TABLE_H
#define WEB_SERVER_TABLE_H

#include <stddef.h>

#include "analyzer/format/rows.h"

enum {
	TABLE_FIRST = 200,  /* rows that are enough for a first screen, and for paper */
	TABLE_COLUMNS = 23, /* as table.c lists them */
};

struct table {
	struct rows rows;
	struct column columns[TABLE_COLUMNS];
};

/* Fills *to, which holds nothing, with the rows of `sites`, a profile's: all, in their
 * order, or if there are more than `most` of them, those with the most to save, the most
 * first, and what is equal in their order. To be released. */
void table_make(struct table *to, const struct rows *sites, size_t most);
void table_release(struct table *table);

/* Fills rows, which holds nothing, with the modules of sites that have no file, as `module`
 * and their blocks as `blocks`, the most first. To be released. */
void table_nameless(struct rows *to, const struct rows *sites);

#endif
