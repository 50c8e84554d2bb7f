/* A process beside us, with the signals as a process has them that nobody prepared. */
#ifndef CMD_CHILD_H
#define CMD_CHILD_H

#include <sys/types.h>

/* Starts a program, by its name alone one of PATH; stdin and stdout are nowhere, stderr is
 * the descriptor. arguments end with a NULL. -1, errno set: it does not start. */
pid_t child_start(const char *program, const char *const *arguments, int said);

#endif
