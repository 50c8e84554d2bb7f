/*
 * What the shim keeps for each thread, in address space of its own: found by a
 * pointer in the thread's TLS, and again by its thread pointer, so that a new
 * thread takes over what a dead one at the same place left. Nothing is
 * released when a thread ends: no destructor runs.
 */
#ifndef PRELOAD_THREAD_H
#define PRELOAD_THREAD_H

#include <stdbool.h>
#include <stdint.h>

#include "preload/memo.h"
#include "preload/ring.h"
#include "preload/sample.h"
#include "preload/stacks.h"

enum { THREAD_REGIONS = 8 }; /* stacks (coroutines, signals) remembered at a time */

/* A stack of the thread, and what was on it at the last event there. */
struct region {
	struct frame *frames; /* outermost first; [-1] has the highest slot there is */
	uint32_t *marks;      /* of each frame the mark in its slot, 0: none */
	uint64_t top;         /* slot of the outermost frame; 0: unused */
	uint64_t floor;       /* the highest top below, 0: there is none */
	uint64_t used;        /* when it became the current one, for replacement */
	uint32_t depth;
	uint16_t number;
	uint32_t tried_low, tried_high; /* frames that marks_set has seen */
	bool copied;   /* stacks are copied to and fro in it: its marks prove nothing */
	bool switched; /* another one was, since the event before */
	bool signals;  /* some frame may be one that a signal interrupted */
	bool forgot;   /* frames were dropped: the next event must say KEPT */
};

struct thread {
	uint32_t process; /* number; 0: unused; THREAD_CLOSED: being made */
	uint32_t number;
	uint32_t tid;
	uint32_t epoch; /* modules_epoch that the regions know of */
	uint32_t plain; /* the same; THREAD_CLOSED, which none is: no event is a plain one */
	struct esc_counters *counters;
	bool shared;            /* others write the counters too: add atomically */
	bool tasks;             /* two tasks have its thread pointer (task.h): then shared */
	uint16_t serial;        /* last region number given */
	uint16_t copies;        /* the same, of copied stacks */
	uint64_t stack_top;     /* of the thread's own stack */
	uint64_t clock;         /* for regions' used */
	struct region *current; /* of the last event */
	uint64_t random;
	uint64_t lot; /* for marks */
	struct sampler sampler;
	uint64_t busy[ESC_LEVELS]; /* stack pointer of the hook that runs, 0: none */
	struct writer writers[ESC_LEVELS];
	struct region regions[THREAD_REGIONS + ESC_LEVELS - 1];
	uint32_t newest;                   /* the highest stack id it had */
	uint64_t stamp;                    /* number, and epoch: what memos of others do not have */
	struct memo *memos;                /* of level 0 */
	uint64_t passed;                   /* allocations when a pause was last met; 0: none is */
	uint32_t keep;                     /* stacks until one is put there */
	struct frame *scratch[ESC_LEVELS]; /* innermost first, threads.depth + 1 */
	uint32_t *cells[ESC_LEVELS];       /* the marks in their slots */
};

struct threads {
	uint32_t depth;    /* most frames of a stack */
	uint64_t seed;     /* of the random numbers; 0: differs each time */
	uint64_t space;    /* most bytes to reserve; 0: as needed */
	uint64_t main;     /* thread pointer of the first thread */
	uint64_t main_top; /* end of its stack */
	uint64_t entry;    /* its stack pointer when the process began */
	bool odd;          /* stacks are not walked by rules alone: none has plain events */
};

extern struct threads threads __attribute__((visibility("hidden")));

/* In the program's TLS: as little as can be. */
struct thread_tls {
	struct thread *thread;
	struct esc_counters *counters; /* thread's */
	int64_t countdown;             /* bytes until the next sample */
	uint32_t open;                 /* number of the process, or THREAD_CLOSED */
	int32_t burst;                 /* events still recorded for their stacks */
	int32_t tick;                  /* events until one is timed */
	/* The loader deals out lines of 64 bytes, and leaves the rest of the last one to
	 * libraries that come later: with a line of ours they have as much as natively. */
	uint8_t line[16];
};

/* Of thread_tls.open: each call has more to do than to be counted. No number of a
 * process, nor that of one that has none yet. */
#define THREAD_CLOSED UINT32_MAX

/* And 8 bytes of marks_unwound.c. */
_Static_assert(sizeof(struct thread_tls) == 56, "a line");

extern __thread struct thread_tls thread_tls
    __attribute__((tls_model("initial-exec"), visibility("hidden")));

/* What memos depend on has changed. */
static inline void
thread_stamp(struct thread *thread, uint32_t epoch)
{
	thread->epoch = epoch;
	thread->plain = threads.odd || thread->shared ? THREAD_CLOSED : epoch;
	thread->stamp = (uint64_t)thread->number << 32 | epoch;
}

/* Constructor. marked: stacks may have marks. False: no memory. */
bool thread_start(uint32_t depth, bool marked);

/* Sampled mode: that many events of the calling thread are recorded for their stacks. */
static inline void thread_burst(const struct thread *thread, int32_t events);

/* Finds or makes the caller's; NULL: there is no room for more. */
struct thread *thread_join(void);

static inline struct thread *
thread_get(void)
{
	struct thread *thread = thread_tls.thread;

	if (__builtin_expect(thread != NULL && thread->process == ring.process->number, 1))
		return thread;
	return thread_join();
}

/* The same where two tasks have the thread pointer: no level of either seems to be left.
 * One that a longjmp leaves stays taken, which is no worse than that events are dropped. */
int thread_enter_apart(struct thread *thread, uint64_t sp);

/*
 * Takes the lowest level that is not busy, for a hook whose return slot is sp;
 * -1: nested too deep. A level whose hook was below sp on the thread's own stack
 * was abandoned by a longjmp.
 */
static inline int
thread_enter(struct thread *thread, uint64_t sp)
{
	if (__builtin_expect(thread->tasks, 0))
		return thread_enter_apart(thread, sp);
	for (int level = 0; level < (int)ESC_LEVELS; level++) {
		uint64_t busy = thread->busy[level];

		if (__builtin_expect(busy == 0 || (sp > busy && sp <= thread->stack_top), 1)) {
			if (__builtin_expect(busy != 0, 0))
				ring_left(&thread->writers[level]);
			thread->busy[level] = sp;
			__asm__ volatile("" ::: "memory");
			return level;
		}
	}
	return -1;
}

static inline void
thread_leave(struct thread *thread, int level)
{
	__asm__ volatile("" ::: "memory");
	thread->busy[level] = 0;
}

static inline void
thread_count(const struct thread *thread, uint64_t *counter, uint64_t n)
{
	if (__builtin_expect(thread->shared, 0))
		__atomic_fetch_add(counter, n, __ATOMIC_RELAXED);
	else
		arch_add(counter, n);
}

static inline void
thread_burst(const struct thread *thread, int32_t events)
{
	thread_tls.burst = events;
	thread_tls.open = events > 0 || thread->shared ? THREAD_CLOSED : thread->process;
}

/* xorshift64*; never 0 */
static inline uint64_t
thread_random(struct thread *thread)
{
	uint64_t x = thread->random;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	thread->random = x;
	return x * 0x2545f4914f6cdd1dULL;
}

#endif
