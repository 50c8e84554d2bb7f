/*
 * For callgrind_annotate and KCachegrind: what each line allocates itself, and what those
 * that it calls do. What a call costs with all below it is told at the outermost call of a
 * function on a stack alone, so that the calls of a function come to what it costs, also
 * where it calls itself.
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
#include "analyzer/util/map.h"
#include "analyzer/util/strbuf.h"
#include "analyzer/util/term.h"
#include "analyzer/util/xalloc.h"

enum {
	CALLGRIND_BLOCKS,
	CALLGRIND_BYTES,
	CALLGRIND_STACKABLE_BLOCKS,
	CALLGRIND_STACKABLE_BYTES,
	CALLGRIND_COST,
	CALLGRIND_EVENTS
};

static const char *const titles[CALLGRIND_EVENTS][2] = {
	{ "Blocks", "blocks allocated" },
	{ "Bytes", "bytes allocated" },
	{ "StackableBlocks", "blocks that need not be on the heap" },
	{ "StackableBytes", "bytes that need not be on the heap" },
	{ "Cost", "nanoseconds in malloc and free" },
};

/* Function 0 calls all that a stack begins with; nobody calls it, so that as a callee it
 * stands for the line itself. */
struct callgrind_function {
	uint32_t name, file, module; /* of the texts */
	uint32_t twin;   /* the first of that name and file, which a reader takes for the same */
	uint32_t active; /* of a twin: how often it stands on the stack at hand */
	int64_t line;    /* the first that is known; 0: none */
	bool is_named;   /* in the file */
};

struct callgrind_row {
	uint32_t caller, callee;
	int64_t line; /* in the caller */
	int64_t calls;
	int64_t values[CALLGRIND_EVENTS];
};

struct callgrind_node {
	uint32_t child, next; /* 0: none */
	int64_t self[CALLGRIND_EVENTS], total[CALLGRIND_EVENTS];
};

struct callgrind {
	struct stack_paths paths;
	struct callgrind_function *functions;
	size_t function_count, function_cap;
	struct map function_map;
	uint32_t *of_frame; /* function, by frame */
	struct callgrind_node *nodes;
	struct map row_map;
	struct callgrind_row *rows;
	size_t row_count, row_cap;
	bool *files, *modules; /* by text: it has its number in the file */
};

static uint32_t
callgrind_function(struct callgrind *callgrind, uint32_t name, uint32_t file, uint32_t module)
{
	struct map_key key = { name, ((uint64_t)file << 32) | (module + 1) };
	struct map_key twin_key = { name, (uint64_t)file << 32 };
	uint32_t number = (uint32_t)callgrind->function_count;
	bool is_fresh;
	uint64_t *at = map_insert(&callgrind->function_map, key, &is_fresh);

	if (!is_fresh)
		return (uint32_t)*at;
	*at = number;
	at = map_insert(&callgrind->function_map, twin_key, &is_fresh);
	if (is_fresh)
		*at = number;
	callgrind->functions = xgrow(callgrind->functions, &callgrind->function_cap,
	    callgrind->function_count + 1, sizeof(*callgrind->functions));
	callgrind->functions[callgrind->function_count++] = (struct callgrind_function){
		.name = name, .file = file, .module = module, .twin = (uint32_t)*at
	};
	return number;
}

static void
callgrind_functions(struct callgrind *callgrind)
{
	const struct paths_frames *frames = &callgrind->paths.frames;

	/* names no text has: UINT32_MAX */
	callgrind_function(callgrind, UINT32_MAX, UINT32_MAX, UINT32_MAX - 1);
	callgrind->of_frame = xcalloc(frames->count + 1, sizeof(*callgrind->of_frame));
	for (size_t i = 0; i < frames->count; i++) {
		uint32_t number = callgrind_function(
		    callgrind, frames->name[i], frames->file[i], frames->module[i]);
		struct callgrind_function *function = &callgrind->functions[number];

		callgrind->of_frame[i] = number;
		if (frames->line[i] > 0 &&
		    (function->line == 0 || frames->line[i] < function->line))
			function->line = frames->line[i];
	}
}

/* What is allocated at each node, and with all below; and who stands below whom. */
static void
callgrind_nodes(struct callgrind *callgrind)
{
	const struct stack_paths *paths = &callgrind->paths;
	struct columns_carry carry[CALLGRIND_EVENTS] = { { 0 } };
	struct callgrind_node *nodes = xcalloc(paths->node_count, sizeof(*nodes));

	callgrind->nodes = nodes;
	for (size_t i = 0; i < paths->count; i++) {
		const struct path_fact *fact = &paths->facts[i];
		const double values[CALLGRIND_EVENTS] = { fact->blocks, fact->bytes,
			fact->blocks * fact->share, fact->bytes * fact->share, fact->cost };

		for (size_t e = 0; e < CALLGRIND_EVENTS; e++)
			nodes[paths->node[i]].self[e] += columns_carry(&carry[e], values[e]);
	}
	for (size_t i = paths->node_count; i-- > 0;) {
		uint32_t parent = paths->parent[i];

		for (size_t e = 0; e < CALLGRIND_EVENTS; e++)
			nodes[i].total[e] += nodes[i].self[e];
		if (i == 0)
			break;
		for (size_t e = 0; e < CALLGRIND_EVENTS; e++)
			nodes[parent].total[e] += nodes[i].total[e];
		nodes[i].next = nodes[parent].child;
		nodes[parent].child = (uint32_t)i;
	}
}

static uint32_t
callgrind_of_node(const struct callgrind *callgrind, uint32_t node)
{
	return node == 0 ? 0 : callgrind->of_frame[callgrind->paths.frame[node]];
}

static int64_t
callgrind_line(const struct callgrind *callgrind, uint32_t node)
{
	int64_t line = node == 0 ? 0 : callgrind->paths.frames.line[callgrind->paths.frame[node]];

	return line > 0 ? line : 0;
}

/* values: NULL: none. */
static void
callgrind_add(struct callgrind *callgrind, uint32_t node, uint32_t callee, int64_t calls,
    const int64_t *values)
{
	uint32_t caller = callgrind_of_node(callgrind, node);
	int64_t line = callgrind_line(callgrind, node);
	struct map_key key = { (uint64_t)caller << 32 | callee, (uint64_t)line };
	bool is_fresh;
	uint64_t *at = map_insert(&callgrind->row_map, key, &is_fresh);
	struct callgrind_row *row;

	if (is_fresh) {
		*at = callgrind->row_count;
		callgrind->rows = xgrow(callgrind->rows, &callgrind->row_cap,
		    callgrind->row_count + 1, sizeof(*callgrind->rows));
		callgrind->rows[callgrind->row_count++] =
		    (struct callgrind_row){ .caller = caller, .callee = callee, .line = line };
	}
	row = &callgrind->rows[*at];
	row->calls += calls;
	for (size_t e = 0; e < CALLGRIND_EVENTS && values; e++)
		row->values[e] += values[e];
}

static void
callgrind_enter(struct callgrind *callgrind, uint32_t node)
{
	const struct callgrind_node *at = &callgrind->nodes[node];
	uint32_t number = callgrind_of_node(callgrind, node);
	struct callgrind_function *twin = &callgrind->functions[callgrind->functions[number].twin];

	if (node != 0)
		callgrind_add(callgrind, callgrind->paths.parent[node], number,
		    at->total[CALLGRIND_BLOCKS], twin->active == 0 ? at->total : NULL);
	callgrind_add(callgrind, node, 0, 0, at->self);
	twin->active++;
}

/* All nodes, each between its parent and what stands below it. */
static void
callgrind_rows(struct callgrind *callgrind)
{
	const struct callgrind_node *nodes = callgrind->nodes;
	uint32_t node = 0;

	callgrind_enter(callgrind, 0);
	for (;;) {
		if (nodes[node].child != 0) {
			node = nodes[node].child;
			callgrind_enter(callgrind, node);
			continue;
		}
		for (;; node = callgrind->paths.parent[node]) {
			uint32_t number = callgrind_of_node(callgrind, node);

			callgrind->functions[callgrind->functions[number].twin].active--;
			if (node == 0)
				return;
			if (nodes[node].next != 0)
				break;
		}
		node = nodes[node].next;
		callgrind_enter(callgrind, node);
	}
}

static int
callgrind_compare(const void *left, const void *right)
{
	const struct callgrind_row *a = left;
	const struct callgrind_row *b = right;

	if (a->caller != b->caller)
		return a->caller < b->caller ? -1 : 1;
	if (a->line != b->line)
		return a->line < b->line ? -1 : 1;
	return a->callee < b->callee ? -1 : a->callee > b->callee;
}

/* A name to the end of its line. Readers drop blanks around it. */
static void
callgrind_text(FILE *out, const char *text)
{
	struct strbuf line = { 0 };
	size_t len = strlen(text);
	bool is_last = len > 1 && text[len - 1] == ' ';

	if (*text == ' ') {
		strbuf_adds(&line, "\\x20");
		text++;
		len--;
	}
	term_escape(&line, text, is_last ? len - 1 : len);
	strbuf_adds(&line, is_last ? "\\x20" : "");
	fprintf(out, "%s\n", line.len > 0 ? line.text : "???");
	strbuf_release(&line);
}

/* What has been named once is its number. */
static void
callgrind_name(FILE *out, const char *what, uint32_t number, const char *name, bool *is_named)
{
	fprintf(out, "%s=(%u)", what, number + 1);
	if (*is_named) {
		putc('\n', out);
		return;
	}
	*is_named = true;
	putc(' ', out);
	callgrind_text(out, name);
}

/* The function's name and where it is; who: "c" of one that is called by `caller`, of which
 * only what differs is told. */
static void
callgrind_position(struct callgrind *callgrind, FILE *out, const char *who, uint32_t number,
    const struct callgrind_function *caller)
{
	struct callgrind_function *function = &callgrind->functions[number];
	bool has_place = number != 0;
	char what[4] = "";

	if (has_place && (!caller || caller->module != function->module)) {
		snprintf(what, sizeof(what), "%sob", who);
		callgrind_name(out, what, function->module,
		    callgrind->paths.modules.list[function->module],
		    &callgrind->modules[function->module]);
	}
	if (has_place && (!caller || caller->file != function->file)) {
		snprintf(what, sizeof(what), "%sfl", who);
		callgrind_name(out, what, function->file,
		    callgrind->paths.files.list[function->file], &callgrind->files[function->file]);
	}
	if (!has_place)
		fputs("fl=???\n", out);
	snprintf(what, sizeof(what), "%sfn", who);
	callgrind_name(out, what, number,
	    number == 0 ? "(all stacks)" : callgrind->paths.names.list[function->name],
	    &function->is_named);
}

static void
callgrind_values(FILE *out, const int64_t *values)
{
	for (size_t e = 0; e < CALLGRIND_EVENTS; e++)
		fprintf(out, " %lld", (long long)values[e]);
	putc('\n', out);
}

static bool
callgrind_is_empty(const struct callgrind_row *row)
{
	int64_t sum = 0;

	for (size_t e = 0; e < CALLGRIND_EVENTS; e++)
		sum |= row->values[e];
	return sum == 0 && row->calls == 0;
}

static void
callgrind_write_rows(struct callgrind *callgrind, FILE *out)
{
	uint32_t caller = UINT32_MAX;

	qsort(callgrind->rows, callgrind->row_count, sizeof(*callgrind->rows), callgrind_compare);
	for (size_t i = 0; i < callgrind->row_count; i++) {
		const struct callgrind_row *row = &callgrind->rows[i];

		if (callgrind_is_empty(row))
			continue;
		if (row->caller != caller) {
			putc('\n', out);
			callgrind_position(callgrind, out, "", row->caller, NULL);
		}
		caller = row->caller;
		if (row->callee != 0) {
			callgrind_position(
			    callgrind, out, "c", row->callee, &callgrind->functions[caller]);
			/* a reader takes what is called no times for the line's own */
			fprintf(out, "calls=%lld %lld\n",
			    (long long)(row->calls > 0 ? row->calls : 1),
			    (long long)callgrind->functions[row->callee].line);
		}
		fprintf(out, "%lld", (long long)row->line);
		callgrind_values(out, row->values);
	}
}

static void
callgrind_head(const struct origin *origin, FILE *out)
{
	fputs("# callgrind format\nversion: 1\ncreator: esc-" PACKAGE_VERSION "\n", out);
	fprintf(out, "pid: %lld\ncmd: ", (long long)origin->pid);
	callgrind_text(out, origin->command ? origin->command : "");
	fputs("part: 1\n\ndesc: a call counts the blocks that were allocated below it\n"
	      "desc: what is below a call of a function that stands on the stack already is\n"
	      "desc: counted at its outermost call alone\n",
	    out);
	for (size_t i = 0; i < origin->note_count; i++) {
		fputs("desc: ", out);
		callgrind_text(out, origin->notes[i]);
	}
	fputs("\npositions: line\n", out);
	for (size_t e = 0; e < CALLGRIND_EVENTS; e++)
		fprintf(out, "event: %s : %s\n", titles[e][0], titles[e][1]);
	fputs("events:", out);
	for (size_t e = 0; e < CALLGRIND_EVENTS; e++)
		fprintf(out, " %s", titles[e][0]);
	putc('\n', out);
}

static void
callgrind_write(struct callgrind *callgrind, const struct origin *origin, FILE *out)
{
	callgrind_functions(callgrind);
	callgrind_nodes(callgrind);
	callgrind_rows(callgrind);
	callgrind->files = xcalloc(callgrind->paths.files.count + 1, sizeof(bool));
	callgrind->modules = xcalloc(callgrind->paths.modules.count + 1, sizeof(bool));
	callgrind_head(origin, out);
	fputs("summary:", out);
	callgrind_values(out, callgrind->nodes[0].total);
	callgrind_write_rows(callgrind, out);
	fputs("\ntotals:", out);
	callgrind_values(out, callgrind->nodes[0].total);
}

static int
write_callgrind(
    const struct export_options *options, struct query_db *db, FILE *out, struct err *err)
{
	struct callgrind callgrind = { .function_count = 0 };
	struct origin origin;
	int rc = origin_load(&origin, db, err);

	(void)options;
	if (rc == 0)
		rc = stack_paths_load(&callgrind.paths, db, err);
	if (rc == 0)
		callgrind_write(&callgrind, &origin, out);
	origin_release(&origin);
	stack_paths_release(&callgrind.paths);
	map_release(&callgrind.function_map);
	map_release(&callgrind.row_map);
	free(callgrind.functions);
	free(callgrind.of_frame);
	free(callgrind.nodes);
	free(callgrind.rows);
	free(callgrind.files);
	free(callgrind.modules);
	return rc;
}

const struct export export_callgrind = {
	.name = "callgrind",
	.extension = "callgrind",
	.summary = "for callgrind_annotate and KCachegrind",
	.write = write_callgrind,
};
