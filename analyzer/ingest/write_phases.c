#include <stdlib.h>

#include "analyzer/ingest/ingest_run.h"
#include "analyzer/ingest/write.h"
#include "analyzer/store/store.h"
#include "analyzer/trace/definitions.h"
#include "analyzer/trace/reader.h"
#include "analyzer/util/xalloc.h"

int64_t
write_phase_id(const struct ingest_run *run, uint32_t phase)
{
	return phase != 0 ? run->ingest->phase_base + phase : 0;
}

static double
write_phase_ns(const struct ingest_run *run, uint64_t ticks)
{
	uint64_t start = run->reader->head.start.ticks;

	return ticks > start ? (double)(ticks - start) * run->tick_ns : 0;
}

/* Adds what a process was in from a mark on, until its next one or the run's end. */
static void
write_phase_add(const struct ingest_run *run, size_t at, struct store_phase *rows)
{
	const struct definitions *all = run->definitions;
	const struct definitions_phase *mark = &all->phases[at];
	struct store_phase *row = &rows[mark->name];
	double from = write_phase_ns(run, mark->at);
	double to = write_phase_ns(run,
	    run->last > run->reader->head.last.ticks ? run->last : run->reader->head.last.ticks);

	if (mark->name == 0)
		return;
	if (at + 1 < all->phase_count && mark[1].process == mark->process)
		to = write_phase_ns(run, mark[1].at);
	if (row->entered++ == 0 || from < (double)row->first_ns)
		row->first_ns = write_clamp(from);
	if (to > from)
		row->time_ns = write_clamp((double)row->time_ns + to - from);
}

int
write_phases(struct ingest_run *run, struct err *err)
{
	const struct definitions *all = run->definitions;
	struct store_phase *rows;
	int status = 0;

	if (all->phase_names.count == 0)
		return 0;
	rows = xcalloc((size_t)all->phase_names.count + 1, sizeof(*rows));
	for (size_t i = 0; i < all->phase_count; i++)
		write_phase_add(run, i, rows);
	for (uint32_t i = 1; status == 0 && i <= all->phase_names.count; i++) {
		rows[i].id = write_phase_id(run, i);
		rows[i].run = run->id;
		rows[i].name = all->phase_names.list[i];
		status = store_add_phase(run->ingest->store, &rows[i], err);
	}
	free(rows);
	return status;
}
