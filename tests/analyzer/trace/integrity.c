/*
 * integrity TRACE [STRIDE]: a small trace, and every way to cut it and to turn one
 * bit of it over, in-process.
 *
 * What should come out is found by a walk of its own, over bytes in memory:
 *   cut at any byte   exactly the events and definitions before it, and `partial`
 *   any bit of a segment that means something   exactly this segment's events are
 *                     missing (none of a segment of definitions), and a note has the
 *                     segment's offset
 *   any bit that means nothing   the very same, and no note
 *   any bit of the header   refused, or a note; both with the byte
 *   any bit of a packed trace   refused, a note, or the very same
 *
 * Each STRIDEth bit only, and every 13th cut, where that is given. Prints how many
 * of each; exit 1 with the first that is otherwise.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "analyzer/trace/decode.h"
#include "analyzer/trace/definitions.h"
#include "analyzer/trace/packed.h"
#include "analyzer/trace/reader.h"
#include "analyzer/trace/streams.h"
#include "analyzer/util/crc32c.h"
#include "analyzer/util/err.h"
#include "analyzer/util/xalloc.h"
#include "tests/lib/check.h"

enum { SEGMENTS = 64, CUTS = 13, NOWHERE = -1, HEADER = -2 };

struct item {
	struct event event;
	uint64_t end; /* behind it in the file */
	int segment;
};

struct segment {
	uint64_t offset, used_end;
	struct esc_segment head;
	size_t first, count; /* its items */
};

static uint8_t *whole;
static size_t whole_len;
static const struct esc_header *header;
static struct item *items;
static size_t item_count, item_cap;
static struct segment segments[SEGMENTS];
static int segment_count;
static uint32_t node_count;
static uint64_t *node_ends; /* by id: behind its definition; 0: it has none */
static uint32_t definitions_sum;
static struct esc_counters counters;
static char name[64]; /* of the file that is tried */
static int file;

static void
fail(const char *what, uint64_t at)
{
	printf("FAIL: %s: %" PRIu64 " (bit %" PRIu64 " of byte %" PRIu64 ")\n", what, at, at % 8,
	    at / 8);
	fflush(stdout);
	_exit(1);
}

/* --- What is in it --- */

static void
walk_events(int number)
{
	struct segment *segment = &segments[number];
	const struct esc_segment *head = &segment->head;
	struct decode state = {
		.time = head->base,
		.interval = head->interval != 0 ? head->interval : header->sample_interval,
		.shift = (uint8_t)header->time_shift,
	};
	uint64_t at = segment->offset + sizeof(*head);
	struct event event;
	size_t len;

	segment->first = item_count;
	for (; at < segment->used_end; at += len) {
		len = decode_event(&state, whole + at, segment->used_end - at, &event);
		if (len == 0)
			fail("the trace itself is damaged at byte", at * 8);
		if (event.kind == ESC_EVENT_RATE ||
		    (header->ring_from != 0 && event.time <= header->ring_from))
			continue;
		items = xgrow(items, &item_cap, item_count + 1, sizeof(*items));
		items[item_count++] = (struct item){ event, at + len, number };
		segment->count++;
	}
}

static void
walk_definitions(int number)
{
	struct segment *segment = &segments[number];
	uint64_t at = segment->offset + sizeof(segment->head), end;
	struct esc_def_nodes nodes;
	struct esc_def def;
	uint32_t i;

	for (; at < segment->used_end; at = end) {
		memcpy(&def, whole + at, sizeof(def));
		end = at + (def.type != ESC_DEF_NONE ? def.slots * ESC_SLOT : ESC_SLOT);
		if (def.type == ESC_DEF_NODE)
			node_ends[def.id] = end;
		if (def.type != ESC_DEF_NODES)
			continue;
		memcpy(&nodes, whole + at, sizeof(nodes));
		for (i = 0; i < nodes.count; i++)
			node_ends[def.id + i] = end;
	}
}

static void
add_counters(struct esc_counters *sum, const struct esc_counters *one)
{
	sum->allocations += one->allocations;
	sum->frees += one->frees;
	sum->bytes += one->bytes;
	sum->dropped += one->dropped;
}

static void
walk(void)
{
	uint64_t at = ESC_HEADER_SIZE;
	struct segment *segment;

	header = (const struct esc_header *)(const void *)whole;
	node_count = header->nodes;
	node_ends = xcalloc((size_t)node_count + ESC_NODES_MAX + 1, sizeof(*node_ends));
	for (; at < whole_len; at += segment->head.size) {
		if (segment_count == SEGMENTS)
			fail("too many segments", at);
		segment = &segments[segment_count];
		memcpy(&segment->head, whole + at, sizeof(segment->head));
		segment->offset = at;
		segment->used_end = at + sizeof(segment->head) + segment->head.used;
		if (segment->head.kind == ESC_SEGMENT_EVENTS)
			walk_events(segment_count++);
		else
			walk_definitions(segment_count++);
	}
}

/* --- What is read --- */

struct result {
	bool refused;
	bool same_definitions;
	struct esc_counters counters;
	struct reader *reader;
};

static uint32_t
sum_number(uint32_t sum, uint64_t number)
{
	return crc32c(sum, &number, sizeof(number));
}

static uint32_t
sum_definitions(const struct definitions *all)
{
	uint32_t sum = 0, i;

	for (i = 1; i <= all->module_count; i++) {
		sum = crc32c(sum, all->modules[i].path, strlen(all->modules[i].path) + 1);
		sum = crc32c(sum, all->modules[i].build_id, sizeof(all->modules[i].build_id));
	}
	for (i = 1; i <= all->process_count; i++) {
		sum = sum_number(sum, all->processes[i].number);
		sum = sum_number(sum, all->processes[i].pid);
		sum = sum_number(sum, all->processes[i].parent);
		sum = sum_number(sum, all->processes[i].started);
	}
	for (i = 1; i <= all->pc_count; i++) {
		sum = sum_number(sum, all->pcs[i].offset);
		sum = sum_number(sum, (uint64_t)all->pcs[i].module << 1 | all->pcs[i].signal);
	}
	for (i = 1; i <= all->node_count; i++) {
		sum = sum_number(sum, (uint64_t)all->nodes[i].parent << 32 | all->nodes[i].pc);
		sum = sum_number(sum, (uint64_t)all->nodes[i].depth << 32 | all->nodes[i].state);
	}
	for (i = 1; i <= all->canonical_count; i++)
		sum = sum_number(sum, all->canonical[i]);
	return sum;
}

static bool
same_event(const struct event *a, const struct event *b)
{
	return a->time == b->time && a->address == b->address && a->size == b->size &&
	    a->interval == b->interval && a->stack == b->stack && a->region == b->region &&
	    a->kept == b->kept && a->proved == b->proved && a->cost == b->cost &&
	    a->kind == b->kind && a->has_kept == b->has_kept && a->has_cost == b->has_cost;
}

/* The stream's segments in the order of their numbers, without `left_out`; what stands
 * in front of `cut`. Any event may have `gap` set behind what is left out. */
static void
check_stream(struct reader *reader, const struct streams *streams, const struct stream *stream,
    uint64_t cut, int left_out, uint64_t at)
{
	const struct segment *segment;
	struct cursor cursor;
	struct event event;
	uint32_t seq = 0;
	bool lost = false;
	size_t i, k;

	cursor_init(&cursor, reader, streams, stream, 8192);
	for (k = 0; k < stream->count; k++) {
		uint64_t offset = reader->segments[streams->order[stream->first + k]].offset;

		for (segment = segments; segment->offset != offset; segment++)
			if (segment == &segments[segment_count - 1])
				fail("a segment that is not there", at);
		lost |= segment - segments == left_out || segment->head.seq != seq;
		seq = segment->head.seq + 1;
		for (i = segment->first; i < segment->first + segment->count; i++) {
			const struct item *item = &items[i];

			if (item->end > cut || item->segment == left_out)
				break;
			if (!cursor_next(&cursor, &event))
				fail("an event is missing", at);
			if (!same_event(&event, &item->event))
				fail("another event", at);
			if (event.gap != item->event.gap && !lost && header->ring_size == 0)
				fail("a gap", at);
			lost = false;
		}
	}
	if (cursor_next(&cursor, &event))
		fail("an event too many", at);
	cursor_release(&cursor);
}

/* How many events there are in front of `cut`, without a segment. */
static size_t
count_items(uint64_t cut, int left_out)
{
	size_t i, count = 0;

	for (i = 0; i < item_count; i++)
		count += items[i].end <= cut && items[i].segment != left_out;
	return count;
}

static size_t
count_streams(struct reader *reader, const struct streams *streams)
{
	struct cursor cursor;
	struct event event;
	size_t i, count = 0;

	for (i = 0; i < streams->count; i++) {
		cursor_init(&cursor, reader, streams, &streams->list[i], 8192);
		while (cursor_next(&cursor, &event))
			count++;
		cursor_release(&cursor);
	}
	return count;
}

/* Nodes whose definition is in front of the cut have a stack, the others none. */
static void
check_nodes(const struct definitions *all, uint64_t cut, uint64_t at)
{
	uint32_t id;

	for (id = 1; id <= node_count; id++)
		if ((definitions_node(all, id) != 0) !=
		    (node_ends[id] != 0 && node_ends[id] <= cut))
			fail("a definition", at);
}

enum want { WANT_ALL, WANT_CUT, WANT_ANY };

/* Reads all of the file, and holds the events against those that should be there;
 * WANT_ANY: against nothing, they only are read. */
static struct result
try(enum want want, uint64_t cut, int left_out, uint64_t at)
{
	struct result result = { 0 };
	struct err err = { "" };
	struct reader *reader = reader_open(name, &err);
	struct definitions *definitions;
	struct streams streams;
	size_t i;

	result.refused = reader == NULL;
	result.reader = reader;
	if (reader == NULL) {
		if (strstr(err.text, "byte ") == NULL && strstr(err.text, "packed") == NULL)
			fail(err.text, at);
		return result;
	}
	definitions = definitions_new(reader, NULL);
	if (want == WANT_CUT)
		check_nodes(definitions, cut, at);
	result.same_definitions = sum_definitions(definitions) == definitions_sum;
	definitions_sum = definitions_sum != 0 ? definitions_sum : sum_definitions(definitions);
	streams_init(&streams, reader, definitions);
	for (i = 0; i < streams.count; i++) {
		add_counters(&result.counters, &streams.list[i].counters);
		if (want != WANT_ANY)
			check_stream(reader, &streams, &streams.list[i], cut, left_out, at);
	}
	if (want == WANT_ANY)
		(void)count_streams(reader, &streams);
	/* whole streams may be missing */
	if (want == WANT_CUT && count_items(cut, left_out) != count_streams(reader, &streams))
		fail("a stream is missing", at);
	streams_release(&streams);
	definitions_free(definitions);
	return result;
}

static bool
noted(const struct reader *reader, uint64_t offset)
{
	char text[32];
	size_t i;

	snprintf(text, sizeof(text), "byte %" PRIu64 ":", offset);
	for (i = 0; i < reader->note_count; i++)
		if (strncmp(reader->notes[i], text, strlen(text)) == 0)
			return true;
	return false;
}

/* Any note with a byte offset. */
static bool
noted_anywhere(const struct reader *reader)
{
	size_t i;

	for (i = 0; i < reader->note_count; i++)
		if (strncmp(reader->notes[i], "byte ", 5) == 0)
			return true;
	return false;
}

/* --- Every way to hurt it --- */

static void
put(const uint8_t *bytes, size_t len)
{
	file = memfd_create("integrity", MFD_CLOEXEC);
	if (file < 0 || write(file, bytes, len) != (ssize_t)len)
		exit(99);
	snprintf(name, sizeof(name), "/proc/self/fd/%d", file);
}

static void
test_whole(void)
{
	struct result result = try(WANT_ALL, UINT64_MAX, NOWHERE, 0);

	if (result.refused || result.reader->partial || result.reader->note_count != 0)
		fail("the whole trace is not", 0);
	counters = result.counters;
	reader_free(result.reader);
	result = try(WANT_CUT, UINT64_MAX, NOWHERE, 0);
	if (!result.same_definitions)
		fail("other definitions", 0);
	reader_free(result.reader);
}

static void
test_cuts(uint64_t step)
{
	uint64_t refused = 0, len;
	struct result result;

	for (len = whole_len - 1; len < whole_len; len -= step) {
		if (ftruncate(file, (off_t)len) != 0)
			exit(99);
		result = try(WANT_CUT, len, NOWHERE, len * 8);
		refused += result.refused;
		if (result.refused && len >= sizeof(struct esc_header))
			fail("refused", len * 8);
		if (!result.refused && (!result.reader->partial || !noted(result.reader, len)))
			fail("a cut without a note", len * 8);
		reader_free(result.reader);
	}
	printf("%zu cuts, %" PRIu64 " refused\n", whole_len / step, refused);
}

/* The segment that a byte means something to; HEADER, NOWHERE. */
static int
owner(uint64_t byte)
{
	int i;

	if (byte < ESC_HEADER_SIZE)
		return HEADER;
	for (i = 0; i < segment_count; i++)
		if (byte >= segments[i].offset && byte < segments[i].used_end)
			return i;
	return NOWHERE;
}

static void
check_counters(const struct esc_counters *got, const struct segment *left_out, uint64_t at)
{
	struct esc_counters sum = *got;

	/* those of a thread stand in the head of its first segment */
	if (left_out != NULL && at / 8 < left_out->offset + sizeof(left_out->head) &&
	    left_out->head.kind == ESC_SEGMENT_EVENTS && left_out->head.seq == 0 &&
	    left_out->head.level == 0)
		add_counters(&sum, &left_out->head.counters);
	/* or in a definition */
	if (left_out != NULL && left_out->head.kind == ESC_SEGMENT_DEFS && header->ring_size != 0)
		return;
	if (memcmp(&sum, &counters, offsetof(struct esc_counters, cut)) != 0)
		fail("other totals", at);
}

static void
test_flip(uint64_t bit)
{
	int where = owner(bit / 8);
	bool defs = where >= 0 && segments[where].head.kind == ESC_SEGMENT_DEFS;
	struct result result = try(where == HEADER ? WANT_ANY : WANT_ALL, UINT64_MAX, where, bit);
	const struct reader *reader = result.reader;

	if (where == HEADER) {
		if (reader != NULL && (!reader->partial || !noted_anywhere(reader)))
			fail("a header without a note", bit);
		reader_free(result.reader);
		return;
	}
	if (result.refused)
		fail("refused", bit);
	if (where == NOWHERE && (reader->partial || reader->note_count != 0))
		fail("a note of what means nothing", bit);
	if (where >= 0 && (!reader->partial || !noted(reader, segments[where].offset)))
		fail("a segment without a note", bit);
	if (!defs && !result.same_definitions)
		fail("other definitions", bit);
	check_counters(&result.counters, where >= 0 ? &segments[where] : NULL, bit);
	reader_free(result.reader);
}

static void
test_packed_flip(uint64_t bit)
{
	struct result result = try(WANT_ANY, UINT64_MAX, NOWHERE, bit);
	const struct reader *reader = result.reader;
	bool damaged = reader != NULL && reader->partial && reader->note_count > 0;

	reader_free(result.reader);
	if (result.refused || damaged)
		return;
	result = try(WANT_CUT, UINT64_MAX, NOWHERE, bit);
	if (result.refused || result.reader->partial)
		fail("not read the same twice", bit);
	if (!result.same_definitions)
		fail("other definitions", bit);
	check_counters(&result.counters, NULL, bit);
	reader_free(result.reader);
}

/* Each bit that is `rest` modulo 2. */
static void
flip_half(const uint8_t *bytes, size_t len, uint64_t rest, uint64_t stride, bool packed)
{
	uint64_t bit;
	uint8_t byte;

	put(bytes, len);
	for (bit = rest * stride; bit < len * 8; bit += 2 * stride) {
		byte = bytes[bit / 8] ^ (uint8_t)(1U << bit % 8);
		(void)!pwrite(file, &byte, 1, (off_t)(bit / 8));
		if (packed)
			test_packed_flip(bit);
		else
			test_flip(bit);
		(void)!pwrite(file, &bytes[bit / 8], 1, (off_t)(bit / 8));
	}
}

static void
test_flips(const uint8_t *bytes, size_t len, uint64_t stride, bool packed)
{
	pid_t child;
	int status;

	fflush(stdout);
	child = fork();
	if (child == 0) {
		flip_half(bytes, len, 0, stride, packed);
		_exit(0);
	}
	flip_half(bytes, len, 1, stride, packed);
	if (waitpid(child, &status, 0) != child || status != 0)
		exit(1);
	printf("%zu bits%s\n", len * 8 / stride, packed ? ", packed" : "");
}

/* --- Packed --- */

static uint8_t *
pack(size_t *len)
{
	struct pack_options options = { .level = 3, .frame = 8192 };
	int to = memfd_create("packed", MFD_CLOEXEC);
	struct err err = { "" };
	uint8_t *bytes;

	if (to < 0)
		exit(99);
	if (pack_write(file, whole_len, to, &options, &err) != 0)
		return NULL;
	*len = (size_t)lseek(to, 0, SEEK_END);
	bytes = xmalloc(*len);
	if (pread(to, bytes, *len, 0) != (ssize_t)*len)
		exit(99);
	close(to);
	return bytes;
}

/* As far as its frames are whole, what stands in front of that. */
static void
test_packed_cuts(const uint8_t *bytes, size_t all, uint64_t step)
{
	struct result result;
	struct reader *reader;
	struct err err;
	uint64_t refused = 0, size, len;

	put(bytes, all);
	for (len = all - 1; len < all; len -= step) {
		if (ftruncate(file, (off_t)len) != 0)
			exit(99);
		reader = reader_open(name, &err);
		size = reader != NULL ? reader->size : 0;
		reader_free(reader);
		result = try(WANT_CUT, size, NOWHERE, len * 8);
		refused += result.refused;
		/* without its table the frames may all be there */
		if (!result.refused && !result.reader->partial)
			fail("a cut without a note", len * 8);
		reader_free(result.reader);
	}
	printf("%" PRIu64 " cuts, packed, %" PRIu64 " refused\n", all / step, refused);
}

int
main(int argc, char **argv)
{
	uint64_t stride = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
	FILE *in = argc > 1 ? fopen(argv[1], "rb") : NULL;
	uint8_t *packed;
	size_t len = 0;

	if (in == NULL || stride == 0)
		return 99;
	whole = xmalloc(1 << 20);
	whole_len = fread(whole, 1, 1 << 20, in);
	fclose(in);
	if (whole_len < ESC_HEADER_SIZE || whole_len == 1 << 20)
		return 99;
	walk();
	printf("%zu bytes, %d segments, %zu events, %" PRIu32 " nodes\n", whole_len, segment_count,
	    item_count, node_count);
	put(whole, whole_len);
	test_whole();
	packed = pack(&len);
	test_cuts(stride > 1 ? CUTS : 1);
	close(file);
	test_flips(whole, whole_len, stride, false);
	if (packed != NULL) {
		test_packed_cuts(packed, len, stride > 1 ? CUTS : 1);
		test_flips(packed, len, stride, true);
	}
	free(packed);
	free(whole);
	free(items);
	free(node_ends);
	return 0;
}
