#include "analyzer/ingest/rates.h"

#include <math.h>

void
rates_add(struct rates *rates, uint64_t size, uint64_t bias, double weight)
{
	double interval, bucket;

	if (!(weight > 1)) {
		rates->whole++;
		rates->last = 1;
		return;
	}
	/* weight = 1 / (1 - exp(-(size + bias) / interval)) */
	interval = -((double)size + (double)bias) / log1p(-1 / weight);
	bucket = interval > 1 ? round(log2(interval) * 4) : 0;
	if (bucket > RATES_BUCKETS - 1)
		bucket = RATES_BUCKETS - 1;
	rates->weights[(int)bucket] += weight;
	rates->sum += weight;
	rates->last = interval;
}

double
rates_quantile(const struct rates *rates, double share)
{
	double left = rates->sum * share;
	int i;

	for (i = 0; i < RATES_BUCKETS; i++) {
		left -= rates->weights[i];
		if (left <= 0 && rates->weights[i] > 0)
			return exp2(i / 4.0);
	}
	return 1;
}
