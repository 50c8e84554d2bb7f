#include "config.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "analyzer/escape/wrappers.h"
#include "analyzer/ingest/counted.h"
#include "analyzer/ingest/ingest.h"
#include "analyzer/ingest/ingest_run.h"
#include "analyzer/ingest/sums.h"
#include "analyzer/ingest/write.h"
#include "analyzer/store/store.h"
#include "analyzer/symbol/symbol.h"
#include "analyzer/trace/definitions.h"
#include "analyzer/trace/reader.h"
#include "analyzer/util/json.h"
#include "analyzer/util/names.h"
#include "analyzer/util/strbuf.h"
#include "analyzer/util/xalloc.h"

int64_t
write_clamp(double value)
{
	if (!(value > 0))
		return 0;
	return value < 9e18 ? (int64_t)llround(value) : INT64_MAX;
}

int64_t
write_int(uint64_t value)
{
	return value > INT64_MAX ? INT64_MAX : (int64_t)value;
}

int64_t
write_site_id(const struct ingest_run *run, uint32_t site)
{
	return run->ingest->site_base + site + 1;
}

/* A JSON array of names, which end with a NUL each; the caller frees. */
static char *
write_names(const char *names, size_t size)
{
	struct strbuf name = { 0 };
	char *text = NULL;
	size_t text_size, at = 0, len;
	FILE *out = open_memstream(&text, &text_size);
	struct json json;

	if (out == NULL)
		return xstrdup("[]");
	json_start(&json, out);
	json_begin_array(&json);
	while (at < size) {
		len = strnlen(names + at, size - at);
		strbuf_clear(&name);
		names_escape(&name, names + at, len);
		json_stringn(&json, name.text, name.len);
		at += len + 1;
	}
	json_end_array(&json);
	fclose(out);
	strbuf_release(&name);
	return text;
}

static char *
write_list(const char *const *list, size_t count)
{
	struct strbuf names = { 0 };
	char *text;

	for (size_t i = 0; i < count; i++)
		strbuf_add(&names, list[i], strlen(list[i]) + 1);
	text = write_names(names.text, names.len);
	strbuf_release(&names);
	return text;
}

static char *
write_found(const struct wrappers *wrappers)
{
	size_t found = wrappers_found_count(wrappers), count = 0, i, j;
	const char **names = xcalloc(found + 1, sizeof(*names));
	char *text;

	/* two programs may have one of the same name, and --no-wrapper knows names */
	for (i = 0; i < found; i++) {
		names[count] = wrappers_found_name(wrappers, i);
		for (j = 0; strcmp(names[j], names[count]) != 0; j++)
			;
		count += j == count;
	}
	text = write_list(names, count);
	free(names);
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

struct write_means
write_means(const struct escape *escape)
{
	double allocate = 0, allocates = 0, freed = 0, frees = 0;
	uint32_t i;

	for (i = 0; i < escape->site_count; i++) {
		allocate += escape->sites[i].cost_allocate;
		allocates += escape->sites[i].timed_allocate;
		freed += escape->sites[i].cost_free;
		frees += escape->sites[i].timed_free;
	}
	return (struct write_means){
		.allocate = allocates > 0 ? allocate / allocates : 0,
		.free = frees > 0 ? freed / frees : 0,
	};
}

double
write_cost_allocate(const struct escape_site *site, const struct write_means *means)
{
	/* what a pool's calls took nobody has timed */
	if (site->pool != 0)
		return 0;
	return site->weight *
	    (site->timed_allocate > 0 ? site->cost_allocate / site->timed_allocate
				      : means->allocate);
}

double
write_cost_free(const struct escape_site *site, const struct write_means *means)
{
	if (site->pool != 0)
		return 0;
	return site->freed *
	    (site->timed_free > 0 ? site->cost_free / site->timed_free : means->free);
}

static uint64_t
write_lost(const struct ingest_run *run, const struct esc_counters *all)
{
	uint64_t exact = all->allocations;
	uint64_t seen = run->matched.allocations + run->matched.frees;
	uint64_t lost = all->dropped;

	counted_add(&exact, all->frees);
	/* what was counted while it was read is behind its cut */
	if (run->reader->running)
		return lost;
	/* What a flight recorder has overwritten is not lost: it is over. Nor is what there was
	 * in a pause. */
	if (counted_paused(&run->reader->head.gate)) {
		counted_add(&lost, run->reader->head.early_lost);
		return lost;
	}
	if (run->whole_until == UINT64_MAX && run->reader->head.ring_from == 0 && exact > seen &&
	    exact - seen > lost)
		lost = exact - seen;
	counted_add(&lost, run->reader->head.early_lost);
	return lost;
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

/* When events were lost, as far as the shim has noted it; and why. */
static void
write_lost_when(const struct ingest_run *run, struct store_run *row)
{
	const struct esc_header *head = &run->reader->head;
	uint64_t from = head->lost_from, until = head->lost_until;

	row->lost_why = row->lost != 0 ? reader_lost_why(head) : "";
	/* it is the program's memory: anything may stand there */
	if (row->lost == 0 || from <= head->start.ticks || until < from)
		return;
	row->lost_from_ns = write_clamp((double)(from - head->start.ticks) * run->tick_ns);
	row->lost_until_ns = write_clamp((double)(until - head->start.ticks) * run->tick_ns);
}

/* How much of the duration, at its end, the trace tells of. */
static int64_t
write_window(const struct ingest_run *run)
{
	const struct esc_header *head = &run->reader->head;
	int64_t duration = write_duration(run);
	int64_t before;

	if (head->ring_from <= head->start.ticks)
		return duration;
	before = write_clamp((double)(head->ring_from - head->start.ticks) * run->tick_ns);
	return before < duration ? duration - before : 0;
}

/* What a process that is still paused counts is less the time at which that began. */
static uint64_t
write_own_pauses(const struct esc_header *head)
{
	uint64_t own = head->gate.own + (uint64_t)head->gate.own_closed * head->last.monotonic;
	uint64_t longest;

	if (__builtin_mul_overflow(head->last.monotonic - head->start.monotonic,
		(uint64_t)head->processes + 1, &longest))
		longest = UINT64_MAX;
	return own <= longest ? own : longest;
}

static void
write_pauses(const struct ingest_run *run, struct store_run *row)
{
	const struct esc_header *head = &run->reader->head;
	const struct esc_gate *gate = &head->gate;
	uint64_t paused = gate->paused;

	if (!counted_paused(gate) || head->last.monotonic <= head->start.monotonic)
		return;
	if (gate->closed != 0 && head->last.monotonic > gate->since)
		counted_add(&paused, head->last.monotonic - gate->since);
	counted_add(&paused, write_own_pauses(head));
	row->paused_ns = write_int(paused);
	row->pauses = (int64_t)gate->pauses + gate->own_pauses;
}

/* run.marks */
static void
write_marks(const struct esc_header *head, char *to, size_t room)
{
	char why[128];

	reader_unmarked(head->unmarked, head->runtime, why, sizeof(why));
	if ((head->flags & ESC_FLAG_UNMARKED) == 0)
		snprintf(to, room, "%s", (head->flags & ESC_FLAG_MARKS) != 0 ? "marked" : "");
	else if ((head->flags & ESC_FLAG_MARKS) != 0)
		snprintf(to, room, "marked, but no more from some time on: %s", why);
	else
		snprintf(to, room, "not marked: %s", why);
}

/* What the sampling was, for people: the intervals of nine blocks in ten. */
static void
write_sampling(const struct ingest_run *run, struct store_run *row)
{
	static const char *const modes[] = {
		[ESC_MODE_FULL] = "full",
		[ESC_MODE_SAMPLED] = "sampled",
		[ESC_MODE_AUTO] = "auto",
	};
	const struct esc_header *head = &run->reader->head;
	uint64_t until = run->whole_until;

	row->mode = modes[head->mode];
	row->sample_interval = write_int(head->sample_interval);
	row->interval_low = row->interval_high = row->interval_last = row->sample_interval;
	row->whole = until == UINT64_MAX;
	row->whole_allocations = write_int(run->whole);
	row->whole_ns = row->whole ? row->duration_ns : 0;
	if (head->mode != ESC_MODE_AUTO)
		return;
	/* of which a flight recorder has nothing any more */
	if (!row->whole && until > head->start.ticks && until > head->ring_from)
		row->whole_ns = write_clamp((double)(until - head->start.ticks) * run->tick_ns);
	row->interval_low = write_clamp(rates_quantile(&run->rates, 0.05));
	row->interval_high = write_clamp(rates_quantile(&run->rates, 0.95));
	row->interval_last = write_clamp(run->rates.last);
	row->budget = (double)head->budget / 100;
	row->spent_ns = write_clamp((double)head->spent * run->tick_ns);
}

/* 0: nothing was ever live. */
static int64_t
write_peak_ns(const struct ingest_run *run)
{
	uint64_t start = run->reader->head.start.ticks, time = run->timeline.peak_time;

	return time > start ? write_clamp((double)(time - start) * run->tick_ns) : 0;
}

/* Sums over its threads, and what was made of its events. */
static void
write_counted(const struct ingest_run *run, struct store_run *row)
{
	const struct esc_gate *gate = &run->reader->head.gate;
	const bool whole_run = run->reader->head.ring_from == 0 && !counted_paused(gate);
	struct esc_counters all = counted_totals(run->reader, &run->streams);

	row->allocations = write_int(all.allocations);
	row->frees = write_int(all.frees);
	row->bytes = write_int(all.bytes);
	row->recorded = write_int(run->matched.allocations);
	row->passed = write_int(gate->passed);
	row->lost = write_int(write_lost(run, &all));
	row->cut = write_int(all.cut);
	row->broken = write_int(all.broken);
	row->unmatched_frees = whole_run ? write_int(run->matched.unmatched) : 0;
	row->freed_before = whole_run ? 0 : write_int(run->matched.unmatched);
	row->pool_unmatched = whole_run ? write_int(run->matched.pool_unmatched) : 0;
	row->peak_bytes = write_clamp(run->timeline.peak);
	row->peak_ns = write_peak_ns(run);
	row->threads = run->thread_count;
	row->processes = run->definitions->process_count;
}

/* How much of the trace there was to read, and how far it told which frames stayed. */
static void
write_trusted(const struct ingest_run *run, struct store_run *row)
{
	const struct reader *reader = run->reader;
	struct model_counts counts = run->counts;

	row->complete = (reader->head.flags & ESC_FLAG_COMPLETE) != 0 && !reader->partial;
	row->running = reader->running;
	row->damaged = write_int(reader->damaged);
	row->missing = write_int(reader->missing);
	row->steps = write_int(counts.steps.steps);
	row->steps_over = write_int(counts.steps.over);
	row->steps_proved = write_int(counts.steps.firm);
	row->steps_presumed = write_int(counts.steps.presumed);
	row->steps_unread = write_int(counts.steps.blind);
	row->presumed_local = write_int(run->escape.audit.local);
	row->presumed_wrong = write_int(run->escape.audit.wrong);
}

/* Sums over its sites. */
static void
write_site_sums(const struct ingest_run *run, struct store_run *row)
{
	struct write_means means = write_means(&run->escape);
	double cost = 0;
	uint32_t i;

	for (i = 0; i < run->escape.site_count; i++) {
		const struct escape_site *site = &run->escape.sites[i];

		row->unknown += write_int(site->facts.fates[FATE_UNKNOWN]);
		cost += write_cost_allocate(site, &means) + write_cost_free(site, &means);
	}
	row->cost_ns = write_clamp(cost);
}

int
ingest_write_run_row(const struct ingest_run *run, struct err *err)
{
	const struct esc_header *head = &run->reader->head;
	const struct ingest_options *options = run->ingest->options;
	char *path = realpath(run->reader->path, NULL);
	char *command = write_names(head->command, head->command_len);
	char *wrappers = write_list(options->wrappers, options->wrapper_count);
	char *no_wrappers = write_list(options->no_wrappers, options->no_wrapper_count);
	char *found = write_found(run->ingest->wrappers);
	char start[64], marks[256], session[32] = "";
	struct store_run row = {
		.id = run->id,
		.trace = path != NULL ? path : run->reader->path,
		.command = command,
		.exe = head->exe,
		.pid = head->pid,
		.parent = head->parent,
		.session = session,
		.start = start,
		.duration_ns = write_duration(run),
		.window_ns = write_window(run),
		.stack_limit = write_int(run->ingest->stack_limit),
		.wrappers = wrappers,
		.no_wrappers = no_wrappers,
		.found_wrappers = found,
		.allocator = head->allocator,
		.version = PACKAGE_VERSION,
		.marks = marks,
		.slice_ns = (double)(1ULL << run->cells.shift) * run->tick_ns,
	};
	int status;

	write_date(head->start.realtime, start, sizeof(start));
	write_marks(head, marks, sizeof(marks));
	write_counted(run, &row);
	write_trusted(run, &row);
	write_site_sums(run, &row);
	write_sampling(run, &row);
	write_lost_when(run, &row);
	write_pauses(run, &row);
	if (head->session != 0)
		snprintf(session, sizeof(session), "%012" PRIx64, head->session);
	status = store_add_run(run->ingest->store, &row, err);
	free(path);
	free(command);
	free(wrappers);
	free(no_wrappers);
	free(found);
	return status;
}

/* Where the threads' numbers of this run begin. */
static int64_t
write_thread_id(const struct ingest_run *run, uint32_t thread)
{
	return run->ingest->thread_base + thread;
}

/* Whose number it is; 0: nobody's that is known. */
static int64_t
write_pid(const struct definitions *all, uint32_t process)
{
	return process != 0 && process <= all->process_count ? all->processes[process].pid : 0;
}

int64_t
write_process_id(const struct ingest_run *run, uint32_t process)
{
	return run->ingest->process_base + process;
}

static int
write_processes(const struct ingest_run *run, struct err *err)
{
	const struct esc_header *head = &run->reader->head;
	const struct definitions *all = run->definitions;
	struct store_process row = { .run = run->id };
	uint32_t i;

	for (i = 1; i <= all->process_count; i++) {
		uint64_t started = all->processes[i].started;

		if (all->processes[i].number == 0)
			continue;
		row.id = write_process_id(run, i);
		row.number = i;
		row.pid = all->processes[i].pid;
		row.parent = i == 1 ? head->parent : write_pid(all, all->processes[i].parent);
		row.start_ns = started > head->start.ticks
		    ? write_clamp((double)(started - head->start.ticks) * run->tick_ns)
		    : 0;
		if (store_add_process(run->ingest->store, &row, err) != 0)
			return -1;
	}
	return 0;
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
			.name = definitions_thread_name(all, stream->process, stream->thread),
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
	double begin = (double)(timeline->start - run->reader->head.start.ticks);
	int64_t at, most;
	size_t i;

	row.at = -1;
	for (i = 0; i < timeline->count; i++, slice++) {
		at = write_clamp(
		    (begin + (double)(1ULL << timeline->shift) * (double)(i + 1)) * run->tick_ns);
		/* room for those behind it, whatever times a trace tells of */
		most = INT64_MAX - (int64_t)(timeline->count - i);
		at = at < most ? at : most;
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

int
ingest_write_run(struct ingest_run *run, struct err *err)
{
	struct write_means means = write_means(&run->escape);
	struct sums owners = write_collect_owners(run);
	int status = -1;

	if (write_processes(run, err) == 0 && write_phases(run, err) == 0 &&
	    write_threads(run, err) == 0 && write_thread_pairs(run, err) == 0 &&
	    write_timeline(run, err) == 0 && write_sites(run, &means, &owners, err) == 0 &&
	    write_site_processes(run, err) == 0 && write_paths(run, &means, err) == 0 &&
	    write_path_cells(run, err) == 0 && write_free_paths(run, err) == 0 &&
	    write_contexts(run, err) == 0)
		status = write_owners(run, &owners, err);
	free(owners.list);
	run->ingest->site_base += run->escape.site_count;
	run->ingest->process_base += run->definitions->process_count;
	run->ingest->thread_base += run->thread_count;
	run->ingest->phase_base += run->definitions->phase_names.count;
	return status;
}

static int
write_modules(struct ingest *ingest, struct err *err)
{
	static const char *const states[] = {
		[SYMBOL_UNUSED] = "unused",
		[SYMBOL_DWARF] = "dwarf",
		[SYMBOL_SYMTAB] = "symtab",
		[SYMBOL_PARTIAL] = "partial",
		[SYMBOL_MISSING] = "missing",
		[SYMBOL_MISMATCH] = "mismatch",
		[SYMBOL_UNREADABLE] = "unreadable",
		[SYMBOL_FAILED] = "failed",
		[SYMBOL_SPLIT] = "split",
	};
	static const char *const guards[] = {
		[SYMBOL_GUARD_NONE] = "",
		[SYMBOL_GUARD_LIMITS] = "limits",
		[SYMBOL_GUARD_SECCOMP] = "seccomp",
	};
	const struct logical_module *module;
	const char *debug;
	const char *note;
	char hex[2 * sizeof(module->build_id) + 1];
	uint32_t i, j;

	for (i = 1; i <= ingest->logical.module_count; i++) {
		module = &ingest->logical.modules[i];
		hex[0] = '\0';
		for (j = 0; j < module->build_id_len; j++)
			snprintf(hex + (size_t)2 * j, 3, "%02x", module->build_id[j]);
		debug = symbol_module_debug(ingest->symbol, i - 1);
		note = symbol_module_failure(ingest->symbol, i - 1);
		if (note == NULL)
			note = symbol_module_refused(ingest->symbol, i - 1);
		if (store_add_module(ingest->store,
			&(struct store_module){ .id = i,
			    .path = module->path,
			    .build_id = hex,
			    .symbols = states[symbol_module_state(ingest->symbol, i - 1)],
			    .debug_file = debug != NULL ? debug : "",
			    .code = symbol_code_word(symbol_code_state(ingest->symbol, i - 1)),
			    .confined = guards[symbol_module_guard(ingest->symbol, i - 1)],
			    .note = note != NULL ? note : "" },
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
			    .startup = frame->startup,
			    .tail = frame->tail },
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
