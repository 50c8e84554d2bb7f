/* The report as a person would like to read it: run, saving, gaps, sites. */
#ifndef REPORT_PAGE_H
#define REPORT_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct err;
struct paths;
struct query_db;
struct rows;

struct page {
	FILE *out;
	unsigned columns; /* 100 unless the terminal says otherwise */
	bool is_colored;
	bool is_by_peak;            /* by what was live when most was: it has a column */
	size_t top;                 /* rows of the table; 0: as many as are useful */
	const struct paths *paths;  /* applied to the rows; NULL: none */
	const struct rows *run;     /* report_run */
	const struct rows *sites;   /* report_sites, sorted, what is wanted */
	const struct rows *all;     /* report_sites, all, for the sums */
	const struct rows *modules; /* report_modules */
};

/* Writes it; -1 and err set when the database fails on the way. */
int page_write(const struct page *page, struct query_db *db, struct err *err);

/* Writes of one of page->sites what there is to say; fails as page_write. */
int page_write_site(const struct page *page, struct query_db *db, size_t row, struct err *err);

#endif
