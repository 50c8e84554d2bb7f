#include <stdlib.h>
#include <string.h>

#include "analyzer/ingest/ingest_run.h"
#include "analyzer/ingest/sums.h"
#include "analyzer/ingest/write.h"
#include "analyzer/store/store.h"
#include "analyzer/util/xalloc.h"

/* Adds what was counted of a path to its row. */
static void
write_path_add(struct store_path *row, const struct escape_path *path, struct peaks_path peak,
    const struct escape_site *site, const struct write_means *means)
{
	double share = path->fates[FATE_LOCAL] + path->fates[FATE_UP] + path->fates[FATE_THREAD] +
	    path->fates[FATE_UNKNOWN];

	row->local += path->fates[FATE_LOCAL];
	row->up += path->fates[FATE_UP];
	row->thread += path->fates[FATE_THREAD];
	row->live += path->fates[FATE_LIVE] + path->fates[FATE_CENSORED];
	row->unknown += path->fates[FATE_UNKNOWN];
	row->bytes += path->bytes;
	row->live_bytes += path->live_bytes;
	row->life += path->life;
	row->life_squares += path->life_squares;
	row->peak_blocks += peak.peak_blocks;
	row->peak_bytes += peak.peak_bytes;
	share += path->fates[FATE_LIVE] + path->fates[FATE_CENSORED];
	row->blocks += share;
	if (site->weight > 0)
		row->cost += share / site->weight *
		    (write_cost_allocate(site, means) + write_cost_free(site, means));
}

int
write_paths(struct ingest_run *run, const struct write_means *means, struct err *err)
{
	struct escape *escape = &run->escape;
	const struct escape_path *path = escape->paths;
	struct sums sums = { 0 };
	struct store_path *row = NULL;
	struct store_path rows = { 0 };
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
		path = sums.list[i].path;
		if (row == NULL)
			rows =
			    (struct store_path){ .site = sums.list[i].a, .stack = sums.list[i].b };
		row = &rows;
		write_path_add(row, path, peaks_at(&run->peaks, (size_t)sums.list[i].c),
		    &escape->sites[path->site], means);
		if (i + 1 < sums.count && sums.list[i + 1].a == row->site &&
		    sums.list[i + 1].b == row->stack)
			continue;
		status = store_add_path(run->ingest->store, row, err);
		row = NULL;
	}
	free(sums.list);
	return status;
}

int
write_free_paths(struct ingest_run *run, struct err *err)
{
	struct escape *escape = &run->escape;
	const struct escape_pair *pair = escape->pairs;
	struct sums sums = { 0 };
	size_t i;
	enum fate fate;
	int status = 0;

	for (i = 0; i < escape->pair_count; i++, pair++)
		for (fate = 0; fate < FATE_COUNT; fate++)
			if (escape_pair_count(pair, fate) > 0 && pair->node != 0)
				sums_add(&sums,
				    &(struct sum){
					.a = write_site_id(run, escape->paths[pair->path].site),
					.b = logical_places_stack(&escape->places, pair->node),
					.c = fate,
					.weight = escape_pair_weight(pair, fate) });
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
struct sums
write_collect_owners(const struct ingest_run *run)
{
	const struct escape *escape = &run->escape;
	const struct escape_pair *pair = escape->pairs;
	struct sums sums = { 0 };
	size_t i;
	enum fate fate;

	for (i = 0; i < escape->pair_count; i++, pair++)
		for (fate = FATE_LOCAL; fate <= FATE_UP; fate++)
			if (escape_pair_count(pair, fate) > 0)
				sums_add(&sums,
				    &(struct sum){ .a = escape->paths[pair->path].site,
					.b = pair->owner,
					.c = pair->distance,
					.d = fate,
					.count = escape_pair_count(pair, fate),
					.proved = escape_pair_proved(pair, fate) });
	sums_merge(&sums);
	return sums;
}

int
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

struct main_owner {
	const char *function;
	const struct sum *sum;
};

/* Lines of one owner together, the one of most blocks first. */
static int
compare_owners(const void *left, const void *right)
{
	const struct main_owner *a = left, *b = right;
	int order = strcmp(a->function, b->function);

	if (order != 0)
		return order;
	if (a->sum->c != b->sum->c)
		return a->sum->c < b->sum->c ? -1 : 1;
	if (a->sum->count != b->sum->count)
		return a->sum->count > b->sum->count ? -1 : 1;
	return a->sum->b < b->sum->b ? -1 : a->sum->b > b->sum->b;
}

static const struct sum *
write_heaviest_owner(const struct main_owner *list, size_t count)
{
	const struct sum *best = NULL;
	uint64_t most = 0, blocks = 0;
	size_t i, first = 0;

	for (i = 0; i < count; i++) {
		if (strcmp(list[i].function, list[first].function) != 0 ||
		    list[i].sum->c != list[first].sum->c) {
			first = i;
			blocks = 0;
		}
		blocks += list[i].sum->count;
		if (blocks > most) {
			most = blocks;
			best = list[first].sum;
		}
	}
	return best;
}

const struct sum *
write_main_owner(const struct ingest_run *run, const struct sums *owners, int64_t key, bool escaped)
{
	const struct logical_frame *frames = run->escape.places.logical->frames;
	size_t first = sums_find(owners, key), end = first, count = 0, at;
	const struct sum *best, *sum;
	struct main_owner *list;

	while (end < owners->count && owners->list[end].a == key)
		end++;
	list = xcalloc(end - first + 1, sizeof(*list));
	for (at = first; at < end; at++) {
		sum = &owners->list[at];
		if (!escaped || sum->d != FATE_LOCAL)
			list[count++] = (struct main_owner){
				.function = sum->b != 0 ? frames[sum->b].function : "",
				.sum = sum,
			};
	}
	if (count > 1)
		qsort(list, count, sizeof(*list), compare_owners);
	best = write_heaviest_owner(list, count);
	free(list);
	return best;
}
