/*
 * witnessed TRACE DATABASE WITNESS
 *
 * What esc says of blocks, without return marks and with them, held against what
 * the witness saw (tests/lib/witness.c): which of the innermost functions had returned
 * when the block was freed. Prints a line of numbers for each of the two:
 *
 *   seen     blocks that the witness watched and the trace has
 *   same     the owner is the innermost frame that had not returned
 *   deeper   esc takes a frame for live that had returned
 *   proved   of deeper: calls it proved
 *   farther  esc takes a frame for gone that had not returned
 *   unknown  esc does not decide
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/ingest/ingest.h"
#include "analyzer/util/err.h"
#include "analyzer/util/xalloc.h"

struct block {
	uint64_t address;
	uint32_t gone; /* innermost frames that are not the owner's */
	uint8_t fate;
	bool proved, there;
};

struct blocks {
	struct block *list; /* by event; then by number */
	size_t cap, count;
};

struct sums {
	unsigned seen, same, deeper, proved, farther, unknown;
};

static void
add(void *data, const struct ingest_block *block)
{
	struct blocks *blocks = data;
	size_t before = blocks->cap;

	blocks->list = xgrow(blocks->list, &blocks->cap, block->seq + 1, sizeof(*blocks->list));
	if (blocks->cap > before)
		memset(blocks->list + before, 0, (blocks->cap - before) * sizeof(*blocks->list));
	blocks->list[block->seq] = (struct block){
		.address = block->address,
		.gone = block->levels - block->owner_levels,
		.fate = (uint8_t)block->fate,
		.proved = block->proved,
		.there = true,
	};
}

static int
judge(struct blocks *blocks, const char *trace, const char *database, bool no_marks)
{
	const char *const traces[] = { trace };
	const struct ingest_options options = {
		.traces = traces,
		.trace_count = 1,
		.database = database,
		.no_marks = no_marks,
		.block = add,
		.block_data = blocks,
	};
	struct err err;

	if (ingest_run(&options, &err) != 0) {
		fprintf(stderr, "witnessed: %s\n", err.text);
		return -1;
	}
	for (size_t i = 0; i < blocks->cap; i++)
		if (blocks->list[i].there)
			blocks->list[blocks->count++] = blocks->list[i];
	return 0;
}

/* How many frames had returned; of those that were watched. */
static unsigned
returned(unsigned frames, unsigned bits)
{
	unsigned i;

	for (i = 0; i < frames && (bits >> i & 1) != 0; i++)
		;
	return i;
}

static void
compare(const struct block *block, unsigned frames, unsigned truth, struct sums *sums)
{
	unsigned said = block->gone < frames ? block->gone : frames;

	sums->seen++;
	if (block->fate != FATE_LOCAL && block->fate != FATE_UP)
		sums->unknown++;
	else if (said < truth)
		sums->deeper++, sums->proved += block->proved;
	else if (said > truth)
		sums->farther++;
	else
		sums->same++;
}

static struct sums
witness(const struct blocks *blocks, FILE *file)
{
	struct sums sums = { .seen = 0 };
	unsigned long long number, address;
	unsigned frames, bits;

	rewind(file);
	while (fscanf(file, "%llu %llx %u %u", &number, &address, &frames, &bits) == 4)
		if (number - 1 < blocks->count && blocks->list[number - 1].address == address)
			compare(&blocks->list[number - 1], frames, returned(frames, bits), &sums);
	return sums;
}

int
main(int argc, char **argv)
{
	FILE *file;

	if (argc != 4 || (file = fopen(argv[3], "r")) == NULL) {
		fprintf(stderr, "usage: witnessed TRACE DATABASE WITNESS\n");
		return 99;
	}
	for (int marks = 0; marks < 2; marks++) {
		struct blocks blocks = { .count = 0 };
		struct sums sums;

		if (judge(&blocks, argv[1], argv[2], marks == 0) != 0)
			return 1;
		sums = witness(&blocks, file);
		printf("%u %u %u %u %u %u\n", sums.seen, sums.same, sums.deeper, sums.proved,
		    sums.farther, sums.unknown);
		free(blocks.list);
	}
	fclose(file);
	return 0;
}
