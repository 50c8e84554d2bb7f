#include "preload/ring.h"

#include <string.h>

#include "preload/slots.h"

/* Before the constructor, and where it gave up: nobody's thread is of this process. */
union ring_self ring_self = { .process = { .number = 1 } };

struct ring ring = { .process = &ring_self.process, .phase_at = 1 };

/* Lengths 1, 2, 4, 8 · 0, 2, 3, 7 · 0, 1, 2, 4 · 0, 1, 2, 8 of the codes 0 to 3. */
#define T(code) ((code) << ESC_CONTROL_TIME_SHIFT | 1 << (code))
#define A(code) ((code) << ESC_CONTROL_ADDRESS_SHIFT | (0x7320 >> 4 * (code)&15))
#define S(code) ((code) << ESC_CONTROL_STACK_SHIFT | (1 << (code)) >> 1)
#define Z(code) ((code) << ESC_CONTROL_SIZE_SHIFT | (0x8210 >> 4 * (code)&15))

const struct ring_lengths ring_lengths __attribute__((aligned(64))) = {
	.time = { [0 ... 8] = T(0), [9 ... 16] = T(1), [17 ... 32] = T(2), [33 ... 63] = T(3) },
	.address = { A(0), [1 ... 16] = A(1), [17 ... 24] = A(2), [25 ... 63] = A(3) },
	.stack = { S(0), [1 ... 8] = S(1), [9 ... 16] = S(2), [17 ... 63] = S(3) },
	.size = { Z(0), [1 ... 8] = Z(1), [9 ... 16] = Z(2), [17 ... 63] = Z(3) },
};

#undef T
#undef A
#undef S
#undef Z

/* How long a writer waits for a keeper that does not move: 200 ms. */
static const uint64_t RING_PATIENCE = 200000000;
/* For one that moves and makes no room: somebody else wrote into the header. */
static const uint64_t RING_PATIENCE_MAX = 2000000000;
/* What one look of a waiting writer counts at most: where there is more between two, it
 * did not run, and who was to make room may have stood still with it. */
static const uint64_t RING_TURN = 1000000;
/* How exactly is told until when events were lost, in ticks: a millisecond at 1 GHz. */
static const uint64_t RING_LOST_STEP = 1000000;

uint32_t
ring_tid(void)
{
	uint32_t tid = 0;

	if (ring.tid_offset != 0)
		memcpy(&tid, (const void *)(arch_thread_pointer() + ring.tid_offset), sizeof(tid));
	return tid;
}

static void
ring_register(struct ring_process *process)
{
	uint32_t number = __atomic_add_fetch(&ring.header->processes, 1, __ATOMIC_RELAXED);
	uint32_t parent = ring.parent;
	struct esc_def_process *def;

	/* Whoever sees the number, a child that a handler forks here too, needs both. */
	process->pid = ring_tid();
	ring.parent = number;
	__atomic_store_n(&process->number, number, __ATOMIC_RELEASE);
	def = ring_define(sizeof(*def) / ESC_SLOT);
	if (def != NULL) {
		def->def.id = number;
		/* The forking thread is the child's first: its tid is the pid. */
		def->pid = process->pid;
		def->parent = parent;
		def->started = ring_ticks();
		def->phase_at = __atomic_load_n(&ring.phase_at, __ATOMIC_RELAXED);
		ring_defined(&def->def, ESC_DEF_PROCESS);
	}
}

uint32_t
ring_process(void)
{
	struct ring_process *process = ring.process;
	uint32_t number = __atomic_load_n(&process->number, __ATOMIC_ACQUIRE);

	if (__builtin_expect(number != 0, 1))
		return number;
	if (__atomic_exchange_n(&process->registering, 1, __ATOMIC_ACQ_REL) == 0)
		ring_register(process);
	/* Registering elsewhere, or in the code that this handler interrupted. */
	number = __atomic_load_n(&process->number, __ATOMIC_ACQUIRE);
	for (int i = 0; i < 1000 && number == 0; i++) {
		arch_pause();
		number = __atomic_load_n(&process->number, __ATOMIC_ACQUIRE);
	}
	return number;
}

static uint64_t
ring_nanoseconds(uint64_t ticks)
{
	return ring.monotonic ? ticks : ticks / 2; /* 2 GHz or more: never longer */
}

/* Waits while the keeper lives and has not made room yet. Counted is what the writer
 * waits while it runs: a machine or a group of processes that stands still loses nothing. */
static bool
ring_wait(uint64_t need)
{
	struct esc_header *header = ring.header;
	uint64_t beat = __atomic_load_n(&header->heartbeat, __ATOMIC_RELAXED);
	uint64_t last = ring_ticks(), waited = 0, all = 0;

	if (need > ring.size ||
	    __atomic_load_n(&ring.stalled, __ATOMIC_RELAXED) ==
		__atomic_load_n(&header->reserved_end, __ATOMIC_ACQUIRE))
		return false;
	for (;;) {
		uint64_t end = __atomic_load_n(&header->reserved_end, __ATOMIC_ACQUIRE);
		uint64_t moved = __atomic_load_n(&header->heartbeat, __ATOMIC_RELAXED);
		uint64_t now = ring_ticks();
		uint64_t turn = ring_nanoseconds(now - last);

		if (end >= need)
			return true;
		last = now;
		turn = turn < RING_TURN ? turn : RING_TURN;
		waited = moved != beat ? 0 : waited + turn;
		beat = moved;
		all += turn;
		if ((__atomic_load_n(&header->flags, __ATOMIC_RELAXED) & ESC_FLAG_FULL_DISK) != 0 ||
		    waited > RING_PATIENCE || all > RING_PATIENCE_MAX) {
			__atomic_store_n(&ring.stalled, end, __ATOMIC_RELAXED);
			return false;
		}
		arch_pause();
	}
}

/* The next `size` bytes of the trace. */
static struct esc_segment *
ring_append(uint32_t size)
{
	struct esc_header *header = ring.header;
	uint64_t at = __atomic_load_n(&header->claimed, __ATOMIC_RELAXED);

	do {
		if (at + size > __atomic_load_n(&header->reserved_end, __ATOMIC_ACQUIRE) &&
		    !ring_wait(at + size))
			return NULL;
	} while (!__atomic_compare_exchange_n(
	    &header->claimed, &at, at + size, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
	return (struct esc_segment *)(void *)(ring.base + at);
}

struct esc_segment *
ring_claim(uint32_t size, enum esc_segment_kind kind)
{
	struct esc_segment *segment = ring.slot != 0 ? slots_claim(kind) : ring_append(size);

	if (segment == NULL)
		return NULL;
	if (ring.slot != 0)
		size = ring.slot;
	segment->kind = (uint8_t)kind;
	segment->size = size;
	segment->process = __atomic_load_n(&ring.process->number, __ATOMIC_RELAXED);
	/* The magic comes last: without it a reader sees a claim, not a segment. */
	if (kind == ESC_SEGMENT_DEFS)
		__atomic_store_n(&segment->magic, ESC_SEGMENT_MAGIC, __ATOMIC_RELEASE);
	return segment;
}

/* The processes of a flight recorder, which may be many, share one. */
static uint64_t *
ring_defs_at(void)
{
	return ring.slot != 0 ? &ring.header->ring_at : &ring.process->defs_at;
}

/* Room behind the segment at `old`, 0: there was none yet. Its offset, 0: no room. */
static uint64_t
ring_defs(uint64_t old, uint32_t need)
{
	struct ring_process *process = ring.process;
	uint32_t last = __atomic_load_n(&process->defs_size, __ATOMIC_RELAXED);
	uint32_t size = last == 0 ? 16384 : last * 2;
	struct esc_segment *segment;

	if (size > ESC_SEGMENT_MAX)
		size = ESC_SEGMENT_MAX;
	if (ring.slot != 0)
		size = ring.slot;
	if (size < need + sizeof(*segment))
		return 0;
	segment = ring_claim(size, ESC_SEGMENT_DEFS);
	if (segment == NULL)
		return 0;
	__atomic_store_n(&process->defs_size, size, __ATOMIC_RELAXED);
	/* Two threads at once: one segment stays empty. */
	__atomic_compare_exchange_n(ring_defs_at(), &old,
	    (uint64_t)((uint8_t *)segment - ring.base), false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
	return __atomic_load_n(ring_defs_at(), __ATOMIC_ACQUIRE);
}

static struct esc_def *
ring_define_in(struct esc_segment *segment, uint32_t need)
{
	uint32_t used = __atomic_load_n(&segment->used, __ATOMIC_RELAXED);
	struct esc_def *def;

	/* The size may be gone: a file can be written to by others. */
	while (used + need + sizeof(*segment) <= segment->size)
		if (__atomic_compare_exchange_n(&segment->used, &used, used + need, true,
			__ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
			def = (void *)((uint8_t *)(segment + 1) + used);
			def->slots = (uint16_t)(need / ESC_SLOT);
			__atomic_store_n(&def->type, ESC_DEF_PENDING, __ATOMIC_RELEASE);
			/* What the caller writes comes behind that: who sees no type there
			 * goes on by the smallest length. */
			__atomic_thread_fence(__ATOMIC_RELEASE);
			return def;
		}
	return NULL;
}

void *
ring_define(uint32_t slots)
{
	uint32_t need = slots * ESC_SLOT;
	uint64_t at = __atomic_load_n(ring_defs_at(), __ATOMIC_ACQUIRE);
	struct esc_def *def = NULL;

	for (int tries = 0; def == NULL && tries < 8; tries++) {
		if (tries > 0 || at == 0)
			at = ring_defs(at, need);
		if (at == 0)
			break;
		def = ring_define_in((struct esc_segment *)(void *)(ring.base + at), need);
	}
	if (def == NULL)
		__atomic_fetch_add(&ring.header->missing, 1, __ATOMIC_RELAXED);
	return def;
}

void
ring_defined(struct esc_def *def, enum esc_def_type type)
{
	__atomic_store_n(&def->type, (uint8_t)type, __ATOMIC_RELEASE);
}

/* No event fits: the next one claims a segment. */
static void
ring_shut(struct writer *writer)
{
	writer->end = NULL;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	/* Else it is of a segment, and stays: see ring_write. */
	if (writer->at == NULL)
		writer->at = (uint8_t *)1;
}

/*
 * A handler that leaves by longjmp may end this anywhere: as long as `end` is NULL,
 * the next event claims a segment, whatever the rest says.
 */
static void
ring_use(struct writer *writer, struct esc_segment *segment, uint64_t time)
{
	ring_shut(writer);
	segment->level = writer->level;
	segment->thread = writer->thread;
	segment->tid = writer->tid;
	segment->seq = writer->seq++;
	segment->base = time >> ARCH_TIME_SHIFT << ARCH_TIME_SHIFT;
	segment->interval = writer->interval;
	__atomic_store_n(&segment->magic, ESC_SEGMENT_MAGIC, __ATOMIC_RELEASE);
	writer->segment = segment;
	writer->at = (uint8_t *)(segment + 1);
	writer->time = time >> ARCH_TIME_SHIFT;
	writer->address = 0;
	writer->stack = 0;
	writer->region = 0;
	/* ring_put may write 8 bytes where it means fewer. */
	__atomic_store_n(
	    &writer->end, (uint8_t *)segment + segment->size - ESC_EVENT_MAX - 8, __ATOMIC_RELEASE);
}

uint8_t *
ring_next(struct writer *writer, uint64_t time)
{
	uint32_t size = ESC_SEGMENT_MIN;
	struct esc_segment *segment;

	if (ring.slot != 0)
		ring_end(writer);
	else if (writer->segment != NULL && writer->segment->size > ESC_SEGMENT_MAX / 2)
		size = ESC_SEGMENT_MAX;
	else if (writer->segment != NULL && writer->segment->size > ESC_SEGMENT_MIN / 2)
		size = writer->segment->size * 2 & ~(ESC_PAGE - 1);
	segment = ring_claim(size, ESC_SEGMENT_EVENTS);
	if (segment == NULL && size > ESC_SEGMENT_MIN)
		segment = ring_claim(ESC_SEGMENT_MIN, ESC_SEGMENT_EVENTS);
	if (segment == NULL)
		return NULL;
	ring_use(writer, segment, time);
	return (uint8_t *)(segment + 1);
}

void
ring_lost(void)
{
	struct esc_header *header = ring.header;
	uint64_t now = ring_ticks(), none = 0;
	uint64_t until = __atomic_load_n(&header->lost_until, __ATOMIC_RELAXED);

	if (__atomic_load_n(&header->lost_from, __ATOMIC_RELAXED) == 0)
		__atomic_compare_exchange_n(
		    &header->lost_from, &none, now, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
	/* Seldom: all threads share it. Who loses the exchange is as late as who wins. */
	if (now > until && now - until > RING_LOST_STEP)
		__atomic_compare_exchange_n(
		    &header->lost_until, &until, now, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

/* Where a writer's `used` goes that another task with its thread pointer ends meanwhile. */
static struct esc_segment ring_nowhere;

void
ring_end(struct writer *writer)
{
	struct esc_segment *segment;

	ring_shut(writer);
	/* Once, whatever handler comes in between: it is another's soon. */
	segment = __atomic_exchange_n(&writer->segment, &ring_nowhere, __ATOMIC_RELAXED);
	if (ring.slot != 0 && segment != NULL && segment != &ring_nowhere)
		slots_retire(segment, writer->time << ARCH_TIME_SHIFT);
}

void
ring_left(struct writer *writer)
{
	ring_shut(writer);
	writer->gap = true;
}

bool
ring_rate(struct writer *writer, uint64_t time, uint64_t interval)
{
	struct event rate = { .time = time, .size = interval, .kind = ESC_EVENT_RATE };
	bool gap = writer->gap;

	if (interval == writer->interval)
		return true;
	if (writer->at > writer->end && !ring_next(writer, time))
		return false;
	/* Nothing but time and size. */
	rate.stack = writer->stack;
	rate.region = writer->region;
	writer->gap = false;
	ring_write(writer, &rate);
	writer->gap = gap;
	writer->interval = interval;
	return true;
}

void
ring_begin(struct writer *writer, uint32_t thread, uint32_t tid, uint8_t level,
    struct esc_segment *segment)
{
	memset(writer, 0, sizeof(*writer));
	writer->thread = thread;
	writer->tid = tid;
	writer->level = level;
	writer->interval = ring.header->sample_interval;
	ring_shut(writer);
	if (segment != NULL)
		ring_use(writer, segment, ring_ticks());
}
