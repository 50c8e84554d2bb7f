/*
 * Blocks by path, by the thread that allocated them, the phase that its process was in, and
 * the slice of time in which it did. Slices are of equal length, which doubles as the run
 * grows. What there is no room for is told less finely: slices become longer, then threads
 * become one, "other", and last phases become none.
 */
#ifndef INGEST_CELLS_H
#define INGEST_CELLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyzer/util/map.h"

enum {
	CELLS_SLICES = 64,  /* at most */
	CELLS_FEW = 16,     /* so many slices are worth more than threads */
	CELLS_THREADS = 64, /* so many threads are worth more than those */
	CELLS_COST = 90,    /* bytes that one takes */
	CELLS_MOST = 1 << 16,
};

struct cell {
	double blocks; /* estimated */
	double bytes;
	uint32_t path;
	uint32_t thread; /* number; 0: others */
	uint16_t slice;
	uint16_t phase; /* number; 0: in none */
};

struct cells {
	struct cell *list; /* in no order, from the second on: the first is nobody's */
	size_t count, cap;
	size_t most;       /* beyond the first of each path */
	size_t paths;      /* that have any */
	uint64_t start;    /* ticks at which slice 0 begins */
	unsigned shift;    /* a slice is 1 << shift ticks long */
	uint64_t from, to; /* ticks of the slice that was counted in last: [from, to) */
	uint32_t slice;    /* that one */
	uint32_t slices;   /* begun */
	uint32_t *last;    /* by path: the cell that was counted in last, 0: none */
	size_t last_count; /* of last */
	uint32_t *threads; /* by stream: what its blocks are counted for */
	size_t stream_count;
	uint32_t thread_count;
	bool is_phaseless; /* all are counted for none */
	struct map map;    /* (path, thread, slice and phase) -> index */
};

/* threads: by stream, its number, from 1 to thread_count; copied. Of time before start
 * the blocks are in slice 0. */
void cells_init(struct cells *cells, uint64_t start, const uint32_t *threads, size_t stream_count,
    uint32_t thread_count, size_t most);
/* Takes what is zeroed, too. */
void cells_release(struct cells *cells);

/* cells_add where the place has to be looked for, or made. */
struct cell *cells_find(
    struct cells *cells, uint32_t path, uint32_t stream, uint64_t time, uint32_t phase);

/* Blocks that are alike. */
struct cells_blocks {
	uint64_t time; /* ticks */
	uint32_t path, stream;
	uint32_t phase; /* at most UINT16_MAX */
	double size;    /* of one */
	double weight;  /* how many it stands for */
};

/* Times and paths come in any order. */
static inline void
cells_add(struct cells *cells, const struct cells_blocks *blocks)
{
	uint32_t phase = cells->is_phaseless ? 0 : blocks->phase;
	uint64_t time = blocks->time;
	struct cell *cell = NULL;

	/* most blocks of a path are of the thread and of the time of the one before */
	if (blocks->path < cells->last_count && time >= cells->from && time < cells->to)
		cell = &cells->list[cells->last[blocks->path]];
	if (cell == NULL || cell->path != blocks->path ||
	    cell->thread != cells->threads[blocks->stream] || cell->slice != cells->slice ||
	    cell->phase != phase)
		cell = cells_find(cells, blocks->path, blocks->stream, time, phase);
	cell->blocks += blocks->weight;
	cell->bytes += blocks->size * blocks->weight;
}

#endif
