#include "analyzer/escape/histogram.h"

#include <stdlib.h>
#include <string.h>

#include "analyzer/util/xalloc.h"

static size_t
histogram_find(const struct histogram *histogram, uint64_t key)
{
	size_t low = 0, high = histogram->count, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (histogram->bins[middle].key < key)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

void
histogram_add(struct histogram *histogram, uint64_t key, double weight)
{
	size_t at = histogram->last;

	if (at >= histogram->count || histogram->bins[at].key != key)
		at = histogram_find(histogram, key);
	if (at == histogram->count || histogram->bins[at].key != key) {
		histogram->bins = xgrow(histogram->bins, &histogram->cap, histogram->count + 1,
		    sizeof(*histogram->bins));
		memmove(&histogram->bins[at + 1], &histogram->bins[at],
		    (histogram->count - at) * sizeof(*histogram->bins));
		histogram->bins[at] = (struct histogram_bin){ key, 0 };
		histogram->count++;
	}
	histogram->bins[at].weight += weight;
	histogram->last = at;
}

uint64_t
histogram_round(uint64_t key, unsigned resolution)
{
	unsigned bits, fine = (unsigned)__builtin_ctz(resolution);
	uint64_t step;

	if (key < 2 * (uint64_t)resolution)
		return key;
	bits = 63 - (unsigned)__builtin_clzll(key);
	step = 1ULL << (bits - fine);
	/* the bound is the last value of the bucket: no overflow at the top */
	return key | (step - 1);
}

void
histogram_coarsen(struct histogram *histogram, unsigned resolution)
{
	struct histogram_bin *bins = histogram->bins;
	size_t i, to = 0;
	uint64_t key;

	for (i = 0; i < histogram->count; i++) {
		key = histogram_round(bins[i].key, resolution);
		if (to > 0 && bins[to - 1].key == key)
			bins[to - 1].weight += bins[i].weight;
		else
			bins[to++] = (struct histogram_bin){ key, bins[i].weight };
	}
	histogram->count = to;
	histogram->last = 0;
}

uint64_t
histogram_quantile(const struct histogram *histogram, double share)
{
	double total = 0, sum = 0;
	size_t i;

	for (i = 0; i < histogram->count; i++)
		total += histogram->bins[i].weight;
	for (i = 0; i < histogram->count; i++) {
		sum += histogram->bins[i].weight;
		/* sums of many weights may miss the whole by a little */
		if (sum >= share * total * (1 - 1e-12))
			return histogram->bins[i].key;
	}
	return histogram->count > 0 ? histogram->bins[histogram->count - 1].key : 0;
}

void
histogram_release(struct histogram *histogram)
{
	free(histogram->bins);
	*histogram = (struct histogram){ 0 };
}
