/* The state that the hooks branch on; set once by the constructor. */
#ifndef PRELOAD_SHIM_H
#define PRELOAD_SHIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum shim_mode {
	SHIM_EARLY,  /* before the constructor: events wait in a static block */
	SHIM_OFF,    /* forward only */
	SHIM_PAUSED, /* full mode, while the process has paused itself */
	SHIM_FULL,
	SHIM_SAMPLED, /* and what follows */
	SHIM_AUTO,
};

struct shim {
	enum shim_mode mode;
	bool check;    /* oracle_check each stack */
	bool unwind;   /* oracle_capture */
	uint32_t cost; /* one event in that many is timed; 0: none */
	bool foreign;  /* blocks of before the constructor belong to glibc */
};

extern struct shim shim __attribute__((visibility("hidden")));

/*
 * The hooks of hooks.S (arch), for all that these do not pass on themselves. They are
 * jumped to: their frame is the hook's.
 */
void *shim_behind_malloc(size_t size);
void *shim_behind_calloc(size_t count, size_t size);
void *shim_behind_realloc(void *block, size_t size);
void shim_behind_free(void *block);

/* A block of size bytes was counted and paid for, and there is none; both: the old
 * one of a realloc was counted, too. NULL. */
void *shim_refund(uint64_t size);
void *shim_refund_both(uint64_t size);

/* Follows gate.depth. Any thread and handler may call it, at the same time. */
void shim_pause(void);

/* Constructor: writes what happened before it to the trace, and begins. */
void shim_begin(enum shim_mode mode);

#endif
