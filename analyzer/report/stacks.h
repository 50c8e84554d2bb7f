/*
 * The stacks of a report as cells. Most frames of one stack stand in others, too: each is
 * read once, and a cell leads along what they share. A profile of 50,000 sites has 50
 * million frames in its stacks, of 300,000.
 */
#ifndef REPORT_STACKS_H
#define REPORT_STACKS_H

#include <stdint.h>

struct cell;
struct err;
struct query_db;
struct rows;
struct stacks;

/* A damaged database may lead in a circle: no stack has more frames. */
enum { STACKS_DEPTH = 4096 };

/* The links of cells will belong to *owner, which must outlive them and stay where it is.
 * NULL and err set on failure. */
struct stacks *stacks_new(struct query_db *db, struct rows *owner, struct err *err);
void stacks_free(struct stacks *stacks); /* takes NULL; the cells stay */
/* Makes cell the functions of stack(id), innermost first, without the start-up code
 * outside of main: as report_stack and report_stack_main have it. 1: it is too deep for
 * this, and the cell as it was. -1 and err set on failure. */
int stacks_set(struct stacks *stacks, struct cell *cell, int64_t id, struct err *err);

#endif
