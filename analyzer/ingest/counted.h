/* What a run's threads counted, exactly and in every mode, and what the weights of a sample
 * are by that. */
#ifndef INGEST_COUNTED_H
#define INGEST_COUNTED_H

#include <stdbool.h>
#include <stdint.h>

#include "preload/record.h"

struct calibration;
struct reader;
struct streams;

/* Adds more; UINT64_MAX where that is too much. */
void counted_add(uint64_t *to, uint64_t more);
/* Sums over the threads, and over those that had no segment. */
struct esc_counters counted_totals(const struct reader *reader, const struct streams *streams);
/* Whether nothing was recorded at some time, since somebody wanted it so. */
bool counted_paused(const struct esc_gate *gate);
/* Reads once through what was recorded for its weights alone, stream by stream. NULL where
 * all was to be recorded, or not each allocation that was counted could be: the weights are
 * as they were drawn. The caller frees. */
struct calibration *counted_calibration(struct reader *reader, const struct streams *streams);

#endif
