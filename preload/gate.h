/*
 * Pauses: whether what the program allocates is recorded (record.h, struct esc_gate).
 * A process pauses itself by esc_api_pause; all of them are by the gate in the trace.
 * No function makes a system call; all may be called in a signal's handler, which may
 * have interrupted another of them, and in the child of a fork.
 */
#ifndef PRELOAD_GATE_H
#define PRELOAD_GATE_H

#include <stdbool.h>
#include <stdint.h>

#include "preload/ring.h"
#include "preload/thread.h"

/* Of this process; a child of a fork begins with its parent's. */
struct gate {
	uint32_t depth;   /* calls of esc_api_pause without their esc_api_resume */
	uint32_t process; /* number of who counts it in own_closed; 0: nobody */
};

extern struct gate gate __attribute__((visibility("hidden")));

/* Constructor: after a header was made. From begin_at to end_at (see esc_gate). */
void gate_start(uint64_t begin_at, uint64_t end_at, uint32_t asked);

/* Constructor: the process records from now on; it may have been paused before. */
void gate_enter(void);

/* Whether the trace's gate is closed: all that the hooks of full mode ask, where shim.mode
 * tells the rest. */
static inline bool gate_is_shut(void);

/* False: it is not; true: whoever wants to know has to ask that. */
static inline bool gate_may_be_shut(void);

/* Whether nothing is recorded now, by the trace's gate or by the process's own. */
static inline bool gate_is_closed(void);

/* Whether nothing was recorded yet, so that no free can be of interest. */
bool gate_is_before(void);

/* Events of the thread are not recorded. */
static inline void
gate_skip(struct thread *thread)
{
	for (unsigned int i = 0; i < ESC_LEVELS; i++)
		thread->writers[i].gap = true;
}

/* An allocation of thread, which is counted already, is not recorded: notes that events are
 * missing, and how many blocks are, those included that samples stand for. */
void gate_pass(struct thread *thread);

/* Sampled mode, at what may be a sample, while nothing is closed: the last that a pause
 * has left out. */
static inline void gate_end(struct thread *thread);

/* --- Private --- */

bool gate_look(void);
void gate_note_end(struct thread *thread);

static inline bool
gate_may_be_shut(void)
{
	return __builtin_expect(
	    __atomic_load_n(&ring.header->gate.closed, __ATOMIC_RELAXED) != 0, 0);
}

static inline bool
gate_is_shut(void)
{
	return gate_may_be_shut() && gate_look();
}

static inline bool
gate_is_closed(void)
{
	return __builtin_expect(gate.depth != 0, 0) || gate_is_shut();
}

static inline void
gate_end(struct thread *thread)
{
	if (__builtin_expect(thread->passed != 0, 0))
		gate_note_end(thread);
}

#endif
