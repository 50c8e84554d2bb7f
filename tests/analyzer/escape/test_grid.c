/* Against a table of all octaves there can be. */
#include "analyzer/escape/grid.h"

#include <stdlib.h>
#include <string.h>

#include "analyzer/trace/budget.h"
#include "tests/lib/check.h"

static double blocks[64][65], bytes[64][65];

static void
test_octaves(void)
{
	CHECK_EQ(grid_octave(0), 0);
	CHECK_EQ(grid_octave(1), 0);
	CHECK_EQ(grid_octave(2), 1);
	CHECK_EQ(grid_octave(4095), 11);
	CHECK_EQ(grid_octave(4096), 12);
	CHECK_EQ(grid_octave(UINT64_MAX), 63);
}

static void
test_all(unsigned draws)
{
	struct grid grid = { 0 };
	uint32_t distinct = 0, i;
	uint64_t size, bits = 88172645463325252u;
	unsigned octave, life;

	memset(blocks, 0, sizeof(blocks));
	memset(bytes, 0, sizeof(bytes));
	for (i = 0; i < draws; i++) {
		bits ^= bits << 13;
		bits ^= bits >> 7;
		bits ^= bits << 17;
		octave = (unsigned)(bits >> 8) % 64;
		life = (unsigned)(bits >> 20) % 65;
		size = 1ULL << octave;
		CHECK(grid_add(&grid, size, (uint8_t)life, 2, NULL));
		distinct += blocks[octave][life] == 0;
		blocks[octave][life] += 2;
		bytes[octave][life] += 2 * (double)size;
	}
	CHECK_EQ(grid.count, distinct);
	grid_sort(&grid);
	for (i = 0; i < grid.count; i++) {
		const struct grid_cell *cell = &grid.slots[i];

		CHECK(cell->blocks == blocks[grid_size(cell)][grid_life(cell)]);
		CHECK(cell->bytes == bytes[grid_size(cell)][grid_life(cell)]);
		if (i > 0)
			CHECK(grid_size(cell - 1) < grid_size(cell) ||
			    (grid_size(cell - 1) == grid_size(cell) &&
				grid_life(cell - 1) < grid_life(cell)));
	}
	grid_release(&grid);
}

static void
test_budget(void)
{
	struct budget budget = { .left = 2 * budget_cost(BUDGET_CELL) };
	struct grid grid = { 0 };
	unsigned i;

	for (i = 0; i < 5; i++)
		CHECK_EQ(grid_add(&grid, 16, (uint8_t)i, 1, &budget), i < 2);
	CHECK(grid_add(&grid, 17, 1, 1, &budget));
	CHECK_EQ(budget.left_out[BUDGET_CELL], 3);
	grid_sort(&grid);
	CHECK_EQ(grid.count, 2);
	CHECK(grid.slots[1].blocks == 2 && grid.slots[1].bytes == 33);
	grid_release(&grid);
}

int
main(void)
{
	test_octaves();
	test_all(0);
	test_all(3);
	test_all(500);
	test_all(100000);
	test_budget();
	return check_done();
}
