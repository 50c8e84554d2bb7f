/*
 * For a fuzzer that reads one database again and again while it changes what stands in
 * there: SQLite compiles each statement once. It takes the place of SQLite's calls (the
 * linker's --wrap of REUSED_WRAPS in Makefile.am).
 */
#ifndef TESTS_FUZZ_REUSED_H
#define TESTS_FUZZ_REUSED_H

#include <stdbool.h>

/* Before the first database. */
void reused_begin(void);
/* From now on; or not, for another database: the calls are SQLite's own. */
void reused_works(bool works);

#endif
