#include "keeper/close.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>

#include "analyzer/util/crc32c.h"
#include "analyzer/util/files.h"
#include "preload/record.h"

enum { CLOSE_PIECE = 1 << 16 }; /* bytes read at once */

struct close_walk {
	int fd;
	uint64_t end; /* claimed */
	bool punch;   /* the file system can make holes */
};

static uint64_t
close_round(uint64_t bytes)
{
	return (bytes + ESC_PAGE - 1) & ~(uint64_t)(ESC_PAGE - 1);
}

/* 1: the segment at `at`; 0: there is none; -1: it cannot be told. */
static int
close_read(const struct close_walk *walk, uint64_t at, struct esc_segment *segment)
{
	if (files_read(walk->fd, at, segment, sizeof(*segment)) != sizeof(*segment)) {
		if (errno == 0)
			errno = EIO; /* cut by somebody else */
		return -1;
	}
	return segment->magic == ESC_SEGMENT_MAGIC && segment->size >= ESC_SEGMENT_MIN &&
	    segment->size <= ESC_SEGMENT_MAX && segment->size % ESC_PAGE == 0 &&
	    segment->size <= walk->end - at && segment->used <= segment->size - sizeof(*segment);
}

/* The sum of a payload; false if it cannot be read. */
static bool
close_payload_sum(const struct close_walk *walk, uint64_t at, uint32_t left, uint32_t *sum)
{
	static uint8_t piece[CLOSE_PIECE];
	uint32_t len;

	for (*sum = 0; left > 0; left -= len, at += len) {
		len = left < CLOSE_PIECE ? left : CLOSE_PIECE;
		if (files_read(walk->fd, at, piece, len) != len) {
			if (errno == 0)
				errno = EIO;
			return false;
		}
		*sum = crc32c(*sum, piece, len);
	}
	return true;
}

/* Writes the segment's head, with its sums; what is behind it stays as it is. */
static bool
close_write(const struct close_walk *walk, uint64_t at, struct esc_segment *segment)
{
	if (!close_payload_sum(walk, at + sizeof(*segment), segment->used, &segment->payload_sum))
		return false;
	segment->sum = 0;
	segment->sum = crc32c(0, segment, sizeof(*segment));
	return files_write(walk->fd, at, segment, sizeof(*segment));
}

static void
close_punch(struct close_walk *walk, uint64_t from, uint64_t to)
{
	if (!walk->punch || from >= to)
		return;
	if (fallocate(walk->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)from,
		(off_t)(to - from)) != 0 &&
	    errno != EINTR)
		walk->punch = false;
}

/* An unbegun claim at `at`: where the next segment, or the end, is. 0: cannot be told. */
static uint64_t
close_next(const struct close_walk *walk, uint64_t at)
{
	struct esc_segment segment;
	int found = 0;

	do {
		at += ESC_PAGE;
		found = at < walk->end ? close_read(walk, at, &segment) : 1;
	} while (found == 0);
	if (found < 0)
		return 0;
	return at < walk->end ? at : walk->end;
}

static int
close_fill(struct close_walk *walk, uint64_t at, uint64_t to)
{
	struct esc_segment empty = {
		.magic = ESC_SEGMENT_MAGIC,
		.kind = ESC_SEGMENT_DEFS,
		.process = 1,
	};

	for (; at < to; at += empty.size) {
		empty.size = to - at < ESC_SEGMENT_MAX ? (uint32_t)(to - at) : ESC_SEGMENT_MAX;
		if (!close_write(walk, at, &empty))
			return -1;
		close_punch(walk, at + ESC_PAGE, at + empty.size);
	}
	return 0;
}

/* A claim that nobody began: moves *at behind it, or to the end where it is the last. */
static int
close_claim(struct close_walk *walk, uint64_t *at)
{
	uint64_t next = close_next(walk, *at);

	if (next == 0)
		return -1;
	if (next == walk->end)
		walk->end = *at;
	else if (close_fill(walk, *at, next) != 0)
		return -1;
	else
		*at = next;
	return 0;
}

/* Gives back what the segment does not use; moves *at behind it. The last ends behind
 * its contents. */
static int
close_segment(struct close_walk *walk, struct esc_segment *segment, uint64_t *at)
{
	uint64_t used = close_round(sizeof(*segment) + segment->used);
	bool last = segment->size == walk->end - *at;

	if (last) {
		segment->size = (uint32_t)used;
		walk->end = *at + used;
	}
	if (!close_write(walk, *at, segment))
		return -1;
	if (!last)
		close_punch(walk, *at + used, *at + segment->size);
	*at += segment->size;
	return 0;
}

int
close_segments(int fd, uint64_t claimed, uint64_t *end)
{
	struct close_walk walk = { .fd = fd, .punch = true };
	uint64_t at = ESC_HEADER_SIZE;
	struct esc_segment segment;
	int found;

	walk.end = claimed & ~(uint64_t)(ESC_PAGE - 1);
	while (at < walk.end) {
		found = close_read(&walk, at, &segment);
		if (found < 0 || (found == 0 && close_claim(&walk, &at) != 0))
			return -1;
		if (found > 0 && close_segment(&walk, &segment, &at) != 0)
			return -1;
	}
	*end = at;
	return 0;
}

uint32_t
close_header_sum(const struct esc_header *header)
{
	const uint8_t *bytes = (const uint8_t *)header;
	uint32_t flags = header->flags | ESC_FLAG_COMPLETE, zero = 0, sum;
	size_t at = offsetof(struct esc_header, flags);

	sum = crc32c(0, bytes, at);
	sum = crc32c(sum, &flags, sizeof(flags));
	at += sizeof(flags);
	sum = crc32c(sum, bytes + at, offsetof(struct esc_header, sum) - at);
	sum = crc32c(sum, &zero, sizeof(zero));
	at = offsetof(struct esc_header, sum) + sizeof(zero);
	sum = crc32c(sum, bytes + at, ESC_ASKED_AT - at);
	sum = crc32c(sum, &zero, sizeof(zero));
	at = ESC_ASKED_AT + sizeof(zero);
	return crc32c(sum, bytes + at, ESC_HEADER_SIZE - at);
}
