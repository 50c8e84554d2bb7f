/*
 * For who reads one database again and again, a fuzzer also while it changes what stands in
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
/* Before a database is closed that it worked for: nothing is kept of it. */
void reused_end(void);

#endif
