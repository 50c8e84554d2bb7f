/*
 * For ms_print and massif-visualizer: what was live over time, and by stack what was live when
 * most was, and what is live at the end. Of pools nothing: their memory is malloc's.
 */
#include "config.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/export/columns.h"
#include "analyzer/export/export.h"
#include "analyzer/export/origin.h"
#include "analyzer/export/path_facts.h"
#include "analyzer/export/stack_paths.h"
#include "analyzer/store/query.h"
#include "analyzer/util/strbuf.h"
#include "analyzer/util/term.h"
#include "analyzer/util/xalloc.h"

/* ms_print calls itself for each level; what is less than one part in MASSIF_PARTS is not
 * told apart, so that no level has more places than that. */
enum { MASSIF_DEPTH = 64, MASSIF_PARTS = 1000, MASSIF_END = UINT32_MAX };

struct massif_moment {
	int64_t at; /* ns */
	int64_t bytes;
	bool is_peak;
};

/* A path with live blocks, at the peak or at the end. */
struct massif_item {
	uint32_t node;  /* of its frame at the level that is opened next; 0: none is left */
	uint32_t frame; /* at the level that was opened last; MASSIF_END: none */
	int64_t bytes;
};

/* Items of a level with one frame. */
struct massif_group {
	size_t from, count;
	uint32_t frame;
	int64_t bytes;
};

struct massif_level {
	struct massif_group *groups; /* the largest first */
	size_t count, cap, next;
	size_t rest; /* groups that are not told apart */
	int64_t rest_bytes;
};

struct massif {
	struct stack_paths paths;
	struct map sites; /* of the run that is shown */
	int64_t run, duration_ns;
	struct massif_moment *moments;
	size_t moment_count, moment_cap;
	int64_t peak_ns;
	bool is_filtered;          /* the moments are of all blocks, or there are none */
	struct massif_item *items; /* of the tree that is written */
	size_t item_count;
	int64_t live; /* their bytes */
	struct massif_level levels[MASSIF_DEPTH];
};

/* A time of the run. */
static int64_t
massif_within(const struct massif *massif, int64_t at)
{
	at = at < massif->duration_ns ? at : massif->duration_ns;
	return at > 0 ? at : 0;
}

/* One run: the file has one line of time. */
static int
massif_load_run(struct massif *massif, struct query_db *db, struct err *err)
{
	struct query *query = query_prepare(db,
	    "SELECT id, duration_ns, peak_ns, filter != '' FROM run"
	    " ORDER BY peak_bytes DESC, id LIMIT 1",
	    err);
	int rc = query ? query_next(query, err) : -1;

	if (rc > 0) {
		massif->run = query_int(query, 0);
		massif->duration_ns = query_int(query, 1) > 0 ? query_int(query, 1) : 0;
		massif->peak_ns = massif_within(massif, query_int(query, 2));
		massif->is_filtered = query_int(query, 3) != 0;
	}
	query_finish(query);
	return rc < 0 ? -1 : 0;
}

static int
massif_load_sites(struct massif *massif, struct query_db *db, struct err *err)
{
	struct query *query =
	    query_prepare(db, "SELECT id FROM site WHERE run = ? AND pool = ''", err);
	int rc = -1;

	if (!query)
		return -1;
	query_bind_int(query, 1, massif->run);
	while ((rc = query_next(query, err)) > 0)
		map_insert(
		    &massif->sites, (struct map_key){ 0, (uint64_t)query_int(query, 0) }, NULL);
	query_finish(query);
	return rc;
}

static void
massif_add_moment(struct massif *massif, int64_t at, int64_t bytes)
{
	massif->moments = xgrow(massif->moments, &massif->moment_cap, massif->moment_count + 1,
	    sizeof(*massif->moments));
	massif->moments[massif->moment_count++] = (struct massif_moment){ at, bytes, false };
}

static int
massif_load_moments(struct massif *massif, struct query_db *db, struct err *err)
{
	struct query *query =
	    query_prepare(db, "SELECT at, live_bytes FROM timeline WHERE run = ? ORDER BY at", err);
	int rc = -1;

	if (!query)
		return -1;
	query_bind_int(query, 1, massif->run);
	while ((rc = query_next(query, err)) > 0) {
		/* the last slice may end behind the run */
		massif_add_moment(massif, massif_within(massif, query_int(query, 0)),
		    columns_round(query_real(query, 1)));
	}
	query_finish(query);
	return rc;
}

/* The items of the tree of the peak, or of that of the end. */
static void
massif_collect(struct massif *massif, bool is_peak)
{
	const struct stack_paths *paths = &massif->paths;
	struct columns_carry carry = { 0 };

	massif->item_count = 0;
	massif->live = 0;
	for (size_t i = 0; i < paths->count; i++) {
		struct map_key site = { 0, (uint64_t)paths->facts[i].site };
		int64_t bytes;

		if (!map_find(&massif->sites, site))
			continue;
		bytes = columns_carry(
		    &carry, is_peak ? paths->facts[i].peak_bytes : paths->facts[i].live_bytes);
		massif->live += bytes;
		if (bytes > 0)
			massif->items[massif->item_count++] =
			    (struct massif_item){ .node = paths->node[i], .bytes = bytes };
	}
}

/* Puts it in front of those behind it, in the place of the slice that it was the most of. */
static void
massif_add_peak(struct massif *massif)
{
	size_t at = 0;

	while (at < massif->moment_count && massif->moments[at].at < massif->peak_ns)
		at++;
	if (massif->is_filtered || at == massif->moment_count) {
		massif_add_moment(massif, 0, 0);
		memmove(massif->moments + at + 1, massif->moments + at,
		    (massif->moment_count - at - 1) * sizeof(*massif->moments));
	}
	massif->moments[at] = (struct massif_moment){ massif->peak_ns, massif->live, true };
}

static int
massif_compare_items(const void *left, const void *right)
{
	const struct massif_item *a = left;
	const struct massif_item *b = right;

	return a->frame < b->frame ? -1 : a->frame > b->frame;
}

static int
massif_compare_groups(const void *left, const void *right)
{
	const struct massif_group *a = left;
	const struct massif_group *b = right;

	if (a->bytes != b->bytes)
		return a->bytes > b->bytes ? -1 : 1;
	return a->frame < b->frame ? -1 : a->frame > b->frame;
}

/* Adds a group of the level, or counts it where it is too small. */
static void
massif_add_group(const struct massif *massif, struct massif_level *level, struct massif_group group)
{
	if ((double)group.bytes * MASSIF_PARTS < (double)massif->live) {
		level->rest++;
		level->rest_bytes += group.bytes;
		return;
	}
	level->groups = xgrow(level->groups, &level->cap, level->count + 1, sizeof(*level->groups));
	level->groups[level->count++] = group;
}

/* Groups items by the frame that is next on their stacks, from the innermost outwards. */
static void
massif_open(struct massif *massif, struct massif_level *level, size_t from, size_t count)
{
	struct massif_item *items = massif->items + from;

	level->count = level->next = level->rest = 0;
	level->rest_bytes = 0;
	for (size_t i = 0; i < count; i++) {
		uint32_t node = items[i].node;

		items[i].frame = node != 0 ? massif->paths.frame[node] : MASSIF_END;
		items[i].node = massif->paths.parent[node];
	}
	qsort(items, count, sizeof(*items), massif_compare_items);
	for (size_t i = 0; i < count && items[i].frame != MASSIF_END;) {
		struct massif_group group = { .from = from + i, .frame = items[i].frame };

		for (; i < count && items[i].frame == group.frame; i++) {
			group.bytes += items[i].bytes;
			group.count++;
		}
		massif_add_group(massif, level, group);
	}
	if (level->count > 1)
		qsort(level->groups, level->count, sizeof(*level->groups), massif_compare_groups);
}

/* Readers take what is behind # for a comment. */
static void
massif_text(FILE *out, const char *text)
{
	struct strbuf line = { 0 };

	for (size_t len; *text; text += len) {
		if (*text == '#') {
			strbuf_adds(&line, "\\x23");
			len = 1;
			continue;
		}
		len = strcspn(text, "#");
		term_escape(&line, text, len);
	}
	fputs(line.len > 0 ? line.text : "???", out);
	strbuf_release(&line);
}

static void
massif_write_group(
    const struct massif *massif, FILE *out, unsigned depth, uint32_t frame, int64_t bytes)
{
	const struct paths_frames *frames = &massif->paths.frames;
	size_t below = 0;

	if (depth < MASSIF_DEPTH)
		below = massif->levels[depth].count + (massif->levels[depth].rest > 0);
	fprintf(out, "%*sn%zu: %lld ", (int)depth, "", below, (long long)bytes);
	if (depth == 0) {
		fputs("(heap allocation functions) malloc/new/new[], --alloc-fns, etc.\n", out);
		return;
	}
	fprintf(out, "0x%X: ", frame + 1);
	massif_text(out, massif->paths.names.list[frames->name[frame]]);
	if (*massif->paths.files.list[frames->file[frame]] != '\0') {
		fputs(" (", out);
		massif_text(out, massif->paths.files.list[frames->file[frame]]);
		fprintf(out, ":%lld)\n", (long long)frames->line[frame]);
	} else {
		fputs(" (in ", out);
		massif_text(out, massif->paths.modules.list[frames->module[frame]]);
		fputs(")\n", out);
	}
}

/* What was collected, from the allocating functions outwards. */
static void
massif_write_tree(struct massif *massif, FILE *out)
{
	unsigned depth = 0; /* of the level at hand */

	massif_open(massif, &massif->levels[0], 0, massif->item_count);
	massif_write_group(massif, out, 0, 0, massif->live);
	for (;;) {
		struct massif_level *level = &massif->levels[depth];

		if (level->next < level->count) {
			const struct massif_group *group = &level->groups[level->next++];

			if (depth + 1 < MASSIF_DEPTH)
				massif_open(massif, level + 1, group->from, group->count);
			massif_write_group(massif, out, depth + 1, group->frame, group->bytes);
			depth += depth + 1 < MASSIF_DEPTH;
			continue;
		}
		if (level->rest > 0)
			fprintf(out,
			    "%*sn0: %lld in %zu places, all below massif's threshold (%.2f%%)\n",
			    (int)depth + 1, "", (long long)level->rest_bytes, level->rest,
			    100.0 / MASSIF_PARTS);
		if (depth-- == 0)
			return;
	}
}

static void
massif_write_moments(struct massif *massif, FILE *out)
{
	size_t last;

	massif->items = xcalloc(massif->paths.count + 1, sizeof(*massif->items));
	massif_collect(massif, true);
	massif_add_peak(massif);
	massif_collect(massif, false);
	massif_add_moment(massif, massif->duration_ns, massif->live);
	last = massif->moment_count - 1;
	for (size_t i = 0; i < massif->moment_count; i++) {
		const struct massif_moment *moment = &massif->moments[i];

		fprintf(out,
		    "#-----------\nsnapshot=%zu\n#-----------\ntime=%lld.%03lld\n"
		    "mem_heap_B=%lld\nmem_heap_extra_B=0\nmem_stacks_B=0\nheap_tree=%s\n",
		    i, (long long)(moment->at / 1000000), (long long)(moment->at / 1000 % 1000),
		    (long long)moment->bytes,
		    moment->is_peak ? "peak"
			: i == last ? "detailed"
				    : "empty");
		if (i != last && !moment->is_peak)
			continue;
		massif_collect(massif, moment->is_peak);
		massif_write_tree(massif, out);
	}
}

static void
massif_write(struct massif *massif, const struct origin *origin, FILE *out)
{
	fputs("desc: written by esc " PACKAGE_VERSION "; the peak has what was live then by stack, "
	      "the last snapshot what is live at the end\n"
	      "desc: any other snapshot is the most that was live since the one before\n"
	      "desc: the number in front of a function tells places apart, it is no address\n",
	    out);
	fprintf(out, "desc: what is below %.2f%% is not told apart, nor more than %d callers\n",
	    100.0 / MASSIF_PARTS, MASSIF_DEPTH);
	for (size_t i = 0; i < origin->note_count; i++) {
		fputs("desc: ", out);
		massif_text(out, origin->notes[i]);
		putc('\n', out);
	}
	fputs("cmd: ", out);
	massif_text(out, origin->command ? origin->command : "");
	fputs("\ntime_unit: ms\n", out);
	massif_write_moments(massif, out);
}

static int
write_massif(const struct export_options *options, struct query_db *db, FILE *out, struct err *err)
{
	struct massif *massif = xcalloc(1, sizeof(*massif));
	struct origin origin;
	int rc = origin_load(&origin, db, err);

	(void)options;
	if (rc == 0)
		rc = massif_load_run(massif, db, err);
	if (rc == 0)
		rc = massif_load_sites(massif, db, err);
	if (rc == 0)
		rc = massif_load_moments(massif, db, err);
	if (rc == 0)
		rc = stack_paths_load(&massif->paths, db, err);
	if (rc == 0) {
		massif_write(massif, &origin, out);
	}
	origin_release(&origin);
	stack_paths_release(&massif->paths);
	map_release(&massif->sites);
	for (size_t i = 0; i < MASSIF_DEPTH; i++)
		free(massif->levels[i].groups);
	free(massif->moments);
	free(massif->items);
	free(massif);
	return rc;
}

const struct export export_massif = {
	.name = "massif",
	.extension = "massif",
	.summary = "memory over time, and by stack at the peak and at the end, for ms_print",
	.write = write_massif,
};
