#include "preload/gate.h"

#include "preload/clock.h"
#include "preload/shim.h"

#define GATE_EXPORT __attribute__((visibility("default")))

GATE_EXPORT void esc_api_pause(void);
GATE_EXPORT void esc_api_resume(void);

struct gate gate;

static struct esc_gate *
gate_shared(void)
{
	return &ring.header->gate;
}

void
gate_start(uint64_t begin_at, uint64_t end_at, uint32_t asked)
{
	struct esc_gate *shared = gate_shared();

	shared->begin_at = begin_at;
	shared->end_at = end_at;
	if (begin_at > ring.header->start.monotonic)
		shared->closed |= ESC_GATE_BEFORE;
	if (end_at != 0 && end_at <= ring.header->start.monotonic)
		shared->closed |= ESC_GATE_BEHIND;
	if (asked == ESC_PAUSE_ASKED)
		shared->closed |= ESC_GATE_ASKED;
	if (shared->closed == 0)
		return;
	shared->since = ring.header->start.monotonic;
	shared->pauses = 1;
}

/* It says that it is closed: but the begin is not only the keeper's to find, who may not
 * live, or come late. */
bool
gate_look(void)
{
	const struct esc_gate *shared = gate_shared();

	return __atomic_load_n(&shared->closed, __ATOMIC_RELAXED) != ESC_GATE_BEFORE ||
	    clock_now(CLOCK_MONOTONIC) < shared->begin_at;
}

bool
gate_is_before(void)
{
	return (__atomic_load_n(&gate_shared()->closed, __ATOMIC_RELAXED) & ESC_GATE_BEFORE) != 0;
}

/* Allocations of the thread, 1 at least. */
static uint64_t
gate_count(const struct thread *thread)
{
	uint64_t count = __atomic_load_n(&thread->counters->allocations, __ATOMIC_RELAXED);

	return count != 0 ? count : 1;
}

static void
gate_add(uint64_t passed)
{
	__atomic_fetch_add(&gate_shared()->passed, passed, __ATOMIC_RELAXED);
}

/*
 * In sampled mode a thread comes by at each sample only: what it has allocated since it
 * came by before, if that was in a pause, is counted. The pause was noticed a distance too
 * late, and so will be its end.
 */
void
gate_pass(struct thread *thread)
{
	uint64_t now = gate_count(thread), before = thread->passed;

	gate_skip(thread);
	/* a handler may have come by in between, or it is the header's counters */
	gate_add(shim.mode >= SHIM_SAMPLED && before != 0 && before < now && !thread->shared
		? now - before
		: 1);
	thread->passed = now;
}

void
gate_note_end(struct thread *thread)
{
	uint64_t now = gate_count(thread), before = thread->passed;

	thread->passed = 0;
	if (shim.mode >= SHIM_SAMPLED && before < now && !thread->shared)
		gate_add(now - before - 1); /* this one is recorded, or goes by */
}

/* --- For the program --- */

/* The process is paused. In the child of a fork it still is, but the time is its parent's. */
static void
gate_own(void)
{
	struct esc_gate *shared = gate_shared();

	__atomic_store_n(&gate.process, ring_process(), __ATOMIC_RELAXED);
	__atomic_fetch_add(&shared->own_pauses, 1, __ATOMIC_RELAXED);
	__atomic_fetch_add(&shared->own_closed, 1, __ATOMIC_RELAXED);
	__atomic_fetch_sub(&shared->own, clock_now(CLOCK_MONOTONIC), __ATOMIC_RELAXED);
	shim_pause();
}

void
gate_enter(void)
{
	if (__atomic_load_n(&gate.depth, __ATOMIC_RELAXED) != 0)
		gate_own();
}

void
esc_api_pause(void)
{
	if (__atomic_fetch_add(&gate.depth, 1, __ATOMIC_SEQ_CST) == 0 && shim.mode > SHIM_OFF)
		gate_own();
}

void
esc_api_resume(void)
{
	uint32_t depth = __atomic_load_n(&gate.depth, __ATOMIC_RELAXED);
	struct esc_gate *shared;

	do {
		if (depth == 0)
			return;
	} while (!__atomic_compare_exchange_n(
	    &gate.depth, &depth, depth - 1, true, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED));
	if (depth != 1 || shim.mode <= SHIM_OFF)
		return;
	shim_pause();
	if (__atomic_exchange_n(&gate.process, 0, __ATOMIC_RELAXED) != ring_process())
		return;
	shared = gate_shared();
	__atomic_fetch_add(&shared->own, clock_now(CLOCK_MONOTONIC), __ATOMIC_RELAXED);
	__atomic_fetch_sub(&shared->own_closed, 1, __ATOMIC_RELAXED);
}
