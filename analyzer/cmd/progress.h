/*
 * A line on the terminal that says how far something is, how fast it goes and how
 * long it will take; nothing elsewhere, and nothing in the first second.
 */
#ifndef CMD_PROGRESS_H
#define CMD_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
	const char *what;
	uint64_t started; /* ns */
	uint64_t shown;   /* ns; 0: never */
	bool terminal;
};

/* what: a verb, "analyzing"; must outlive it. */
void progress_start(struct progress *progress, const char *what);
/* For callbacks: data is the struct progress. Bytes done, and in all. */
void progress_show(void *data, uint64_t done, uint64_t total);
/* The same: the share that is done, 0 to 1, and events so far. */
void progress_events(void *data, double share, uint64_t events);
/* What is damaged in a trace: a line that stays. data as above. */
void progress_note(void *data, const char *trace, const char *text);
/* Wipes the line. */
void progress_end(struct progress *progress);

#endif
