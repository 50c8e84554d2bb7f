/* For speedscope: one profile for each metric, of the same stacks. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "analyzer/export/columns.h"
#include "analyzer/export/export.h"
#include "analyzer/export/origin.h"
#include "analyzer/export/path_facts.h"
#include "analyzer/export/stack_paths.h"
#include "analyzer/export/tree.h"
#include "analyzer/util/json.h"
#include "analyzer/util/strbuf.h"
#include "analyzer/util/xalloc.h"

enum metric {
	METRIC_BLOCKS,
	METRIC_BYTES,
	METRIC_STACKABLE_BLOCKS,
	METRIC_STACKABLE_BYTES,
	METRIC_COST,
	METRIC_LIVE,
	METRIC_LIVE_BYTES,
	METRICS
};

static const struct {
	const char *name; /* as --metric has it */
	const char *title, *unit;
} metrics[METRICS] = {
	[METRIC_BLOCKS] = { "blocks", "blocks allocated", "none" },
	[METRIC_BYTES] = { "bytes", "bytes allocated", "bytes" },
	[METRIC_STACKABLE_BLOCKS] = { "stackable-blocks", "blocks that need not be on the heap",
	    "none" },
	[METRIC_STACKABLE_BYTES] = { "stackable-bytes", "bytes that need not be on the heap",
	    "bytes" },
	[METRIC_COST] = { "cost", "time in malloc and free", "nanoseconds" },
	[METRIC_LIVE] = { "", "blocks that are live at the end", "none" },
	[METRIC_LIVE_BYTES] = { "", "bytes that are live at the end", "bytes" },
};

struct scope {
	struct json json;
	const struct stack_paths *paths;
	int64_t *weights;  /* by path, of the metric at hand */
	uint32_t *numbers; /* of frames, innermost first */
	size_t number_cap;
};

static double
scope_value(const struct path_fact *fact, size_t metric)
{
	switch (metric) {
	case METRIC_BLOCKS: return fact->blocks;
	case METRIC_BYTES: return fact->bytes;
	case METRIC_STACKABLE_BLOCKS: return fact->blocks * fact->share;
	case METRIC_STACKABLE_BYTES: return fact->bytes * fact->share;
	case METRIC_COST: return fact->cost;
	case METRIC_LIVE: return fact->live;
	default: return fact->live_bytes;
	}
}

static void
scope_member(struct json *json, const char *key, const char *text)
{
	json_key(json, key);
	json_string(json, text);
}

static void
scope_frames(struct scope *scope)
{
	const struct stack_paths *paths = scope->paths;
	const struct paths_frames *frames = &paths->frames;
	struct json *json = &scope->json;

	json_key(json, "frames");
	json_begin_array(json);
	for (size_t i = 0; i < frames->count; i++) {
		const char *name = paths->names.list[frames->name[i]];
		const char *file = paths->files.list[frames->file[i]];

		json_begin_object(json);
		scope_member(json, "name", *name ? name : "??");
		/* speedscope shows it as where the function is */
		scope_member(json, "file", *file ? file : paths->modules.list[frames->module[i]]);
		if (frames->line[i] > 0) {
			json_key(json, "line");
			json_int(json, frames->line[i]);
		}
		if (frames->line[i] > 0 && frames->column[i] > 0) {
			json_key(json, "col");
			json_int(json, frames->column[i]);
		}
		json_end_object(json);
	}
	json_end_array(json);
}

/* The stack of a path, outermost first. */
static void
scope_stack(struct scope *scope, size_t path)
{
	const struct stack_paths *paths = scope->paths;
	struct json *json = &scope->json;
	size_t count = 0;

	for (uint32_t node = paths->node[path]; node != 0; node = paths->parent[node]) {
		scope->numbers =
		    xgrow(scope->numbers, &scope->number_cap, count + 1, sizeof(*scope->numbers));
		scope->numbers[count++] = paths->frame[node];
	}
	json_begin_array(json);
	while (count > 0)
		json_uint(json, scope->numbers[--count]);
	json_end_array(json);
}

static void
scope_profile(struct scope *scope, size_t metric, const char *notes)
{
	const struct stack_paths *paths = scope->paths;
	struct json *json = &scope->json;
	struct columns_carry carry = { 0 };
	struct strbuf name = { 0 };

	for (size_t i = 0; i < paths->count; i++)
		scope->weights[i] = columns_carry(&carry, scope_value(&paths->facts[i], metric));
	strbuf_addf(&name, "%s%s", metrics[metric].title, notes);
	json_begin_object(json);
	scope_member(json, "type", "sampled");
	scope_member(json, "name", name.text);
	scope_member(json, "unit", metrics[metric].unit);
	json_key(json, "startValue");
	json_int(json, 0);
	json_key(json, "endValue");
	json_int(json, carry.told);
	json_key(json, "samples");
	json_begin_array(json);
	for (size_t i = 0; i < paths->count; i++) {
		if (scope->weights[i] > 0)
			scope_stack(scope, i);
	}
	json_end_array(json);
	json_key(json, "weights");
	json_begin_array(json);
	for (size_t i = 0; i < paths->count; i++) {
		if (scope->weights[i] > 0)
			json_int(json, scope->weights[i]);
	}
	json_end_array(json);
	json_end_object(json);
	strbuf_release(&name);
}

static void
scope_write(struct scope *scope, const struct origin *origin, const struct export_options *options)
{
	struct json *json = &scope->json;
	struct strbuf notes = { 0 };
	size_t chosen = 0;

	strbuf_adds(&notes, "");
	for (size_t i = 0; i < origin->note_count; i++)
		strbuf_addf(&notes, "%s%s%s", i == 0 ? " (" : "; ", origin->notes[i],
		    i + 1 == origin->note_count ? ")" : "");
	json_begin_object(json);
	scope_member(json, "$schema", "https://www.speedscope.app/file-format-schema.json");
	scope_member(json, "name", origin->command ? origin->command : "");
	scope_member(json, "exporter", "esc@" PACKAGE_VERSION);
	json_key(json, "shared");
	json_begin_object(json);
	scope_frames(scope);
	json_end_object(json);
	json_key(json, "profiles");
	json_begin_array(json);
	for (size_t i = 0; i < METRICS; i++) {
		scope_profile(scope, i, notes.text);
		if (strcmp(metrics[i].name, options->metric->name) == 0)
			chosen = i;
	}
	json_end_array(json);
	json_key(json, "activeProfileIndex");
	json_uint(json, chosen);
	json_end_object(json);
	strbuf_release(&notes);
}

static int
write_speedscope(
    const struct export_options *options, struct query_db *db, FILE *out, struct err *err)
{
	struct stack_paths paths;
	struct origin origin = { .notes = NULL };
	int rc = stack_paths_load(&paths, db, err);

	if (rc == 0)
		rc = origin_load(&origin, db, err);
	if (rc == 0) {
		struct scope scope = { .paths = &paths };

		scope.weights = xcalloc(paths.count + 1, sizeof(*scope.weights));
		json_start(&scope.json, out);
		scope_write(&scope, &origin, options);
		free(scope.weights);
		free(scope.numbers);
	}
	origin_release(&origin);
	stack_paths_release(&paths);
	return rc;
}

const struct export export_speedscope = {
	.name = "speedscope",
	.summary = "stacks by every metric, for speedscope",
	.write = write_speedscope,
};
