/* A profile for pprof: gzipped profile.proto, with Go's four sample types and two of ours. A
 * path is a sample for each thread that allocated there. */
#include "config.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/export/columns.h"
#include "analyzer/export/export.h"
#include "analyzer/export/origin.h"
#include "analyzer/export/path_facts.h"
#include "analyzer/export/pprof.h"
#include "analyzer/export/pprof_wrappers.h"
#include "analyzer/export/stack_paths.h"
#include "analyzer/export/tree.h"
#include "analyzer/store/query.h"
#include "analyzer/util/err.h"
#include "analyzer/util/proto.h"
#include "analyzer/util/xalloc.h"

enum { VALUE_TYPE = 1, VALUE_UNIT = 2 };
enum { SAMPLE_LOCATIONS = 1, SAMPLE_VALUES = 2, SAMPLE_LABEL = 3 };
enum { LABEL_KEY = 1, LABEL_TEXT = 2, LABEL_NUMBER = 3, LABEL_UNIT = 4 };

enum value {
	ALLOC_OBJECTS,
	ALLOC_SPACE,
	INUSE_OBJECTS,
	INUSE_SPACE,
	STACKABLE_OBJECTS,
	STACKABLE_SPACE,
	VALUES,
};

static const struct {
	const char *name, *unit;
	const char *metric; /* that makes it the default */
} types[VALUES] = {
	{ "alloc_objects", "count", "blocks" },
	{ "alloc_space", "bytes", "bytes" },
	{ "inuse_objects", "count", "" },
	{ "inuse_space", "bytes", "" },
	{ "stackable_objects", "count", "stackable-blocks" },
	{ "stackable_space", "bytes", "stackable-bytes" },
};

/* A row of path_cell, all slices together. */
struct samples_cell {
	int64_t shown, stack, site, thread;
	double blocks, bytes;
};

struct samples {
	struct pprof *pprof;
	struct columns_carry carry[VALUES];
	int64_t *locations;
	size_t location_cap;
	struct samples_cell *cells; /* of all paths, in their order */
	size_t cell_count, cell_cap;
};

/* In the order of stack_paths. */
static int
samples_load_cells(struct samples *samples, struct query_db *db, struct err *err)
{
	struct query *query = query_prepare(db,
	    "SELECT g.shown, c.stack, c.site, coalesce(t.number, 0) AS n, total(c.blocks),"
	    " total(c.bytes) FROM path_cell c JOIN " PATHS_SITES " g ON g.id = c.site"
	    " LEFT JOIN thread t ON t.id = c.thread GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4",
	    err);
	int rc = -1;

	while (query && (rc = query_next(query, err)) > 0) {
		samples->cells = xgrow(samples->cells, &samples->cell_cap, samples->cell_count + 1,
		    sizeof(*samples->cells));
		samples->cells[samples->cell_count++] =
		    (struct samples_cell){ .shown = query_int(query, 0),
			    .stack = query_int(query, 1),
			    .site = query_int(query, 2),
			    .thread = query_int(query, 3),
			    .blocks = query_real(query, 4),
			    .bytes = query_real(query, 5) };
	}
	query_finish(query);
	return rc;
}

static int
samples_order(const struct samples_cell *cell, int64_t shown, const struct path_fact *fact)
{
	if (cell->shown != shown)
		return cell->shown < shown ? -1 : 1;
	if (cell->stack != fact->stack)
		return cell->stack < fact->stack ? -1 : 1;
	if (cell->site != fact->site)
		return cell->site < fact->site ? -1 : 1;
	return 0;
}

static void
samples_label(struct pprof *pprof, struct strbuf *sample, const char *key, const char *text,
    int64_t number, const char *unit)
{
	struct strbuf label = { 0 };

	proto_int(&label, LABEL_KEY, pprof_text(pprof, key));
	if (text)
		proto_int(&label, LABEL_TEXT, pprof_text(pprof, text));
	proto_int(&label, LABEL_NUMBER, number);
	if (unit)
		proto_int(&label, LABEL_UNIT, pprof_text(pprof, unit));
	proto_bytes(sample, SAMPLE_LABEL, label.text, label.len);
	strbuf_release(&label);
}

/* As tcmalloc's profiles call them. */
static const char *
samples_allocation_type(const char *allocator)
{
	if (strstr(allocator, "operator new"))
		return "new";
	if (strstr(allocator, "align") || strcmp(allocator, "valloc") == 0 ||
	    strcmp(allocator, "pvalloc") == 0)
		return "aligned malloc";
	return "malloc";
}

/* Whether the thread that freed a path's blocks is the one that allocated them. */
static const char *
samples_active_thread(const struct path_fact *fact)
{
	double same = fact->local + fact->up;

	if (!(same + fact->thread + fact->unknown > 0))
		return "none";
	if (!(fact->thread + fact->unknown + fact->live > 0))
		return "same";
	return !(same + fact->unknown + fact->live > 0) ? "different" : "mixed";
}

/* Of the lifetimes of its blocks, ns; there are some. */
static double
samples_deviation(const struct path_fact *fact)
{
	double average = fact->life / fact->blocks;
	double variance = fact->life_squares / fact->blocks - average * average;

	return variance > 0 ? sqrt(variance) : 0;
}

static void
samples_labels(struct samples *samples, struct strbuf *sample, const struct path_fact *fact,
    const struct samples_cell *cell)
{
	struct pprof *pprof = samples->pprof;
	char thread[32];

	if (cell) {
		(void)snprintf(thread, sizeof(thread), "%lld", (long long)cell->thread);
		samples_label(
		    pprof, sample, "thread", cell->thread != 0 ? thread : "other", 0, NULL);
	}
	samples_label(pprof, sample, "verdict", tree_verdicts[fact->verdict], 0, NULL);
	samples_label(pprof, sample, "active thread", samples_active_thread(fact), 0, NULL);
	samples_label(pprof, sample, "allocation type",
	    samples_allocation_type(pprof->paths->allocators.list[fact->allocator]), 0, NULL);
	if (!(fact->blocks > 0))
		return;
	samples_label(
	    pprof, sample, "bytes", NULL, columns_round(fact->bytes / fact->blocks), "bytes");
	samples_label(pprof, sample, "avg_lifetime", NULL, columns_round(fact->life / fact->blocks),
	    "nanoseconds");
	samples_label(pprof, sample, "stddev_lifetime", NULL,
	    columns_round(samples_deviation(fact)), "nanoseconds");
	/* the site's: of blocks that were seen to end */
	if (!(fact->live < fact->blocks) || fact->life_min < 0 || fact->life_max < 0)
		return;
	samples_label(pprof, sample, "min_lifetime", NULL, fact->life_min, "nanoseconds");
	samples_label(pprof, sample, "max_lifetime", NULL, fact->life_max, "nanoseconds");
}

/* One sample. cell: whose it is; NULL: it is not known. */
static void
samples_write(
    struct samples *samples, size_t path, const double *values, const struct samples_cell *cell)
{
	struct pprof *pprof = samples->pprof;
	struct strbuf sample = { 0 };
	uint32_t node = pprof->paths->node[path];
	int64_t told[VALUES], any = 0;
	size_t count = 0;

	for (size_t i = 0; i < VALUES; i++) {
		told[i] = columns_carry(&samples->carry[i], values[i]);
		any |= told[i];
	}
	if (any == 0)
		return;
	while (node != 0) {
		samples->locations = xgrow(samples->locations, &samples->location_cap, count + 1,
		    sizeof(*samples->locations));
		samples->locations[count++] = pprof_location(pprof, &node);
	}
	proto_ints(&sample, SAMPLE_LOCATIONS, samples->locations, count);
	proto_ints(&sample, SAMPLE_VALUES, told, VALUES);
	samples_labels(samples, &sample, &pprof->paths->facts[path], cell);
	pprof_message(pprof, PPROF_SAMPLE, &sample);
	strbuf_release(&sample);
}

/* A path by its threads: each has its own blocks and bytes, of the rest a share. What is
 * left, the last one has. */
static void
samples_split(struct samples *samples, size_t path, const struct samples_cell *cells, size_t count)
{
	const struct path_fact *fact = &samples->pprof->paths->facts[path];
	double left[VALUES] = { fact->blocks, fact->bytes, fact->live, fact->live_bytes,
		fact->blocks * fact->share, fact->bytes * fact->share };
	double part[VALUES];

	for (size_t i = 0; i + 1 < count; i++) {
		double blocks = cells[i].blocks, share = blocks / fact->blocks;

		if (!(blocks > 0) || !(share <= 1))
			continue;
		part[ALLOC_OBJECTS] = blocks;
		part[ALLOC_SPACE] = cells[i].bytes;
		part[INUSE_OBJECTS] = fact->live * share;
		part[INUSE_SPACE] =
		    fact->bytes > 0 ? fact->live_bytes * (cells[i].bytes / fact->bytes) : 0;
		part[STACKABLE_OBJECTS] = blocks * fact->share;
		part[STACKABLE_SPACE] = cells[i].bytes * fact->share;
		for (size_t k = 0; k < VALUES; k++) {
			part[k] = fmax(0, fmin(part[k], left[k]));
			left[k] -= part[k];
		}
		samples_write(samples, path, part, &cells[i]);
	}
	samples_write(samples, path, left, count > 0 ? &cells[count - 1] : NULL);
}

static void
samples_all(struct samples *samples)
{
	const struct stack_paths *paths = samples->pprof->paths;
	size_t at = 0, end;

	for (size_t i = 0; i < paths->count; i++) {
		const struct path_fact *fact = &paths->facts[i];

		while (at < samples->cell_count &&
		    samples_order(&samples->cells[at], paths->site[i], fact) < 0)
			at++;
		for (end = at; end < samples->cell_count &&
		     samples_order(&samples->cells[end], paths->site[i], fact) == 0;
		     end++)
			;
		samples_split(samples, i, samples->cells + at, end - at);
		at = end;
	}
}

static void
pprof_head(struct pprof *pprof, const struct origin *origin, const struct export_options *options)
{
	const char *comments[] = { "made by esc " PACKAGE_VERSION, origin->command };
	char *wrappers = pprof_wrappers(pprof->paths);
	size_t chosen = ALLOC_SPACE;
	struct strbuf type = { 0 };

	for (size_t i = 0; i <= VALUES; i++) {
		size_t at = i < VALUES ? i : ALLOC_SPACE;

		strbuf_clear(&type);
		proto_int(
		    &type, VALUE_TYPE, pprof_text(pprof, i < VALUES ? types[at].name : "space"));
		proto_int(&type, VALUE_UNIT, pprof_text(pprof, types[at].unit));
		pprof_message(pprof, i < VALUES ? PPROF_SAMPLE_TYPE : PPROF_PERIOD_TYPE, &type);
		if (i < VALUES && strcmp(options->metric->name, types[at].metric) == 0)
			chosen = at;
	}
	strbuf_release(&type);
	if (wrappers)
		pprof_int(pprof, PPROF_DROP, pprof_text(pprof, wrappers));
	free(wrappers);
	pprof_int(pprof, PPROF_PERIOD, 1);
	pprof_int(pprof, PPROF_TIME, origin->start_ns);
	pprof_int(pprof, PPROF_DURATION, origin->duration_ns);
	pprof_int(pprof, PPROF_DEFAULT_TYPE, pprof_text(pprof, types[chosen].name));
	for (size_t i = 0; i < 2 && comments[i]; i++)
		pprof_int(pprof, PPROF_COMMENT, pprof_text(pprof, comments[i]));
	for (size_t i = 0; i < origin->note_count; i++)
		pprof_int(pprof, PPROF_COMMENT, pprof_text(pprof, origin->notes[i]));
}

static int
write_profile(const struct stack_paths *paths, const struct origin *origin,
    const struct export_options *options, struct query_db *db, FILE *out, struct err *err)
{
	struct pprof pprof;
	struct samples samples = { .pprof = &pprof };
	struct packer *packer;
	int rc = samples_load_cells(&samples, db, err);

	packer = rc == 0 ? packer_new(out, err) : NULL;
	if (packer) {
		pprof_start(&pprof, packer, paths, origin->exe ? origin->exe : "");
		pprof_head(&pprof, origin, options);
		samples_all(&samples);
		pprof_release(&pprof);
	}
	packer_finish(packer);
	free(samples.locations);
	free(samples.cells);
	return packer ? 0 : -1;
}

static int
write_pprof(const struct export_options *options, struct query_db *db, FILE *out, struct err *err)
{
	struct stack_paths paths;
	struct origin origin = { .notes = NULL };
	int rc = stack_paths_load(&paths, db, err);

	if (rc == 0)
		rc = origin_load(&origin, db, err);
	if (rc == 0)
		rc = write_profile(&paths, &origin, options, db, out, err);
	origin_release(&origin);
	stack_paths_release(&paths);
	return rc;
}

const struct export export_pprof = {
	.name = "pprof",
	.summary = "a heap profile for pprof, and what reads its form",
	.is_binary = true,
	.extension = "pb.gz",
	.write = write_pprof,
};
