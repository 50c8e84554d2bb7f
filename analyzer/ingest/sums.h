/* Rows that several paths or pairs add to: collected, then merged by key. */
#ifndef INGEST_SUMS_H
#define INGEST_SUMS_H

#include <stddef.h>
#include <stdint.h>

struct escape_path;

/* Columns a to d are the key. */
struct sum {
	int64_t a, b, c, d;
	const struct escape_path *path;
	double weight;
	uint64_t count;
	uint64_t proved;
	double bytes;
};

/* Zero-initialised: empty; the caller frees list. */
struct sums {
	struct sum *list;
	size_t count;
	size_t cap;
};

/* Copies it in. */
void sums_add(struct sums *sums, const struct sum *sum);
/* Sorts by key, and makes one of those with the same: path is the first one's. */
void sums_merge(struct sums *sums);

/* The first of those merged whose column a is not below. */
size_t sums_find(const struct sums *sums, int64_t a);

#endif
