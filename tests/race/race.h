/*
 * Threads that write a trace by the shim's own code, compiled with ThreadSanitizer: see
 * race.c.
 */
#ifndef TESTS_RACE_RACE_H
#define TESTS_RACE_RACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
	RACE_LIVES = 1 << 13, /* threads in all */
	RACE_EVENTS = 2000,   /* of each */
	RACE_STACKS = 1200,   /* different ones */
	RACE_SIZE = 100,      /* event n is of that many bytes more */
};

/* What a thread says of itself. */
struct race_life {
	uint32_t wrote; /* events that it is done with; released */
	uint32_t lost;
	uint64_t times[RACE_EVENTS]; /* as in the trace; 0: there was no room */
};

extern struct race_life *race_lives;
extern uint32_t race_begun; /* how many of them */

static inline uint64_t
race_address(uint32_t life, uint32_t n)
{
	return ((uint64_t)life + 1) << 20 | n << 4;
}

/* The address of the inner frame of event n. */
static inline uint64_t
race_pc(uint32_t life, uint32_t n)
{
	return 0x1000 + 16 * ((life * 331 + n) % RACE_STACKS);
}

/* Reads the trace by the real reader and holds it against the lives. Returns events;
 * exits with 1 where it does not fit. last: it is closed. */
uint64_t race_read(const char *path, bool last);

/* Says it and ends the program with 1. */
_Noreturn void race_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
