/* A trace in anonymous memory, for tests of the shim's parts. */
#ifndef TESTS_LIB_FAKERING_H
#define TESTS_LIB_FAKERING_H

#include <stdbool.h>
#include <stdint.h>

/* Maps a trace of that size, header filled, all of it reserved; registers the
 * process. False: no memory. */
bool fakering_start(uint64_t size);

#endif
