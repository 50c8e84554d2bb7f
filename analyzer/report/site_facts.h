/*
 * What of sites stands in tables that have many rows for each: read once, in the order of
 * the sites. To ask for it site by site took longer than all else of 50,000 of them.
 */
#ifndef REPORT_SITE_FACTS_H
#define REPORT_SITE_FACTS_H

struct err;
struct query_db;
struct rows;

/* Sets waste, life_shape, processes, process, what is saved and the gain of all rows of
 * report_sites. -1 and err set
 * on failure. */
int site_facts_load(struct query_db *db, struct rows *sites, struct err *err);

#endif
