/*
 * Where libesc.so cannot be, and its presence would end the program: an address
 * sanitizer insists on being the first library. The program, which has not begun, is
 * executed again without us. And another C library, which takes libc.so.6 for itself: what
 * it does not have is referred to weakly, or it would not start the program.
 */
#ifndef PRELOAD_ASIDE_H
#define PRELOAD_ASIDE_H

#include <stdbool.h>

/* Whether this is another C library than glibc, which gives a constructor no arguments. */
bool aside_is_foreign(void);

/* Constructor only. Whether a library that must be first stands behind us. */
bool aside_is_due(void);

/*
 * Constructor only. Executes the program anew, without us in the LD_PRELOAD of envp,
 * which is changed in place; `exe` is the file that runs, `started` what was executed
 * (AT_EXECFN). Returns only where that was not possible.
 */
void aside_step(const char *exe, const char *started, char **argv, char **envp);

#endif
