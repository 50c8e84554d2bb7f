/* What must hold of a trace, by record.h alone: whoever is killed, and whenever. */
#include "tests/model/hook.h"
#include "tests/model/model.h"

#include <stdlib.h>
#include <string.h>

#include "analyzer/util/crc32c.h"

enum { STREAMS = 32, NODES = 64 };

struct law_stream {
	uint32_t process, thread, last, seqs;
	uint8_t level;
};

static struct {
	struct law_stream streams[STREAMS];
	unsigned int stream_count;
	uint32_t present[ACTORS]; /* events found, by bit */
	uint32_t processes[PROCESSES], threads;
	struct {
		uint32_t parent, offset;
		bool defined;
	} nodes[NODES];
	struct esc_counters sum;
} law;

static const struct esc_header *const law_header = (const struct esc_header *)MODEL_TRACE;

static const struct esc_segment *
law_segment(uint64_t at)
{
	return (const struct esc_segment *)(MODEL_TRACE + at);
}

/* --- Definitions --- */

static void
law_node(uint32_t id, uint32_t parent, uint64_t offset)
{
	if (id == 0 || id >= NODES)
		model_fail("node %u", id);
	if (law.nodes[id].defined)
		model_fail("node %u is defined twice", id);
	if (offset != HOOK_OUTER && offset < HOOK_INNER)
		model_fail("node %u is defined before it is written", id);
	law.nodes[id].defined = true;
	law.nodes[id].parent = parent;
	law.nodes[id].offset = (uint32_t)offset;
}

static void
law_define(const struct esc_def *def)
{
	const struct esc_def_nodes *nodes = (const void *)def;
	const struct esc_def_process *process = (const void *)def;
	const struct esc_def_thread *thread = (const void *)def;
	const uint32_t *offsets = (const uint32_t *)(nodes + 1);

	switch ((enum esc_def_type)def->type) {
	case ESC_DEF_NODES:
		if (nodes->count == 0 || nodes->count > 2 || nodes->module != 1 ||
		    def->slots != (sizeof(*nodes) + nodes->count * 4 + 7) / 8)
			model_fail("nodes %u are damaged", def->id);
		for (uint32_t i = 0; i < nodes->count; i++)
			law_node(def->id + i, i == 0 ? nodes->parent : def->id + i - 1, offsets[i]);
		break;
	case ESC_DEF_PROCESS:
		if (def->id == 0 || def->id > law_header->processes || process->parent >= def->id)
			model_fail("process %u of parent %u", def->id, process->parent);
		if (law.processes[0] >> def->id & 1)
			model_fail("process %u is defined twice", def->id);
		law.processes[0] |= 1U << def->id;
		if (def->slots != sizeof(*process) / ESC_SLOT)
			model_fail("process %u is damaged", def->id);
		break;
	case ESC_DEF_THREAD:
		if (law.threads >> def->id & 1)
			model_fail("thread %u is defined twice", def->id);
		law.threads |= 1U << def->id;
		law.sum.allocations += thread->counters.allocations;
		law.sum.dropped += thread->counters.dropped;
		break;
	default: model_fail("a definition of type %u", def->type);
	}
}

static void
law_definitions(const struct esc_segment *segment)
{
	const uint8_t *slots = (const uint8_t *)(segment + 1);

	if (segment->used > segment->size - sizeof(*segment))
		model_fail("definitions beyond their segment");
	for (uint32_t at = 0; at < segment->used;) {
		const struct esc_def *def = (const void *)(slots + at);
		uint32_t len = ESC_SLOT;

		if (def->type != ESC_DEF_NONE)
			len = def->slots * ESC_SLOT;
		if (len == 0 || at + len > segment->used)
			model_fail("a definition of %u slots", def->slots);
		if (def->type != ESC_DEF_NONE && def->type != ESC_DEF_PENDING)
			law_define(def);
		at += len;
	}
}

/* --- Events --- */

static struct law_stream *
law_stream(const struct esc_segment *segment)
{
	struct law_stream *stream;

	for (unsigned int i = 0; i < law.stream_count; i++) {
		stream = &law.streams[i];
		if (stream->process == segment->process && stream->thread == segment->thread &&
		    stream->level == segment->level)
			return stream;
	}
	if (law.stream_count == STREAMS)
		model_fail("too many streams");
	stream = &law.streams[law.stream_count++];
	stream->process = segment->process;
	stream->thread = segment->thread;
	stream->level = segment->level;
	return stream;
}

static uint64_t
law_number(const uint8_t **at, unsigned int length)
{
	uint64_t value = 0;

	memcpy(&value, *at, length);
	*at += length;
	return value;
}

static int64_t
law_zigzag(uint64_t value)
{
	return (int64_t)(value >> 1) ^ -(int64_t)(value & 1);
}

/* The path that the event's stack must be. */
static void
law_path(uint32_t stack, uint32_t n)
{
	uint32_t parent;

	if (scene->stacks == 0 || stack == 0) {
		if (stack != 0)
			model_fail("event %u has stack %u", n, stack);
		return;
	}
	if (stack >= NODES || !law.nodes[stack].defined)
		model_fail("event %u has stack %u, which is not defined", n, stack);
	parent = law.nodes[stack].parent;
	if (law.nodes[stack].offset != hook_inner(n) || parent >= NODES ||
	    !law.nodes[parent].defined || law.nodes[parent].offset != HOOK_OUTER ||
	    law.nodes[parent].parent != 0)
		model_fail("event %u has another's stack, %u", n, stack);
}

static void
law_event(struct law_stream *stream, uint64_t address, uint64_t size, uint32_t stack, bool gap)
{
	unsigned int actor = (unsigned int)(address >> 16) - 1, n = address >> 8 & 0xff;
	const struct local *local;
	uint32_t bit = 1U << (n - 1);

	(void)gap;
	if (actor >= ACTORS || n == 0 || n > 32 || address != hook_address(actor, n) ||
	    size != HOOK_SIZE + n)
		model_fail("an event of address %#llx, size %llu", (unsigned long long)address,
		    (unsigned long long)size);
	local = &now.actors[actor].local;
	if (((local->begun & ~local->lost) & bit) == 0)
		model_fail("event %u of actor %u was never written", n, actor);
	if (law.present[actor] & bit && scene->slots == 0)
		model_fail("event %u of actor %u is there twice", n, actor);
	law.present[actor] |= bit;
	if (n <= stream->last && scene->slots == 0)
		model_fail("event %u of actor %u stands behind %u", n, actor, stream->last);
	stream->last = n;
	law_path(stack, n);
}

static void
law_events(const struct esc_segment *segment)
{
	static const uint8_t times[] = { 1, 2, 4, 8 }, addresses[] = { 0, 2, 3, 7 };
	static const uint8_t stacks[] = { 0, 1, 2, 4 }, sizes[] = { 0, 1, 2, 8 };
	const uint8_t *at = (const uint8_t *)(segment + 1), *end = at + segment->used;
	struct law_stream *stream = law_stream(segment);
	uint64_t address = 0;
	uint32_t stack = 0;

	if (segment->used > segment->size - sizeof(*segment))
		model_fail("events beyond their segment");
	if (segment->process == 0 || segment->process > law_header->processes ||
	    segment->thread == 0 || segment->thread > law_header->threads)
		model_fail("a segment of process %u, thread %u", segment->process, segment->thread);
	if (stream->seqs >> segment->seq & 1)
		model_fail("thread %u, level %u has two segments %u", segment->thread,
		    segment->level, segment->seq);
	stream->seqs |= 1U << segment->seq;
	while (at < end) {
		uint32_t control = (uint32_t)law_number(&at, 2), kind = control & ESC_CONTROL_KIND;
		uint64_t size;

		(void)law_number(&at, times[control >> ESC_CONTROL_TIME_SHIFT & 3]);
		address += (uint64_t)law_zigzag(
		    law_number(&at, addresses[control >> ESC_CONTROL_ADDRESS_SHIFT & 3]));
		stack += (uint32_t)law_zigzag(
		    law_number(&at, stacks[control >> ESC_CONTROL_STACK_SHIFT & 3]));
		size = law_number(&at, sizes[control >> ESC_CONTROL_SIZE_SHIFT & 3]);
		if (kind != ESC_EVENT_MALLOC || at > end)
			model_fail("an event of kind %u that is torn", kind);
		law_event(stream, (address & 0xffffffffffffff) << 3, size, stack,
		    (control & ESC_CONTROL_GAP) != 0);
	}
}

/* --- Segments --- */

static void
law_segments(enum esc_segment_kind kind)
{
	uint64_t at = ESC_HEADER_SIZE;

	while (at < law_header->claimed) {
		const struct esc_segment *segment = law_segment(at);

		if (segment->magic != ESC_SEGMENT_MAGIC) {
			at += scene->slots != 0 ? SLOT : ESC_PAGE;
			continue;
		}
		if (segment->size == 0 || segment->size % ESC_PAGE != 0 ||
		    segment->size > law_header->claimed - at)
			model_fail("a segment of %u bytes", segment->size);
		if (segment->kind == kind) {
			if (kind == ESC_SEGMENT_DEFS)
				law_definitions(segment);
			else
				law_events(segment);
			if (kind == ESC_SEGMENT_EVENTS && segment->seq == 0 &&
			    segment->level == 0 && scene->slots == 0) {
				law.sum.allocations += segment->counters.allocations;
				law.sum.dropped += segment->counters.dropped;
			}
		}
		at += segment->size;
	}
}

static unsigned int
law_bits(uint32_t value)
{
	return (unsigned int)__builtin_popcount(value);
}

/* What was written is there. */
static void
law_actor(unsigned int i)
{
	const struct actor *actor = &now.actors[i];
	uint32_t missing = actor->local.wrote & ~law.present[i];

	if (actor->status == STATUS_NONE || actor->buffered != 0)
		return;
	/* In a flight recorder: what came later than that. */
	for (uint32_t n = 1; scene->slots != 0 && n <= 32; n++)
		if (hook_time(n) <= law_header->ring_from)
			missing &= ~(1U << (n - 1));
	if (missing != 0)
		model_fail("event %d of actor %u is lost", __builtin_ctz(missing) + 1, i);
}

/* The counters are what was recorded, and what was dropped. */
static void
law_counters(bool last)
{
	uint64_t tried = 0, present = 0, open = 0, lost = 0;
	bool killed = false, buffered = false;

	law.sum.allocations += law_header->overflow.allocations;
	law.sum.dropped += law_header->overflow.dropped;
	for (unsigned int i = 0; i < ACTORS; i++) {
		const struct local *local = &now.actors[i].local;

		killed |= now.actors[i].status == STATUS_DEAD;
		buffered |= now.actors[i].buffered != 0;
		tried += local->tried;
		lost += law_bits(local->lost);
		present += law_bits(law.present[i]);
		open += local->tried - law_bits(local->wrote | local->lost);
	}
	if (buffered || scene->slots != 0)
		return;
	if (law.sum.allocations > tried || law.sum.allocations + open < tried)
		model_fail("%llu calls are counted, of %llu",
		    (unsigned long long)law.sum.allocations, (unsigned long long)tried);
	if (law.sum.dropped > lost + open || law.sum.dropped + open < lost)
		model_fail("%llu events are counted as dropped, of %llu",
		    (unsigned long long)law.sum.dropped, (unsigned long long)lost);
	if (law.sum.allocations > present + law.sum.dropped + open)
		model_fail("%llu calls, but %llu events, %llu dropped",
		    (unsigned long long)law.sum.allocations, (unsigned long long)present,
		    (unsigned long long)law.sum.dropped);
	if (last && !killed && open == 0 && scene->kills == 0 &&
	    law.sum.allocations != present + law.sum.dropped)
		model_fail("%llu calls, but %llu events and %llu dropped in the end",
		    (unsigned long long)law.sum.allocations, (unsigned long long)present,
		    (unsigned long long)law.sum.dropped);
}

/* Sums that a closed trace has are those of what is in it. */
static void
law_sums(void)
{
	static uint8_t copy[ESC_HEADER_SIZE];
	const uint32_t zero = 0;
	struct esc_segment segment;
	uint32_t sum;

	if ((law_header->flags & ESC_FLAG_COMPLETE) == 0)
		return;
	memcpy(copy, law_header, ESC_HEADER_SIZE);
	memcpy(copy + offsetof(struct esc_header, sum), &zero, sizeof(zero));
	if (crc32c(0, copy, ESC_HEADER_SIZE) != law_header->sum)
		model_fail("the header's sum is wrong");
	for (uint64_t at = ESC_HEADER_SIZE; at < law_header->claimed; at += segment.size) {
		memcpy(&segment, law_segment(at), sizeof(segment));
		sum = segment.sum;
		segment.sum = 0;
		if (segment.magic != ESC_SEGMENT_MAGIC || segment.size == 0)
			model_fail("no segment at %llu of a closed trace", (unsigned long long)at);
		if (crc32c(0, &segment, sizeof(segment)) != sum ||
		    crc32c(0, law_segment(at) + 1, segment.used) != segment.payload_sum)
			model_fail(
			    "the sums of the segment at %llu are wrong", (unsigned long long)at);
	}
}

void
law_trace(bool last)
{
	memset(&law, 0, sizeof(law));
	if (law_header->claimed > law_header->reserved_end ||
	    law_header->reserved_end > now.world.file_size)
		model_fail("claimed %llu, reserved %llu, file %llu",
		    (unsigned long long)law_header->claimed,
		    (unsigned long long)law_header->reserved_end,
		    (unsigned long long)now.world.file_size);
	law_segments(ESC_SEGMENT_DEFS);
	law_segments(ESC_SEGMENT_EVENTS);
	for (unsigned int i = 0; i < ACTORS; i++)
		law_actor(i);
	law_counters(last);
	law_sums();
	for (unsigned int i = 0; last && i < ACTORS; i++)
		if (now.actors[i].status == STATUS_READY && i < scene->threads)
			model_fail("actor %u is stuck", i);
}
