/* Opens and closes the gate of a trace (record.h): by time, and as the launcher asks. */
#ifndef KEEPER_PAUSE_H
#define KEEPER_PAUSE_H

#include <stdint.h>

struct esc_header;

/*
 * The header, to read, of the trace at path, if that is the first of the run that `own` is
 * of; NULL else, or where path is NULL. It stays mapped.
 */
const struct esc_header *pause_first(const char *path, const struct esc_header *own);

/* What holds at that time (CLOCK_MONOTONIC, ns) comes into the gate of a trace that is
 * recorded. first: see pause_first; NULL: own's gate says all. */
void pause_follow(struct esc_header *own, const struct esc_header *first, uint64_t now);

/* How many of the milliseconds a keeper may sleep until the gate changes by time. */
int pause_wait(const struct esc_header *own, uint64_t now, int wait);

#endif
