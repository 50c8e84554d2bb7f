/*
 * Events of a trace, read and written as the text of preload/record.h says, without a
 * look at how analyzer/trace/decode.h does it: what its results are held against.
 */
#ifndef TESTS_FUZZ_SLOW_H
#define TESTS_FUZZ_SLOW_H

#include <stddef.h>
#include <stdint.h>

#include "analyzer/trace/decode.h"

/* Reads the event at `at` of `len` bytes; its length, or 0 where it is none or not whole.
 * state is that of the event before, and moves on. */
size_t slow_read(struct decode *state, const uint8_t *at, size_t len, struct event *event);
/*
 * Writes it with fields of the lengths that `control` has, which are enough for it;
 * returns the length, at most ESC_EVENT_MAX. state as above.
 */
size_t slow_write(struct decode *state, unsigned control, const struct event *event, uint8_t *to);

#endif
