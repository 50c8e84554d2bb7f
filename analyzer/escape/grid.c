#include "analyzer/escape/grid.h"

#include <stdlib.h>

#include "analyzer/trace/budget.h"
#include "analyzer/util/xalloc.h"

enum { GRID_SLOTS = 8 }; /* at first; a power of 2 */

/* Where the key stands, or would. */
static struct grid_cell *
grid_probe(const struct grid *grid, uint32_t key)
{
	uint32_t at = grid_slot(key);

	while (grid->slots[at & grid->mask].key != 0 && grid->slots[at & grid->mask].key != key + 1)
		at++;
	return &grid->slots[at & grid->mask];
}

static void
grid_grow(struct grid *grid)
{
	struct grid old = *grid;
	uint32_t size = old.mask != 0 ? 2 * (old.mask + 1) : GRID_SLOTS, i;

	grid->slots = xcalloc(size, sizeof(*grid->slots));
	grid->mask = size - 1;
	for (i = 0; old.mask != 0 && i <= old.mask; i++)
		if (old.slots[i].key != 0)
			*grid_probe(grid, old.slots[i].key - 1) = old.slots[i];
	free(old.slots);
}

struct grid_cell *
grid_find(struct grid *grid, uint32_t key, struct budget *budget)
{
	struct grid_cell *cell;

	if (grid->mask != 0 && grid_probe(grid, key)->key != 0)
		return grid_probe(grid, key);
	if (!budget_take(budget, BUDGET_CELL))
		return NULL;
	if (grid->mask == 0 || grid->count + 1 > (grid->mask + 1) / 2)
		grid_grow(grid);
	cell = grid_probe(grid, key);
	cell->key = key + 1;
	grid->count++;
	return cell;
}

static int
grid_compare(const void *left, const void *right)
{
	const struct grid_cell *a = left, *b = right;

	return a->key < b->key ? -1 : a->key > b->key;
}

void
grid_sort(struct grid *grid)
{
	uint32_t count = 0, i;

	for (i = 0; grid->mask != 0 && i <= grid->mask; i++)
		if (grid->slots[i].key != 0)
			grid->slots[count++] = grid->slots[i];
	if (count > 1)
		qsort(grid->slots, count, sizeof(*grid->slots), grid_compare);
}

void
grid_release(struct grid *grid)
{
	free(grid->slots);
	*grid = (struct grid){ 0 };
}
