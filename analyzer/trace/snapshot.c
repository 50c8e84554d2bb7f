#define _GNU_SOURCE
#include "analyzer/trace/snapshot.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "analyzer/trace/settle.h"
#include "analyzer/util/err.h"
#include "analyzer/util/files.h"
#include "analyzer/util/xalloc.h"

struct snapshot {
	int from, to;
	uint8_t *slot; /* room for one */
	uint32_t size;
};

/* Twice how often the segment at `at` was used before; false: it cannot be read. */
static bool
snapshot_generation(const struct snapshot *self, uint64_t at, uint32_t *generation)
{
	return files_read(self->from, at + offsetof(struct esc_segment, generation), generation,
		   sizeof(*generation)) == sizeof(*generation);
}

/*
 * Copies the segment at `at` if it is one of that kind, and stays the same meanwhile:
 * whoever takes it counts its generation up before anything of it changes. So that is
 * read before all else, and behind all else. Where it is odd, the header may be that of the
 * use before, and the payload of the next. False: the copy cannot be written.
 */
static bool
snapshot_segment(const struct snapshot *self, uint64_t at, uint8_t kind)
{
	struct esc_segment *head = (struct esc_segment *)(void *)self->slot;
	uint32_t before, after;
	size_t len;

	if (!snapshot_generation(self, at, &before) || before % 2 != 0 ||
	    files_read(self->from, at, head, sizeof(*head)) != sizeof(*head) ||
	    head->magic != ESC_SEGMENT_MAGIC || head->kind != kind || head->size != self->size)
		return true;
	len = head->used < self->size - sizeof(*head) ? head->used : self->size - sizeof(*head);
	if (files_read(self->from, at + sizeof(*head), head + 1, len) != len)
		return true;
	if (kind == ESC_SEGMENT_DEFS)
		settle_definitions(self->from, at + sizeof(*head), (uint8_t *)(head + 1), len);
	if (!snapshot_generation(self, at, &after) || after != before)
		return true;
	return files_write(self->to, at, head, sizeof(*head) + len);
}

static bool
snapshot_copy(const struct snapshot *self, struct esc_header *head)
{
	uint64_t end = head->claimed < head->ring_size ? head->claimed : head->ring_size;
	uint64_t claimed = head->claimed;
	uint8_t *bytes = xmalloc(head->header_size);
	/* Definitions last: they stand behind no event that names them. */
	static const uint8_t kinds[] = { ESC_SEGMENT_EVENTS, ESC_SEGMENT_DEFS };
	bool good = true;
	size_t i;

	for (i = 0; i < sizeof(kinds); i++)
		for (uint64_t at = head->header_size; good && at < end && end - at >= self->size;
		     at += self->size)
			good = snapshot_segment(self, at, kinds[i]);
	/* And then what says which of it is whole. */
	good = good && files_read(self->from, 0, bytes, head->header_size) == head->header_size;
	if (good) {
		memcpy(head, bytes, sizeof(*head));
		head->claimed = claimed;
		memcpy(bytes, head, sizeof(*head));
		good = files_write(self->to, 0, bytes, head->header_size);
	}
	free(bytes);
	return good;
}

int
snapshot_take(int fd, struct esc_header *head, struct err *err)
{
	struct snapshot self = { .from = fd, .size = head->ring_slot };
	bool good;

	self.to = memfd_create("esc", MFD_CLOEXEC);
	if (self.to < 0)
		return err_set(err, "no memory for a copy of the trace: %s", strerror(errno));
	self.slot = xmalloc(self.size);
	good = ftruncate(self.to, (off_t)head->ring_size) == 0 && snapshot_copy(&self, head);
	if (!good) {
		err_set(err, "cannot copy the trace: %s", strerror(errno));
		close(self.to);
		self.to = -1;
	}
	free(self.slot);
	return self.to;
}
