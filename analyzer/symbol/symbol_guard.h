/*
 * What a process that reads hostile files may do: read what it was given, compute,
 * answer. It opens nothing: whoever has the other end of its socket does that for it,
 * also for the libraries, whose calls are caught. State of the process; one thread.
 */
#ifndef SYMBOL_SYMBOL_GUARD_H
#define SYMBOL_SYMBOL_GUARD_H

#include <stdbool.h>

/* Files are asked for at the other end of fd from now on, by SYMBOL_WIRE_OPEN. */
void symbol_guard_ask_for_files(int fd);

/*
 * Takes rights away, for good: limits of memory, time, descriptors, files written and
 * processes; no core, no debugger, no new privileges; and of all system calls but a few
 * the first one kills the process (SIGSYS). False where this kernel or container has no
 * seccomp: then the limits must do. Call symbol_guard_ask_for_files first.
 */
bool symbol_guard_enter(void);

/* Opens a regular file for reading without waiting for anything. -1 and errno if that
 * cannot be, or may not. A process that asked for no such thing opens it itself. */
int symbol_guard_open(const char *path);
/* What the debuginfod servers have of the module; -1 if nothing, or there are none. *path
 * is what the file is called, to be freed. */
int symbol_guard_open_served(char **path);

#endif
