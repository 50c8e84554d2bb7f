#include <stdlib.h>

#include "analyzer/ingest/ingest_run.h"
#include "analyzer/ingest/sums.h"
#include "analyzer/ingest/write.h"
#include "analyzer/store/store.h"

int
write_path_cells(struct ingest_run *run, struct err *err)
{
	struct escape *escape = &run->escape;
	const struct cell *cell = run->cells.list + 1;
	const struct escape_path *path;
	struct sums sums = { 0 };
	size_t i;
	int status = 0;

	for (i = 1; i < run->cells.count; i++, cell++) {
		path = &escape->paths[cell->path];
		sums_add(&sums,
		    &(struct sum){ .a = write_site_id(run, path->site),
			.b = logical_places_stack(&escape->places, path->node),
			.c = cell->thread != 0 ? run->ingest->thread_base + cell->thread : 0,
			.d = (int64_t)cell->phase << 32 | cell->slice,
			.weight = cell->blocks,
			.bytes = cell->bytes });
	}
	sums_merge(&sums);
	for (i = 0; status == 0 && i < sums.count; i++)
		status = store_add_path_cell(run->ingest->store,
		    &(struct store_path_cell){
			.site = sums.list[i].a,
			.stack = sums.list[i].b,
			.thread = sums.list[i].c,
			.slice = sums.list[i].d & UINT32_MAX,
			.phase = write_phase_id(run, (uint32_t)(sums.list[i].d >> 32)),
			.blocks = sums.list[i].weight,
			.bytes = sums.list[i].bytes,
		    },
		    err);
	free(sums.list);
	return status;
}
