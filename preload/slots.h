/*
 * The flight recorder: a trace of fixed size, cut into slots of equal size. Each is
 * a segment; when all were claimed once, those of EVENTS that their writers have
 * left are taken again, in the order in which they were claimed. Those of DEFS stay,
 * at most half of the file.
 *
 * No function here makes a system call. All are safe in signal handlers and in the
 * child of a fork or vfork, and may be called by all threads at once.
 */
#ifndef PRELOAD_SLOTS_H
#define PRELOAD_SLOTS_H

#include <stdbool.h>
#include <stdint.h>

#include "preload/record.h"

/* Bytes of a slot, for a trace of that many bytes; a power of 2. */
uint32_t slots_size(uint64_t size);

/* Constructor: the trace, mapped and its header filled, is one. */
void slots_start(void);

/* A slot, its header as ring_claim says; NULL: there is none. */
struct esc_segment *slots_claim(enum esc_segment_kind kind);

/* Its writer has left it; `end`: time of its last event, ticks. */
void slots_retire(struct esc_segment *segment, uint64_t end);

#endif
