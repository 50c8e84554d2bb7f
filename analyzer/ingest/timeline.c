#include "analyzer/ingest/timeline.h"

#include <string.h>

void
timeline_init(struct timeline *timeline, uint64_t start)
{
	memset(timeline, 0, sizeof(*timeline));
	timeline->start = start;
}

static void
timeline_halve(struct timeline *timeline)
{
	struct timeline_slice *slices = timeline->slices, *a, *b;
	size_t i;

	for (i = 0; i < TIMELINE_SLICES / 2; i++) {
		a = &slices[2 * i];
		b = &slices[2 * i + 1];
		slices[i] = (struct timeline_slice){
			.live = a->live > b->live ? a->live : b->live,
			.allocations = a->allocations + b->allocations,
			.frees = a->frees + b->frees,
		};
	}
	memset(&slices[i], 0, i * sizeof(*slices));
	timeline->count = (timeline->count + 1) / 2;
	timeline->shift++;
}

struct timeline_slice *
timeline_slice(struct timeline *timeline, uint64_t time)
{
	uint64_t since = time > timeline->start ? time - timeline->start : 0;
	struct timeline_slice *slice;

	while (since >> timeline->shift >= TIMELINE_SLICES)
		timeline_halve(timeline);
	/* what was live before stays so through slices without an event */
	while (timeline->count <= since >> timeline->shift) {
		slice = &timeline->slices[timeline->count++];
		if (slice->live < timeline->live)
			slice->live = timeline->live;
	}
	slice = &timeline->slices[since >> timeline->shift];
	timeline->last = slice;
	timeline->from = timeline->start + (since >> timeline->shift << timeline->shift);
	timeline->to = timeline->from + (1ULL << timeline->shift);
	return slice;
}
