#include "keeper/close.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>

#include "analyzer/util/files.h"
#include "preload/record.h"

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

static bool
close_write(const struct close_walk *walk, uint64_t at, const struct esc_segment *segment)
{
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

/* Gives back what the segment does not use; moves *at behind it. */
static void
close_segment(struct close_walk *walk, struct esc_segment *segment, uint64_t *at)
{
	uint64_t used = close_round(sizeof(*segment) + segment->used);
	uint32_t size = segment->size;

	if (size != walk->end - *at) {
		close_punch(walk, *at + used, *at + size);
		*at += size;
		return;
	}
	/* The last: if its head cannot be written, it stays as long as it is. */
	segment->size = (uint32_t)used;
	if (close_write(walk, *at, segment))
		walk->end = *at + used;
	*at = walk->end;
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
		if (found > 0)
			close_segment(&walk, &segment, &at);
	}
	*end = at;
	return 0;
}
