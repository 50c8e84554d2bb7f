/* What paths had at the peak, against a copy of all of them at each new one. */
#include "analyzer/ingest/peaks.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/ingest/timeline.h"
#include "tests/lib/check.h"

enum { PATHS = 300, EVENTS = 20000 };

struct copy {
	double blocks[PATHS], bytes[PATHS];
};

static uint64_t state = 20261129;

static unsigned
draw(unsigned below)
{
	state = state * 6364136223846793005 + 1442695040888963407;
	return (unsigned)(state >> 33) % below;
}

/* Weights are whole, so that sums are exact in any order. */
static void
follow(unsigned growing)
{
	static struct copy now, then;
	struct timeline timeline;
	struct peaks peaks = { .list = NULL };
	double most = 0, live = 0, sum = 0;

	memset(&now, 0, sizeof(now));
	memset(&then, 0, sizeof(then));
	timeline_init(&timeline, 0);
	for (unsigned i = 0; i < EVENTS; i++) {
		unsigned path = draw(1 + draw(PATHS)), size = draw(100), weight = 1 + draw(3);
		bool begins = i < growing ? draw(4) != 0 : draw(4) == 0;
		double blocks = begins ? weight : -(double)weight;

		peaks_add(&peaks, path, timeline.reached, blocks, blocks * size);
		timeline_add(&timeline, i, size, blocks);
		now.blocks[path] += blocks;
		now.bytes[path] += blocks * size;
		live += blocks * size;
		if (live > most) {
			most = live;
			then = now;
			CHECK_EQ(timeline.peak_time, i);
		}
	}
	peaks_finish(&peaks, timeline.reached);
	CHECK_EQ(timeline.peak, most);
	for (unsigned i = 0; i < PATHS; i++) {
		struct peaks_path at = peaks_at(&peaks, i);

		/* a path that frees what others allocated has no less than nothing */
		CHECK_EQ(at.peak_blocks, then.blocks[i] > 0 ? then.blocks[i] : 0);
		CHECK_EQ(at.peak_bytes, then.bytes[i] > 0 ? then.bytes[i] : 0);
		sum += then.bytes[i];
	}
	CHECK_EQ(sum, most);
	CHECK_EQ(peaks_at(&peaks, 1 << 20).peak_bytes, 0);
	peaks_release(&peaks);
}

int
main(void)
{
	follow(0);
	follow(EVENTS / 3);
	follow(EVENTS);
	/* nothing, and one that is never freed */
	peaks_release(&(struct peaks){ .list = NULL });
	return check_done();
}
