#include "analyzer/trace/merge.h"

#include <stdlib.h>

#include "analyzer/trace/reader.h"
#include "analyzer/util/xalloc.h"

struct merge_entry {
	uint64_t time; /* of `next`, or of the event before, or of the stream's begin */
	size_t stream;
};

struct merge_stream {
	struct cursor *cursor; /* NULL: not opened yet, or done */
	bool has_next;
	struct event next; /* if has_next: read, but it was another stream's turn */
};

struct merge {
	struct reader *reader;
	const struct streams *streams;
	struct merge_stream *list;
	struct merge_entry *heap;
	size_t heap_count;
	size_t buf_size;
	struct merge_entry second; /* what the top must stay before to be the top */
	struct event given;        /* by merge_next */
	uint64_t read;             /* bytes */
};

static bool
merge_before(const struct merge_entry *a, const struct merge_entry *b)
{
	return a->time != b->time ? a->time < b->time : a->stream < b->stream;
}

static void
merge_sift(struct merge *merge, size_t at)
{
	struct merge_entry entry = merge->heap[at];
	size_t child;

	while ((child = at * 2 + 1) < merge->heap_count) {
		if (child + 1 < merge->heap_count &&
		    merge_before(&merge->heap[child + 1], &merge->heap[child]))
			child++;
		if (!merge_before(&merge->heap[child], &entry))
			break;
		merge->heap[at] = merge->heap[child];
		at = child;
	}
	merge->heap[at] = entry;
}

/* Puts the top where it belongs. */
static void
merge_settle(struct merge *merge)
{
	const struct merge_entry *heap = merge->heap;

	merge_sift(merge, 0);
	merge->second = (struct merge_entry){ UINT64_MAX, SIZE_MAX };
	if (merge->heap_count > 1)
		merge->second = heap[1];
	if (merge->heap_count > 2 && merge_before(&heap[2], &heap[1]))
		merge->second = heap[2];
}

struct merge *
merge_new(struct reader *reader, const struct streams *streams)
{
	struct merge *merge = xcalloc(1, sizeof(*merge));
	size_t i;

	merge->reader = reader;
	merge->streams = streams;
	merge->list = xcalloc(streams->count + 1, sizeof(*merge->list));
	merge->heap = xcalloc(streams->count + 1, sizeof(*merge->heap));
	merge->heap_count = streams->count;
	merge->buf_size = streams->count < 256 ? 1 << 16 : 1 << 13;
	for (i = 0; i < streams->count; i++)
		merge->heap[i] = (struct merge_entry){ streams->list[i].begin, i };
	for (i = streams->count / 2; i-- > 0;)
		merge_sift(merge, i);
	if (streams->count > 0)
		merge_settle(merge);
	return merge;
}

static void
merge_close(struct merge_stream *stream)
{
	if (stream->cursor == NULL)
		return;
	cursor_release(stream->cursor);
	free(stream->cursor);
	stream->cursor = NULL;
}

void
merge_free(struct merge *merge)
{
	size_t i;

	if (merge == NULL)
		return;
	for (i = 0; i < merge->streams->count; i++)
		merge_close(&merge->list[i]);
	free(merge->list);
	free(merge->heap);
	free(merge);
}

uint64_t
merge_read(const struct merge *merge)
{
	return merge->read;
}

static void
merge_open(struct merge *merge, size_t index)
{
	struct cursor *cursor = xcalloc(1, sizeof(*cursor));

	cursor_init(
	    cursor, merge->reader, merge->streams, &merge->streams->list[index], merge->buf_size);
	cursor->read = &merge->read;
	merge->list[index].cursor = cursor;
}

static void
merge_end(struct merge *merge, struct merge_stream *stream)
{
	merge_close(stream);
	merge->heap[0] = merge->heap[--merge->heap_count];
	if (merge->heap_count > 0)
		merge_settle(merge);
}

bool
merge_take(struct merge *merge, struct event *to, size_t *index)
{
	struct merge_entry *top = merge->heap;
	struct merge_stream *stream;

	while (merge->heap_count > 0) {
		stream = &merge->list[top->stream];
		*index = top->stream;
		if (stream->has_next) {
			stream->has_next = false;
			*to = stream->next;
			return true;
		}
		if (stream->cursor == NULL)
			merge_open(merge, *index);
		if (!cursor_next(stream->cursor, to)) {
			merge_end(merge, stream);
			continue;
		}
		top->time = to->time;
		/* events of one thread come in rows */
		if (merge_before(top, &merge->second))
			return true;
		stream->next = *to;
		stream->has_next = true;
		merge_settle(merge);
	}
	return false;
}

const struct event *
merge_next(struct merge *merge, size_t *index)
{
	return merge_take(merge, &merge->given, index) ? &merge->given : NULL;
}
