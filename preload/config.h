/* ESC_OPTIONS=key=value:key=value, read once by the constructor. */
#ifndef PRELOAD_CONFIG_H
#define PRELOAD_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

enum { CONFIG_NAMES = 2048 };
#define CONFIG_LONGEST (1ULL << 40) /* hundredths of a second */

struct config {
	char file[4096];        /* absolute path of a trace made by the launcher; "" ours */
	char keeper_path[4096]; /* "" : where it was installed */
	/* Patterns of glob.h, '/' between them, "" for none: who of a launcher's processes is
	 * recorded, and who of these is not. */
	char child[CONFIG_NAMES], exclude_child[CONFIG_NAMES];
	uint64_t mode;        /* enum esc_mode */
	uint64_t sample;      /* mean bytes between samples */
	uint64_t budget;      /* of auto mode, hundredths of a percent of the time */
	uint64_t room;        /* of auto mode, microseconds at once */
	uint64_t seed;        /* of the threads' random numbers; 0: differs each time */
	uint64_t depth;       /* most frames of a stack */
	uint64_t cost;        /* one event in that many is timed; 0: none */
	uint64_t root;        /* pid that the launcher started; 0: none */
	uint64_t size;        /* most bytes of address space for the trace */
	uint64_t ring;        /* size of a flight recorder's trace; 0: it may grow */
	uint64_t start_after; /* hundredths of a second until anything is recorded */
	uint64_t duration;    /* the same, from then on; 0: to the end */
	uint64_t session;     /* of the run's traces; 0: none */
	uint64_t marks;       /* innermost frames whose return address is marked; 0: none */
	bool follow;          /* trace what a child execs, too */
	bool check;           /* compare each stack with libunwind's */
	bool unwind;          /* walk with libunwind */
	bool off;
};

/* Fills config from the value of ESC_OPTIONS (NULL: defaults). Returns NULL, or
 * the first item that it does not understand (points into options). */
const char *config_parse(struct config *config, const char *options);

#endif
