#include "analyzer/ingest/counted.h"

#include <stdlib.h>
#include <unistd.h>

#include "analyzer/ingest/calibration.h"
#include "analyzer/trace/reader.h"
#include "analyzer/trace/streams.h"
#include "analyzer/util/err.h"
#include "tests/lib/check.h"
#include "tests/lib/mktrace.h"

enum { COUNTED = 1000, SAMPLES = 5, SIZE = 100, INTERVAL = 20000 };

static char path[] = "test_counted.XXXXXX";

/* What the weights of a trace come to: of two threads, with the calls that none had room
 * for. change: of its header, before it is written. */
static unsigned
known_of(void (*change)(struct esc_header *head))
{
	struct mktrace *to = mktrace_new();
	uint32_t module = mktrace_module(to, "/bin/app");
	uint32_t root = mktrace_node(to, 0, module, 0x101, 0);
	struct err err = { "" };
	struct calibration *found;
	struct streams streams;
	struct reader *reader;
	unsigned known = 9;
	uint64_t i;

	mktrace_header(to)->mode = ESC_MODE_SAMPLED;
	mktrace_header(to)->sample_interval = INTERVAL;
	mktrace_header(to)->sample_bias = 64;
	mktrace_header(to)->overflow.allocations = COUNTED - SAMPLES;
	mktrace_header(to)->overflow.bytes = (COUNTED - SAMPLES) * SIZE;
	for (i = 0; i < SAMPLES; i++)
		mktrace_event(to, 1, 1 + (uint32_t)(i % 2), 0,
		    &(struct event){ .time = 2000 + i,
			.kind = ESC_EVENT_MALLOC,
			.stack = root,
			.address = 4096 + i * 4096,
			.interval = INTERVAL,
			.size = SIZE });
	change(mktrace_header(to));
	CHECK_EQ(mktrace_write(to, path), 0);
	mktrace_free(to);
	reader = reader_open(path, &err);
	CHECK_STR(err.text, "");
	if (reader == NULL)
		return known;
	streams_init(&streams, reader, NULL);
	CHECK_EQ(counted_totals(reader, &streams).allocations, COUNTED);
	CHECK_EQ(counted_totals(reader, &streams).bytes, COUNTED * SIZE);
	found = counted_calibration(reader, &streams);
	if (found != NULL) {
		known = found->known;
		CHECK_EQ(
		    (int64_t)(calibration_weight(found, SIZE, 122.45) * SAMPLES + 0.5), COUNTED);
	}
	free(found);
	streams_release(&streams);
	reader_free(reader);
	return known;
}

static void
as_it_is(struct esc_header *head)
{
	(void)head;
}

static void
full(struct esc_header *head)
{
	head->mode = ESC_MODE_FULL;
}

static void
whole(struct esc_header *head)
{
	head->mode = ESC_MODE_AUTO;
}

static void
moved(struct esc_header *head)
{
	head->mode = ESC_MODE_AUTO;
	head->whole_until = head->start.ticks + 1;
}

static void
lost(struct esc_header *head)
{
	head->overflow.dropped = 1;
}

static void
lost_early(struct esc_header *head)
{
	head->early_lost = 1;
}

static void
paused(struct esc_header *head)
{
	head->gate.own_pauses = 1;
}

int
main(void)
{
	struct esc_gate gate = { .pauses = 0 };
	uint64_t sum = UINT64_MAX - 1;
	int fd = mkstemp(path);

	CHECK(fd >= 0);
	close(fd);
	counted_add(&sum, 1);
	counted_add(&sum, 7);
	CHECK_EQ(sum, UINT64_MAX);
	CHECK(!counted_paused(&gate));
	gate.pauses = 1;
	CHECK(counted_paused(&gate));
	CHECK_EQ(known_of(as_it_is), 1); /* all sizes are the same */
	CHECK_EQ(known_of(moved), 1);
	CHECK_EQ(known_of(full), 9);
	CHECK_EQ(known_of(whole), 9);
	CHECK_EQ(known_of(lost), 9);
	CHECK_EQ(known_of(lost_early), 9);
	CHECK_EQ(known_of(paused), 9);
	unlink(path);
	return check_done();
}
