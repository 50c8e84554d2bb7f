/*
 * From traces to a database: reads, merges by time, follows every block from
 * its allocation to its end, judges the sites, writes what reports need.
 */
#ifndef INGEST_INGEST_H
#define INGEST_INGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyzer/escape/verdict.h"
#include "analyzer/store/store.h"

struct err;
struct logical_frame;
struct symbol_cached;

enum { INGEST_STACK_LIMIT = 4096 }; /* L, unless the options say otherwise */

/* Enough for whatever a program was seen to do; what is made to take more is not told
 * apart (trace/budget.h). Beside it stands what the files of modules take. */
enum { INGEST_MEMORY = 64 << 20, INGEST_MEMORY_PER_BYTE = 16 };

/* What was decided of one block, for who asks. Levels are the logical activations
 * of the allocating stack, counted from the outermost. */
struct ingest_block {
	uint64_t seq; /* number of its event in the trace, from 1 */
	uint64_t address;
	uint64_t size;
	enum fate fate;
	bool proved;
	uint32_t levels;                  /* of the whole stack */
	uint32_t site_levels;             /* the site is the innermost of so many */
	uint32_t owner_levels;            /* the owner of so many; FATE_LOCAL, FATE_UP only */
	uint32_t distance;                /* of the owner; the same two only */
	uint32_t frame;                   /* number of the site's, in this run */
	const struct logical_frame *site; /* the same, until the callback returns */
};

struct ingest_options {
	const char *const *traces; /* paths; each becomes a run */
	size_t trace_count;
	const char *database;        /* path to write; replaced only by a whole one */
	const char *const *wrappers; /* extended regular expressions: more wrappers */
	size_t wrapper_count;
	const char *const *no_wrappers; /* these functions are none */
	size_t no_wrapper_count;
	uint64_t stack_limit;         /* bytes; 0: INGEST_STACK_LIMIT */
	uint64_t memory;              /* bytes that it may take; 0: INGEST_MEMORY and
	                                 INGEST_MEMORY_PER_BYTE for each of the traces */
	const char *symbol_cache;     /* directory for what is found out of programs, NULL: none */
	struct symbol_cached *cached; /* what came from there; may be NULL */
	bool no_marks;                /* judge as if the trace had no return marks */
	/* Called for each block when it has ended; again for all of them when
	 * wrappers were found and all begins anew. May be NULL. */
	void (*block)(void *data, const struct ingest_block *block);
	void *block_data;
	unsigned threads; /* that may work; 0: as many as there are processors */
	/* Called now and then with the share of the work that is done, 0 to 1, and the
	 * events that were followed; may be NULL. */
	void (*progress)(void *data, double share, uint64_t events);
	void *progress_data;
	struct store_watch watch; /* of the database before it is at its path */
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
