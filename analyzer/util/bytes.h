/*
 * Numbers and texts packed into bytes, and read back with every length checked: the
 * bytes may come from anywhere.
 */
#ifndef UTIL_BYTES_H
#define UTIL_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zero-initialised: none. */
struct bytes {
	uint8_t *data; /* owned */
	size_t len;
	size_t cap;
};

void bytes_add(struct bytes *bytes, const void *data, size_t len);
void bytes_add_byte(struct bytes *bytes, uint8_t byte);
/* Seven bits a byte, lowest first: small numbers are short. */
void bytes_add_number(struct bytes *bytes, uint64_t number);
/* The same of a difference, which is short if it is small and negative as well. */
void bytes_add_difference(struct bytes *bytes, uint64_t from, uint64_t to);
void bytes_release(struct bytes *bytes);

/* What is still to be read. */
struct bytes_reader {
	const uint8_t *at;
	const uint8_t *end;
	bool bad; /* it ended too early, or a number was too large; set once, never cleared */
};

/* The next len bytes, or NULL (and bad) if there are not so many. */
const uint8_t *bytes_take(struct bytes_reader *reader, size_t len);
/* 0 where it is bad, as the next ones. */
uint8_t bytes_take_byte(struct bytes_reader *reader);
uint64_t bytes_take_number(struct bytes_reader *reader);
/* At most `most`, else bad and 0. */
uint64_t bytes_take_limited(struct bytes_reader *reader, uint64_t most);
uint64_t bytes_take_difference(struct bytes_reader *reader, uint64_t from);
/* A number of things, each of which takes a byte at least: what is left limits it, so
 * that memory for them can be asked for. */
size_t bytes_take_count(struct bytes_reader *reader);

#endif
