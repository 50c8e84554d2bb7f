/* The orders in which a reader may ask for sites. */
#ifndef REPORT_ORDER_H
#define REPORT_ORDER_H

/* Their names, for messages. */
extern const char order_names[];

/* The column of report_sites that is the largest first; NULL: no such order. */
const char *order_find(const char *name);

#endif
