#include "analyzer/ingest/peaks.h"

#include <stdlib.h>
#include <string.h>

#include "analyzer/util/xalloc.h"

void
peaks_release(struct peaks *peaks)
{
	free(peaks->list);
	*peaks = (struct peaks){ .list = NULL };
}

void
peaks_widen(struct peaks *peaks, uint32_t path)
{
	size_t more = peaks->count + peaks->count / 2 + 64;

	if (more <= path)
		more = (size_t)path + 1;
	peaks->list = xreallocarray(peaks->list, more, sizeof(*peaks->list));
	memset(peaks->list + peaks->count, 0, (more - peaks->count) * sizeof(*peaks->list));
	peaks->count = more;
}

void
peaks_finish(struct peaks *peaks, uint64_t reached)
{
	for (size_t i = 0; i < peaks->count; i++)
		peaks_add(peaks, (uint32_t)i, reached, 0, 0);
}

struct peaks_path
peaks_at(const struct peaks *peaks, size_t path)
{
	struct peaks_path at = { .blocks = 0 };

	if (path < peaks->count)
		at = peaks->list[path];
	/* sums of estimates may come out below nothing */
	at.peak_blocks = at.peak_blocks > 0 ? at.peak_blocks : 0;
	at.peak_bytes = at.peak_bytes > 0 ? at.peak_bytes : 0;
	return at;
}
