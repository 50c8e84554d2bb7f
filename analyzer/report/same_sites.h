/* Sites of one place: those of several runs that reports show as one. */
#ifndef REPORT_SAME_SITES_H
#define REPORT_SAME_SITES_H

struct err;
struct query_db;
struct strbuf;

/* Adds to ids, as a JSON array, the numbers of all sites that share function, file, line,
 * column, module and pool with another one. -1 and err set on failure. */
int same_sites_find(struct query_db *db, struct strbuf *ids, struct err *err);

#endif
