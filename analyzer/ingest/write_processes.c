#include <stdlib.h>

#include "analyzer/ingest/ingest_run.h"
#include "analyzer/ingest/sums.h"
#include "analyzer/ingest/write.h"
#include "analyzer/store/store.h"
#include "analyzer/trace/definitions.h"
#include "analyzer/util/xalloc.h"

/* By the thread's number, its process's; 0: not known. The caller frees. */
static uint32_t *
write_thread_processes(const struct ingest_run *run)
{
	const struct definitions *all = run->definitions;
	uint32_t *processes = xcalloc((size_t)run->thread_count + 1, sizeof(*processes));

	for (size_t i = 0; i < run->streams.count; i++) {
		uint32_t process = run->streams.list[i].process;

		if (process <= all->process_count && all->processes[process].number != 0)
			processes[run->threads[i]] = process;
	}
	return processes;
}

int
write_site_processes(struct ingest_run *run, struct err *err)
{
	uint32_t *processes = write_thread_processes(run);
	struct sums sums = { 0 };
	struct map_key key;
	uint64_t value;
	size_t at = 0;
	int status = 0;

	while (map_next(&run->escape.thread_map, &at, &key, &value)) {
		uint32_t process = processes[key.lo];

		if (process != 0)
			sums_add(&sums,
			    &(struct sum){ .a = write_site_id(run, (uint32_t)key.hi),
				.b = write_process_id(run, process) });
	}
	sums_merge(&sums);
	for (size_t i = 0; status == 0 && i < sums.count; i++)
		status = store_add_site_process(run->ingest->store,
		    &(struct store_site_process){ sums.list[i].a, sums.list[i].b }, err);
	free(sums.list);
	free(processes);
	return status;
}
