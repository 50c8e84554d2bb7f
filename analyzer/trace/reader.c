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

#include "analyzer/util/err.h"
#include "analyzer/util/xalloc.h"

void
reader_note(struct reader *reader, const char *format, ...)
{
	char text[512];
	va_list args;

	reader->partial = true;
	if (reader->note_count >= READER_NOTES) {
		reader->notes_left_out++;
		return;
	}
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	reader->notes =
	    xgrow(reader->notes, &reader->note_cap, reader->note_count + 1, sizeof(*reader->notes));
	reader->notes[reader->note_count++] = xstrdup(text);
}

static bool
reader_fetch(const struct reader *reader, uint64_t offset, void *to, size_t len)
{
	char *at = to;
	ssize_t got;

	if (offset > reader->size || len > reader->size - offset)
		return false;
	while (len > 0) {
		got = pread(reader->fd, at, len, (off_t)offset);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		at += got;
		offset += (uint64_t)got;
		len -= (size_t)got;
	}
	return true;
}

bool
reader_read(struct reader *reader, uint64_t offset, void *to, size_t len)
{
	if (reader_fetch(reader, offset, to, len))
		return true;
	reader_note(reader, "byte %" PRIu64 ": %zu bytes cannot be read", offset, len);
	return false;
}

/* Why the header cannot be used, or NULL. */
static const char *
reader_judge_header(const struct esc_header *head)
{
	if (head->magic != ESC_MAGIC)
		return "not a trace of esc";
	if (head->endian != ESC_ENDIAN)
		return "a trace of the other byte order";
	if (head->version != ESC_VERSION)
		return "a trace of another version of esc";
	if (head->header_size < sizeof(*head) || head->header_size % ESC_PAGE != 0 ||
	    head->header_size > ESC_SEGMENT_MAX)
		return "byte 16: damaged header (its size)";
	if (head->mode < ESC_MODE_FULL || head->mode > ESC_MODE_AUTO)
		return "byte 22: damaged header (mode)";
	if (head->clock != ESC_CLOCK_TSC && head->clock != ESC_CLOCK_MONOTONIC)
		return "byte 23: damaged header (clock)";
	if (head->time_shift > 32)
		return "damaged header (time_shift)";
	return NULL;
}

static int
reader_load_header(struct reader *reader, struct err *err)
{
	struct esc_header *head = &reader->head;
	const char *why;

	if (!reader_fetch(reader, 0, head, sizeof(*head)))
		return err_set(err, "%s: not a trace of esc (too short)", reader->path);
	why = reader_judge_header(head);
	if (why != NULL)
		return err_set(err, "%s: %s", reader->path, why);
	head->allocator[sizeof(head->allocator) - 1] = '\0';
	head->runtime[sizeof(head->runtime) - 1] = '\0';
	head->exe[sizeof(head->exe) - 1] = '\0';
	if (head->command_len > sizeof(head->command))
		head->command_len = sizeof(head->command);
	if (head->sample_interval == 0)
		head->sample_interval = 1;
	return 0;
}

static bool
reader_segment_valid(const struct reader *reader, uint64_t offset, const struct esc_segment *head)
{
	return head->magic == ESC_SEGMENT_MAGIC &&
	    (head->kind == ESC_SEGMENT_EVENTS || head->kind == ESC_SEGMENT_DEFS) &&
	    head->level < ESC_LEVELS && head->size >= ESC_SEGMENT_MIN &&
	    head->size <= ESC_SEGMENT_MAX && head->size % ESC_PAGE == 0 &&
	    head->size <= reader->size - offset;
}

/* A DEFS segment counts what was asked for, not what fitted. */
static void
reader_add_segment(struct reader *reader, uint64_t offset, const struct esc_segment *head)
{
	struct reader_segment *segment;
	uint32_t room = head->size - (uint32_t)sizeof(*head);

	reader->segments = xgrow(reader->segments, &reader->segment_cap, reader->segment_count + 1,
	    sizeof(*reader->segments));
	segment = &reader->segments[reader->segment_count++];
	segment->offset = offset;
	segment->head = *head;
	if (head->used <= room)
		return;
	segment->head.used = room;
	if (head->kind == ESC_SEGMENT_EVENTS)
		reader_note(reader, "byte %" PRIu64 ": segment uses more than it has", offset);
}

/* The end of what may hold segments. */
static uint64_t
reader_end(struct reader *reader)
{
	uint64_t claimed = reader->head.claimed;

	if (claimed >= reader->head.header_size && claimed <= reader->size)
		return claimed;
	if (claimed > reader->size)
		reader_note(reader,
		    "byte %" PRIu64 ": the file ends here, its segments at %" PRIu64, reader->size,
		    claimed);
	return reader->size;
}

static void
reader_scan(struct reader *reader)
{
	uint64_t offset = reader->head.header_size;
	uint64_t end = reader_end(reader);
	struct esc_segment head;
	bool lost = false;

	while (offset < end && end - offset >= sizeof(head)) {
		if (!reader_fetch(reader, offset, &head, sizeof(head)))
			break;
		if (reader_segment_valid(reader, offset, &head)) {
			reader_add_segment(reader, offset, &head);
			offset += head.size;
			lost = false;
			continue;
		}
		if (!lost)
			reader_note(reader, "byte %" PRIu64 ": no valid segment header", offset);
		lost = true;
		offset += ESC_PAGE;
	}
}

struct reader *
reader_open(const char *path, struct err *err)
{
	struct reader *reader = xcalloc(1, sizeof(*reader));
	struct stat status;

	reader->path = xstrdup(path);
	reader->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (reader->fd < 0 || fstat(reader->fd, &status) != 0) {
		err_set(err, "%s: %s", path, strerror(errno));
		goto fail;
	}
	if (!S_ISREG(status.st_mode)) {
		err_set(err, "%s: not a regular file", path);
		goto fail;
	}
	reader->size = (uint64_t)status.st_size;
	if (reader_load_header(reader, err) != 0)
		goto fail;
	reader_scan(reader);
	return reader;
fail:
	reader_free(reader);
	return NULL;
}

void
reader_free(struct reader *reader)
{
	size_t i;

	if (reader == NULL)
		return;
	if (reader->fd >= 0)
		close(reader->fd);
	for (i = 0; i < reader->note_count; i++)
		free(reader->notes[i]);
	free(reader->notes);
	free(reader->segments);
	free(reader->path);
	free(reader);
}

void
reader_unmarked(uint32_t why, const char *runtime, char *to, size_t room)
{
	const char *text = "its memory is short";

	switch ((enum esc_unmarked)why) {
	case ESC_UNMARKED_SHADOW_STACK: text = "the processor guards its stacks"; break;
	case ESC_UNMARKED_INSTRUMENTED: text = "its functions report who called them"; break;
	case ESC_UNMARKED_LIBUNWIND: text = "libunwind walks its stacks"; break;
	case ESC_UNMARKED_RUNTIME:
		snprintf(to, room, "%s reads the stacks itself", runtime);
		return;
	case ESC_UNMARKED_NONE:
	case ESC_UNMARKED_MEMORY: break;
	}
	snprintf(to, room, "%s", text);
}
