/*
 * Weighed blocks by size and lifetime, each by its octave: a table of those that there
 * are, which are few of the 65 times 65 that there could be.
 */
#ifndef ESCAPE_GRID_H
#define ESCAPE_GRID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct budget;

enum { GRID_NO_LIFE = 64 }; /* octave of what was not seen to end */

struct grid_cell {
	double blocks;
	double bytes;
	uint32_t key; /* + 1, as of grid_key; 0: the slot is free */
};

struct grid {
	struct grid_cell *slots; /* zero-initialised: empty */
	uint32_t count;
	uint32_t mask; /* slots - 1; 0: none */
};

static inline uint8_t
grid_octave(uint64_t value)
{
	return (uint8_t)(63 - __builtin_clzll(value | 1));
}

static inline uint32_t
grid_key(uint8_t size, uint8_t life)
{
	return (uint32_t)size << 8 | life;
}

/* Octaves of a cell: floor of the logarithm to base 2, of 0 it is 0; of bytes and of ns. */
static inline uint8_t
grid_size(const struct grid_cell *cell)
{
	return (uint8_t)((cell->key - 1) >> 8);
}

static inline uint8_t
grid_life(const struct grid_cell *cell)
{
	return (uint8_t)(cell->key - 1);
}

/* Where a key is looked for: those of neighbours are far apart, or they would stand in a
 * row, and be looked for through all of it. */
static inline uint32_t
grid_slot(uint32_t key)
{
	return key * 0x9e3779b1U >> 16;
}

/* The cell of that key, to be counted in, made if need be; NULL: it is not there, and
 * the budget, which may be NULL, has no room for another one. */
struct grid_cell *grid_find(struct grid *grid, uint32_t key, struct budget *budget);

/* A block of that size which stands for weight, more than 0. False: there is no room. */
static inline bool
grid_add(struct grid *grid, uint64_t size, uint8_t life, double weight, struct budget *budget)
{
	uint32_t key = grid_key(grid_octave(size), life);
	struct grid_cell *cell = NULL;

	/* most are where they are looked for first */
	if (grid->mask != 0)
		cell = &grid->slots[grid_slot(key) & grid->mask];
	if (cell == NULL || cell->key != key + 1)
		cell = grid_find(grid, key, budget);
	if (cell == NULL)
		return false;
	cell->blocks += weight;
	cell->bytes += weight * (double)size;
	return true;
}

/* Puts the cells in front, by size, then by lifetime: slots[0] to slots[count - 1].
 * Nothing may be added behind it. */
void grid_sort(struct grid *grid);
void grid_release(struct grid *grid);

#endif
