/*
 * Tells at once when somebody changes the size of the trace. The kernel says so of each call
 * that writes or cuts a file, and not of what a program stores through its mapping. For the
 * keeper's thread alone.
 */
#ifndef KEEPER_WATCH_H
#define KEEPER_WATCH_H

#include <stdbool.h>

/*
 * A descriptor that poll(2) says POLLIN of once the file at fd, under whatever name, was
 * written to or cut by a call, the caller's own too. -1 where there is none to be had (no
 * /proc, no right, a filter, a limit of the user's): then nobody tells.
 */
int watch_open(int fd);

/* Whether that was so since it was asked last. A watch that fails is closed, *watch then -1. */
bool watch_changed(int *watch);

#endif
