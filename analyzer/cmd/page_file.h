/* The page of `esc serve` as a file. */
#ifndef CMD_PAGE_FILE_H
#define CMD_PAGE_FILE_H

#include <stddef.h>

struct err;
struct filter;
struct output;
struct paths;
struct query_db;
struct shelf;
struct source_options;

/* How its runs are read. */
struct page_file {
	const struct source_options *source;
	const struct filter *filter; /* of which blocks; NULL: all */
	const struct paths *paths;
};

/* Opens a trace, which is analyzed, or a database; NULL: the newest trace. NULL and err set
 * on failure. */
struct query_db *page_file_open(const struct page_file *how, const char *file, struct err *err);
/* Reads what a page shows first, and puts it on the shelf; the database becomes the shelf's,
 * whatever happens. Any thread. -1 and err set on failure. */
int page_file_read(const struct page_file *how, struct query_db *db, struct shelf *shelf,
    size_t run, const char *file, struct err *err);
/* Both. -1 and err set on failure. */
int page_file_load(const struct page_file *how, struct shelf *shelf, size_t run, const char *file,
    struct err *err);
/* Writes the page with what is on the shelf, and says so. -1 and err set on failure. */
int page_file_write(const struct output *output, struct shelf *shelf, struct err *err);

#endif
