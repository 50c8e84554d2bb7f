/* One site with all that is known of it: the document esc-site/1. */
#ifndef REPORT_SITE_H
#define REPORT_SITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct err;
struct paths;
struct query_db;
struct rows;

struct site {
	const struct rows *run;    /* report_run */
	const struct rows *sites;  /* report_sites, plain or not, with its paths shown */
	const struct paths *paths; /* what they were shown by; NULL: none */
};

/* A reader means this row by a site's number, FILE:LINE (the end of a path will do) or the
 * name of a function. */
bool site_is(const struct rows *sites, size_t row, const char *what);
/* The row of the site with that number, in any of its runs; -1: none. */
int64_t site_row(const struct rows *sites, int64_t id);

/* Writes one JSON object; -1 and err set when the database fails on the way, what was
 * written then is to be thrown away. Not two at a time of one database. */
int site_write(
    const struct site *site, struct query_db *db, size_t row, FILE *out, struct err *err);

#endif
