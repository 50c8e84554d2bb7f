/*
 * Writes messages of protocol buffers: fields behind one another in a strbuf, in any order.
 * A field of 0 or of no bytes is its default, and not written, but where it stands in a list.
 */
#ifndef UTIL_PROTO_H
#define UTIL_PROTO_H

#include <stddef.h>
#include <stdint.h>

struct strbuf;

/* An integer or a bool; a negative one is its two's complement. */
void proto_int(struct strbuf *message, unsigned field, int64_t value);
/* A string, bytes or a message: of a list, so that an empty one is written, too. */
void proto_bytes(struct strbuf *message, unsigned field, const void *bytes, size_t len);
/* A list of integers, packed. */
void proto_ints(struct strbuf *message, unsigned field, const int64_t *values, size_t count);

#endif
