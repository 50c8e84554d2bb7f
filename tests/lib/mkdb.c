/*
 * mkdb OUT [KIND]: a database made by hand. KIND: rich (all ten verdicts, the
 * default), empty (a run without allocations), nothing (allocations, none
 * recorded), hostile (names that would do something), deep (stacks of 1024
 * frames), merged (two runs).
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/store/store.h"
#include "analyzer/util/err.h"

struct made {
	struct store *store;
	struct err err;
	int64_t frames, stacks, sites;
	bool has_contexts;
};

struct spec {
	const char *function, *file;
	int64_t line, column;
	const char *allocator, *verdict;
	int64_t blocks, size, sizes;              /* sizes: distinct */
	int64_t local, up, thread, live, unknown; /* per mille */
	int64_t life;
	int64_t owner_distance;
	const char *counter_fate;
};

static void
need(struct made *made, int rc)
{
	if (rc == 0)
		return;
	fprintf(stderr, "mkdb: %s\n", made->err.text);
	exit(99);
}

static int64_t
add_frame(struct made *made, const char *function, const char *file, int64_t line, int64_t column,
    int64_t module, int64_t wrapper)
{
	struct store_frame frame = { .id = ++made->frames,
		.function = function,
		.symbol = function,
		.file = file,
		.line = line,
		.column = column,
		.module = module,
		.wrapper = wrapper,
		.startup = strcmp(function, "_start") == 0 };

	need(made, store_add_frame(made->store, &frame, &made->err));
	return frame.id;
}

static int64_t
add_stack(struct made *made, int64_t parent, int64_t frame, int64_t depth)
{
	struct store_stack stack = {
		.id = ++made->stacks, .parent = parent, .frame = frame, .depth = depth
	};

	need(made, store_add_stack(made->store, &stack, &made->err));
	return stack.id;
}

static void
add_run(struct made *made, int64_t id, int64_t allocations, int64_t recorded)
{
	struct store_run run = { .id = id,
		.trace = "/tmp/esc.app.4711.esc",
		.command = "[\"./app\",\"--points=1000\",\"a b\"]",
		.exe = "/home/me/app",
		.pid = 4710 + id,
		.session = "",
		.start = "2026-11-20T20:00:00.123456789Z",
		.duration_ns = 1834000000,
		.mode = "full",
		.sample_interval = 1,
		.interval_low = 1,
		.interval_high = 1,
		.interval_last = 1,
		.whole = 1,
		.whole_ns = 1834000000,
		.whole_allocations = recorded,
		.allocations = allocations,
		.frees = allocations ? allocations - 100 : 0,
		.bytes = allocations * 83,
		.recorded = recorded,
		.lost = recorded ? 12 : 0,
		.lost_from_ns = recorded ? 12300000000 : 0,
		.lost_until_ns = recorded ? 15100000000 : 0,
		.lost_why = recorded ? "the disk was full" : "",
		.unknown = recorded ? 310 : 0,
		.cut = recorded ? 7 : 0,
		.broken = recorded ? 3 : 0,
		.peak_bytes = allocations ? 4800000 : 0,
		.peak_ns = allocations ? 700000000 : 0,
		.threads = 3,
		.processes = 1,
		.complete = recorded != 0,
		.stack_limit = 4096,
		.wrappers = "[\"^my_alloc$\"]",
		.no_wrappers = "[]",
		.found_wrappers = "[\"safe_alloc\"]",
		.allocator = "",
		.marks = "",
		.cost_ns = allocations * 61,
		.slice_ns = 33554432,
		.steps = allocations * 2,
		.steps_over = allocations,
		.steps_proved = allocations,
		.steps_presumed = allocations,
		.steps_unread = 5 };

	need(made, store_add_run(made->store, &run, &made->err));
	for (int64_t i = 1; i <= 3; i++) {
		struct store_thread thread = { .id = id * 10 + i,
			.run = id,
			.number = i,
			.process = 1,
			.pid = run.pid,
			.tid = run.pid + i - 1,
			.allocations = i == 1 ? allocations : 0,
			.frees = i == 1 ? allocations : 0,
			.bytes = i == 1 ? run.bytes : 0,
			.lost = 4,
			.name = i == 2 ? "worker" : "" };

		need(made, store_add_thread(made->store, &thread, &made->err));
	}
	need(made,
	    store_add_process(made->store,
		&(struct store_process){ .id = id, .run = id, .number = 1, .pid = 4710 + id },
		&made->err));
	for (int64_t i = 1; i <= 2; i++) {
		struct store_phase phase = { .id = id * 10 + i,
			.run = id,
			.name = i == 1 ? "load" : "\033]0;serve\a",
			.entered = i,
			.first_ns = i * 1000000,
			.time_ns = i * 70000000 };

		need(made, store_add_phase(made->store, &phase, &made->err));
	}
}

static void
add_modules(struct made *made)
{
	const struct store_module modules[] = {
		{ 1, "/home/me/app", "c0ffee00c0ffee00", "dwarf", "", "read", "seccomp", "" },
		{ 2, "/usr/lib/x86_64-linux-gnu/libc.so.6", "0102030405", "symtab", "", "read",
		    "seccomp", "" },
		{ 3, "/opt/plugin.so", "", "missing", "", "missing", "", "" },
		{ 4, "/usr/lib/x86_64-linux-gnu/libm.so.6", "aa", "unused", "", "unused", "", "" },
	};

	for (size_t i = 0; i < sizeof(modules) / sizeof(*modules); i++)
		need(made, store_add_module(made->store, &modules[i], &made->err));
}

static int64_t
octave(int64_t value)
{
	return 63 - __builtin_clzll((unsigned long long)value | 1);
}

static void
add_histograms(struct made *made, const struct store_site *site)
{
	struct store_size_histogram size = { site->id, site->size_min, site->estimated / 2 };
	struct store_life_histogram life = { site->id, site->life_p50, site->estimated };

	need(made, store_add_size_histogram(made->store, &size, &made->err));
	if (site->size_max != site->size_min) {
		size.size = site->size_max;
		need(made, store_add_size_histogram(made->store, &size, &made->err));
	}
	need(made,
	    store_add_size_life(made->store,
		&(struct store_size_life){ .site = site->id,
		    .size = octave(site->size_min),
		    .life = site->life_p50 != STORE_NULL ? octave(site->life_p50) : -1,
		    .blocks = site->estimated,
		    .bytes = site->bytes },
		&made->err));
	if (site->life_p50 != STORE_NULL)
		need(made, store_add_life_histogram(made->store, &life, &made->err));
}

/* Half of the blocks in the first slice by the first thread, a quarter each in later ones
 * by the second, and by those that are not told apart. */
static void
add_cells(struct made *made, const struct store_path *path, int64_t run)
{
	const struct store_path_cell cells[] = {
		{ path->site, path->stack, 0, 41, 0, path->blocks / 4, path->bytes / 4 },
		{ path->site, path->stack, run * 10 + 1, 0, run * 10 + 1, path->blocks / 2,
		    path->bytes / 2 },
		{ path->site, path->stack, run * 10 + 2, 40, run * 10 + 2, path->blocks / 4,
		    path->bytes / 4 },
	};

	for (size_t i = 0; i < sizeof(cells) / sizeof(*cells); i++)
		need(made, store_add_path_cell(made->store, &cells[i], &made->err));
}

static void
add_paths(struct made *made, const struct store_site *site, int64_t caller)
{
	int64_t call = add_frame(made, site->allocator, "", 0, 0, 2, 1);
	struct store_path path = { .site = site->id,
		.stack = add_stack(made, site->stack, call, 5),
		.blocks = site->estimated,
		.bytes = site->bytes,
		.local = (double)site->local,
		.up = (double)site->up,
		.thread = (double)site->thread,
		.live = (double)site->live,
		.unknown = (double)site->unknown,
		.cost = site->cost_allocate + site->cost_free,
		.live_bytes = site->observed > 0
		    ? site->bytes * (double)site->live / (double)site->observed
		    : 0,
		.life = site->life_p50 != STORE_NULL ? site->estimated * (double)site->life_p50 : 0,
		/* as if half of them had lived twice as long, and half not at all */
		.life_squares = site->life_p50 != STORE_NULL
		    ? site->estimated * 2 * (double)site->life_p50 * (double)site->life_p50
		    : 0,
		.peak_blocks = site->peak_blocks,
		.peak_bytes = site->peak_bytes };
	struct store_owner owner = { site->id, site->owner, site->owner_distance,
		site->owner_distance ? "up" : "local", site->observed, site->proved };
	struct store_free_path freed = { site->id, caller, "local", site->estimated };

	need(made, store_add_path(made->store, &path, &made->err));
	add_cells(made, &path, site->run);
	need(made, store_add_free_path(made->store, &freed, &made->err));
	if (site->owner != STORE_NULL)
		need(made, store_add_owner(made->store, &owner, &made->err));
}

/* The site's function calls itself under its own name: what is said by caller must
 * be as harmless as what is said of the site. */
static void
add_contexts(struct made *made, const struct store_site *site, int64_t caller)
{
	struct store_site_context context = { .site = site->id,
		.callers = 1,
		.verdict = "stack",
		.owner = site->owner,
		.owner_distance = site->owner_distance,
		.observed = site->observed / 2,
		.estimated = site->estimated / 2,
		.bytes = site->bytes / 2,
		.local = site->observed / 2,
		.activations = 1,
		.size_min = site->size_min,
		.size_max = site->size_max };

	context.stack = add_stack(made, add_stack(made, 0, site->frame, 1), site->frame, 2);
	need(made, store_add_site_context(made->store, &context, &made->err));
	context.stack = add_stack(made, caller, site->frame, 1);
	context.verdict = "heap";
	need(made, store_add_site_context(made->store, &context, &made->err));
}

static void
add_site(struct made *made, int64_t run, const struct spec *spec, int64_t stack, int64_t caller,
    int64_t frame)
{
	int64_t n = spec->blocks;
	struct store_site site = { .id = ++made->sites,
		.run = run,
		.frame = frame,
		.allocator = spec->allocator,
		.container = "",
		.verdict = spec->verdict,
		.owner = spec->owner_distance < 0 ? STORE_NULL : frame,
		.owner_distance = spec->owner_distance,
		.observed = n,
		.estimated = (double)n,
		.estimated_low = (double)n,
		.estimated_high = (double)n,
		.bytes = (double)(n * spec->size),
		.up = n * spec->up / 1000,
		.thread = n * spec->thread / 1000,
		.live = n * spec->live / 1000,
		.unknown = n * spec->unknown / 1000,
		.unknown_why = spec->unknown ? "{\"stack cut\":40}" : "{}",
		.activations = n / 10 + 1,
		.threads = 1,
		.peak_blocks = (double)(n / 3),
		.peak_bytes = (double)(n / 3 * spec->size),
		.size_min = spec->size,
		.size_max = spec->size * spec->sizes,
		.size_p50 = spec->size,
		.size_p99 = spec->size * spec->sizes,
		.size_distinct = spec->sizes,
		.life_min = spec->life < 0 ? STORE_NULL : spec->life / 2,
		.life_p50 = spec->life < 0 ? STORE_NULL : spec->life,
		.life_p90 = spec->life < 0 ? STORE_NULL : spec->life * 2,
		.life_p99 = spec->life < 0 ? STORE_NULL : spec->life * 4,
		.life_max = spec->life < 0 ? STORE_NULL : spec->life * 50,
		.cost_allocate = (double)n * 31.5,
		.cost_free = (double)n * 19.25,
		.timed = n / 64,
		.escape_upper = n ? 3.0 / (double)n : 1,
		.capacity = spec->size * spec->sizes,
		.stack = stack,
		.counter_fate = spec->counter_fate,
		.counter_stack = spec->counter_fate ? caller : STORE_NULL };

	site.local = n - site.up - site.thread - site.live - site.unknown;
	site.proved = site.local / 2 + site.up;
	site.inferred = site.local - site.local / 2;
	need(made, store_add_site(made->store, &site, &made->err));
	need(made,
	    store_add_site_process(
		made->store, &(struct store_site_process){ site.id, run }, &made->err));
	add_histograms(made, &site);
	add_paths(made, &site, caller);
	if (made->has_contexts)
		add_contexts(made, &site, caller);
}

static void
add_specs(struct made *made, int64_t run, const struct spec *specs, size_t count, int64_t levels)
{
	int64_t frame = add_frame(made, "_start", "", 0, 0, 1, 0);
	int64_t stack = add_stack(made, 0, frame, 1);
	int64_t caller;

	frame = add_frame(made, "main", "src/main.c", 12, 9, 1, 0);
	stack = add_stack(made, stack, frame, 2);
	frame = add_frame(made, "work", "src/main.c", 40, 3, 1, 0);
	stack = add_stack(made, stack, frame, 3);
	for (int64_t i = 0; i < levels; i++)
		stack = add_stack(made, stack, frame, 4 + i);
	caller = stack;
	for (size_t i = 0; i < count; i++) {
		int64_t leaf;

		frame = add_frame(
		    made, specs[i].function, specs[i].file, specs[i].line, specs[i].column, 1, 0);
		leaf = add_stack(made, caller, frame, 4 + levels);
		add_site(made, run, &specs[i], leaf, caller, frame);
	}
}

#define SITE(function, file, line, allocator, verdict) function, file, line, 14, allocator, verdict

static const struct spec rich[] = {
	{ SITE("geo::new_point", "src/point.c", 7, "malloc", "stack"), 1204332, 16, 1, 1000, 0, 0,
	    0, 0, 83, 0, NULL },
	{ SITE("read_line", "src/read.c", 31, "realloc", "buffer"), 88000, 80, 3, 1000, 0, 0, 0, 0,
	    2100, 0, NULL },
	{ SITE("make_node", "src/tree.c", 19, "malloc", "caller"), 44000, 24, 1, 0, 1000, 0, 0, 0,
	    1900, 1, "up" },
	{ SITE("load_page", "src/page.c", 55, "malloc", "reuse"), 9000, 65536, 1, 1000, 0, 0, 0, 0,
	    41000, 0, NULL },
	{ SITE("open_log", "src/log.c", 8, "malloc", "large"), 1, 1 << 20, 1, 1000, 0, 0, 0, 0,
	    900000000, 0, NULL },
	{ SITE("parse", "src/parse.c", 210, "malloc", "mixed"), 30000, 48, 2, 960, 40, 0, 0, 0, 300,
	    5, "up" },
	{ SITE("keep", "src/table.c", 90, "calloc", "heap"), 12000, 128, 1, 300, 700, 0, 0, 0,
	    60000000, 6, "up" },
	{ SITE("queue_push", "src/queue.c", 44, "malloc", "thread"), 25000, 40, 1, 0, 0, 1000, 0, 0,
	    5000000, -1, "thread" },
	{ SITE("config_init", "src/config.c", 5, "strdup", "live"), 400, 20, 4, 0, 0, 0, 1000, 0,
	    -1, -1, "live" },
	{ SITE("callback", "", 0, "malloc", "unknown"), 2000, 32, 1, 500, 0, 0, 0, 500, 1000, -1,
	    NULL },
};

static const struct spec hostile[] = {
	{ SITE("\033]0;title\007\033[2Jclear", "/tmp/\033[31mred.c", 1, "malloc", "stack"), 1000,
	    16, 1, 1000, 0, 0, 0, 0, 83, 0, NULL },
	{ SITE("<script>alert(1)</script>&amp;\"'", "a&b<c>.c", 2, "malloc", "stack"), 1000, 16, 1,
	    1000, 0, 0, 0, 0, 83, 0, NULL },
	{ SITE("=cmd|' /C calc'!A0", "@SUM(1)", 3, "malloc", "stack"), 1000, 16, 1, 1000, 0, 0, 0,
	    0, 83, 0, NULL },
	{ SITE("semi;colon new\nline 99\rx\ty", "+x\n.c", 4, "malloc", "stack"), 1000, 16, 1, 1000,
	    0, 0, 0, 0, 83, 0, NULL },
	{ SITE("bad \xff\xc0\x80 utf8 \xed\xa0\x80 \xef\xbf\xbe", "-\x80.c", 5, "malloc", "stack"),
	    1000, 16, 1, 1000, 0, 0, 0, 0, 83, 0, NULL },
	{ SITE("bidi \xe2\x80\xae evil \xe2\x80\x8b zero \xc2\x9b c1", "/etc/passwd", 1, "malloc",
	      "stack"),
	    1000, 16, 1, 1000, 0, 0, 0, 0, 83, 0, NULL },
	{ SITE("\x01\x0b\x0c\x1f]]>--><!--%s%n\xf0\x9f\x98\x80", "/dev/zero", 1, "malloc", "stack"),
	    1000, 16, 1, 1000, 0, 0, 0, 0, 83, 0, "up" },
	{ SITE("back\\x41slash \xe2\x80\xa8 ls", "/dev/tty", 1, "malloc", "heap"), 1000, 16, 1,
	    1000, 0, 0, 0, 0, 83, 0, "up" },
};

static void
add_kind(struct made *made, const char *kind)
{
	size_t count = sizeof(rich) / sizeof(*rich);

	add_modules(made);
	if (strcmp(kind, "empty") == 0) {
		add_run(made, 1, 0, 0);
	} else if (strcmp(kind, "nothing") == 0) {
		add_run(made, 1, 5000, 0);
	} else if (strcmp(kind, "hostile") == 0) {
		add_run(made, 1, 8000, 8000);
		made->has_contexts = true;
		add_specs(made, 1, hostile, sizeof(hostile) / sizeof(*hostile), 0);
	} else if (strcmp(kind, "deep") == 0) {
		add_run(made, 1, 1416733, 1416733);
		add_specs(made, 1, rich, count, 1020);
	} else {
		add_run(made, 1, 1416733, 1416733);
		add_specs(made, 1, rich, count, 0);
	}
	if (strcmp(kind, "merged") == 0) {
		add_run(made, 2, 1416733, 1416733);
		add_specs(made, 2, rich, count, 0);
	}
}

int
main(int argc, char **argv)
{
	struct made made = { 0 };

	if (argc < 2)
		return 99;
	made.store = store_create(argv[1], NULL, &made.err);
	if (!made.store)
		need(&made, -1);
	add_kind(&made, argc > 2 ? argv[2] : "rich");
	need(&made, store_commit(made.store, &made.err));
	store_free(made.store);
	return 0;
}
