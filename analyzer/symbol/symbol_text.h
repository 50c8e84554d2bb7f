/*
 * Bytes of a file where they are needed: code is large, and little of it is looked at.
 * Read by pread in pieces, which are kept until there are too many. Private to the
 * resolver.
 */
#ifndef SYMBOL_SYMBOL_TEXT_H
#define SYMBOL_SYMBOL_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "analyzer/util/map.h"

/* Zero-initialised but for the first two: nothing was read. */
struct symbol_text {
	int fd;            /* not owned */
	uint64_t size;     /* of the file */
	struct map pieces; /* number -> bytes */
	struct map spans;  /* offset, size -> bytes: what lies in more than one piece */
	size_t held;       /* bytes of all */
};

/* size bytes at an offset of the file, valid until symbol_text_forget; NULL if it has
 * not so many, or too many are in use. */
const uint8_t *symbol_text_bytes(struct symbol_text *text, uint64_t offset, uint64_t size);
/* Nothing that was given is in use any more: makes room, if it is time to. */
void symbol_text_forget(struct symbol_text *text);
void symbol_text_release(struct symbol_text *text);

#endif
