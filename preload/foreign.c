/*
 * libesc.so of 32-bit programs: empty. In the place where their loader looks for the one
 * that `esc record` preloads into their parents, so that it has nothing to complain of.
 */
typedef int foreign_unit; /* ISO C wants something in a file */
