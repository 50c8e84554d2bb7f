/* For valgrind's dh_view.html: stacks with the lifetimes of their blocks. */
#include "config.h"

#include <math.h>
#include <stdlib.h>

#include "analyzer/export/columns.h"
#include "analyzer/export/export.h"
#include "analyzer/export/origin.h"
#include "analyzer/export/path_facts.h"
#include "analyzer/export/stack_paths.h"
#include "analyzer/store/query.h"
#include "analyzer/util/json.h"
#include "analyzer/util/map.h"
#include "analyzer/util/show.h"
#include "analyzer/util/strbuf.h"
#include "analyzer/util/xalloc.h"

enum {
	DHAT_VERSION = 2,
	DHAT_SHORT = 500000, /* ns; blocks that live no longer can be sorted by */
	DHAT_NONE = 1,       /* of its frames: of stacks without any; behind the root's */
	DHAT_FRAMES = 2,     /* then ours */
};

enum dhat_value {
	DHAT_BYTES,
	DHAT_BLOCKS,
	DHAT_PEAK_BYTES,
	DHAT_PEAK_BLOCKS,
	DHAT_END_BYTES,
	DHAT_END_BLOCKS,
	DHAT_VALUES,
};

/* A stack, whatever its paths are: that viewer takes each stack once. */
struct dhat_point {
	double values[DHAT_VALUES];
	double life;
	uint32_t node;
};

static const char *const dhat_keys[DHAT_VALUES] = { "tb", "tbk", "gb", "gbk", "eb", "ebk" };

struct dhat {
	struct json json;
	const struct stack_paths *paths;
	struct dhat_point *points;
	size_t count, cap;
	struct map map; /* key of a stack's frames -> point */
};

static struct map_key
dhat_key(const struct stack_paths *paths, uint32_t node)
{
	struct map_key key = { 0, 0 };

	for (; node != 0; node = paths->parent[node])
		key = map_key_of(key, &paths->frame[node], sizeof(paths->frame[node]));
	return key;
}

static void
dhat_collect(struct dhat *dhat)
{
	const struct stack_paths *paths = dhat->paths;

	for (size_t i = 0; i < paths->count; i++) {
		const struct path_fact *fact = &paths->facts[i];
		bool is_fresh;
		uint64_t *at = map_insert(&dhat->map, dhat_key(paths, paths->node[i]), &is_fresh);
		struct dhat_point *point;

		if (is_fresh) {
			*at = dhat->count;
			dhat->points =
			    xgrow(dhat->points, &dhat->cap, dhat->count + 1, sizeof(*dhat->points));
			dhat->points[dhat->count++] = (struct dhat_point){ .node = paths->node[i] };
		}
		point = &dhat->points[*at];
		point->values[DHAT_BYTES] += fact->bytes;
		point->values[DHAT_BLOCKS] += fact->blocks;
		point->values[DHAT_PEAK_BYTES] += fact->peak_bytes;
		point->values[DHAT_PEAK_BLOCKS] += fact->peak_blocks;
		point->values[DHAT_END_BYTES] += fact->live_bytes;
		point->values[DHAT_END_BLOCKS] += fact->live;
		point->life += fact->life;
	}
}

static void
dhat_zero(struct json *json, const char *key)
{
	json_key(json, key);
	json_int(json, 0);
}

static void
dhat_point(struct dhat *dhat, const struct dhat_point *point, struct columns_carry *carry)
{
	const struct stack_paths *paths = dhat->paths;
	struct json *json = &dhat->json;

	json_begin_object(json);
	for (size_t i = 0; i < DHAT_VALUES; i++) {
		json_key(json, dhat_keys[i]);
		json_int(json, columns_carry(&carry[i], point->values[i]));
	}
	json_key(json, "tl");
	json_double(json, round(point->life));
	/* the most that it had at a time is not known */
	dhat_zero(json, "mb");
	dhat_zero(json, "mbk");
	json_key(json, "fs");
	json_begin_array(json);
	if (point->node == 0)
		json_int(json, DHAT_NONE);
	for (uint32_t node = point->node; node != 0; node = paths->parent[node])
		json_uint(json, (uint64_t)paths->frame[node] + DHAT_FRAMES);
	json_end_array(json);
	json_end_object(json);
}

/* "function (file:line)", as valgrind writes it, but for the address, which is not known. */
static void
dhat_frames(struct dhat *dhat)
{
	const struct stack_paths *paths = dhat->paths;
	const struct paths_frames *frames = &paths->frames;
	struct strbuf text = { 0 };

	json_key(&dhat->json, "ftbl");
	json_begin_array(&dhat->json);
	json_string(&dhat->json, "[root]");
	json_string(&dhat->json, "[no stack]");
	for (size_t i = 0; i < frames->count; i++) {
		const char *name = paths->names.list[frames->name[i]];
		const char *file = paths->files.list[frames->file[i]];
		const char *module = paths->modules.list[frames->module[i]];

		strbuf_clear(&text);
		strbuf_adds(&text, *name ? name : "???");
		if (*file && frames->line[i] > 0)
			strbuf_addf(&text, " (%s:%lld)", file, (long long)frames->line[i]);
		else if (*file || *module)
			strbuf_addf(&text, " (in %s)", *file ? file : module);
		json_string(&dhat->json, text.text);
	}
	json_end_array(&dhat->json);
	strbuf_release(&text);
}

/* ns from the start at which most was live, in the run with the highest peak. */
static int
dhat_peak(struct query_db *db, int64_t *at, struct err *err)
{
	struct query *query =
	    query_prepare(db, "SELECT peak_ns FROM run ORDER BY peak_bytes DESC, id LIMIT 1", err);
	int rc = query ? query_next(query, err) : -1;

	*at = rc > 0 ? query_int(query, 0) : 0;
	query_finish(query);
	return rc < 0 ? -1 : 0;
}

/* There is no other place for notes. */
static void
dhat_command(struct json *json, const struct origin *origin)
{
	struct strbuf text = { 0 };
	char peak[SHOW_SIZE];

	strbuf_addf(&text,
	    "%s [esc " PACKAGE_VERSION ": %s at most at a time; Max by stack is not "
	    "known, and 0",
	    origin->command ? origin->command : "", show_bytes(peak, (double)origin->peak_bytes));
	for (size_t i = 0; i < origin->note_count; i++)
		strbuf_addf(&text, "; %s", origin->notes[i]);
	strbuf_adds(&text, "]");
	json_key(json, "cmd");
	json_string(json, text.text);
	strbuf_release(&text);
}

static void
dhat_head(struct json *json, const struct origin *origin, int64_t peak)
{
	json_key(json, "dhatFileVersion");
	json_int(json, DHAT_VERSION);
	json_key(json, "mode");
	json_string(json, "heap");
	json_key(json, "verb");
	json_string(json, "Allocated");
	json_key(json, "bklt");
	json_bool(json, true);
	json_key(json, "bkacc");
	json_bool(json, false);
	json_key(json, "tu");
	json_string(json, "ns");
	json_key(json, "Mtu");
	json_string(json, "ms");
	json_key(json, "tuth");
	json_int(json, DHAT_SHORT);
	dhat_command(json, origin);
	json_key(json, "pid");
	json_int(json, origin->pid);
	json_key(json, "te");
	json_int(json, origin->duration_ns);
	json_key(json, "tg");
	json_int(json, peak);
}

static void
dhat_write(struct dhat *dhat, const struct origin *origin, int64_t peak)
{
	struct columns_carry carry[DHAT_VALUES] = { { 0 } };
	struct json *json = &dhat->json;

	json_begin_object(json);
	dhat_head(json, origin, peak);
	json_key(json, "pps");
	json_begin_array(json);
	for (size_t i = 0; i < dhat->count; i++)
		dhat_point(dhat, &dhat->points[i], carry);
	json_end_array(json);
	dhat_frames(dhat);
	json_end_object(json);
}

static int
write_dhat(const struct export_options *options, struct query_db *db, FILE *out, struct err *err)
{
	struct stack_paths paths;
	struct origin origin = { .notes = NULL };
	int64_t peak = 0;
	int rc = stack_paths_load(&paths, db, err);

	(void)options;
	if (rc == 0)
		rc = origin_load(&origin, db, err);
	if (rc == 0)
		rc = dhat_peak(db, &peak, err);
	if (rc == 0) {
		struct dhat dhat = { .paths = &paths };

		json_start(&dhat.json, out);
		dhat_collect(&dhat);
		dhat_write(&dhat, &origin, peak);
		map_release(&dhat.map);
		free(dhat.points);
	}
	origin_release(&origin);
	stack_paths_release(&paths);
	return rc;
}

const struct export export_dhat = {
	.name = "dhat",
	.summary = "stacks with the lifetimes of their blocks, for valgrind's dh_view.html",
	.write = write_dhat,
};
