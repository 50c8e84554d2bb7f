/* The page of `esc serve` as a file. */
#ifndef CMD_PAGE_FILE_H
#define CMD_PAGE_FILE_H

#include <stddef.h>

struct err;
struct filter;
struct output;
struct paths;
struct shelf;
struct source_options;

/* Opens a trace or a database (NULL: the newest trace) and puts it on the shelf; filter: of
 * which blocks (NULL: all). -1 and err
 * set on failure. */
int page_file_load(struct shelf *shelf, size_t run, const char *file,
    const struct source_options *source, const struct filter *filter, const struct paths *paths,
    struct err *err);
/* Writes the page with what is on the shelf, and says so. -1 and err set on failure. */
int page_file_write(const struct output *output, struct shelf *shelf, struct err *err);

#endif
