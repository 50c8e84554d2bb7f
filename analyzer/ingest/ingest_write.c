#include "analyzer/ingest/ingest_run.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "analyzer/ingest/ingest.h"
#include "analyzer/store/store.h"
#include "analyzer/symbol/symbol.h"
#include "analyzer/trace/definitions.h"
#include "analyzer/trace/reader.h"
#include "analyzer/util/err.h"
#include "analyzer/util/json.h"
#include "analyzer/util/xalloc.h"

/* Mean cost of a call, for the sites where none was timed. */
struct means {
	double allocate;
	double free;
};

/* A row that several paths or pairs may add to; columns a to d are its key. */
struct sum {
	int64_t a, b, c, d;
	const struct escape_path *path;
	double weight;
	uint64_t count;
	uint64_t proved;
	double cost;
};

struct sums {
	struct sum *list;
	size_t count;
	size_t cap;
};

static void
sums_add(struct sums *sums, const struct sum *sum)
{
	sums->list = xgrow(sums->list, &sums->cap, sums->count + 1, sizeof(*sum));
	sums->list[sums->count++] = *sum;
}

static int
sums_compare(const void *left, const void *right)
{
	const struct sum *x = left, *y = right;

	if (x->a != y->a)
		return x->a < y->a ? -1 : 1;
	if (x->b != y->b)
		return x->b < y->b ? -1 : 1;
	if (x->c != y->c)
		return x->c < y->c ? -1 : 1;
	return x->d < y->d ? -1 : x->d > y->d;
}

/* Sorts, and makes one of those with the same key. */
static void
sums_merge(struct sums *sums)
{
	struct sum *list = sums->list;
	size_t i, to = 0;

	if (sums->count == 0)
		return;
	qsort(list, sums->count, sizeof(*list), sums_compare);
	for (i = 1; i < sums->count; i++) {
		if (sums_compare(&list[to], &list[i]) != 0) {
			list[++to] = list[i];
			continue;
		}
		list[to].weight += list[i].weight;
		list[to].count += list[i].count;
		list[to].proved += list[i].proved;
		list[to].cost += list[i].cost;
	}
	sums->count = to + 1;
}

static int64_t
write_clamp(double value)
{
	if (!(value > 0))
		return 0;
	return value < 9e18 ? (int64_t)llround(value) : INT64_MAX;
}

static int64_t
write_int(uint64_t value)
{
	return value > INT64_MAX ? INT64_MAX : (int64_t)value;
}

static int64_t
write_site_id(const struct ingest_run *run, uint32_t site)
{
	return run->ingest->site_base + site + 1;
}

/* JSON arrays of strings; the caller frees. */
static char *
write_command(const struct esc_header *head)
{
	char *text = NULL;
	size_t size, at = 0, len;
	FILE *out = open_memstream(&text, &size);
	struct json json;

	if (out == NULL)
		return xstrdup("[]");
	json_start(&json, out);
	json_begin_array(&json);
	while (at < head->command_len) {
		len = strnlen(head->command + at, head->command_len - at);
		json_stringn(&json, head->command + at, len);
		at += len + 1;
	}
	json_end_array(&json);
	fclose(out);
	return text;
}

static char *
write_strings(const char *const *list, size_t count)
{
	char *text = NULL;
	size_t size, i;
	FILE *out = open_memstream(&text, &size);
	struct json json;

	if (out == NULL)
		return xstrdup("[]");
	json_start(&json, out);
	json_begin_array(&json);
	for (i = 0; i < count; i++)
		json_string(&json, list[i]);
	json_end_array(&json);
	fclose(out);
	return text;
}

static char *
write_whys(const struct escape_site *site)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	struct json json;
	unsigned i;

	if (out == NULL)
		return xstrdup("{}");
	json_start(&json, out);
	json_begin_object(&json);
	for (i = 0; i < MODEL_WHY_COUNT; i++) {
		if (site->whys[i] == 0)
			continue;
		json_key(&json, model_why_name((enum model_why)i));
		json_uint(&json, site->whys[i]);
	}
	json_end_object(&json);
	fclose(out);
	return text;
}

static void
write_date(uint64_t realtime, char *buf, size_t size)
{
	time_t seconds = (time_t)(realtime / 1000000000);
	struct tm date;
	size_t len;

	if (gmtime_r(&seconds, &date) == NULL)
		memset(&date, 0, sizeof(date));
	len = strftime(buf, size, "%Y-%m-%dT%H:%M:%S", &date);
	snprintf(buf + len, size - len, ".%09" PRIu64 "Z", realtime % 1000000000);
}

static struct means
write_means(const struct escape *escape)
{
	double allocate = 0, freed = 0;
	uint64_t allocates = 0, frees = 0;
	uint32_t i;

	for (i = 0; i < escape->site_count; i++) {
		allocate += escape->sites[i].cost_allocate;
		allocates += escape->sites[i].timed_allocate;
		freed += escape->sites[i].cost_free;
		frees += escape->sites[i].timed_free;
	}
	return (struct means){
		.allocate = allocates > 0 ? allocate / (double)allocates : 0,
		.free = frees > 0 ? freed / (double)frees : 0,
	};
}

static double
write_cost_allocate(const struct escape_site *site, const struct means *means)
{
	return site->weight *
	    (site->timed_allocate > 0 ? site->cost_allocate / (double)site->timed_allocate
				      : means->allocate);
}

static double
write_cost_free(const struct escape_site *site, const struct means *means)
{
	return site->freed *
	    (site->timed_free > 0 ? site->cost_free / (double)site->timed_free : means->free);
}

/* Exact sums over the threads, and over those that had no segment. */
static struct esc_counters
write_totals(const struct ingest_run *run)
{
	struct esc_counters all = run->reader->head.overflow;
	const struct esc_counters *one;
	size_t i;

	for (i = 0; i < run->streams.count; i++) {
		one = &run->streams.list[i].counters;
		all.allocations += one->allocations;
		all.frees += one->frees;
		all.bytes += one->bytes;
		all.dropped += one->dropped;
		all.cut += one->cut;
		all.broken += one->broken;
	}
	return all;
}

static uint64_t
write_lost(const struct ingest_run *run, const struct esc_counters *all)
{
	const struct model_counts *counts = model_counts(run->model);
	uint64_t exact = all->allocations + all->frees;
	uint64_t seen = counts->allocations + counts->frees;
	uint64_t lost = all->dropped;

	if (run->reader->head.mode == ESC_MODE_FULL && exact > seen && exact - seen > lost)
		lost = exact - seen;
	return lost + run->reader->head.early_lost;
}

static int64_t
write_duration(const struct ingest_run *run)
{
	const struct esc_header *head = &run->reader->head;
	uint64_t ticks = run->last > head->start.ticks ? run->last - head->start.ticks : 0;

	if (head->last.monotonic > head->start.monotonic)
		return write_int(head->last.monotonic - head->start.monotonic);
	return write_clamp((double)ticks * run->tick_ns);
}

static int
write_run_row(const struct ingest_run *run, const struct means *means, struct err *err)
{
	const struct esc_header *head = &run->reader->head;
	const struct ingest_options *options = run->ingest->options;
	const struct model_counts *counts = model_counts(run->model);
	struct esc_counters all = write_totals(run);
	char *path = realpath(run->reader->path, NULL);
	char *command = write_command(head);
	char *wrappers = write_strings(options->wrappers, options->wrapper_count);
	char start[64];
	struct store_run row = {
		.id = run->id,
		.trace = path != NULL ? path : run->reader->path,
		.command = command,
		.exe = head->exe,
		.pid = head->pid,
		.start = start,
		.duration_ns = write_duration(run),
		.mode = head->mode == ESC_MODE_FULL ? "full" : "sampled",
		.sample_interval = write_int(head->sample_interval),
		.allocations = write_int(all.allocations),
		.frees = write_int(all.frees),
		.bytes = write_int(all.bytes),
		.recorded = write_int(counts->allocations),
		.lost = write_int(write_lost(run, &all)),
		.cut = write_int(all.cut),
		.broken = write_int(all.broken),
		.unmatched_frees = write_int(counts->unmatched),
		.peak_bytes = write_clamp(run->timeline.peak),
		.threads = run->thread_count,
		.processes = run->definitions->process_count,
		.complete = (head->flags & ESC_FLAG_COMPLETE) != 0 && !run->reader->partial,
		.stack_limit = write_int(run->ingest->stack_limit),
		.wrappers = wrappers,
		.allocator = head->allocator,
	};
	double cost = 0;
	uint32_t i;
	int status;

	write_date(head->start.realtime, start, sizeof(start));
	for (i = 0; i < run->escape.site_count; i++) {
		const struct escape_site *site = &run->escape.sites[i];

		row.unknown += write_int(site->facts.fates[FATE_UNKNOWN]);
		cost += write_cost_allocate(site, means) + write_cost_free(site, means);
	}
	row.cost_ns = write_clamp(cost);
	status = store_add_run(run->ingest->store, &row, err);
	free(path);
	free(command);
	free(wrappers);
	return status;
}

/* Where the threads' numbers of this run begin. */
static int64_t
write_thread_id(const struct ingest_run *run, uint32_t thread)
{
	return run->ingest->thread_base + thread;
}

static int
write_threads(const struct ingest_run *run, struct err *err)
{
	const struct definitions *all = run->definitions;
	const struct stream *stream = run->streams.list;
	struct store_thread row;
	size_t i;

	for (i = 0; i < run->streams.count; i++, stream++) {
		if (i > 0 && run->threads[i] == run->threads[i - 1])
			continue;
		row = (struct store_thread){
			.id = write_thread_id(run, run->threads[i]),
			.run = run->id,
			.number = stream->thread,
			.process = stream->process,
			.tid = stream->tid,
			.allocations = write_int(stream->counters.allocations),
			.frees = write_int(stream->counters.frees),
			.bytes = write_int(stream->counters.bytes),
			.lost = write_int(stream->counters.dropped),
		};
		if (stream->process <= all->process_count)
			row.pid = all->processes[stream->process].pid;
		if (store_add_thread(run->ingest->store, &row, err) != 0)
			return -1;
	}
	return 0;
}

static int
write_thread_pairs(const struct ingest_run *run, struct err *err)
{
	struct sums sums = { 0 };
	struct map_key key;
	uint64_t bits;
	size_t at = 0, i;
	int status = 0;

	while (map_next(&run->pairs, &at, &key, &bits)) {
		struct sum sum = { .a = (int64_t)key.hi, .b = (int64_t)key.lo };

		memcpy(&sum.weight, &bits, sizeof(bits));
		sums_add(&sums, &sum);
	}
	sums_merge(&sums);
	for (i = 0; status == 0 && i < sums.count; i++)
		status = store_add_thread_pair(run->ingest->store,
		    &(struct store_thread_pair){
			.run = run->id,
			.allocating = write_thread_id(run, (uint32_t)sums.list[i].a),
			.freeing = write_thread_id(run, (uint32_t)sums.list[i].b),
			.blocks = sums.list[i].weight,
		    },
		    err);
	free(sums.list);
	return status;
}

static int
write_timeline(const struct ingest_run *run, struct err *err)
{
	const struct timeline *timeline = &run->timeline;
	const struct timeline_slice *slice = timeline->slices;
	struct store_timeline row = { .run = run->id };
	int64_t at;
	size_t i;

	row.at = -1;
	for (i = 0; i < timeline->count; i++, slice++) {
		at = write_clamp((double)timeline->width * (double)(i + 1) * run->tick_ns);
		/* slices of a run that is shorter than they are many */
		row.at = at > row.at ? at : row.at + 1;
		row.live_bytes = slice->live > 0 ? slice->live : 0;
		row.allocations = slice->allocations;
		row.frees = slice->frees;
		if (store_add_timeline(run->ingest->store, &row, err) != 0)
			return -1;
	}
	return 0;
}

static int
write_paths(struct ingest_run *run, const struct means *means, struct err *err)
{
	struct escape *escape = &run->escape;
	const struct escape_path *path = escape->paths;
	struct sums sums = { 0 };
	struct store_path *row = NULL;
	struct store_path rows = { 0 };
	double share;
	size_t i;
	int status = 0;

	for (i = 0; i < escape->path_count; i++, path++)
		sums_add(&sums,
		    &(struct sum){ .a = write_site_id(run, path->site),
			.b = logical_places_stack(&escape->places, path->node),
			.c = (int64_t)i,
			.path = path });
	sums_merge(&sums);
	for (i = 0; status == 0 && i < sums.count; i++) {
		const struct escape_site *site;

		path = sums.list[i].path;
		site = &escape->sites[path->site];
		if (row == NULL)
			rows =
			    (struct store_path){ .site = sums.list[i].a, .stack = sums.list[i].b };
		row = &rows;
		share = path->fates[FATE_LOCAL] + path->fates[FATE_UP] + path->fates[FATE_THREAD] +
		    path->fates[FATE_UNKNOWN];
		row->local += path->fates[FATE_LOCAL];
		row->up += path->fates[FATE_UP];
		row->thread += path->fates[FATE_THREAD];
		row->live += path->fates[FATE_LIVE] + path->fates[FATE_CENSORED];
		row->unknown += path->fates[FATE_UNKNOWN];
		row->bytes += path->bytes;
		share += path->fates[FATE_LIVE] + path->fates[FATE_CENSORED];
		row->blocks += share;
		if (site->weight > 0)
			row->cost += share / site->weight *
			    (write_cost_allocate(site, means) + write_cost_free(site, means));
		if (i + 1 < sums.count && sums.list[i + 1].a == row->site &&
		    sums.list[i + 1].b == row->stack)
			continue;
		status = store_add_path(run->ingest->store, row, err);
		row = NULL;
	}
	free(sums.list);
	return status;
}

static int
write_free_paths(struct ingest_run *run, struct err *err)
{
	struct escape *escape = &run->escape;
	const struct escape_pair *pair = escape->pairs;
	struct sums sums = { 0 };
	size_t i;
	unsigned fate;
	int status = 0;

	for (i = 0; i < escape->pair_count; i++, pair++)
		for (fate = 0; fate < FATE_COUNT; fate++)
			if (pair->counts[fate] > 0 && pair->node != 0)
				sums_add(&sums,
				    &(struct sum){
					.a = write_site_id(run, escape->paths[pair->path].site),
					.b = logical_places_stack(&escape->places, pair->node),
					.c = fate,
					.weight = pair->weights[fate] });
	sums_merge(&sums);
	for (i = 0; status == 0 && i < sums.count; i++)
		status = store_add_free_path(run->ingest->store,
		    &(struct store_free_path){
			.site = sums.list[i].a,
			.stack = sums.list[i].b,
			.fate = fate_name((enum fate)sums.list[i].c),
			.blocks = sums.list[i].weight,
		    },
		    err);
	free(sums.list);
	return status;
}

/* By site, frame, distance and fate. */
static struct sums
write_collect_owners(const struct ingest_run *run)
{
	const struct escape *escape = &run->escape;
	const struct escape_pair *pair = escape->pairs;
	struct sums sums = { 0 };
	size_t i;
	unsigned fate;

	for (i = 0; i < escape->pair_count; i++, pair++)
		for (fate = FATE_LOCAL; fate <= FATE_UP; fate++)
			if (pair->counts[fate] > 0)
				sums_add(&sums,
				    &(struct sum){ .a = escape->paths[pair->path].site,
					.b = pair->owner,
					.c = pair->distance,
					.d = fate,
					.count = pair->counts[fate],
					.proved = pair->proved[fate] });
	sums_merge(&sums);
	return sums;
}

static int
write_owners(struct ingest_run *run, const struct sums *owners, struct err *err)
{
	const struct sum *sum = owners->list;
	size_t i;

	for (i = 0; i < owners->count; i++, sum++)
		if (store_add_owner(run->ingest->store,
			&(struct store_owner){
			    .site = write_site_id(run, (uint32_t)sum->a),
			    .frame = sum->b,
			    .distance = sum->c,
			    .fate = fate_name((enum fate)sum->d),
			    .blocks = write_int(sum->count),
			    .proved = write_int(sum->proved),
			},
			err) != 0)
			return -1;
	return 0;
}

static const struct sum *
write_main_owner(const struct sums *owners, uint32_t site, bool escaped)
{
	const struct sum *sum, *best = NULL;
	size_t i;

	for (i = 0; i < owners->count; i++) {
		sum = &owners->list[i];
		if (sum->a != site || (escaped && sum->d == FATE_LOCAL))
			continue;
		if (best == NULL || sum->count > best->count)
			best = sum;
	}
	return best;
}

/* The fate that made the verdict what it is; FATE_COUNT: none did. */
static enum fate
write_counter_fate(const struct escape_site *site, const char *verdict)
{
	static const enum fate order[] = { FATE_UP, FATE_THREAD, FATE_LIVE, FATE_UNKNOWN,
		FATE_CENSORED };
	const uint64_t *fates = site->facts.fates;
	enum fate best = FATE_COUNT;
	size_t i;

	if (strcmp(verdict, "unknown") == 0)
		return FATE_UNKNOWN;
	if (strcmp(verdict, "thread") == 0)
		return FATE_THREAD;
	if (strcmp(verdict, "live") == 0)
		return fates[FATE_LIVE] > 0 ? FATE_LIVE : FATE_CENSORED;
	for (i = 0; i < 4; i++)
		if (fates[order[i]] > 0 && (best == FATE_COUNT || fates[order[i]] > fates[best]))
			best = order[i];
	return best;
}

static void
write_fill_counter(struct ingest_run *run, const struct escape_site *site, struct store_site *row)
{
	enum fate fate = write_counter_fate(site, row->verdict);

	row->counter_stack = STORE_NULL;
	if (fate == FATE_COUNT || !site->example[fate])
		return;
	row->counter_fate = fate_name(fate);
	row->counter_stack = logical_places_stack(&run->escape.places, site->example_node[fate]);
}

static void
write_fill_sizes(const struct escape_site *site, struct store_site *row)
{
	uint64_t p99 = histogram_quantile(&site->sizes, 0.99);

	row->size_min = write_int(site->facts.size_min);
	row->size_max = write_int(site->facts.size_max);
	row->size_p50 = write_int(histogram_quantile(&site->sizes, 0.5));
	/* a bucket's bound may be beyond what was seen */
	row->size_p99 = write_int(p99 < site->facts.size_max ? p99 : site->facts.size_max);
	if (row->size_p50 > row->size_max)
		row->size_p50 = row->size_max;
	row->size_distinct = (int64_t)site->sizes.count;
	if (site->rounded && row->size_distinct <= ESCAPE_SIZES)
		row->size_distinct = ESCAPE_SIZES + 1;
	row->capacity = row->size_p99;
}

static int64_t
write_life(const struct escape_site *site, double share)
{
	uint64_t life = histogram_quantile(&site->lives, share);

	return write_int(life < site->life_max ? life : site->life_max);
}

static void
write_fill_lives(const struct escape_site *site, struct store_site *row)
{
	if (site->life_min > site->life_max) {
		row->life_min = row->life_max = STORE_NULL;
		row->life_p50 = row->life_p90 = row->life_p99 = STORE_NULL;
		return;
	}
	row->life_min = write_int(site->life_min);
	row->life_max = write_int(site->life_max);
	row->life_p50 = write_life(site, 0.5);
	row->life_p90 = write_life(site, 0.9);
	row->life_p99 = write_life(site, 0.99);
}

static void
write_fill_fates(const struct escape_site *site, struct store_site *row)
{
	const uint64_t *fates = site->facts.fates;
	uint64_t out = fates[FATE_UP] + fates[FATE_THREAD] + fates[FATE_LIVE];
	double width = 1.959963984540054 * sqrt(site->variance > 0 ? site->variance : 0);

	row->local = write_int(fates[FATE_LOCAL]);
	row->up = write_int(fates[FATE_UP]);
	row->thread = write_int(fates[FATE_THREAD]);
	row->live = write_int(fates[FATE_LIVE]);
	row->censored = write_int(fates[FATE_CENSORED]);
	row->unknown = write_int(fates[FATE_UNKNOWN]);
	row->observed =
	    row->local + row->up + row->thread + row->live + row->censored + row->unknown;
	row->escape_upper = verdict_rate_upper(out, fates[FATE_LOCAL] + out);
	row->estimated = site->weight;
	row->estimated_high = site->weight + width;
	/* what was seen is there */
	row->estimated_low = site->weight - width > (double)row->observed ? site->weight - width
									  : (double)row->observed;
}

static const char *
write_allocator(const struct escape_site *site)
{
	const struct escape_allocator *best = &site->allocators[0];
	size_t i;

	for (i = 1; i < ESCAPE_ALLOCATORS; i++)
		if (site->allocators[i].calls > best->calls)
			best = &site->allocators[i];
	return best->name != NULL ? best->name : "malloc";
}

/* The heaviest path of each site; its index + 1. */
static uint32_t *
write_heaviest(const struct escape *escape)
{
	uint32_t *best = xcalloc((size_t)escape->site_count + 1, sizeof(*best));
	double *most = xcalloc((size_t)escape->site_count + 1, sizeof(*most));
	double sum;
	uint32_t i, fate;

	for (i = 0; i < escape->path_count; i++) {
		const struct escape_path *path = &escape->paths[i];

		for (sum = 0, fate = 0; fate < FATE_COUNT; fate++)
			sum += path->fates[fate];
		if (best[path->site] != 0 && sum <= most[path->site])
			continue;
		best[path->site] = i + 1;
		most[path->site] = sum;
	}
	free(most);
	return best;
}

static int64_t
write_site_stack(struct ingest_run *run, const struct escape_path *path)
{
	const struct definitions_node *nodes = run->definitions->nodes;
	uint32_t node = path->node;

	while (node != 0 && nodes[node].depth > path->depth)
		node = nodes[node].parent;
	return logical_places_stack_to(&run->escape.places, node, path->index);
}

static int
write_histograms(
    struct ingest_run *run, const struct escape_site *site, int64_t id, struct err *err)
{
	size_t i;

	for (i = 0; i < site->sizes.count; i++)
		if (store_add_size_histogram(run->ingest->store,
			&(struct store_size_histogram){ .site = id,
			    .size = write_int(site->sizes.bins[i].key),
			    .blocks = site->sizes.bins[i].weight },
			err) != 0)
			return -1;
	for (i = 0; i < site->lives.count; i++)
		if (store_add_life_histogram(run->ingest->store,
			&(struct store_life_histogram){ .site = id,
			    .life = write_int(site->lives.bins[i].key),
			    .blocks = site->lives.bins[i].weight },
			err) != 0)
			return -1;
	return 0;
}

static int
write_site(struct ingest_run *run, uint32_t number, const struct escape_path *heaviest,
    const struct means *means, const struct sums *owners, struct err *err)
{
	const struct escape_site *site = &run->escape.sites[number];
	const struct verdict *verdict = verdict_find(&site->facts);
	const struct sum *owner = write_main_owner(owners, number, verdict->escaped_owner);
	char *whys = write_whys(site);
	struct store_site row = {
		.id = write_site_id(run, number),
		.run = run->id,
		.frame = site->frame,
		.allocator = write_allocator(site),
		.verdict = verdict->name,
		.owner = owner != NULL ? owner->b : STORE_NULL,
		.owner_distance = owner != NULL ? owner->c : STORE_NULL,
		.bytes = site->bytes,
		.unknown_why = whys,
		.proved = write_int(site->proved),
		.inferred = write_int(site->inferred),
		.reallocs = write_int(site->facts.reallocs),
		.activations = write_int(site->facts.activations),
		.threads = write_int(site->threads),
		.cost_allocate = write_cost_allocate(site, means),
		.cost_free = write_cost_free(site, means),
		.timed = write_int(site->timed_allocate + site->timed_free),
		.stack = write_site_stack(run, heaviest),
	};
	int status;

	write_fill_fates(site, &row);
	write_fill_sizes(site, &row);
	write_fill_lives(site, &row);
	write_fill_counter(run, site, &row);
	status = store_add_site(run->ingest->store, &row, err);
	free(whys);
	if (status == 0)
		status = write_histograms(run, site, row.id, err);
	return status;
}

static int
write_sites(
    struct ingest_run *run, const struct means *means, const struct sums *owners, struct err *err)
{
	uint32_t *heaviest = write_heaviest(&run->escape);
	uint32_t i;
	int status = 0;

	for (i = 0; status == 0 && i < run->escape.site_count; i++)
		status =
		    write_site(run, i, &run->escape.paths[heaviest[i] - 1], means, owners, err);
	free(heaviest);
	return status;
}

int
ingest_write_run(struct ingest_run *run, struct err *err)
{
	struct means means = write_means(&run->escape);
	struct sums owners = write_collect_owners(run);
	int status = -1;

	if (write_run_row(run, &means, err) == 0 && write_threads(run, err) == 0 &&
	    write_thread_pairs(run, err) == 0 && write_timeline(run, err) == 0 &&
	    write_sites(run, &means, &owners, err) == 0 && write_paths(run, &means, err) == 0 &&
	    write_free_paths(run, err) == 0)
		status = write_owners(run, &owners, err);
	free(owners.list);
	run->ingest->site_base += run->escape.site_count;
	run->ingest->thread_base += run->thread_count;
	return status;
}

static int
write_modules(struct ingest *ingest, struct err *err)
{
	static const char *const states[] = {
		[SYMBOL_UNUSED] = "unused",
		[SYMBOL_DWARF] = "dwarf",
		[SYMBOL_SYMTAB] = "symtab",
		[SYMBOL_MISSING] = "missing",
		[SYMBOL_MISMATCH] = "mismatch",
		[SYMBOL_UNREADABLE] = "unreadable",
	};
	const struct logical_module *module;
	const char *debug;
	char hex[2 * sizeof(module->build_id) + 1];
	uint32_t i, j;

	for (i = 1; i <= ingest->logical.module_count; i++) {
		module = &ingest->logical.modules[i];
		hex[0] = '\0';
		for (j = 0; j < module->build_id_len; j++)
			snprintf(hex + 2 * j, 3, "%02x", module->build_id[j]);
		debug = symbol_module_debug(ingest->symbol, i - 1);
		if (store_add_module(ingest->store,
			&(struct store_module){ .id = i,
			    .path = module->path,
			    .build_id = hex,
			    .symbols = states[symbol_module_state(ingest->symbol, i - 1)],
			    .debug_file = debug != NULL ? debug : "" },
			err) != 0)
			return -1;
	}
	return 0;
}

static int
write_frames(struct ingest *ingest, struct err *err)
{
	const struct logical_frame *frame;
	uint32_t i;

	for (i = 1; i <= ingest->logical.frame_count; i++) {
		frame = &ingest->logical.frames[i];
		if (store_add_frame(ingest->store,
			&(struct store_frame){ .id = i,
			    .function = frame->function,
			    .symbol = frame->symbol,
			    .file = frame->file,
			    .line = frame->line,
			    .column = frame->column,
			    .module = frame->module,
			    .inlined = frame->inlined,
			    .wrapper = frame->wrapper,
			    .startup = frame->startup },
			err) != 0)
			return -1;
	}
	return 0;
}

int
ingest_write_shared(struct ingest *ingest, struct err *err)
{
	const struct logical_stack *stack;
	uint32_t i;

	if (write_modules(ingest, err) != 0 || write_frames(ingest, err) != 0)
		return -1;
	for (i = 1; i <= ingest->logical.stack_count; i++) {
		stack = &ingest->logical.stacks[i];
		if (store_add_stack(ingest->store,
			&(struct store_stack){ .id = i,
			    .parent = stack->parent,
			    .frame = stack->frame,
			    .depth = stack->depth,
			    .state = stack->state },
			err) != 0)
			return -1;
	}
	return 0;
}
