/* Against a plain list of all blocks: whatever was made less fine, each block is in the
 * cell of its path, of its thread or the others', and of its time. */
#include "analyzer/ingest/cells.h"

#include <stdbool.h>
#include <stdlib.h>

#include "tests/lib/check.h"

enum { STREAMS = 2000, BLOCKS = 60000, PATHS = 500, START = 1000 };

struct block {
	uint64_t time;
	uint32_t path, stream, phase, size, weight;
};

static struct block blocks[BLOCKS];
static uint32_t threads[STREAMS];
static uint32_t seed;
static uint32_t phases; /* that blocks are drawn of */

static uint32_t
draw(uint32_t below)
{
	seed = seed * 1664525 + 1013904223;
	return (uint32_t)((uint64_t)(seed >> 4) * below >> 28);
}

static void
add(struct cells *cells, const struct block *block)
{
	cells_add(cells,
	    &(struct cells_blocks){ .time = block->time,
		.path = block->path,
		.stream = block->stream,
		.phase = block->phase,
		.size = block->size,
		.weight = block->weight });
}

static const struct cell *
cell_of(const struct cells *cells, const struct block *block)
{
	uint64_t since = block->time > START ? block->time - START : 0;
	size_t i;

	for (i = 1; i < cells->count; i++)
		if (cells->list[i].path == block->path &&
		    cells->list[i].thread == cells->threads[block->stream] &&
		    cells->list[i].phase == (cells->is_phaseless ? 0 : block->phase) &&
		    cells->list[i].slice == since >> cells->shift)
			return &cells->list[i];
	return NULL;
}

/* Takes each block from its cell: nothing is left. */
static void
check_against(struct cells *cells, uint32_t count)
{
	struct cell *cell;
	uint32_t i, missing = 0;
	bool empty = true;

	for (i = 0; i < count; i++) {
		cell = (struct cell *)cell_of(cells, &blocks[i]);
		if (cell == NULL) {
			missing++;
			continue;
		}
		cell->blocks -= blocks[i].weight;
		cell->bytes -= (double)blocks[i].weight * blocks[i].size;
	}
	for (i = 1; i < cells->count; i++)
		empty &= cells->list[i].blocks == 0 && cells->list[i].bytes == 0;
	CHECK_EQ(missing, 0);
	CHECK(empty);
}

static void
fill(struct cells *cells, uint32_t count, uint32_t paths, uint32_t streams, uint64_t step,
    size_t most)
{
	uint64_t now = 0, hot;
	uint32_t i;

	cells_init(cells, START, threads, STREAMS, STREAMS / 2, most);
	for (i = 0; i < count; i++) {
		now += draw(3) * step;
		/* the first threads have most of them */
		hot = draw(4) > 0 ? draw(streams < 8 ? streams : 8) : draw(streams);
		blocks[i] = (struct block){
			.time = draw(100) == 0 ? now / 2 : START + now,
			.path = draw(paths),
			.stream = (uint32_t)hot,
			.phase = phases > 0 ? draw(phases) : 0,
			.size = draw(1000),
			.weight = 1 + draw(3),
		};
		add(cells, &blocks[i]);
		CHECK(cells->count - 1 - cells->paths <= most);
	}
	CHECK(cells->slices <= CELLS_SLICES);
}

static void
test_fine(void)
{
	struct cells cells;
	uint32_t i;

	fill(&cells, 5000, 5, 3, 1000, CELLS_MOST);
	CHECK(cells.slices > CELLS_SLICES / 2);
	for (i = 0; i < STREAMS; i++)
		CHECK_EQ(cells.threads[i], threads[i]);
	check_against(&cells, 5000);
	cells_release(&cells);
}

/* What is lost first is time, then threads, then what is left of both. */
static void
test_coarse(void)
{
	struct cells cells;
	uint32_t kept = 0, i;

	fill(&cells, 8000, 4, 4, 1, 150);
	CHECK(cells.slices >= CELLS_FEW / 2 && cells.slices <= CELLS_SLICES / 2);
	CHECK_EQ(cells.threads[3], threads[3]);
	check_against(&cells, 8000);
	cells_release(&cells);

	fill(&cells, 8000, 2, STREAMS, 1, 2000);
	for (i = 0; i < STREAMS; i += 2)
		kept += cells.threads[i] != 0;
	CHECK(kept > 0 && kept <= CELLS_THREADS);
	CHECK_EQ(cells.threads[0], threads[0]);
	CHECK(cells.slices > 1);
	check_against(&cells, 8000);
	cells_release(&cells);

	fill(&cells, 8000, PATHS, STREAMS, 100, 4);
	CHECK(cells.count - 1 >= PATHS && cells.count - 1 <= PATHS + 4);
	CHECK(cells.slices <= 4);
	check_against(&cells, 8000);
	cells_release(&cells);
}

/* Times that no clock tells, and what goes on behind them. */
static void
test_far(void)
{
	struct cells cells;
	uint32_t i;

	fill(&cells, 1000, 3, 3, 10, CELLS_MOST);
	for (i = 0; i < 4; i++) {
		blocks[1000 + i] = blocks[i];
		blocks[1000 + i].time = i % 2 ? 7 : UINT64_MAX;
		add(&cells, &blocks[1000 + i]);
	}
	CHECK_EQ(cells.slices, CELLS_SLICES);
	check_against(&cells, 1004);
	cells_release(&cells);
	cells_release(&cells);
}

int
main(void)
{
	uint32_t i;

	for (i = 0; i < STREAMS; i++)
		threads[i] = 1 + i / 2;
	for (seed = 1; seed < 5; seed++) {
		phases = seed % 2 ? 0 : 3;
		test_fine();
		test_coarse();
		test_far();
	}
	return check_done();
}
