/*
 * The calls that sampled mode does not look at: the distance to the next sample
 * outlasts the block, no burst is on, the block that is freed is nobody's sample.
 * Nothing but the thread's counters is written, nothing but the real function is
 * called (tests/preload/instructions.test counts what it takes).
 *
 * thread_tls.open says at once that the thread is known, that it is not the child of
 * a fork that still has its parent's, and that calls need not be recorded.
 *
 * A signal's handler may come between any two instructions: what is tested first and
 * written then may run below 0, which the next call takes for the distance's end.
 */
#ifndef PRELOAD_FAST_H
#define PRELOAD_FAST_H

#include <stdbool.h>
#include <stdint.h>

#include "arch/frame.h"
#include "preload/ring.h"
#include "preload/sample.h"
#include "preload/shim.h"
#include "preload/thread.h"

/* Where a hook was called from, as ARCH_FRAME has it, but without a frame pointer. */
#define FAST_SLOT() ((uint64_t)__builtin_dwarf_cfa() - 8)
#define FAST_PC() ((uint64_t)__builtin_return_address(0))

static inline bool
fast_open(void)
{
	return __builtin_expect(thread_tls.open == ring.process->number, 1);
}

/* Whether an allocation of size bytes is one of those; it is paid for then. */
static inline bool
fast_pay(uint64_t size, uint64_t slot, uint64_t pc)
{
	int64_t price = (int64_t)(size + SAMPLE_BIAS);

	if (!fast_open() || __builtin_expect(thread_tls.countdown < price, 0))
		return false;
	if (shim.mode == SHIM_AUTO &&
	    __builtin_expect(*sample_caller(slot, pc, size) < SAMPLE_FIRST, 0))
		return false;
	arch_add((uint64_t *)&thread_tls.countdown, (uint64_t)-price);
	return true;
}

/* It was paid for and failed. No block is so large that its price is negative, but
 * a call may ask for it: that was added, and is taken back if it is still there. */
static inline void
fast_refund(uint64_t size)
{
	int64_t price = (int64_t)(size + SAMPLE_BIAS);

	if (price > 0 || thread_tls.countdown > INT64_MAX / 4)
		arch_add((uint64_t *)&thread_tls.countdown, (uint64_t)price);
}

/* It was paid for and succeeded. */
static inline void
fast_allocated(uint64_t size)
{
	struct esc_counters *counters = thread_tls.counters;

	arch_add(&counters->allocations, 1);
	arch_add(&counters->bytes, size);
}

/* Whether the free of block is one of those; it is counted then. NULL is not. */
static inline bool
fast_freed(const void *block)
{
	if (!fast_open() || sample_watched(block))
		return false;
	arch_add(&thread_tls.counters->frees, 1);
	return true;
}

#endif
