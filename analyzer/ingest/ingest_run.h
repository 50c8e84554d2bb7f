/* One trace on its way into the database: read, followed, written. */
#ifndef INGEST_INGEST_RUN_H
#define INGEST_INGEST_RUN_H

#include <stdint.h>

#include "analyzer/escape/escape.h"
#include "analyzer/escape/logical.h"
#include "analyzer/escape/putback.h"
#include "analyzer/ingest/cells.h"
#include "analyzer/ingest/peaks.h"
#include "analyzer/ingest/rates.h"
#include "analyzer/ingest/timeline.h"
#include "analyzer/model/match.h"
#include "analyzer/model/model.h"
#include "analyzer/trace/budget.h"
#include "analyzer/trace/streams.h"
#include "analyzer/util/map.h"

struct calibration;
struct definitions;
struct err;
struct ingest_options;
struct reader;
struct store;

/* What the runs of one database share. */
struct ingest {
	const struct ingest_options *options;
	struct store *store;
	struct symbol *symbol;
	struct wrappers *wrappers;
	struct logical logical;
	struct budget budget; /* for what is found, in this round */
	uint64_t stack_limit;
	struct ingest_run *kept; /* the only trace's, for the next round; or NULL */
	int64_t site_base;       /* numbers given to the runs before */
	int64_t process_base;
	int64_t thread_base;
	int64_t phase_base;
	size_t found;        /* wrappers, in this round */
	unsigned round;      /* times that all began anew, as wrappers were found */
	uint64_t bytes_done; /* for progress: of the traces that are read */
	uint64_t bytes_total;
	uint64_t events; /* followed, of all rounds */
};

struct ingest_run {
	struct ingest *ingest;
	int64_t id;
	struct reader *reader;
	struct budget budget;            /* for the definitions */
	struct definitions *definitions; /* as they stand in the trace */
	struct putback putback;          /* with the frames that tail calls left */
	struct streams streams;
	uint64_t file_size;         /* bytes */
	uint64_t trace_size;        /* of its segments, as far as they are used */
	struct model *model;        /* NULL once all is followed, and to be written */
	struct model_counts counts; /* once it is written; the model is no more then */
	struct match_counts matched;
	struct escape escape;
	struct timeline timeline;
	struct cells cells;
	struct peaks peaks;
	struct calibration *calibration; /* of the weights; NULL: they are as they were drawn */
	struct rates rates;              /* of auto mode */
	uint64_t whole_until;            /* ticks until which everything was to be recorded */
	uint64_t whole;                  /* blocks until then */
	double tick_ns;
	uint64_t last;     /* ticks of the last event */
	uint32_t *threads; /* by stream: number of its thread, from 1 */
	uint32_t thread_count;
	struct map pairs; /* (allocating, freeing) -> bits of a double */
	uint64_t *pair;   /* of them that was counted last, with its key; or NULL */
	struct map_key pair_key;
};

/* Writes all that the run found, makes its stacks. Then ingest_write_run_row. */
int ingest_write_run(struct ingest_run *run, struct err *err);
/* What is said of the run as a whole, and of what was left out. Then ingest_write_shared,
 * once a database. */
int ingest_write_run_row(const struct ingest_run *run, struct err *err);
/* Modules, frames and stacks. */
int ingest_write_shared(struct ingest *ingest, struct err *err);

#endif
