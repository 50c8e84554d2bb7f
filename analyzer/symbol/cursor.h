/* Numbers as unwind tables encode them, read with all bounds checked. */
#ifndef SYMBOL_CURSOR_H
#define SYMBOL_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where the encoded numbers of one section are read. */
struct cursor {
	const uint8_t *at;
	const uint8_t *end;
	const uint8_t *base; /* section's first byte */
	uint64_t address;    /* of base */
	bool big;            /* byte order */
	bool wide;           /* 64-bit addresses */
	bool bad;            /* something made no sense; set once, never cleared */
};

/* A number of size bytes (at most 8). 0 and bad at the end. */
uint64_t cursor_fixed(struct cursor *cursor, size_t size);
/* An unsigned LEB128; what does not fit in 64 bits is cut. */
uint64_t cursor_leb(struct cursor *cursor);
/* A number in one of the encodings DW_EH_PE_; relative: add what it is relative
 * to, of which only its own place is known. */
uint64_t cursor_encoded(struct cursor *cursor, uint8_t encoding, bool relative);

#endif
