#include "analyzer/ingest/timeline.h"

#include "tests/lib/check.h"

int
main(void)
{
	struct timeline timeline;
	double allocations = 0, frees = 0, most = 0;
	uint64_t i;

	timeline_init(&timeline, 1000);
	/* some of no bytes */
	for (i = 0; i < 100000; i++)
		timeline_add(&timeline, 1000 + i, i % 5 ? 10 : 0, i < 60000 ? 1 : -1);
	CHECK(timeline.count > TIMELINE_SLICES / 2);
	CHECK(timeline.count <= TIMELINE_SLICES);
	for (i = 0; i < timeline.count; i++) {
		allocations += timeline.slices[i].allocations;
		frees += timeline.slices[i].frees;
		if (timeline.slices[i].live > most)
			most = timeline.slices[i].live;
	}
	CHECK_EQ(allocations, 60000);
	CHECK_EQ(frees, 40000);
	CHECK_EQ(most, 480000);
	CHECK_EQ(timeline.peak, 480000);
	/* a long silence, and an event from before the start */
	timeline_add(&timeline, 1ULL << 60, 10, 1);
	CHECK_EQ(timeline.slices[timeline.count / 2].live, 160000);
	timeline_add(&timeline, 5, 10, 1);
	CHECK(timeline.count <= TIMELINE_SLICES);
	return check_done();
}
