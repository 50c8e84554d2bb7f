/*
 * From traces to a database: reads, merges by time, follows every block from
 * its allocation to its end, judges the sites, writes what reports need.
 */
#ifndef INGEST_INGEST_H
#define INGEST_INGEST_H

#include <stddef.h>
#include <stdint.h>

struct err;

enum { INGEST_STACK_LIMIT = 4096 }; /* L, unless the options say otherwise */

struct ingest_options {
	const char *const *traces; /* paths; each becomes a run */
	size_t trace_count;
	const char *database;        /* path to write; replaced only by a whole one */
	const char *const *wrappers; /* extended regular expressions: more wrappers */
	size_t wrapper_count;
	const char *const *no_wrappers; /* these functions are none */
	size_t no_wrapper_count;
	uint64_t stack_limit; /* bytes; 0: INGEST_STACK_LIMIT */
	/* Called now and then with bytes read and bytes to read; may be NULL. */
	void (*progress)(void *data, uint64_t done, uint64_t total_bytes);
	void *progress_data;
	/* Called for what is damaged in a trace, one line each; may be NULL. */
	void (*note)(void *data, const char *trace, const char *text);
	void *note_data;
};

/*
 * Writes the database of the traces. A damaged or unfinished trace gives what
 * can be read of it. Returns 0, or -1 with err set and no database written.
 */
int ingest_run(const struct ingest_options *options, struct err *err);

#endif
