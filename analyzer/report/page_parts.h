/* What the parts of the page share: words, colours, places, sums. */
#ifndef REPORT_PAGE_PARTS_H
#define REPORT_PAGE_PARTS_H

#include <stddef.h>
#include <stdint.h>

#include "analyzer/report/advice.h"

struct err;
struct page;
struct query_db;
struct rows;
struct strbuf;

#define BOLD "1"
#define DIM "2"

/* Begins a colour ("0": ends it), if the page has any. */
void page_color(const struct page *page, const char *code);
const char *page_class_color(enum advice_class class);
void page_title(const struct page *page, const char *title);
/* Text from outside, harmless, at most `columns` wide; returns its width. */
size_t page_text(const struct page *page, const char *text, size_t columns);
/* A file as a person names it from here; part of path. */
const char *page_near(const char *path);
/* A path as page_near, harmless; of a long one the end, at most `columns` wide. */
void page_path(const struct page *page, const char *path, size_t columns);
/* Adds file:line, or the module in brackets where the file is not known. */
void page_add_where(
    struct strbuf *buf, const char *file, int64_t line, const char *module, size_t columns);

/* --- page_gaps.c --- */

/* What was not seen, and what is not decided; nothing where there is none of it. -1 and err
 * set when the database fails on the way. */
int page_gaps(const struct page *page, struct query_db *db, struct err *err);

/* --- page_sites.c --- */

/* The table of sites. */
void page_table(const struct page *page);

/* --- page_detail.c --- */

/* The first sites, in full; -1 and err set when the database fails on the way. */
int page_details(const struct page *page, struct query_db *db, struct err *err);

#endif
