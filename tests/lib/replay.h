/*
 * A story told in a few calls, made a trace, read, merged, followed and judged:
 *
 *	replay_begin();
 *	p = replay_alloc(replay_stack(2, 0x100, 0x501), 16);
 *	replay_free(replay_stack(2, 0x100, 0x502), p);
 *	CHECK_EQ(replay_end()->sites[0].facts.fates[FATE_LOCAL], 1);
 *
 * Offsets are those of tests/lib/fake_symbol.c.
 */
#ifndef TESTS_LIB_REPLAY_H
#define TESTS_LIB_REPLAY_H

#include <stdint.h>

#include "analyzer/escape/escape.h"
#include "analyzer/model/match.h"
#include "analyzer/model/model.h"
#include "analyzer/trace/decode.h"

struct mktrace;

/* Whose event comes next, and how it is marked: marks hold for one event. */
struct replay_now {
	uint32_t process, thread; /* 1, 1 at the begin */
	uint8_t level;
	struct event mark; /* gap, kept, region, cost, interval of the next event */
};

extern struct replay_now replay_now;

/* What is asked of places. replay_begin sets those of struct steps, for whom no
 * code can be read; data is NULL. */
extern struct place_hooks replay_hooks;

void replay_begin(void);
struct mktrace *replay_trace(void);
/* A stack of count offsets, outermost first. */
uint32_t replay_stack(int count, ...);
/* Any event, at the next tick. */
void replay_event(uint8_t kind, uint32_t stack, uint64_t address, uint64_t size);
/* malloc at a fresh address, which it returns. */
uint64_t replay_alloc(uint32_t stack, uint64_t size);
void replay_free(uint32_t stack, uint64_t address);
/* Makes time pass. */
void replay_wait(uint64_t ticks);
/* Judges; valid until the next replay_begin. */
const struct escape *replay_end(void);
const struct model_counts *replay_counts(void);
const struct match_counts *replay_matched(void);
/* The site of that function, or NULL. */
const struct escape_site *replay_site(const char *function);
const char *replay_verdict(const char *function);
/* Removes the file, frees all. */
void replay_done(void);

#endif
