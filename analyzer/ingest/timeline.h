/*
 * What was live over time, in slices of equal length that double as the run
 * grows: between TIMELINE_SLICES / 2 and TIMELINE_SLICES of them, whatever its
 * length.
 */
#ifndef INGEST_TIMELINE_H
#define INGEST_TIMELINE_H

#include <stddef.h>
#include <stdint.h>

enum { TIMELINE_SLICES = 256 };

struct timeline_slice {
	double live; /* highest bytes */
	double allocations;
	double frees;
};

struct timeline {
	struct timeline_slice slices[TIMELINE_SLICES];
	uint64_t start;              /* ticks */
	unsigned shift;              /* a slice is 1 << shift ticks long */
	size_t count;                /* slices begun */
	uint64_t from, to;           /* ticks of the slice that was added to last: [from, to) */
	struct timeline_slice *last; /* that one; NULL: none */
	double live;                 /* bytes now */
	double peak;
	uint64_t peak_time; /* ticks */
	uint64_t reached;   /* times that a new peak was */
};

void timeline_init(struct timeline *timeline, uint64_t start);
/* The slice of that time, made if need be. */
struct timeline_slice *timeline_slice(struct timeline *timeline, uint64_t time);

/* A block of that size began, which stands for weight, or ended: for -weight, since one of no
 * bytes ends, too. */
static inline void
timeline_add(struct timeline *timeline, uint64_t time, double bytes, double weight)
{
	struct timeline_slice *slice = timeline->last;

	/* what is before the start counts for the first one */
	if (slice == NULL || time < timeline->from || time >= timeline->to)
		slice = timeline_slice(timeline, time);
	timeline->live += bytes * weight;
	if (weight < 0)
		slice->frees -= weight;
	else
		slice->allocations += weight;
	if (timeline->live > slice->live)
		slice->live = timeline->live;
	if (timeline->live > timeline->peak) {
		timeline->peak = timeline->live;
		timeline->peak_time = time;
		timeline->reached++;
	}
}

#endif
