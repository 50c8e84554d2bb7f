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

static void
histogram_add_exact(struct histogram *histogram, uint64_t key, double weight)
{
	size_t at = histogram_find(histogram, key);

	if (at == histogram->count || histogram->bins[at].key != key) {
		histogram->bins = xgrow(histogram->bins, &histogram->cap, histogram->count + 1,
		    sizeof(*histogram->bins));
		memmove(&histogram->bins[at + 1], &histogram->bins[at],
		    (histogram->count - at) * sizeof(*histogram->bins));
		histogram->bins[at] = (struct histogram_bin){ key, 0 };
		histogram->count++;
	}
	histogram->bins[at].weight += weight;
	histogram->recent[histogram_recent(key)] = (uint16_t)at;
}

/* The upper bound of a bucket. */
static uint64_t
histogram_bound(uint32_t bucket, unsigned resolution)
{
	unsigned shift;

	if (bucket < 2 * resolution)
		return bucket;
	shift = bucket / resolution - 1;
	/* the bound is the last value of the bucket: no overflow at the top */
	return (uint64_t)(bucket - shift * resolution) << shift | ((1ULL << shift) - 1);
}

/* Makes room for a bucket, some more on its side. */
static void
histogram_widen(struct histogram *histogram, uint32_t bucket)
{
	size_t old = histogram->weight_count, room = histogram->resolution;
	uint32_t first = old != 0 ? histogram->first : bucket;
	uint32_t low = bucket < first ? bucket - (bucket < room ? bucket : (uint32_t)room) : first;
	uint32_t past = first + (uint32_t)old;
	uint32_t high = bucket >= past ? bucket + (uint32_t)room : past;
	double *weights = xcalloc(high - low, sizeof(*weights));

	if (old != 0)
		memcpy(weights + (first - low), histogram->weights, old * sizeof(*weights));
	free(histogram->weights);
	histogram->weights = weights;
	histogram->weight_count = high - low;
	histogram->first = low;
}

void
histogram_add_new(struct histogram *histogram, uint64_t key, double weight)
{
	uint32_t bucket;

	if (histogram->resolution == 0) {
		histogram_add_exact(histogram, key, weight);
		return;
	}
	bucket = histogram_bucket(key, histogram->resolution);
	histogram_widen(histogram, bucket);
	histogram->weights[bucket - histogram->first] += weight;
}

uint64_t
histogram_round(uint64_t key, unsigned resolution)
{
	return histogram_bound(histogram_bucket(key, resolution), resolution);
}

void
histogram_coarsen(struct histogram *histogram, unsigned resolution)
{
	struct histogram exact = *histogram;
	size_t i;

	*histogram = (struct histogram){ .resolution = resolution };
	for (i = 0; i < exact.count; i++)
		histogram_add(histogram, exact.bins[i].key, exact.bins[i].weight);
	free(exact.bins);
}

void
histogram_sort(struct histogram *histogram)
{
	size_t i;

	for (i = 0; i < histogram->weight_count; i++)
		if (histogram->weights[i] > 0)
			histogram_add_exact(histogram,
			    histogram_bound(histogram->first + (uint32_t)i, histogram->resolution),
			    histogram->weights[i]);
	free(histogram->weights);
	histogram->weights = NULL;
	histogram->weight_count = 0;
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
	free(histogram->weights);
	*histogram = (struct histogram){ 0 };
}
