#include "keeper/close.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <unistd.h>

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

/* Reads the segment at `at`; false where there is none. */
static bool
close_read(const struct close_walk *walk, uint64_t at, struct esc_segment *segment)
{
	if (pread(walk->fd, segment, sizeof(*segment), (off_t)at) != (ssize_t)sizeof(*segment))
		return false;
	return segment->magic == ESC_SEGMENT_MAGIC && segment->size >= ESC_SEGMENT_MIN &&
	    segment->size <= ESC_SEGMENT_MAX && segment->size % ESC_PAGE == 0 &&
	    segment->size <= walk->end - at && segment->used <= segment->size - sizeof(*segment);
}

static bool
close_write(const struct close_walk *walk, uint64_t at, const struct esc_segment *segment)
{
	return pwrite(walk->fd, segment, sizeof(*segment), (off_t)at) == (ssize_t)sizeof(*segment);
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

/* An unbegun claim at `at`: where the next segment, or the end, is. */
static uint64_t
close_next(const struct close_walk *walk, uint64_t at)
{
	struct esc_segment segment;

	do
		at += ESC_PAGE;
	while (at < walk->end && !close_read(walk, at, &segment));
	return at < walk->end ? at : walk->end;
}

static void
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
			return;
		close_punch(walk, at + ESC_PAGE, at + empty.size);
	}
}

uint64_t
close_segments(int fd, uint64_t claimed)
{
	struct close_walk walk = { .fd = fd, .punch = true };
	uint64_t at = ESC_HEADER_SIZE;
	struct esc_segment segment;
	uint64_t used, next;

	walk.end = claimed & ~(uint64_t)(ESC_PAGE - 1);
	while (at < walk.end) {
		if (!close_read(&walk, at, &segment)) {
			next = close_next(&walk, at);
			if (next == walk.end)
				return at;
			close_fill(&walk, at, next);
			at = next;
			continue;
		}
		used = close_round(sizeof(segment) + segment.used);
		if (segment.size == walk.end - at) {
			segment.size = (uint32_t)used;
			return close_write(&walk, at, &segment) ? at + used : walk.end;
		}
		close_punch(&walk, at + used, at + segment.size);
		at += segment.size;
	}
	return at;
}
