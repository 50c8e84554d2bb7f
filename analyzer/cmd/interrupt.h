/*
 * What is left behind when a signal ends the process (SIGINT, SIGTERM, SIGHUP):
 * nothing. One file at a time.
 */
#ifndef CMD_INTERRUPT_H
#define CMD_INTERRUPT_H

/* From now on a signal removes this file before it ends the process; NULL: none
 * any more. path is copied; one that is too long is left alone. For callbacks: data is
 * the path of the directory that is to be removed with it (copied, too), or NULL. */
void interrupt_remove(void *data, const char *path);

#endif
