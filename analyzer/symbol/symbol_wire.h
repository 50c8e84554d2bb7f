/*
 * What the resolver and the process of a module's files (symbol_child.h) say to each
 * other: messages over a stream socket, a type, a size, and so many bytes. Numbers and
 * texts in them are those of util/bytes. Neither end believes what it reads.
 */
#ifndef SYMBOL_SYMBOL_WIRE_H
#define SYMBOL_SYMBOL_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyzer/util/bytes.h"

enum symbol_wire_type {
	SYMBOL_WIRE_ASK = 1, /* a kind, a number, a text or none */
	SYMBOL_WIRE_ANSWER,
	SYMBOL_WIRE_OPEN,   /* to be opened: a path; the empty one: what servers have */
	SYMBOL_WIRE_OPENED, /* 0 and a descriptor, or an errno; the path if it is another */
};

enum {
	SYMBOL_WIRE_MAX = 128 * 1024 * 1024, /* bytes of a message */
	SYMBOL_WIRE_TEXT_MAX = 256 * 1024,   /* of a text in it; longer ones are cut */
	SYMBOL_WIRE_PATH_MAX = 4096,
};

/* One end. wait is asked when a second passed without anything: false gives up. NULL:
 * never. */
struct symbol_wire {
	int fd;
	bool (*wait)(void *data);
	void *data;
};

struct symbol_wire_head {
	uint32_t type;
	uint32_t size;
};

/* Sends a message, with a descriptor (-1: none). False if the other end is gone or gives
 * up. Allocates nothing: may be called by a signal handler. */
bool symbol_wire_send(const struct symbol_wire *wire, enum symbol_wire_type type, const void *data,
    size_t size, int passed);
/* Reads the beginning of a message; *passed is the descriptor that came with it, or -1
 * (NULL: none is taken). Then the other size bytes are to be read. */
bool symbol_wire_read_head(
    const struct symbol_wire *wire, struct symbol_wire_head *head, int *passed);
bool symbol_wire_read(const struct symbol_wire *wire, void *to, size_t size);

/* A text, or NULL. */
void symbol_wire_add_text(struct bytes *bytes, const char *text);
/* In the reader's memory. NULL where there is none; bad where that makes no sense. */
const char *symbol_wire_take_text(struct bytes_reader *reader);

#endif
