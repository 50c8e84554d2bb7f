#include "analyzer/trace/merge.h"

#include <stdlib.h>

#include "analyzer/trace/reader.h"
#include "analyzer/util/xalloc.h"

struct merge_entry {
	uint64_t time; /* of `next`, or of the stream's begin while not opened */
	size_t stream;
};

struct merge_stream {
	struct cursor *cursor; /* NULL: not opened yet, or done */
	struct event next;
};

struct merge {
	struct reader *reader;
	const struct streams *streams;
	struct merge_stream *list;
	struct merge_entry *heap;
	size_t heap_count;
	size_t buf_size;
	struct merge_entry second; /* what the top must stay before to be the top */
	bool served;               /* the top's `next` was given out */
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

/* Fetches the top stream's next event. */
static void
merge_advance(struct merge *merge)
{
	struct merge_entry *top = &merge->heap[0];
	struct merge_stream *stream = &merge->list[top->stream];

	if (cursor_next(stream->cursor, &stream->next)) {
		top->time = stream->next.time;
		/* events of one thread come in rows */
		if (merge_before(top, &merge->second))
			return;
	} else {
		merge_close(stream);
		*top = merge->heap[--merge->heap_count];
	}
	if (merge->heap_count > 0)
		merge_settle(merge);
}

const struct event *
merge_next(struct merge *merge, size_t *index)
{
	struct merge_stream *stream;

	if (merge->served)
		merge_advance(merge);
	merge->served = false;
	while (merge->heap_count > 0) {
		*index = merge->heap[0].stream;
		stream = &merge->list[*index];
		if (stream->cursor != NULL) {
			merge->served = true;
			return &stream->next;
		}
		stream->cursor = xcalloc(1, sizeof(*stream->cursor));
		cursor_init(stream->cursor, merge->reader, merge->streams,
		    &merge->streams->list[*index], merge->buf_size);
		stream->cursor->read = &merge->read;
		merge_advance(merge);
	}
	return NULL;
}
