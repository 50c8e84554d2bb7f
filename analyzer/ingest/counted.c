#include "analyzer/ingest/counted.h"

#include <stdlib.h>

#include "analyzer/ingest/calibration.h"
#include "analyzer/model/model.h"
#include "analyzer/trace/reader.h"
#include "analyzer/trace/streams.h"
#include "analyzer/util/xalloc.h"

enum { COUNTED_BUFFER = 1 << 16 };

void
counted_add(uint64_t *to, uint64_t more)
{
	if (__builtin_add_overflow(*to, more, to))
		*to = UINT64_MAX;
}

struct esc_counters
counted_totals(const struct reader *reader, const struct streams *streams)
{
	struct esc_counters all = reader->head.overflow;
	const struct esc_counters *one;
	size_t i;

	for (i = 0; i < streams->count; i++) {
		one = &streams->list[i].counters;
		counted_add(&all.allocations, one->allocations);
		counted_add(&all.frees, one->frees);
		counted_add(&all.bytes, one->bytes);
		counted_add(&all.dropped, one->dropped);
		counted_add(&all.cut, one->cut);
		counted_add(&all.broken, one->broken);
	}
	return all;
}

bool
counted_paused(const struct esc_gate *gate)
{
	return gate->pauses != 0 || gate->own_pauses != 0;
}

/* Whether blocks were sampled, and each allocation that was counted could have been. */
static bool
counted_samples(const struct reader *reader, const struct esc_counters *all)
{
	const struct esc_header *head = &reader->head;

	if (head->mode == ESC_MODE_FULL || (head->mode == ESC_MODE_AUTO && head->whole_until == 0))
		return false;
	return !reader->running && !reader->partial && head->ring_size == 0 &&
	    !counted_paused(&head->gate) && all->dropped == 0 && head->early_lost == 0;
}

static void
counted_add_stream(struct calibration *calibration, struct reader *reader,
    const struct streams *streams, const struct stream *stream)
{
	struct cursor cursor;
	struct event event;

	cursor_init(&cursor, reader, streams, stream, COUNTED_BUFFER);
	while (cursor_next(&cursor, &event))
		if (decode_allocates(event.kind) && !decode_is_pools(event.kind))
			calibration_add(calibration, (double)event.size,
			    (double)model_weight(&event, reader->head.sample_bias));
	cursor_release(&cursor);
}

struct calibration *
counted_calibration(struct reader *reader, const struct streams *streams)
{
	struct esc_counters all = counted_totals(reader, streams);
	struct calibration *calibration;
	bool told = reader->told;
	size_t i;

	if (!counted_samples(reader, &all))
		return NULL;
	calibration = xcalloc(1, sizeof(*calibration));
	/* what is damaged is noted when it is followed */
	reader->told = true;
	for (i = 0; i < streams->count && !reader->partial; i++)
		counted_add_stream(calibration, reader, streams, &streams->list[i]);
	reader->told = told;
	if (reader->partial) {
		free(calibration);
		return NULL;
	}
	calibration_solve(calibration, (double)all.allocations, (double)all.bytes);
	return calibration;
}
