/*
 * What each path had live when most was live in all. Nothing is copied when a new most is
 * reached: a path whose blocks have not changed since then still has what it had, and
 * notes it before it changes.
 */
#ifndef INGEST_PEAKS_H
#define INGEST_PEAKS_H

#include <stddef.h>
#include <stdint.h>

/* Estimated. */
struct peaks_path {
	double blocks, bytes;           /* now */
	double peak_blocks, peak_bytes; /* when most was live, as far as is noted */
	uint64_t noted;                 /* which most that was */
};

struct peaks {
	struct peaks_path *list; /* by path; zero-initialised: none */
	size_t count;
};

/* Takes what is zeroed, too. */
void peaks_release(struct peaks *peaks);
/* Makes room for that path. */
void peaks_widen(struct peaks *peaks, uint32_t path);

/* Blocks of a path begin, or end (both < 0). reached: how often a new most was reached
 * before (timeline.h). */
static inline void
peaks_add(struct peaks *peaks, uint32_t path, uint64_t reached, double blocks, double bytes)
{
	struct peaks_path *one;

	if (path >= peaks->count)
		peaks_widen(peaks, path);
	one = &peaks->list[path];
	if (one->noted != reached) {
		one->peak_blocks = one->blocks;
		one->peak_bytes = one->bytes;
		one->noted = reached;
	}
	one->blocks += blocks;
	one->bytes += bytes;
}

/* After the last block: what is noted is that of the highest peak. */
void peaks_finish(struct peaks *peaks, uint64_t reached);

/* What a path had at the peak, once that is finished; zeroes: nothing, or no such path. */
struct peaks_path peaks_at(const struct peaks *peaks, size_t path);

#endif
