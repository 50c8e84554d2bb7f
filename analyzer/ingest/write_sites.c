#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/escape/containers.h"
#include "analyzer/ingest/ingest_run.h"
#include "analyzer/ingest/sums.h"
#include "analyzer/ingest/write.h"
#include "analyzer/store/store.h"
#include "analyzer/symbol/symbol.h"
#include "analyzer/trace/definitions.h"
#include "analyzer/util/json.h"
#include "analyzer/util/xalloc.h"

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
	text[strcspn(text, "\n")] = '\0'; /* it is no line of a file */
	return text;
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

/* Of n blocks whose fate is known. Where weights differ, fewer of one weight would
 * tell as much: by the square of the sum over the sum of the squares. */
static double
write_escape_upper(const struct escape_site *site, uint64_t n)
{
	double squares = site->variance + site->weight;
	double share = site->weight * site->weight / squares / site->blocks.seen;
	double out = site->weights[FATE_UP] + site->weights[FATE_THREAD] + site->weights[FATE_LIVE];

	if (n == 0)
		return 1;
	return verdict_rate_upper(
	    out / (out + site->weights[FATE_LOCAL]) * (double)n * share, (double)n * share);
}

static void
write_fill_fates(const struct escape_site *site, struct store_site *row)
{
	const uint64_t *fates = site->facts.fates;
	uint64_t out = fates[FATE_UP] + fates[FATE_THREAD] + fates[FATE_LIVE];

	row->local = write_int(fates[FATE_LOCAL]);
	row->up = write_int(fates[FATE_UP]);
	row->thread = write_int(fates[FATE_THREAD]);
	row->live = write_int(fates[FATE_LIVE]);
	row->censored = write_int(fates[FATE_CENSORED]);
	row->unknown = write_int(fates[FATE_UNKNOWN]);
	row->observed =
	    row->local + row->up + row->thread + row->live + row->censored + row->unknown;
	row->escape_upper = write_escape_upper(site, fates[FATE_LOCAL] + out);
	row->estimated = site->weight;
	row->estimated_low = estimate_low(&site->blocks);
	row->estimated_high = estimate_high(&site->blocks);
	row->bytes = estimate_value(&site->bytes);
	row->bytes_low = estimate_low(&site->bytes);
	row->bytes_high = estimate_high(&site->bytes);
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

/* The name of the site's pool; "": it is of none. */
static const char *
write_pool(const struct ingest_run *run, const struct escape_site *site)
{
	const struct definitions_names *names = &run->definitions->pool_names;

	if (site->pool == 0)
		return "";
	if (site->pool > names->count)
		return "?";
	return *names->list[site->pool] != '\0' ? names->list[site->pool] : "unnamed";
}

/* What a site's paths come to. */
struct site_paths {
	const struct escape_path *heaviest;
	double most;                    /* its blocks */
	double peak_blocks, peak_bytes; /* of all of them */
	double coroutine;               /* blocks that a coroutine's own code freed */
};

/* The state of a coroutine: made by the function that begins it, and freed by the code that
 * the compiler made of that function. Where that did so by a jump, the last it does, it was
 * called through a handle and is not known itself. */
static bool
write_is_state(struct ingest_run *run, const struct escape_pair *pair)
{
	struct escape *escape = &run->escape;
	const struct definitions_node *nodes = run->putback.out.nodes;
	const struct logical_frame *frames = run->ingest->logical.frames, *freed, *site;
	const struct logical_place *place;
	uint32_t node, i;

	site = &frames[escape->sites[escape->paths[pair->path].site].frame];
	/* what its own code allocates is something else */
	if (containers_is_coroutine(site->symbol))
		return false;
	for (node = pair->node; node != 0; node = nodes[node].parent) {
		place = logical_places_get(&escape->places, nodes[node].pc);
		for (i = 0; i < place->place->count; i++) {
			freed = &frames[place->frames[i]];
			if (containers_is_handle(freed->function))
				return true;
			if (!freed->wrapper)
				return containers_is_coroutine(freed->symbol) &&
				    strcmp(freed->function, site->function) == 0;
		}
	}
	return false;
}

static void
write_find_coroutines(struct ingest_run *run, struct site_paths *sites)
{
	const struct escape *escape = &run->escape;
	uint32_t i, fate;

	for (i = 0; i < escape->pair_count; i++) {
		const struct escape_pair *pair = &escape->pairs[i];

		if (escape->paths[pair->path].container == NULL && write_is_state(run, pair))
			for (fate = 0; fate < FATE_COUNT; fate++)
				sites[escape->paths[pair->path].site].coroutine +=
				    escape_pair_weight(pair, fate);
	}
}

static const char *
write_container(const struct escape_site *site, const struct site_paths *paths)
{
	if (paths->coroutine * 2 > site->weight)
		return CONTAINERS_COROUTINE;
	return paths->heaviest->container != NULL ? paths->heaviest->container : "";
}

/* By site; the caller frees. */
static struct site_paths *
write_site_paths(struct ingest_run *run)
{
	const struct escape *escape = &run->escape;
	struct site_paths *sites = xcalloc((size_t)escape->site_count + 1, sizeof(*sites));
	double sum;
	uint32_t i, fate;

	for (i = 0; i < escape->path_count; i++) {
		const struct escape_path *path = &escape->paths[i];
		struct peaks_path peak = peaks_at(&run->peaks, i);
		struct site_paths *site = &sites[path->site];

		site->peak_blocks += peak.peak_blocks;
		site->peak_bytes += peak.peak_bytes;
		for (sum = 0, fate = 0; fate < FATE_COUNT; fate++)
			sum += path->fates[fate];
		if (site->heaviest != NULL && sum <= site->most)
			continue;
		site->heaviest = path;
		site->most = sum;
	}
	write_find_coroutines(run, sites);
	return sites;
}

static int64_t
write_site_stack(struct ingest_run *run, const struct escape_path *path)
{
	const struct definitions_node *nodes = run->putback.out.nodes;
	uint32_t node = path->node;

	while (node != 0 && nodes[node].depth > path->depth)
		node = nodes[node].parent;
	return logical_places_stack_to(&run->escape.places, node, path->index);
}

static int
write_histograms(
    struct ingest_run *run, const struct escape_site *site, int64_t id, struct err *err)
{
	const struct grid_cell *cell = site->grid.slots;
	size_t i;

	for (i = 0; i < site->grid.count; i++, cell++)
		if (store_add_size_life(run->ingest->store,
			&(struct store_size_life){ .site = id,
			    .size = grid_size(cell),
			    .life = grid_life(cell) != GRID_NO_LIFE ? grid_life(cell) : -1,
			    .blocks = cell->blocks,
			    .bytes = cell->bytes },
			err) != 0)
			return -1;
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
write_site(struct ingest_run *run, uint32_t number, const struct site_paths *paths,
    const struct write_means *means, const struct sums *owners, struct err *err)
{
	const struct escape_site *site = &run->escape.sites[number];
	const struct verdict *verdict = verdict_find(&site->facts);
	const char *pool = write_pool(run, site);
	char *allocator = *pool != '\0' ? xasprintf("pool %s", pool) : NULL;
	const struct sum *owner = write_main_owner(run, owners, number, verdict->escaped_owner);
	char *whys = write_whys(site);
	struct store_site row = {
		.id = write_site_id(run, number),
		.run = run->id,
		.frame = site->frame,
		.allocator = allocator != NULL ? allocator : write_allocator(site),
		.pool = pool,
		.container = write_container(site, paths),
		.verdict = verdict->name,
		.owner = owner != NULL ? owner->b : STORE_NULL,
		.owner_distance = owner != NULL ? owner->c : STORE_NULL,
		.unknown_why = whys,
		.proved = write_int(site->proved),
		.inferred = write_int(site->inferred),
		.reallocs = write_int(site->facts.reallocs),
		.activations = write_int(site->facts.activations),
		.threads = write_int(site->threads),
		.peak_blocks = paths->peak_blocks,
		.peak_bytes = paths->peak_bytes,
		.cost_allocate = write_cost_allocate(site, means),
		.cost_free = write_cost_free(site, means),
		.timed = write_int(site->timed),
		.stack = write_site_stack(run, paths->heaviest),
	};
	int status;

	write_fill_fates(site, &row);
	write_fill_sizes(site, &row);
	write_fill_lives(site, &row);
	write_fill_counter(run, site, &row);
	status = store_add_site(run->ingest->store, &row, err);
	free(whys);
	free(allocator);
	if (status == 0)
		status = write_histograms(run, site, row.id, err);
	return status;
}

int
write_sites(struct ingest_run *run, const struct write_means *means, const struct sums *owners,
    struct err *err)
{
	struct site_paths *paths = write_site_paths(run);
	uint32_t i;
	int status = 0;

	for (i = 0; status == 0 && i < run->escape.site_count; i++)
		status = write_site(run, i, &paths[i], means, owners, err);
	free(paths);
	return status;
}
