/* Blocks by path, thread, process, phase and slice of time: columns of JSON. Paths have
 * the numbers that they have in the export tree. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/export/columns.h"
#include "analyzer/export/export.h"
#include "analyzer/export/stack_paths.h"
#include "analyzer/store/query.h"
#include "analyzer/util/json.h"
#include "analyzer/util/xalloc.h"

enum { CELLS_SLICES = 64 }; /* of a run, at most (esc-db(5)) */

enum {
	CELLS_PATH,
	CELLS_THREAD,
	CELLS_PROCESS,
	CELLS_PHASE,
	CELLS_SLICE,
	CELLS_BLOCKS,
	CELLS_BYTES,
	CELLS_COST,
	CELLS_COLUMNS
};

/* Distinct numbers, in the order in which they came. */
struct numbers {
	int64_t *list;
	size_t count, cap;
	struct map map; /* number -> index */
};

/* And texts. */
struct names {
	char **list;
	size_t count, cap;
	struct map map;
};

struct cells {
	struct stack_paths paths;
	double slice_ns, from_ns;
	struct numbers threads;   /* 0 is others */
	struct numbers processes; /* pids; 0 is one that is not known */
	struct names phases;      /* "": in none */
	int64_t *columns[CELLS_COLUMNS];
	size_t caps[CELLS_COLUMNS];
	size_t count;
	int64_t slices;
};

/* Slices are those of the run that has the longest ones. */
static int
cells_scale(struct cells *cells, struct query_db *db, struct err *err)
{
	struct query *query =
	    query_prepare(db, "SELECT max(slice_ns), min(duration_ns - window_ns) FROM run", err);
	int rc = query ? query_next(query, err) : -1;

	if (rc > 0) {
		cells->slice_ns = query_real(query, 0);
		cells->from_ns = query_real(query, 1);
	}
	query_finish(query);
	if (!isfinite(cells->slice_ns) || !(cells->slice_ns >= 1))
		cells->slice_ns = 1;
	if (!isfinite(cells->from_ns) || !(cells->from_ns > 0))
		cells->from_ns = 0;
	return rc < 0 ? -1 : 0;
}

static int64_t
numbers_place(struct numbers *numbers, int64_t number)
{
	bool is_fresh;
	uint64_t *at =
	    map_insert(&numbers->map, (struct map_key){ 0, (uint64_t)number }, &is_fresh);

	if (is_fresh) {
		*at = numbers->count;
		numbers->list =
		    xgrow(numbers->list, &numbers->cap, numbers->count + 1, sizeof(*numbers->list));
		numbers->list[numbers->count++] = number;
	}
	return (int64_t)*at;
}

static void
numbers_release(struct numbers *numbers)
{
	map_release(&numbers->map);
	free(numbers->list);
}

static int64_t
names_place(struct names *names, const char *name)
{
	struct map_key key = map_key_of((struct map_key){ 0, 0 }, name, strlen(name));
	bool is_fresh;
	uint64_t *at = map_insert(&names->map, key, &is_fresh);

	if (is_fresh) {
		*at = names->count;
		names->list =
		    xgrow(names->list, &names->cap, names->count + 1, sizeof(*names->list));
		names->list[names->count++] = xstrdup(name);
	}
	return (int64_t)*at;
}

static void
names_release(struct names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->list[i]);
	free(names->list);
	map_release(&names->map);
}

static int64_t
cells_slice(const struct cells *cells, const struct query *query)
{
	double slice = query_real(query, 3) * query_real(query, 6) / cells->slice_ns;

	if (!(slice > 0))
		return 0;
	/* a product of both may be a little less than it is */
	return slice < CELLS_SLICES - 1 ? (int64_t)(slice + 1e-6) : CELLS_SLICES - 1;
}

static void
cells_add(struct cells *cells, const struct query *query)
{
	struct map_key key = { (uint64_t)query_int(query, 0), (uint64_t)query_int(query, 1) };
	const uint64_t *path = map_find(&cells->paths.map, key);
	double blocks = query_real(query, 4);
	int64_t values[CELLS_COLUMNS];

	if (!path)
		return;
	values[CELLS_PATH] = (int64_t)*path;
	values[CELLS_THREAD] = numbers_place(&cells->threads, query_int(query, 2));
	values[CELLS_PROCESS] = numbers_place(&cells->processes, query_int(query, 7));
	values[CELLS_PHASE] = names_place(&cells->phases, query_text(query, 8));
	values[CELLS_SLICE] = cells_slice(cells, query);
	values[CELLS_BLOCKS] = columns_round(blocks);
	values[CELLS_BYTES] = columns_round(query_real(query, 5));
	values[CELLS_COST] = columns_round(blocks * cells->paths.ns[*path]);
	if (values[CELLS_SLICE] >= cells->slices)
		cells->slices = values[CELLS_SLICE] + 1;
	for (size_t i = 0; i < CELLS_COLUMNS; i++) {
		cells->columns[i] = xgrow(cells->columns[i], &cells->caps[i], cells->count + 1,
		    sizeof(*cells->columns[i]));
		cells->columns[i][cells->count] = values[i];
	}
	cells->count++;
}

static int
cells_load(struct cells *cells, struct query_db *db, struct err *err)
{
	struct query *query;
	int rc = stack_paths_load_list(&cells->paths, db, err);

	if (rc == 0)
		rc = cells_scale(cells, db, err);
	if (rc < 0)
		return -1;
	query = query_prepare(db,
	    "SELECT c.site, c.stack, coalesce(t.number, 0), c.slice, c.blocks, c.bytes,"
	    " r.slice_ns, coalesce(t.pid, 0), coalesce(p.name, '')"
	    " FROM path_cell c JOIN site s ON s.id = c.site"
	    " JOIN run r ON r.id = s.run LEFT JOIN thread t ON t.id = c.thread"
	    " LEFT JOIN phase p ON p.id = c.phase"
	    " ORDER BY c.rowid",
	    err);
	if (!query)
		return -1;
	while ((rc = query_next(query, err)) > 0)
		cells_add(cells, query);
	query_finish(query);
	return rc;
}

static void
cells_write(const struct cells *cells, FILE *out)
{
	static const char *const names[CELLS_COLUMNS] = { "path", "thread", "process", "phase",
		"slice", "blocks", "bytes", "cost_ns" };
	struct json json;

	json_start(&json, out);
	json_begin_object(&json);
	json_key(&json, "schema");
	json_string(&json, "esc-cells/1");
	json_key(&json, "from_ns");
	json_double(&json, cells->from_ns);
	json_key(&json, "slice_ns");
	json_double(&json, cells->slice_ns);
	json_key(&json, "slices");
	json_int(&json, cells->slices);
	columns_i64(&json, "threads", cells->threads.list, cells->threads.count);
	columns_i64(&json, "processes", cells->processes.list, cells->processes.count);
	columns_texts(&json, "phases", cells->phases.list, cells->phases.count);
	json_key(&json, "cells");
	json_begin_object(&json);
	for (size_t i = 0; i < CELLS_COLUMNS; i++)
		columns_i64(&json, names[i], cells->columns[i], cells->count);
	json_end_object(&json);
	json_end_object(&json);
}

static int
write_cells(const struct export_options *options, struct query_db *db, FILE *out, struct err *err)
{
	struct cells cells = { .count = 0 };
	int rc = cells_load(&cells, db, err);

	(void)options;
	if (rc == 0)
		cells_write(&cells, out);
	stack_paths_release(&cells.paths);
	numbers_release(&cells.threads);
	numbers_release(&cells.processes);
	names_release(&cells.phases);
	for (size_t i = 0; i < CELLS_COLUMNS; i++)
		free(cells.columns[i]);
	return rc;
}

const struct export export_cells = {
	.name = "cells",
	.summary = "blocks by path, thread, process, phase and time as columns of JSON",
	.write = write_cells,
};
