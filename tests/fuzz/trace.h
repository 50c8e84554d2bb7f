/*
 * Traces as inputs: mostly zeros, they are told in short. Any file can be told so, up to
 * FUZZ_TRACE_MAX bytes.
 *
 *   byte 0          flags, for the fuzzer
 *   then a run of   0x00-0xbf  that many bytes and one more follow as they are
 *                   0xc0-0xfe  8 zeros, 16, 24 ...
 *                   0xff       zeros up to the next bound of 4096 bytes
 */
#ifndef TESTS_FUZZ_TRACE_H
#define TESTS_FUZZ_TRACE_H

#include <stddef.h>
#include <stdint.h>

struct fuzz_file;

enum {
	FUZZ_TRACE_MAX = 1 << 18,
	FUZZ_TRACE_REPAIR = 1, /* flag: make the checksums right */
};

/* Fills file, which it opens the first time, with the trace that data tells; returns the
 * flags. */
unsigned fuzz_trace_load(struct fuzz_file *file, const uint8_t *data, size_t size);
/* Tells `len` bytes in short; returns how many bytes that took, 0 if more than room. */
size_t fuzz_trace_tell(unsigned flags, const uint8_t *bytes, size_t len, uint8_t *to, size_t room);

#endif
