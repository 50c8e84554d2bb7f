#include "analyzer/ingest/cells.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/util/xalloc.h"

void
cells_init(struct cells *cells, uint64_t start, const uint32_t *threads, size_t stream_count,
    uint32_t thread_count, size_t most)
{
	*cells = (struct cells){
		.start = start,
		.most = most < CELLS_MOST ? most : CELLS_MOST,
		.threads = xcalloc(stream_count + 1, sizeof(*threads)),
		.stream_count = stream_count,
		.thread_count = thread_count,
	};
	memcpy(cells->threads, threads, stream_count * sizeof(*threads));
	cells->list = xgrow(cells->list, &cells->cap, 1, sizeof(*cells->list));
	cells->list[0] = (struct cell){ .path = UINT32_MAX };
	cells->count = 1;
}

void
cells_release(struct cells *cells)
{
	free(cells->list);
	free(cells->last);
	free(cells->threads);
	map_release(&cells->map);
	*cells = (struct cells){ 0 };
}

static uint64_t *
cells_at(struct cells *cells, const struct cell *cell, bool *fresh)
{
	struct map_key key = { cell->path,
		(uint64_t)cell->thread << 32 | (uint64_t)cell->phase << 16 | cell->slice };

	return map_insert(&cells->map, key, fresh);
}

/* After the keys of cells were made less fine: those that have become one are made one. */
static void
cells_merge(struct cells *cells)
{
	size_t old = cells->count, i;
	uint64_t *at;
	bool fresh;

	map_release(&cells->map);
	memset(cells->last, 0, cells->last_count * sizeof(*cells->last));
	cells->count = 1;
	for (i = 1; i < old; i++) {
		struct cell cell = cells->list[i];

		at = cells_at(cells, &cell, &fresh);
		if (!fresh) {
			cells->list[*at].blocks += cell.blocks;
			cells->list[*at].bytes += cell.bytes;
			continue;
		}
		*at = cells->count;
		cells->last[cell.path] = (uint32_t)cells->count;
		cells->list[cells->count++] = cell;
	}
}

/* Two slices become one. */
static void
cells_halve(struct cells *cells)
{
	size_t i;

	cells->shift++;
	cells->from = cells->to = 0;
	cells->slices = (cells->slices + 1) / 2;
	for (i = 1; i < cells->count; i++)
		cells->list[i].slice /= 2;
}

static int
cells_compare(const void *left, const void *right)
{
	const double *a = left, *b = right;

	return *a > *b ? -1 : *a < *b;
}

/* All but the `keep` threads of most blocks become one. */
static void
cells_join(struct cells *cells, uint32_t keep)
{
	size_t size = (size_t)cells->thread_count + 1, i;
	double *blocks = xcalloc(size, sizeof(*blocks));
	double *sorted = xcalloc(size, sizeof(*sorted));
	double least;

	for (i = 1; i < cells->count; i++)
		if (cells->list[i].thread != 0)
			blocks[cells->list[i].thread] += cells->list[i].blocks;
	memcpy(sorted, blocks, size * sizeof(*blocks));
	qsort(sorted, size, sizeof(*sorted), cells_compare);
	/* of those with as many as the last one none is better than the others */
	least = keep < size ? sorted[keep] : -1;
	for (i = 1; i < cells->count; i++)
		if (keep == 0 || blocks[cells->list[i].thread] <= least)
			cells->list[i].thread = 0;
	for (i = 0; i < cells->stream_count; i++)
		if (keep == 0 || blocks[cells->threads[i]] <= least)
			cells->threads[i] = 0;
	free(blocks);
	free(sorted);
}

/* Those beyond the first of each path. */
static size_t
cells_more(const struct cells *cells)
{
	return cells->count - 1 - cells->paths;
}

static void
cells_end_phases(struct cells *cells)
{
	size_t i;

	cells->is_phaseless = true;
	for (i = 1; i < cells->count; i++)
		cells->list[i].phase = 0;
}

/* Less fine, until a quarter of the room is free. */
static void
cells_coarsen(struct cells *cells)
{
	size_t enough = cells->most - cells->most / 4;
	unsigned joined = 0;

	while (cells_more(cells) > enough) {
		if (cells->slices > (joined > 0 ? 1 : CELLS_FEW))
			cells_halve(cells);
		else if (joined < 2)
			cells_join(cells, joined++ > 0 ? 0 : CELLS_THREADS);
		else
			cells_end_phases(cells);
		cells_merge(cells);
	}
}

/* Makes the slice of that time the one that is counted in. */
static void
cells_move(struct cells *cells, uint64_t time)
{
	uint64_t since = time > cells->start ? time - cells->start : 0;
	bool halved = false;

	for (; since >> cells->shift >= CELLS_SLICES; halved = true)
		cells_halve(cells);
	if (halved)
		cells_merge(cells);
	cells->slice = (uint32_t)(since >> cells->shift);
	if (cells->slice >= cells->slices)
		cells->slices = cells->slice + 1;
	cells->from = cells->start + ((uint64_t)cells->slice << cells->shift);
	/* of the last slice of all time that is 0: it is looked for each time */
	cells->to = cells->from + (1ULL << cells->shift);
}

/* A path that is not the last one's neighbour: they are numbered as they come. */
static void
cells_widen(struct cells *cells, uint32_t path)
{
	size_t more = cells->last_count + cells->last_count / 2 + 64;

	if (more <= path)
		more = (size_t)path + 1;
	cells->last = xreallocarray(cells->last, more, sizeof(*cells->last));
	memset(
	    cells->last + cells->last_count, 0, (more - cells->last_count) * sizeof(*cells->last));
	cells->last_count = more;
}

struct cell *
cells_find(struct cells *cells, uint32_t path, uint32_t stream, uint64_t time, uint32_t phase)
{
	struct cell cell = { .path = path, .phase = (uint16_t)phase };
	uint64_t *at;
	bool fresh;

	if (path >= cells->last_count)
		cells_widen(cells, path);
	if (cells_more(cells) >= cells->most && cells->last[path] != 0)
		cells_coarsen(cells);
	cells_move(cells, time);
	if (cells->is_phaseless)
		cell.phase = 0;
	cell.thread = cells->threads[stream];
	cell.slice = (uint16_t)cells->slice;
	at = cells_at(cells, &cell, &fresh);
	if (fresh) {
		*at = cells->count;
		cells->list =
		    xgrow(cells->list, &cells->cap, cells->count + 1, sizeof(*cells->list));
		cells->list[cells->count++] = cell;
		cells->paths += cells->last[path] == 0;
	}
	cells->last[path] = (uint32_t)*at;
	return &cells->list[*at];
}
