/*
 * The hooks. Each is a few lines: forward, and hand the facts to one function.
 * Frees are stamped before the real call, allocations after it, by its outcome.
 */
#include "preload/shim.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "arch/frame.h"
#include "arch/hooks.h"
#include "preload/early.h"
#include "preload/event.h"
#include "preload/gate.h"
#include "preload/hooks.h"
#include "preload/marks.h"
#include "preload/modules.h"
#include "preload/oracle.h"
#include "preload/real.h"
#include "preload/ring.h"
#include "preload/sample.h"
#include "preload/thread.h"
#include "preload/walk.h"

#define SHIM_EXPORT __attribute__((visibility("default")))
#define SHIM_COLD __attribute__((noinline, cold))

/* What hooks.S takes for granted. */
#define SHIM_AT(what, type, field) _Static_assert((what) == offsetof(type, field), "hooks.S")
SHIM_AT(HOOKS_COUNTERS, struct thread_tls, counters);
SHIM_AT(HOOKS_COUNTDOWN, struct thread_tls, countdown);
SHIM_AT(HOOKS_OPEN, struct thread_tls, open);
SHIM_AT(HOOKS_ALLOCATIONS, struct esc_counters, allocations);
SHIM_AT(HOOKS_FREES, struct esc_counters, frees);
SHIM_AT(HOOKS_BYTES, struct esc_counters, bytes);
SHIM_AT(HOOKS_NUMBER, struct ring_process, number);
SHIM_AT(HOOKS_MALLOC, struct real, malloc);
SHIM_AT(HOOKS_CALLOC, struct real, calloc);
SHIM_AT(HOOKS_REALLOC, struct real, realloc);
SHIM_AT(HOOKS_FREE, struct real, free);
SHIM_AT(HOOKS_SAMPLE_PAGES, struct real, pages);
SHIM_AT(HOOKS_COUNTS_CALLERS, struct real, counts_callers);
_Static_assert(HOOKS_BIAS == SAMPLE_BIAS, "hooks.S");
_Static_assert(HOOKS_PAGES == SAMPLE_PAGES && 1ULL << 32 >> HOOKS_PAGE == HOOKS_PAGES, "hooks.S");
_Static_assert(HOOKS_FIRST == SAMPLE_FIRST, "hooks.S");
_Static_assert(HOOKS_CALLERS == SAMPLE_CALLERS, "hooks.S");

struct shim shim;

#define X(name, type, parameters) SHIM_EXPORT type name parameters;
ESC_HOOKS(X)
#undef X

SHIM_EXPORT void esc_api_pool_allocate(uint32_t pool, const void *block, size_t size);
SHIM_EXPORT void esc_api_pool_free(uint32_t pool, const void *block);
SHIM_EXPORT void esc_api_pool_reset(uint32_t pool);

static SHIM_COLD void
shim_lost(struct thread *thread, bool nested)
{
	ring_lost();
	thread_count(thread, &thread->counters->dropped, 1);
	if (nested)
		thread_count(thread, &thread->counters->nested_lost, 1);
}

/* No thread state could be had: counts in the header alone. */
static SHIM_COLD void
shim_overflow(uint32_t kind, uint64_t size)
{
	struct esc_counters *counters = &ring.header->overflow;

	if (kind == ESC_EVENT_STEP)
		return;
	if (kind >= ESC_EVENT_POOL_ALLOCATE) {
		/* none of the malloc family */
	} else if (kind < ESC_EVENT_FREE) {
		__atomic_fetch_add(&counters->allocations, 1, __ATOMIC_RELAXED);
		__atomic_fetch_add(&counters->bytes, size, __ATOMIC_RELAXED);
	} else {
		__atomic_fetch_add(&counters->frees, 1, __ATOMIC_RELAXED);
	}
	__atomic_fetch_add(&counters->dropped, 1, __ATOMIC_RELAXED);
	ring_lost();
}

static inline void
shim_capture(struct thread *thread, int level, const struct arch_frame *frame, struct walk *walk)
{
	if (__builtin_expect(shim.unwind, 0))
		oracle_capture(thread, level, frame, walk);
	else
		walk_capture(thread, level, frame, walk);
	if (__builtin_expect(shim.check && level == 0, 0))
		oracle_check(thread, frame, walk);
	if (__builtin_expect(walk->cut, 0))
		thread_count(thread, &thread->counters->cut, 1);
	if (__builtin_expect(walk->broken, 0))
		thread_count(thread, &thread->counters->broken, 1);
}

/* Counted right before it is written: a kill between the two loses but one. */
static inline void
shim_write(struct thread *thread, int level, const struct event *event)
{
	event_count(thread, event->kind, event->size);
	if (__builtin_expect(!ring_write(&thread->writers[level], event), 0) &&
	    event->kind != ESC_EVENT_STEP)
		shim_lost(thread, false);
}

static SHIM_COLD void
shim_nested(struct thread *thread, const struct event *event)
{
	event_count(thread, event->kind, event->size);
	if (event->kind != ESC_EVENT_STEP)
		shim_lost(thread, true);
}

/* The record of one event begins with: */
struct shim_before {
	struct event *old; /* the other half of a realloc, of the same stack; or NULL */
	uint64_t interval; /* by which its block was taken; 0: it has none */
};

/* Sampled mode: what shim_burst_look asks of the event that is recorded. */
static inline void
shim_burst_note(struct thread *thread, uint16_t region, uint32_t kept, uint32_t depth)
{
	thread->sampler.last = region;
	thread->sampler.kept = kept;
	thread->sampler.depth = depth;
}

/* False: nothing may follow, or it would be taken for another interval's. */
static SHIM_COLD bool
shim_write_before(struct thread *thread, int level, const struct shim_before *before,
    struct event *event, struct walk *walk)
{
	bool told = before->interval == 0 ||
	    ring_rate(&thread->writers[level], event->time, before->interval);

	shim_burst_note(thread, walk->region, walk->kept, walk->at->depth);
	if (before->old != NULL) {
		event_fill(before->old, walk);
		shim_write(thread, level, before->old);
		/* The same call: nothing changed since the half before. */
		walk->says_kept = true;
		walk->kept = (uint16_t)(walk->at->depth - 1);
		walk->proved = walk->kept;
	}
	if (told)
		return true;
	thread->writers[level].gap = true;
	event_count(thread, event->kind, event->size);
	shim_lost(thread, false);
	return false;
}

static SHIM_COLD void
shim_overflow_both(const struct event *event, const struct shim_before *before)
{
	if (before != NULL && before->old != NULL)
		shim_overflow(before->old->kind, 0);
	shim_overflow(event->kind, event->size);
}

/* Records one event of the calling thread, counts included. before: NULL if
 * nothing is. */
static __attribute__((noinline)) void
shim_record(struct event *event, const struct shim_before *before, const struct arch_frame *frame)
{
	struct thread *thread = thread_get();
	struct walk walk;
	int level;

	if (__builtin_expect(thread == NULL, 0)) {
		shim_overflow_both(event, before);
		return;
	}
	level = thread_enter(thread, frame->slot);
	if (__builtin_expect(level < 0, 0)) {
		if (before != NULL && before->old != NULL)
			shim_nested(thread, before->old);
		shim_nested(thread, event);
		return;
	}
	shim_capture(thread, level, frame, &walk);
	if (__builtin_expect(before != NULL, 0) &&
	    !shim_write_before(thread, level, before, event, &walk)) {
		thread_leave(thread, level);
		return;
	}
	event_fill(event, &walk);
	shim_write(thread, level, event);
	thread_leave(thread, level);
}

/* The same, on the level that the hook has entered: what is not known of it. */
static __attribute__((noinline)) void
shim_record_told(struct thread *thread, struct event *event, struct walk *walk)
{
	if (walk->cut)
		thread_count(thread, &thread->counters->cut, 1);
	if (walk->broken)
		thread_count(thread, &thread->counters->broken, 1);
	event_fill(event, walk);
	shim_write(thread, 0, event);
	thread_leave(thread, 0);
}

static __attribute__((noinline)) void
shim_record_new(struct thread *thread, struct event *event, const struct arch_frame *frame)
{
	struct walk walk;

	walk_capture_new(thread, frame, &walk);
	shim_record_told(thread, event, &walk);
}

/* Whether the thread's next event may be a plain one: nothing is as it is with few, and no
 * hook runs. */
static inline __attribute__((always_inline)) bool
shim_is_plain(const struct thread *thread)
{
	return __builtin_expect(thread != NULL, 1) &&
	    __builtin_expect(thread->process == ring_self.process.number, 1) &&
	    __builtin_expect(thread->busy[0] == 0, 1) &&
	    __builtin_expect(thread->plain == __atomic_load_n(&modules_epoch, __ATOMIC_ACQUIRE), 1);
}

/* The stack of an event is known, and there is nothing to say of it. flagged: the event may
 * have flags. */
static inline __attribute__((always_inline)) void
shim_write_known(
    struct thread *thread, struct event event, const struct walk *walk, const bool flagged)
{
	event.stack = walk->stack;
	event.region = walk->region;
	if (event.kind < ESC_EVENT_FREE) {
		arch_add(&thread->counters->allocations, 1);
		arch_add(&thread->counters->bytes, event.size);
	} else if (event.kind < ESC_EVENT_STEP) {
		arch_add(&thread->counters->frees, 1);
	}
	if (__builtin_expect(!ring_write_as(&thread->writers[0], &event, !flagged), 0) &&
	    event.kind != ESC_EVENT_STEP)
		shim_lost(thread, false);
	thread_leave(thread, 0);
}

/*
 * Records an event of full mode that has no flags. As shim_record does, but that all which
 * few events need is elsewhere: most are of a stack that the thread had before, and are done
 * here without another call.
 */
static inline __attribute__((always_inline)) void
shim_record_plain(uint32_t kind, uint64_t block, uint64_t size, const struct arch_frame frame)
{
	struct event event = {
		.time = ring_ticks(), .address = block, .size = size, .kind = (uint16_t)kind
	};
	struct thread *thread = thread_tls.thread;
	struct walk walk;

	if (!shim_is_plain(thread)) {
		struct event copy = event;
		struct arch_frame from = { frame.slot, frame.pc, frame.rbp };

		shim_record(&copy, NULL, &from);
		return;
	}
	thread->busy[0] = frame.slot;
	__asm__ volatile("" ::: "memory");
	if (__builtin_expect(!walk_capture_known(thread, &frame, &walk), 0)) {
		struct event copy = event;
		struct arch_frame from = { frame.slot, frame.pc, frame.rbp };

		shim_record_new(thread, &copy, &from);
		return;
	}
	if (__builtin_expect(walk.says_kept | walk.cut | walk.broken, 0)) {
		struct event copy = event;
		struct walk told = walk;

		shim_record_told(thread, &copy, &told);
		return;
	}
	shim_write_known(thread, event, &walk, false);
}

/* Sampled mode, before an event is recorded: those outside of bursts were not. */
static inline void
shim_sparse(struct thread *thread)
{
	if (__builtin_expect(thread_tls.burst <= 0, 0))
		thread->writers[0].gap = true;
}

static SHIM_COLD void
shim_sparse_any(void)
{
	struct thread *thread = thread_get();

	if (thread != NULL)
		shim_sparse(thread);
}

/* A sample was taken: the calls behind it tell which frames were left, unless marks
 * do. Where all blocks are taken all calls are recorded anyway. */
static inline void
shim_burst(struct thread *thread, uint64_t block, uint64_t interval)
{
	int32_t length = shim.mode == SHIM_AUTO && interval != 1 ? SAMPLE_BURST_AUTO : SAMPLE_BURST;

	shim_sparse(thread);
	if (thread_tls.countdown < 0)
		return;
	thread->sampler.block = block;
	thread->sampler.before = thread_tls.burst;
	thread->sampler.floor = INT32_MIN;
	if (marks.setting)
		thread_burst(thread, 0);
	else if (length > thread_tls.burst)
		thread_burst(thread, length);
	thread->sampler.length = thread_tls.burst;
}

/* The sample is recorded. */
static inline void
shim_burst_begun(struct thread *thread)
{
	thread->sampler.region = thread->sampler.last;
	thread->sampler.floor = (int32_t)thread->sampler.depth - SAMPLE_FAR;
}

/* A sampled block was freed, or is far from where it was made: what comes tells nothing
 * more about it. */
static inline void
shim_burst_end(uint64_t block)
{
	struct thread *thread = thread_tls.thread;
	int32_t left;

	if (thread == NULL || thread->sampler.block != block || thread_tls.countdown < 0)
		return;
	thread->sampler.block = 0;
	/* the burst before, which this one was longer than */
	left = thread->sampler.before - (thread->sampler.length - thread_tls.burst);
	thread_burst(thread, left > 0 ? left : 0);
}

static inline void
shim_burst_look(struct thread *thread)
{
	const struct sampler *sampler = &thread->sampler;

	if (sampler->block != 0 && sampler->last == sampler->region &&
	    (int32_t)sampler->kept <= sampler->floor)
		shim_burst_end(sampler->block);
}

/* Sampled mode, an event of a thread that has plain ones: what is not known of it. */
static __attribute__((noinline)) void
shim_sampled_told(struct thread *thread, struct event *event, struct walk *walk)
{
	shim_burst_note(thread, walk->region, walk->kept, thread->current->depth);
	shim_record_told(thread, event, walk);
}

static __attribute__((noinline)) void
shim_sampled_new(struct thread *thread, struct event *event, const struct arch_frame *frame)
{
	struct walk walk;

	walk_capture_new(thread, frame, &walk);
	shim_sampled_told(thread, event, &walk);
}

/* The stack is known. */
static inline __attribute__((always_inline)) void
shim_sampled_known(
    struct thread *thread, struct event event, const struct walk *walk, const bool flagged)
{
	if (__builtin_expect(walk->says_kept | walk->cut | walk->broken, 0)) {
		struct event copy = event;
		struct walk told = *walk;

		shim_sampled_told(thread, &copy, &told);
		return;
	}
	shim_burst_note(thread, walk->region, walk->kept, thread->current->depth);
	shim_write_known(thread, event, walk, flagged);
}

/* Whether a reader knows of the interval, 0: there is none to know of. */
static inline bool
shim_is_rate(const struct thread *thread, uint64_t interval)
{
	return interval == 0 || interval == thread->writers[0].interval;
}

/* Auto mode: whether the next event is measured; it may be that it was to be before, and
 * that a handler's longjmp left it. */
static inline bool
shim_measures(struct thread *thread)
{
	if (__builtin_expect(thread->sampler.measure <= 1, 0) && shim.mode == SHIM_AUTO)
		return true;
	thread->sampler.measure--;
	return false;
}

/* An event of a thread that has plain ones, if its stack is known; false: it is not, and
 * nothing was done. Its frame is not on the stack below a walk. */
static __attribute__((noinline)) bool
shim_sampled_flagged(
    struct thread *thread, const struct event *event, const struct arch_frame *frame)
{
	struct walk walk;

	thread->busy[0] = frame->slot;
	__asm__ volatile("" ::: "memory");
	if (!walk_capture_known(thread, frame, &walk)) {
		thread_leave(thread, 0);
		return false;
	}
	shim_sampled_known(thread, *event, &walk, true);
	return true;
}

/* The same of one without flags, as shim_record_plain does it. */
static inline __attribute__((always_inline)) void
shim_sampled_plain(struct thread *thread, struct event event, const struct arch_frame *frame)
{
	struct walk walk;

	thread->busy[0] = frame->slot;
	__asm__ volatile("" ::: "memory");
	if (__builtin_expect(!walk_capture_known(thread, frame, &walk), 0)) {
		struct event copy = event;

		shim_sampled_new(thread, &copy, frame);
		return;
	}
	shim_sampled_known(thread, event, &walk, false);
}

/* An event of sampled mode: interval is that by which a block was taken, 0: it is of none;
 * old: the other half of a realloc. */
static __attribute__((noinline)) void
shim_record_sampled(
    struct event *event, uint64_t interval, struct event *old, const struct arch_frame *frame)
{
	const struct shim_before before = { .old = old, .interval = interval };
	struct thread *thread = thread_tls.thread;
	bool measured = thread != NULL && shim_measures(thread);
	uint64_t began = __builtin_expect(measured, 0) ? ring_ticks() : 0;

	if (old != NULL || !shim_is_plain(thread) || !shim_is_rate(thread, interval) ||
	    !shim_sampled_flagged(thread, event, frame))
		shim_record(event, &before, frame);
	if (__builtin_expect(measured, 0))
		sample_measure(thread, began);
	if (thread != NULL)
		shim_burst_look(thread);
}

/* The same of an event that has no flags, without another call if it is a plain one. */
static inline __attribute__((always_inline)) void
shim_record_sample(uint32_t kind, uint64_t block, uint64_t size, uint64_t time, uint64_t interval,
    const struct arch_frame *frame)
{
	struct event event = {
		.time = time, .address = block, .size = size, .kind = (uint16_t)kind
	};
	struct thread *thread = thread_tls.thread;
	uint64_t began = 0;
	bool measured;

	if (!shim_is_plain(thread) || __builtin_expect(!shim_is_rate(thread, interval), 0)) {
		struct event copy = event;

		shim_record_sampled(&copy, interval, NULL, frame);
		return;
	}
	measured = shim_measures(thread);
	if (__builtin_expect(measured, 0))
		began = ring_ticks();
	shim_sampled_plain(thread, event, frame);
	if (__builtin_expect(measured, 0))
		sample_measure(thread, began);
	shim_burst_look(thread);
}

/* Whether this call is one of those that are timed. */
static SHIM_COLD bool
shim_tick(void)
{
	struct thread *thread = thread_tls.thread;

	thread_tls.tick = 1;
	if (shim.mode < SHIM_FULL || thread == NULL)
		return false;
	if (shim.cost == 0) {
		thread_tls.tick = INT32_MAX;
		return false;
	}
	/* Anything but a fixed step: programs have rhythms. */
	thread_tls.tick = (int32_t)(1 + thread_random(thread) % (2ULL * shim.cost - 1));
	return true;
}

static inline bool
shim_timed(void)
{
	return __builtin_expect(arch_count_down(&thread_tls.tick), 0) && shim_tick();
}

/* Whether a call for a block that is taken is timed: all samples are. */
static inline bool
shim_timed_sample(void)
{
	return thread_tls.countdown < 0 ? shim_timed() : shim.cost != 0;
}

/* Ticks before the real call, or 0: it is not timed. */
static inline uint64_t
shim_start(uint64_t size)
{
	bool timed = __builtin_expect(shim.mode >= SHIM_SAMPLED, 0)
	    ? thread_tls.countdown < (int64_t)(size + SAMPLE_BIAS) && shim_timed_sample()
	    : shim_timed();

	return __builtin_expect(timed, 0) ? ring_ticks() : 0;
}

static inline void
shim_cost(struct event *event, uint64_t began)
{
	uint64_t ticks = ring_ticks() - began;

	event->cost = ticks < UINT16_MAX ? (uint16_t)ticks : UINT16_MAX;
	event->flags |= ESC_CONTROL_COST;
}

/* Sampled mode: whether the countdown outlasts this allocation. */
static inline bool
shim_passes(uint64_t size)
{
	return __builtin_expect(thread_tls.countdown >= (int64_t)(size + SAMPLE_BIAS), 1);
}

/* Sampled mode: may this allocation be taken? Else it may be a step of a burst. */
static inline bool
shim_sampled(uint64_t size)
{
	thread_tls.countdown -= (int64_t)(size + SAMPLE_BIAS);
	return __builtin_expect(thread_tls.countdown < 0, 0);
}

/* The same: the interval by which it is, 0: it is not. */
static inline uint64_t
shim_interval(struct thread *thread, uint64_t size)
{
	/* As sample_decide does it, which is not called for each block. */
	if (thread->sampler.interval == 1 && thread_tls.countdown < 0) {
		thread_tls.countdown = SAMPLE_ALL;
		return 1;
	}
	return shim_sampled(size) ? sample_decide(thread) : 0;
}

/* A call that is counted, and that no event will tell of. */
static SHIM_COLD void
shim_unseen(struct thread *thread, uint32_t kind)
{
	if (kind < ESC_EVENT_FREE)
		gate_pass(thread);
	else
		gate_skip(thread);
}

static __attribute__((noinline)) void
shim_step(uint32_t kind, uint64_t size, const struct arch_frame *frame)
{
	struct thread *thread = thread_get();

	if (__builtin_expect(thread == NULL, 0)) {
		shim_overflow(kind, size);
		return;
	}
	event_count(thread, kind, size);
	if (thread_tls.burst <= 0)
		return;
	thread_burst(thread, thread_tls.burst - 1);
	if (gate_is_closed()) {
		shim_unseen(thread, kind);
		return;
	}
	gate_end(thread);
	shim_record_sample(ESC_EVENT_STEP, 0, 0, ring_ticks(), 0, frame);
}

/* A call that gave no block: that it was made tells that its function was called again, where
 * each call of that one comes by here. */
static SHIM_COLD void
shim_failed(const struct arch_frame frame)
{
	struct event event = { .kind = ESC_EVENT_STEP };
	struct thread *thread;

	if (shim.mode >= SHIM_SAMPLED)
		shim_step(ESC_EVENT_STEP, 0, &frame);
	if (shim.mode <= SHIM_OFF || shim.mode >= SHIM_SAMPLED)
		return;
	thread = thread_get();
	if (thread == NULL)
		return;
	if (shim.mode == SHIM_PAUSED || gate_is_shut()) {
		gate_skip(thread);
		return;
	}
	event.time = ring_ticks();
	shim_record(&event, NULL, &frame);
}

/* Auto mode: whether this is one of the first blocks of its caller. */
static inline bool
shim_is_new(const struct arch_frame *frame)
{
	return shim.mode == SHIM_AUTO &&
	    __builtin_expect(*sample_caller(frame->slot, frame->pc) < SAMPLE_FIRST, 0);
}

/* The interval by which the block is taken, 0: it is not. A caller's first ones are
 * taken in any case, as long as the budget lasts, and use up no distance. */
static inline uint64_t
shim_decide(struct thread *thread, uint64_t size, const struct arch_frame *frame)
{
	if (shim_is_new(frame) && sample_new(thread, sample_caller(frame->slot, frame->pc)))
		return 1;
	return shim_interval(thread, size);
}

/* The same in a pause: nothing is taken, distances go by as ever. */
static SHIM_COLD void
shim_pass_sampled(struct thread *thread, const struct event *event)
{
	(void)shim_interval(thread, event->size);
	event_count(thread, event->kind, event->size);
	gate_pass(thread);
}

/* An allocation that may be taken, the countdown is as it was before it: the interval by
 * which it is, and whose block is noted; 0: it is not to be recorded. */
static inline __attribute__((always_inline)) uint64_t
shim_take(struct thread *thread, struct event *event, const struct arch_frame *frame)
{
	uint64_t interval;

	if (thread == NULL) {
		shim_overflow(event->kind, event->size);
		return 0;
	}
	if (gate_is_closed()) {
		shim_pass_sampled(thread, event);
		return 0;
	}
	gate_end(thread);
	interval = shim_decide(thread, event->size, frame);
	if (interval == 0) {
		shim_step(event->kind, event->size, frame);
		return 0;
	}
	if (!sample_add(event->address)) {
		event_count(thread, event->kind, event->size);
		shim_lost(thread, false);
		return 0;
	}
	shim_burst(thread, event->address, interval);
	return interval;
}

/* The same of one that has flags, or is no plain one: recorded if it is taken. */
static SHIM_COLD void
shim_take_rare(struct event *event, const struct arch_frame *frame)
{
	struct thread *thread = thread_get();
	uint64_t interval = shim_take(thread, event, frame);

	if (interval == 0)
		return;
	shim_record_sampled(event, interval, NULL, frame);
	shim_burst_begun(thread);
}

/* Sampled mode: an allocation that is timed, or of a thread whose next event is no plain one.
 * Less stack than the other way, since a thread's first call needs most behind it. */
static __attribute__((noinline)) void
shim_allocated_rare(
    uint32_t kind, void *block, uint64_t size, uint64_t began, const struct arch_frame *frame)
{
	struct event event = { .kind = (uint16_t)kind, .address = (uint64_t)block, .size = size };

	if (shim_passes(size) && !shim_is_new(frame)) {
		shim_sampled(size);
		shim_step(kind, size, frame);
		return;
	}
	if (began != 0)
		shim_cost(&event, began);
	event.time = ring_ticks();
	shim_take_rare(&event, frame);
}

/* The same of all others. In auto mode, as long as its interval is 1, all are taken. */
static __attribute__((noinline)) void
shim_allocated_sampled(uint32_t kind, void *block, uint64_t size, const struct arch_frame *frame)
{
	struct event event = { .kind = (uint16_t)kind, .address = (uint64_t)block, .size = size };
	struct thread *thread;
	uint64_t interval;

	if (shim_passes(size) && !shim_is_new(frame)) {
		shim_sampled(size);
		shim_step(kind, size, frame);
		return;
	}
	event.time = ring_ticks();
	thread = thread_get();
	interval = shim_take(thread, &event, frame);
	if (interval == 0)
		return;
	shim_record_sample(kind, (uint64_t)block, size, event.time, interval, frame);
	shim_burst_begun(thread);
}

/* Before the constructor, or where nothing is recorded. */
static SHIM_COLD void
shim_allocated_otherwise(uint32_t kind, void *block, uint64_t size, const struct arch_frame *frame)
{
	struct thread *thread;

	if (shim.mode == SHIM_EARLY)
		early_note(kind, (uint64_t)block, size, frame);
	if (shim.mode <= SHIM_OFF)
		return;
	thread = thread_get();
	if (thread == NULL) {
		shim_overflow(kind, size);
		return;
	}
	event_count(thread, kind, size);
	gate_pass(thread);
}

/* An allocation of no sampled mode that is not in full mode, or not to be recorded, or is
 * timed. */
static SHIM_COLD void
shim_allocated_odd(
    uint32_t kind, void *block, uint64_t size, uint64_t began, const struct arch_frame *frame)
{
	struct event event = { .kind = (uint16_t)kind, .address = (uint64_t)block, .size = size };

	if (shim.mode != SHIM_FULL || gate_is_shut()) {
		shim_allocated_otherwise(kind, block, size, frame);
		return;
	}
	if (began != 0)
		shim_cost(&event, began);
	event.time = ring_ticks();
	shim_record(&event, NULL, frame);
}

/* An allocation that succeeded. began: ticks before the call, 0: not timed. */
static inline __attribute__((always_inline)) void
shim_allocated_here(
    uint32_t kind, void *block, uint64_t size, uint64_t began, const struct arch_frame frame)
{
	if (__builtin_expect(shim.mode != SHIM_FULL || gate_may_be_shut() || began != 0, 0)) {
		struct arch_frame from = { frame.slot, frame.pc, frame.rbp };

		if (shim.mode >= SHIM_SAMPLED && began == 0 && shim_is_plain(thread_tls.thread))
			shim_allocated_sampled(kind, block, size, &from);
		else if (shim.mode >= SHIM_SAMPLED)
			shim_allocated_rare(kind, block, size, began, &from);
		else
			shim_allocated_odd(kind, block, size, began, &from);
		return;
	}
	shim_record_plain(kind, (uint64_t)block, size, frame);
}

/* The same for the hooks that are called less. */
static __attribute__((noinline)) void
shim_allocated(uint32_t kind, void *block, uint64_t size, uint64_t began, struct arch_frame frame)
{
	shim_allocated_here(kind, block, size, began, frame);
}

static inline void
shim_real_free(void *block)
{
	if (__builtin_expect(shim.foreign, 0) && early_has(block))
		real_libc_free(block);
	else
		real.free(block);
}

/* A free that is timed: written after the call, stamped before it. */
static SHIM_COLD void
shim_free_timed(void *block, const struct arch_frame *frame)
{
	struct event event = { .kind = ESC_EVENT_FREE, .address = (uint64_t)block };

	event.time = ring_ticks();
	shim_real_free(block);
	shim_cost(&event, event.time);
	if (shim.mode >= SHIM_SAMPLED)
		shim_record_sampled(&event, 0, NULL, frame);
	else
		shim_record(&event, NULL, frame);
}

/* Sampled mode: a free. */
static __attribute__((noinline)) void
shim_free_sampled(void *block, const struct arch_frame *frame)
{
	struct thread *thread;

	if (!sample_take((uint64_t)block)) {
		shim_step(ESC_EVENT_FREE, 0, frame);
		shim_real_free(block);
		return;
	}
	thread = thread_get();
	if (__builtin_expect(thread != NULL, 1))
		shim_sparse(thread);
	if (__builtin_expect(shim_timed_sample(), 0)) {
		shim_free_timed(block, frame);
		shim_burst_end((uint64_t)block);
		return;
	}
	shim_record_sample(ESC_EVENT_FREE, (uint64_t)block, 0, ring_ticks(), 0, frame);
	shim_burst_end((uint64_t)block);
	shim_real_free(block);
}

/* A free of another mode than the full one, or in a pause: one of a block that may have
 * been recorded before is recorded as ever. False: it is none of these. */
static SHIM_COLD bool
shim_free_otherwise(void *block, const struct arch_frame *frame)
{
	struct thread *thread;

	if (shim.mode == SHIM_EARLY) {
		early_note(ESC_EVENT_FREE, (uint64_t)block, 0, frame);
	} else if (shim.mode != SHIM_OFF) {
		if (!gate_is_before())
			return false;
		thread = thread_get();
		if (thread == NULL)
			shim_overflow(ESC_EVENT_FREE, 0);
		else
			event_count(thread, ESC_EVENT_FREE, 0);
	}
	shim_real_free(block);
	return true;
}

/* A free that is not in full mode, or in a pause, or is due to be timed. */
static SHIM_COLD void
shim_free_odd(void *block, const struct arch_frame *frame)
{
	struct event event = { .kind = ESC_EVENT_FREE, .address = (uint64_t)block };

	if ((shim.mode != SHIM_FULL || gate_is_shut()) && shim_free_otherwise(block, frame))
		return;
	if (thread_tls.tick <= 0 && shim_tick()) {
		shim_free_timed(block, frame);
		return;
	}
	event.time = ring_ticks();
	shim_record(&event, NULL, frame);
	shim_real_free(block);
}

static inline __attribute__((always_inline)) void
shim_free(void *block, const struct arch_frame frame)
{
	if (block == NULL)
		return;
	if (__builtin_expect(modules_suspect(block), 0))
		modules_unload(block);
	if (__builtin_expect(
		shim.mode != SHIM_FULL || gate_may_be_shut() || arch_count_down(&thread_tls.tick),
		0)) {
		struct arch_frame from = { frame.slot, frame.pc, frame.rbp };

		if (shim.mode >= SHIM_SAMPLED)
			shim_free_sampled(block, &from);
		else
			shim_free_odd(block, &from);
		return;
	}
	shim_record_plain(ESC_EVENT_FREE, (uint64_t)block, 0, frame);
	shim_real_free(block);
}

void *
shim_refund(uint64_t size)
{
	struct esc_counters *counters = thread_tls.counters;
	uint64_t price = size + SAMPLE_BIAS;

	arch_add(&counters->allocations, (uint64_t)-1);
	arch_add(&counters->bytes, -size);
	/* No block is so large that its price is below 0, but one may be asked for: then
	 * the countdown has grown, and shrinks again if nobody set it anew. */
	if (price <= INT64_MAX || thread_tls.countdown > INT64_MAX / 4)
		arch_add((uint64_t *)&thread_tls.countdown, price);
	return NULL;
}

void *
shim_refund_both(uint64_t size)
{
	arch_add(&thread_tls.counters->frees, (uint64_t)-1);
	return shim_refund(size);
}

void *
shim_behind_malloc(size_t size)
{
	uint64_t began = shim_start(size);
	void *block = real.malloc(size);

	if (block != NULL)
		shim_allocated_here(ESC_EVENT_MALLOC, block, size, began, ARCH_FRAME());
	else
		shim_failed(ARCH_FRAME());
	return block;
}

void *
shim_behind_calloc(size_t count, size_t size)
{
	uint64_t began = shim_start(count * size);
	void *block = real.calloc(count, size);

	if (block != NULL)
		shim_allocated(ESC_EVENT_CALLOC, block, count * size, began, ARCH_FRAME());
	else
		shim_failed(ARCH_FRAME());
	return block;
}

/* In a pause: what became of a block that was recorded is not known. */
static SHIM_COLD void
shim_reallocated_closed(
    struct event *event, struct event *old, bool known, const struct arch_frame *frame)
{
	struct thread *thread = thread_get();

	if (thread == NULL) {
		shim_overflow(old->kind, 0);
		shim_overflow(event->kind, event->size);
		return;
	}
	old->size = event->size != 0 ? event->size : 1;
	if (!known) {
		event_count(thread, old->kind, 0);
		gate_skip(thread);
	} else if (shim.mode >= SHIM_SAMPLED) {
		shim_sparse_any();
		shim_record_sampled(old, 0, NULL, frame);
		shim_burst_end(old->address);
	} else {
		shim_record(old, NULL, frame);
	}
	if (shim.mode >= SHIM_SAMPLED) {
		shim_pass_sampled(thread, event);
		return;
	}
	event_count(thread, event->kind, event->size);
	gate_pass(thread);
}

/* Sampled mode; old->cost: whether its block was sampled. */
static SHIM_COLD void
shim_reallocated_sampled(
    struct event *event, struct event *old, uint64_t began, const struct arch_frame *frame)
{
	struct thread *thread = thread_get();
	bool known = old->cost != 0;
	uint64_t interval = 0;

	old->cost = 0;
	if (event->address != 0 && gate_is_closed()) {
		shim_reallocated_closed(event, old, known, frame);
		return;
	}
	if (event->address == 0)
		old->flags |= ESC_CONTROL_COST;
	else if (thread != NULL)
		interval = shim_decide(thread, event->size, frame);
	if (interval != 0 && !sample_add(event->address)) {
		shim_lost(thread, false);
		interval = 0;
	}
	if (!known)
		shim_step(ESC_EVENT_GIVE_UP, 0, frame);
	if (interval != 0) {
		shim_burst(thread, event->address, interval);
		if (began != 0)
			shim_cost(event, began);
		event->time = ring_ticks();
		shim_record_sampled(event, interval, known ? old : NULL, frame);
		shim_burst_begun(thread);
		return;
	}
	if (known) {
		shim_sparse_any();
		shim_record_sampled(old, 0, NULL, frame);
		shim_burst_end(old->address);
	}
	if (event->address != 0)
		shim_step(event->kind, event->size, frame);
}

/* Both halves of a realloc that moved, grew or freed a block. */
static void
shim_reallocated(uint32_t kind, struct event *old, void *block, size_t size, uint64_t began,
    struct arch_frame frame)
{
	struct event event = { .kind = (uint16_t)kind, .address = (uint64_t)block, .size = size };
	const struct shim_before before = { .old = old };

	if (shim.mode == SHIM_EARLY) {
		early_note(block != NULL ? old->kind : ESC_EVENT_FREE, old->address, 0, &frame);
		if (block != NULL)
			early_note(kind, event.address, size, &frame);
		return;
	}
	if (shim.mode == SHIM_OFF)
		return;
	if (shim.mode >= SHIM_SAMPLED) {
		shim_reallocated_sampled(&event, old, began, &frame);
		return;
	}
	if (block == NULL) {
		old->flags |= ESC_CONTROL_COST;
		shim_record(old, NULL, &frame);
		return;
	}
	if (shim.mode == SHIM_PAUSED || gate_is_shut()) {
		shim_reallocated_closed(&event, old, !gate_is_before(), &frame);
		return;
	}
	if (began != 0)
		shim_cost(&event, began);
	event.time = ring_ticks();
	shim_record(&event, &before, &frame);
}

static inline void *
shim_realloc(uint32_t kind, void *block, size_t size, struct arch_frame frame)
{
	uint64_t began = shim_start(size);
	struct event old = { .kind = ESC_EVENT_GIVE_UP, .address = (uint64_t)block };
	void *result;

	if (block == NULL) {
		result = real.malloc(size);
		if (result != NULL)
			shim_allocated(kind, result, size, began, frame);
		else
			shim_failed(frame);
		return result;
	}
	old.time = ring_ticks();
	/* Before the call: its address may be another thread's at once. */
	if (shim.mode >= SHIM_SAMPLED)
		old.cost = sample_take((uint64_t)block);
	if (modules_suspect(block))
		modules_unload(block);
	result = __builtin_expect(shim.foreign, 0) && early_has(block)
	    ? real_libc_realloc(block, size)
	    : real.realloc(block, size);
	if (result != NULL || size == 0)
		shim_reallocated(kind, &old, result, size, began, frame);
	else {
		if (old.cost != 0) /* nothing happened: it is still sampled */
			sample_add((uint64_t)block);
		shim_failed(frame);
	}
	return result;
}

void *
shim_behind_realloc(void *block, size_t size)
{
	return shim_realloc(ESC_EVENT_REALLOC, block, size, ARCH_FRAME());
}

SHIM_EXPORT void *
reallocarray(void *block, size_t count, size_t size)
{
	size_t total;

	if (__builtin_mul_overflow(count, size, &total)) {
		shim_failed(ARCH_FRAME());
		errno = ENOMEM;
		return NULL;
	}
	return shim_realloc(ESC_EVENT_REALLOCARRAY, block, total, ARCH_FRAME());
}

void
shim_behind_free(void *block)
{
	shim_free(block, ARCH_FRAME());
}

SHIM_EXPORT void
cfree(void *block)
{
	shim_free(block, ARCH_FRAME());
}

SHIM_EXPORT void
free_sized(void *block, size_t size)
{
	(void)size;
	shim_free(block, ARCH_FRAME());
}

SHIM_EXPORT void
free_aligned_sized(void *block, size_t alignment, size_t size)
{
	(void)alignment;
	(void)size;
	shim_free(block, ARCH_FRAME());
}

SHIM_EXPORT void *
memalign(size_t alignment, size_t size)
{
	uint64_t began = shim_start(size);
	void *block = real.memalign(alignment, size);

	if (block != NULL)
		shim_allocated(ESC_EVENT_MEMALIGN, block, size, began, ARCH_FRAME());
	else
		shim_failed(ARCH_FRAME());
	return block;
}

SHIM_EXPORT void *
aligned_alloc(size_t alignment, size_t size)
{
	uint64_t began = shim_start(size);
	void *block = real.aligned_alloc != NULL ? real.aligned_alloc(alignment, size)
						 : real.memalign(alignment, size);

	if (block != NULL)
		shim_allocated(ESC_EVENT_ALIGNED_ALLOC, block, size, began, ARCH_FRAME());
	else
		shim_failed(ARCH_FRAME());
	return block;
}

/* As glibc does it: the alignment is checked, errno may change. */
static int
shim_posix_memalign(void **block, size_t alignment, size_t size)
{
	void *at;

	if (alignment % sizeof(void *) != 0 || alignment == 0 || (alignment & (alignment - 1)) != 0)
		return EINVAL;
	at = real.memalign(alignment, size);
	if (at == NULL)
		return ENOMEM;
	*block = at;
	return 0;
}

SHIM_EXPORT int
posix_memalign(void **block, size_t alignment, size_t size)
{
	uint64_t began = shim_start(size);
	int error = real.posix_memalign != NULL ? real.posix_memalign(block, alignment, size)
						: shim_posix_memalign(block, alignment, size);

	if (error == 0 && *block != NULL)
		shim_allocated(ESC_EVENT_POSIX_MEMALIGN, *block, size, began, ARCH_FRAME());
	else
		shim_failed(ARCH_FRAME());
	return error;
}

SHIM_EXPORT void *
valloc(size_t size)
{
	uint64_t began = shim_start(size);
	void *block = real.valloc(size);

	if (block != NULL)
		shim_allocated(ESC_EVENT_VALLOC, block, size, began, ARCH_FRAME());
	else
		shim_failed(ARCH_FRAME());
	return block;
}

SHIM_EXPORT void *
pvalloc(size_t size)
{
	uint64_t began = shim_start(size);
	void *block = real.pvalloc(size);

	if (block != NULL)
		shim_allocated(ESC_EVENT_PVALLOC, block, size, began, ARCH_FRAME());
	else
		shim_failed(ARCH_FRAME());
	return block;
}

/* A call about a pool: kind, its block's or 0, and what else it says. False: nothing is
 * to be recorded of it. */
static bool
shim_pool_event(struct event *event, uint32_t kind, uint32_t pool, const void *block)
{
	if (shim.mode <= SHIM_OFF || pool == 0)
		return false;
	*event = (struct event){ .kind = (uint16_t)kind,
		.flags = ESC_CONTROL_COST,
		.address = ESC_POOL_ADDRESS(pool, (uintptr_t)block),
		.pool = pool,
		.time = ring_ticks() };
	return true;
}

/* In a pause events of the thread are missing. */
static SHIM_COLD void
shim_pool_closed(void)
{
	struct thread *thread = thread_get();

	if (thread != NULL)
		gate_skip(thread);
}

SHIM_EXPORT void
esc_api_pool_allocate(uint32_t pool, const void *block, size_t size)
{
	struct arch_frame frame = ARCH_FRAME();
	struct event event;

	if (!shim_pool_event(&event, ESC_EVENT_POOL_ALLOCATE, pool, block))
		return;
	event.size = size;
	/* one there that a reset has ended */
	if (shim.mode >= SHIM_SAMPLED)
		sample_take(event.address);
	if (shim.mode == SHIM_PAUSED || gate_is_closed()) {
		shim_pool_closed();
	} else if (shim.mode < SHIM_SAMPLED) {
		shim_record(&event, NULL, &frame);
	} else if (shim_passes(size) && !shim_is_new(&frame)) {
		shim_sampled(size);
		shim_step(event.kind, size, &frame);
	} else {
		shim_take_rare(&event, &frame);
	}
}

SHIM_EXPORT void
esc_api_pool_free(uint32_t pool, const void *block)
{
	struct arch_frame frame = ARCH_FRAME();
	struct event event;

	if (block == NULL || !shim_pool_event(&event, ESC_EVENT_POOL_FREE, pool, block))
		return;
	if (shim.mode < SHIM_SAMPLED) {
		if (!gate_is_before())
			shim_record(&event, NULL, &frame);
	} else if (sample_take(event.address)) {
		shim_sparse_any();
		shim_record_sampled(&event, 0, NULL, &frame);
		shim_burst_end(event.address);
	} else {
		shim_step(event.kind, 0, &frame);
	}
}

/* Which blocks are sampled is not known by pool, so that all modes record it. */
SHIM_EXPORT void
esc_api_pool_reset(uint32_t pool)
{
	struct arch_frame frame = ARCH_FRAME();
	struct event event;

	if (!shim_pool_event(&event, ESC_EVENT_POOL_FREE, pool, NULL) || gate_is_before())
		return;
	event.size = 1;
	if (shim.mode < SHIM_SAMPLED) {
		shim_record(&event, NULL, &frame);
		return;
	}
	shim_sparse_any();
	shim_record_sampled(&event, 0, NULL, &frame);
}

void
shim_pause(void)
{
	bool paused;

	if (shim.mode != SHIM_FULL && shim.mode != SHIM_PAUSED)
		return;
	/* Whoever is the last to write sees what it must be. */
	do {
		paused = __atomic_load_n(&gate.depth, __ATOMIC_SEQ_CST) != 0;
		__atomic_store_n(&shim.mode, paused ? SHIM_PAUSED : SHIM_FULL, __ATOMIC_SEQ_CST);
	} while ((__atomic_load_n(&gate.depth, __ATOMIC_SEQ_CST) != 0) != paused);
}

void
shim_begin(enum shim_mode mode)
{
	real.pages = sample_pages;
	real.counts_callers = mode == SHIM_AUTO;
	shim.mode = mode;
	if (mode == SHIM_OFF)
		return;
	gate_enter();
	early_replay(thread_get());
}
