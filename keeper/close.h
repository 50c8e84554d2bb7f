/* Puts the segments of a trace in order when nobody writes them any more. */
#ifndef KEEPER_CLOSE_H
#define KEEPER_CLOSE_H

#include <stdint.h>

/*
 * Walks the segments below `claimed`: gives back the pages that they never
 * used, cuts the last one behind its contents, turns claims that their thread
 * did not live to begin into empty segments. Returns where the trace ends.
 */
uint64_t close_segments(int fd, uint64_t claimed);

#endif
