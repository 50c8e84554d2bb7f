#include "analyzer/ingest/sums.h"

#include <stdlib.h>

#include "analyzer/util/xalloc.h"

void
sums_add(struct sums *sums, const struct sum *sum)
{
	sums->list = xgrow(sums->list, &sums->cap, sums->count + 1, sizeof(*sum));
	sums->list[sums->count++] = *sum;
}

static int
sums_compare(const void *left, const void *right)
{
	const struct sum *x = left, *y = right;

	if (x->a != y->a)
		return x->a < y->a ? -1 : 1;
	if (x->b != y->b)
		return x->b < y->b ? -1 : 1;
	if (x->c != y->c)
		return x->c < y->c ? -1 : 1;
	return x->d < y->d ? -1 : x->d > y->d;
}

/* Sorts, and makes one of those with the same key. */
void
sums_merge(struct sums *sums)
{
	struct sum *list = sums->list;
	size_t i, to = 0;

	if (sums->count == 0)
		return;
	qsort(list, sums->count, sizeof(*list), sums_compare);
	for (i = 1; i < sums->count; i++) {
		if (sums_compare(&list[to], &list[i]) != 0) {
			list[++to] = list[i];
			continue;
		}
		list[to].weight += list[i].weight;
		list[to].count += list[i].count;
		list[to].proved += list[i].proved;
		list[to].bytes += list[i].bytes;
	}
	sums->count = to + 1;
}

size_t
sums_find(const struct sums *sums, int64_t a)
{
	size_t low = 0, high = sums->count, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (sums->list[middle].a < a)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}
