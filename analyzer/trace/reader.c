#include "analyzer/trace/reader.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "analyzer/trace/packed.h"
#include "analyzer/trace/reader_live.h"
#include "analyzer/trace/snapshot.h"
#include "analyzer/util/crc32c.h"
#include "analyzer/util/err.h"
#include "analyzer/util/files.h"
#include "analyzer/util/xalloc.h"

enum {
	/* A segment takes memory, and a packed one may take next to nothing in the file:
	 * as many as these, and one for so many bytes of it. */
	READER_SEGMENTS = 1 << 16,
	READER_SEGMENT_LEAST = 8,
	READER_THREADS = 48, /* more than these read from more places than usual */
	READER_KEEP = 64 << 20,
	READER_COPIES = 50, /* of a flight recorder that is overwritten while it is copied */
};

static void
reader_tell(struct reader *reader, const char *text)
{
	if (reader->note_count >= READER_NOTES) {
		reader->notes_left_out++;
		return;
	}
	reader->notes =
	    xgrow(reader->notes, &reader->note_cap, reader->note_count + 1, sizeof(*reader->notes));
	reader->notes[reader->note_count++] = xstrdup(text);
}

void
reader_note(struct reader *reader, const char *format, ...)
{
	char text[512];
	va_list args;

	reader->partial = true;
	if (reader->told)
		return;
	reader->damaged++;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	reader_tell(reader, text);
}

static bool
reader_fetch(const struct reader *reader, uint64_t offset, void *to, size_t len)
{
	if (reader->packed != NULL)
		return packed_read(reader->packed, offset, to, len);
	return offset <= reader->size && len <= reader->size - offset &&
	    files_read(reader->fd, offset, to, len) == len;
}

bool
reader_read(struct reader *reader, uint64_t offset, void *to, size_t len)
{
	if (reader_fetch(reader, offset, to, len))
		return true;
	reader_note(reader, "byte %" PRIu64 ": %zu bytes cannot be read", offset, len);
	return false;
}

/* Why the header cannot be used, and the byte that says so; or NULL. */
static const char *
reader_judge_header(const struct esc_header *head, size_t *at)
{
	*at = 0;
	if (head->magic != ESC_MAGIC)
		return "not a trace of esc";
	*at = offsetof(struct esc_header, endian);
	if (head->endian != ESC_ENDIAN)
		return "a trace of the other byte order";
	*at = offsetof(struct esc_header, version);
	if (head->version > ESC_VERSION)
		return "a trace of a newer version of esc";
	if (head->version < ESC_VERSION_UNSUMMED)
		return "a trace of an old version of esc, which is not read any more";
	*at = offsetof(struct esc_header, header_size);
	if (head->header_size < sizeof(*head) || head->header_size % ESC_PAGE != 0 ||
	    head->header_size > ESC_SEGMENT_MAX)
		return "damaged header (its size)";
	*at = offsetof(struct esc_header, mode);
	if (head->mode < ESC_MODE_FULL || head->mode > ESC_MODE_AUTO)
		return "damaged header (mode)";
	*at = offsetof(struct esc_header, clock);
	if (head->clock != ESC_CLOCK_TSC && head->clock != ESC_CLOCK_MONOTONIC)
		return "damaged header (clock)";
	*at = offsetof(struct esc_header, time_shift);
	if (head->time_shift > 32)
		return "damaged header (time_shift)";
	*at = offsetof(struct esc_header, ring_slot);
	if (head->ring_size != 0 &&
	    (head->ring_slot < ESC_SEGMENT_MIN || head->ring_slot > ESC_SEGMENT_MAX ||
		head->ring_slot % ESC_PAGE != 0))
		return "damaged header (ring_slot)";
	return NULL;
}

/* Looks at the header that was read, and makes it harmless. */
static int
reader_take_header(struct reader *reader, struct err *err)
{
	struct esc_header *head = &reader->head;
	size_t at;
	const char *why = reader_judge_header(head, &at);

	/* as the launcher makes it: the rest is filled in where the program starts */
	if (why != NULL && at >= offsetof(struct esc_header, mode) &&
	    (head->flags & (ESC_FLAG_STARTED | ESC_FLAG_COMPLETE)) == 0 &&
	    (head->mode == 0 || head->clock == 0))
		return err_set(err, "%s: it never started: nothing was recorded", reader->path);
	if (why != NULL)
		return err_set(err, "%s: %s (byte %zu)", reader->path, why, at);
	head->allocator[sizeof(head->allocator) - 1] = '\0';
	head->runtime[sizeof(head->runtime) - 1] = '\0';
	head->exe[sizeof(head->exe) - 1] = '\0';
	if (head->command_len > sizeof(head->command))
		head->command_len = sizeof(head->command);
	if (head->sample_interval == 0)
		head->sample_interval = 1;
	return 0;
}

static int
reader_load_header(struct reader *reader, struct err *err)
{
	if (!reader_fetch(reader, 0, &reader->head, sizeof(reader->head)))
		return err_set(err,
		    "%s: not a trace of esc (too short: it ends at byte %" PRIu64 ")", reader->path,
		    reader->size);
	return reader_take_header(reader, err);
}

/* --- Sums --- */

_Static_assert(offsetof(struct esc_header, flags) == 24, "said in a note");

/* The header, whole, against its sum. Tells what cannot be checked. */
static void
reader_check_header(struct reader *reader)
{
	const uint32_t zero = 0;
	const size_t at = offsetof(struct esc_header, sum);
	size_t size = reader->head.header_size;
	uint8_t *bytes;
	uint32_t sum, want;

	if (reader->running)
		return;
	if ((reader->head.flags & ESC_FLAG_COMPLETE) == 0) {
		reader->partial = true;
		reader_tell(reader, "byte 24: it was not closed: incomplete, and not checked");
		return;
	}
	/* a sum would be from a later version */
	if (reader->head.version < ESC_VERSION && reader->head.sum == 0) {
		reader_tell(reader, "it has no checksums, since an older esc made it: not checked");
		return;
	}
	reader->summed = true;
	bytes = xmalloc(size);
	if (reader_read(reader, 0, bytes, size)) {
		memcpy(&want, bytes + at, sizeof(want));
		memcpy(bytes + at, &zero, sizeof(zero));
		if (size >= sizeof(reader->head) && reader->head.gate.asked == ESC_PAUSE_ASKED)
			memcpy(bytes + ESC_ASKED_AT, &zero, sizeof(zero));
		sum = crc32c(0, bytes, size);
		if (sum != want)
			reader_note(reader, "byte 0: damaged header (checksum)");
	}
	free(bytes);
}

static bool
reader_head_whole(const struct reader *reader, const struct esc_segment *head)
{
	struct esc_segment copy = *head;

	copy.sum = 0;
	return !reader->summed || crc32c(0, &copy, sizeof(copy)) == head->sum;
}

bool
reader_check(struct reader *reader, struct reader_segment *segment, uint32_t sum)
{
	if (!reader->summed || segment->cut || sum == segment->head.payload_sum)
		return true;
	segment->bad = true;
	reader->missing += segment->head.used;
	reader_note(reader, "byte %" PRIu64 ": damaged segment (checksum): %" PRIu32 " bytes of %s",
	    segment->offset, segment->head.used,
	    segment->head.kind == ESC_SEGMENT_DEFS ? "definitions" : "events");
	return false;
}

/* --- Segments --- */

/* Of a file that was cut the last one may end behind the file's end. */

static bool
reader_segment_valid(const struct reader *reader, uint64_t offset, const struct esc_segment *head)
{
	uint64_t end = reader->size;

	if (reader->head.claimed > end)
		end = reader->head.claimed;
	return head->magic == ESC_SEGMENT_MAGIC &&
	    (head->kind == ESC_SEGMENT_EVENTS || head->kind == ESC_SEGMENT_DEFS) &&
	    head->level < ESC_LEVELS && head->size >= ESC_SEGMENT_MIN &&
	    head->size <= ESC_SEGMENT_MAX && head->size % ESC_PAGE == 0 &&
	    head->size <= end - offset;
}

/* A DEFS segment counts what was asked for, not what fitted. */
static void
reader_add_segment(struct reader *reader, uint64_t offset, const struct esc_segment *head)
{
	struct reader_segment *segment;
	uint64_t room = head->size - sizeof(*head);

	reader->segments = xgrow(reader->segments, &reader->segment_cap, reader->segment_count + 1,
	    sizeof(*reader->segments));
	segment = &reader->segments[reader->segment_count++];
	*segment = (struct reader_segment){ .offset = offset, .head = *head };
	if (head->used > room && head->kind == ESC_SEGMENT_EVENTS)
		reader_note(reader, "byte %" PRIu64 ": segment uses more than it has", offset);
	if (reader->size - offset - sizeof(*head) < room)
		room = reader->size - offset - sizeof(*head);
	if (segment->head.used <= room)
		return;
	segment->cut = room < head->size - sizeof(*head);
	segment->head.used = (uint32_t)room;
}

/* The end of what may hold segments. */
static uint64_t
reader_end(struct reader *reader)
{
	uint64_t claimed = reader->head.claimed;

	if (claimed >= reader->head.header_size && claimed <= reader->size)
		return claimed;
	if (claimed > reader->size) {
		reader->missing += claimed - reader->size;
		reader_note(reader,
		    "byte %" PRIu64 ": the file ends here, its segments at %" PRIu64, reader->size,
		    claimed);
	}
	return reader->size;
}

/* How far it is to where the next segment can be, from a place where none is. */
static uint64_t
reader_step(const struct reader *reader, uint64_t offset, const struct esc_segment *head)
{
	uint64_t step = reader->head.ring_size != 0 ? reader->head.ring_slot : ESC_PAGE;
	off_t data;

	if (reader->packed != NULL || head->magic != 0)
		return step;
	/* a hole may have any size */
	data = lseek(reader->fd, (off_t)offset, SEEK_DATA);
	if (data < 0)
		return errno == ENXIO ? reader->size - offset : step;
	if ((uint64_t)data - offset < step)
		return step;
	return ((uint64_t)data - offset) / step * step;
}

/* No segment begins there, where one must: so many bytes. The first is told of, not those
 * behind it. */
static void
reader_lose(struct reader *reader, uint64_t offset, uint64_t bytes, bool valid, bool told)
{
	if (!told)
		reader_note(reader, "byte %" PRIu64 ": %s", offset,
		    valid ? "damaged segment header (checksum)" : "no valid segment header");
	reader->missing += bytes;
}

/* A packed trace has more segments than its size allows: the rest is not looked at. */
static bool
reader_is_full(struct reader *reader, uint64_t offset)
{
	if (reader->packed == NULL || reader->segment_count < reader->segment_limit)
		return false;
	reader_note(
	    reader, "byte %" PRIu64 ": more segments than its packed size can hold", offset);
	return true;
}

/* The segments from offset to end; only those of definitions where so asked.
 * Where a packed trace is damaged, the bytes cannot be read. */
static void
reader_scan(struct reader *reader, uint64_t offset, uint64_t end, bool defs_only)
{
	/* In a flight recorder that was killed or is copied some may be taken; in what is
	 * still written some are about to be begun. */
	bool may_lack = reader->running || (reader->head.ring_size != 0 && !reader->summed);
	struct esc_segment head;
	bool lost = false, valid;
	uint64_t step;

	while (offset < end && end - offset >= sizeof(head)) {
		if (!reader_fetch(reader, offset, &head, sizeof(head)))
			memset(&head, 0, sizeof(head));
		valid = reader_segment_valid(reader, offset, &head);
		if (defs_only && head.kind != ESC_SEGMENT_DEFS && valid) {
			offset += head.size;
			continue;
		}
		if (reader_is_full(reader, offset))
			break;
		if (valid && reader_head_whole(reader, &head)) {
			reader_add_segment(reader, offset, &head);
			offset += head.size;
			lost = false;
			continue;
		}
		step = reader_step(reader, offset, &head);
		if (!may_lack)
			reader_lose(reader, offset, step, valid, lost);
		lost = true;
		offset += step;
	}
}

/*
 * Definitions may have come while the segments were looked through, in segments
 * that were seen and in new ones, for events that were still read.
 */
static void
reader_scan_defs(struct reader *reader, uint64_t end)
{
	struct reader_segment *segment;
	struct esc_segment head;
	struct esc_header *now = xmalloc(sizeof(*now));
	struct stat status;
	uint64_t room;
	size_t i;

	for (i = 0; i < reader->segment_count; i++) {
		segment = &reader->segments[i];
		if (segment->head.kind != ESC_SEGMENT_DEFS ||
		    !reader_fetch(reader, segment->offset, &head, sizeof(head)) ||
		    head.used <= segment->head.used)
			continue;
		room = segment->head.size - sizeof(head);
		/* of one that was cut no more is there than there was */
		if (room > reader->size - segment->offset - sizeof(head))
			room = reader->size - segment->offset - sizeof(head);
		segment->head.used = head.used < room ? head.used : (uint32_t)room;
	}
	if (reader_fetch(reader, 0, now, sizeof(*now)) && fstat(reader->fd, &status) == 0 &&
	    now->claimed > end && now->claimed <= (uint64_t)status.st_size) {
		reader->size = (uint64_t)status.st_size;
		reader_scan(reader, end, now->claimed, true);
	}
	free(now);
}

static int
reader_open_file(struct reader *reader, struct err *err)
{
	struct err why = { "" };
	struct stat status;
	bool damaged;
	char magic[4];

	/* a FIFO would wait for who writes it */
	reader->fd = open(reader->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (reader->fd < 0 || fstat(reader->fd, &status) != 0)
		return err_set(err, "%s: %s", reader->path, strerror(errno));
	if (!S_ISREG(status.st_mode))
		return err_set(err, "%s: not a regular file", reader->path);
	reader->size = (uint64_t)status.st_size;
	reader->stamp = files_stamp(reader->fd);
	if (!reader_fetch(reader, 0, magic, sizeof(magic)) || !packed_is(magic))
		return 0;
	reader->packed = packed_open(reader->fd, reader->size, &damaged, &why);
	if (reader->packed == NULL)
		return err_set(err, "%s: %s", reader->path, why.text);
	reader->segment_limit = READER_SEGMENTS + (size_t)(reader->size / READER_SEGMENT_LEAST);
	reader->size = packed_size(reader->packed);
	if (damaged)
		reader_note(reader, "the table of its packed parts is missing or damaged");
	return 0;
}

/* A flight recorder that may be written to while it is read: reads a copy. */
static int
reader_freeze(struct reader *reader, struct err *err)
{
	struct esc_header *head = &reader->head;
	struct err why = { "" };
	struct esc_moment last;
	uint64_t size = head->ring_size;
	int copy, tries;

	if (head->ring_size == 0 || (head->flags & ESC_FLAG_COMPLETE) != 0)
		return 0;
	/* What was cut is not written any more. */
	if (head->ring_size > reader->size)
		return 0;
	for (tries = READER_COPIES;; tries--) {
		last = head->last;
		copy = snapshot_take(reader->fd, head, &why);
		if (copy < 0)
			return err_set(err, "%s: %s", reader->path, why.text);
		head->last = last;
		if (!reader->running || head->ring_from < reader->cut || tries == 1)
			break;
		/* It was overwritten as a whole meanwhile: again, as of now. */
		close(copy);
		if (reader_live_now(reader->fd, &head->last))
			reader->cut = head->last.ticks;
	}
	close(reader->fd);
	reader->fd = copy;
	reader->copied = true;
	reader->size = size;
	/* It is the copy's, and was not looked at. */
	if (head->ring_size != size)
		return err_set(err, "%s: its header changed while it was read", reader->path);
	return reader_take_header(reader, err);
}

/* What still is written is read as of now. */
static int
reader_open_live(struct reader *reader, struct err *err)
{
	struct esc_moment cut;
	struct stat status;
	bool is_cut = false;

	reader->running = reader_live_wait(reader->fd, reader->head.flags);
	if (reader->running)
		is_cut = reader_live_now(reader->fd, &cut);
	reader->stamp = files_stamp(reader->fd);
	if (reader_load_header(reader, err) != 0)
		return -1;
	if (is_cut) {
		reader->cut = cut.ticks;
		reader->head.last = cut;
	}
	/* as large as it was when that header was written, or larger */
	if (fstat(reader->fd, &status) == 0)
		reader->size = (uint64_t)status.st_size;
	return reader_freeze(reader, err);
}

struct reader *
reader_open(const char *path, struct err *err)
{
	struct reader *reader = xcalloc(1, sizeof(*reader));
	uint64_t end;

	reader->path = xstrdup(path);
	reader->fd = -1;
	reader->cut = UINT64_MAX;
	if (reader_open_file(reader, err) != 0 || reader_load_header(reader, err) != 0)
		goto fail;
	if (reader->packed == NULL && (reader->head.flags & ESC_FLAG_COMPLETE) == 0 &&
	    reader_open_live(reader, err) != 0)
		goto fail;
	if (reader->packed != NULL && reader->head.threads > READER_THREADS)
		packed_keep(reader->packed, READER_KEEP);
	reader_check_header(reader);
	if ((reader->head.flags & ESC_FLAG_TASKS) != 0)
		reader_note(reader,
		    "byte 24: two tasks had one thread pointer: counts are at "
		    "least these, and what both wrote may be damaged");
	end = reader_end(reader);
	reader_scan(reader, reader->head.header_size, end, false);
	if (reader->running && reader->head.ring_size == 0)
		reader_scan_defs(reader, end);
	return reader;
fail:
	reader_free(reader);
	return NULL;
}

int
reader_same(const struct reader *reader, struct err *err)
{
	if (reader->running || reader->copied || !files_changed(reader->fd, &reader->stamp))
		return 0;
	return err_set(err, "%s: it changed while it was read (byte %" PRIu64 " was its end)",
	    reader->path, reader->stamp.size);
}

bool
reader_may_grow(const char *path)
{
	struct reader *reader = xcalloc(1, sizeof(*reader));
	struct err err;
	bool grows = false;

	reader->path = xstrdup(path);
	reader->fd = -1;
	/* any header: the launcher's is not one that is read, and may be one a moment later */
	if (reader_open_file(reader, &err) == 0 && reader->packed == NULL &&
	    reader_fetch(reader, 0, &reader->head, sizeof(reader->head)) &&
	    reader->head.magic == ESC_MAGIC && (reader->head.flags & ESC_FLAG_COMPLETE) == 0)
		grows = (reader->head.flags & ESC_FLAG_STARTED) == 0 ||
		    reader_live_wait(reader->fd, reader->head.flags);
	reader_free(reader);
	return grows;
}

void
reader_free(struct reader *reader)
{
	size_t i;

	if (reader == NULL)
		return;
	packed_free(reader->packed);
	if (reader->fd >= 0)
		close(reader->fd);
	for (i = 0; i < reader->note_count; i++)
		free(reader->notes[i]);
	free(reader->notes);
	free(reader->segments);
	free(reader->path);
	free(reader);
}

const char *
reader_lost_why(const struct esc_header *head)
{
	if (head->ring_size != 0)
		return "too many threads for a trace of that size";
	if ((head->flags & ESC_FLAG_FULL_DISK) == 0)
		return "the trace could not grow fast enough";
	switch (head->refused) {
	case EDQUOT: return "the disk quota was used up";
	case EFBIG: return "the trace must not be larger";
	case EIO: return "the disk failed";
	default: return "the disk was full";
	}
}

void
reader_unmarked(uint32_t why, const char *runtime, char *to, size_t room)
{
	const char *text = "its memory is short";

	switch ((enum esc_unmarked)why) {
	case ESC_UNMARKED_SHADOW_STACK: text = "the processor guards its stacks"; break;
	case ESC_UNMARKED_INSTRUMENTED: text = "its functions report who called them"; break;
	case ESC_UNMARKED_TASKS: text = "two of its tasks have one thread pointer"; break;
	case ESC_UNMARKED_LIBUNWIND: text = "libunwind walks its stacks"; break;
	case ESC_UNMARKED_RUNTIME:
		snprintf(to, room, "%s reads the stacks itself", runtime);
		return;
	case ESC_UNMARKED_NONE:
	case ESC_UNMARKED_MEMORY: break;
	}
	snprintf(to, room, "%s", text);
}
