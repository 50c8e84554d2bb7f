/* Which site of one run is which of another: lines may have moved, functions may not. */
#ifndef REPORT_PAIRING_H
#define REPORT_PAIRING_H

#include <stddef.h>

struct err;
struct query_db;
struct rows;

struct pairing_side {
	struct query_db *db;      /* NULL on either: stacks are not compared */
	const struct rows *sites; /* rows of report_sites, or columns of the same names */
};

struct pairing {
	size_t *other[2]; /* by row of a side: the row of the other side, + 1; 0: it has none */
};

/* -1 and err set when a database fails. Release it in any case. */
int pairing_find(struct pairing *pairing, const struct pairing_side sides[2], struct err *err);
void pairing_release(struct pairing *pairing);

#endif
