#include "analyzer/ingest/ingest.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "analyzer/escape/discover.h"
#include "analyzer/escape/wrappers.h"
#include "analyzer/ingest/calibration.h"
#include "analyzer/ingest/counted.h"
#include "analyzer/ingest/ingest_run.h"
#include "analyzer/ingest/pipe.h"
#include "analyzer/store/store.h"
#include "analyzer/symbol/symbol.h"
#include "analyzer/trace/definitions.h"
#include "analyzer/trace/reader.h"
#include "analyzer/util/err.h"
#include "analyzer/util/xalloc.h"

enum {
	INGEST_ROUNDS = 2,      /* that may find wrappers */
	INGEST_AHEAD = 12,      /* events: by then a block is in the cache */
	INGEST_REST = 24 << 20, /* what takes memory whatever the trace */
};

static struct place
ingest_place(void *data, uint32_t pc)
{
	struct ingest_run *run = data;

	return steps_place(&run->escape.steps, pc);
}

static struct place_code
ingest_code(void *data, uint32_t pc)
{
	struct ingest_run *run = data;

	return steps_code(&run->escape.steps, pc);
}

static struct place_step
ingest_step(void *data, uint32_t from, uint32_t to)
{
	struct ingest_run *run = data;

	return steps_step(&run->escape.steps, from, to);
}

static uint32_t
ingest_tails(void *data, uint32_t node)
{
	struct ingest_run *run = data;

	return steps_tails(&run->escape.steps, node);
}

static void
ingest_begin(void *data, struct model_block *block)
{
	struct ingest_run *run = data;
	double drawn = (double)block->weight;

	escape_begin(&run->escape, block);
	/* nobody counted those of pools */
	if (run->calibration != NULL && !decode_is_pools(block->kind))
		block->weight =
		    (float)calibration_weight(run->calibration, (double)block->size, drawn);
	cells_add(&run->cells,
	    &(struct cells_blocks){ .time = block->begin,
		.path = block->tag,
		.stream = block->stream,
		.phase = definitions_phase_at(
		    run->definitions, run->streams.list[block->stream].process, block->begin),
		.size = (double)block->size,
		.weight = (double)block->weight });
	peaks_add(&run->peaks, block->tag, run->timeline.reached, (double)block->weight,
	    (double)block->size * (double)block->weight);
	/* its memory is the malloc family's, which is counted */
	if (decode_is_pools(block->kind))
		return;
	timeline_add(&run->timeline, block->begin, (double)block->size, (double)block->weight);
	if (run->reader->head.mode == ESC_MODE_AUTO)
		rates_add(&run->rates, block->size, run->reader->head.sample_bias, drawn);
	run->whole += block->begin <= run->whole_until;
}

static void
ingest_count_pair(struct ingest_run *run, uint32_t from, uint32_t to, double weight)
{
	struct map_key key = { from, to };
	double sum;

	/* most blocks stay within one thread, which frees many in a row */
	if (run->pair == NULL || run->pair_key.hi != from || run->pair_key.lo != to) {
		run->pair = map_insert(&run->pairs, key, NULL);
		run->pair_key = key;
	}
	memcpy(&sum, run->pair, sizeof(sum));
	sum += weight;
	memcpy(run->pair, &sum, sizeof(sum));
}

/* Tells who asks. */
static void
ingest_block(struct ingest_run *run, const struct model_end *end, struct escape_fate fate)
{
	const struct ingest_options *options = run->ingest->options;
	const struct escape *escape = &run->escape;
	const struct escape_path *path = &escape->paths[end->block->tag];
	struct ingest_block block = {
		.seq = end->block->seq,
		.address = end->block->address,
		.size = end->block->size,
		.fate = fate.fate,
		.proved = fate.proved,
		.levels = path->levels,
		.site_levels = path->site_levels,
		.owner_levels = end->shared < path->levels ? end->shared : path->levels,
		.distance = fate.distance,
		.frame = escape->sites[path->site].frame,
		.site = &escape->places.logical->frames[escape->sites[path->site].frame],
	};

	options->block(options->block_data, &block);
}

static void
ingest_end(void *data, const struct model_end *end)
{
	struct ingest_run *run = data;
	uint32_t from = run->threads[end->block->stream];
	double weight = (double)end->block->weight;
	struct escape_fate fate;

	fate = escape_end(&run->escape, end, from);
	/* in a sample the second half may not be there */
	if (end->realloced && run->reader->head.mode != ESC_MODE_FULL)
		escape_realloced(&run->escape, end->block->tag);
	if (run->ingest->options->block != NULL)
		ingest_block(run, end, fate);
	if (end->outcome == MODEL_LIVE)
		return;
	peaks_add(&run->peaks, end->block->tag, run->timeline.reached, -weight,
	    -(double)end->block->size * weight);
	if (!decode_is_pools(end->block->kind))
		timeline_add(&run->timeline, end->time, (double)end->block->size, -weight);
	ingest_count_pair(run, from, run->threads[end->stream], weight);
}

static void
ingest_chain(void *data, uint32_t tag)
{
	struct ingest_run *run = data;

	/* in a whole trace a first half without one is realloc(p, 0), which is a free */
	if (run->reader->head.mode == ESC_MODE_FULL)
		escape_realloced(&run->escape, tag);
	escape_chain(&run->escape, tag);
}

static double
ingest_tick_ns(const struct esc_header *head)
{
	uint64_t ticks = head->last.ticks - head->start.ticks;
	uint64_t ns = head->last.monotonic - head->start.monotonic;

	if (head->clock == ESC_CLOCK_MONOTONIC || head->last.ticks <= head->start.ticks ||
	    head->last.monotonic <= head->start.monotonic)
		return 1;
	return (double)ns / (double)ticks;
}

/* Numbers the threads: all levels of one are one. */
static void
ingest_number_threads(struct ingest_run *run)
{
	const struct stream *stream = run->streams.list;
	size_t i;

	run->threads = xcalloc(run->streams.count + 1, sizeof(*run->threads));
	for (i = 0; i < run->streams.count; i++, stream++) {
		if (i == 0 || stream->process != stream[-1].process ||
		    stream->thread != stream[-1].thread)
			run->thread_count++;
		run->threads[i] = run->thread_count;
	}
}

static uint64_t
ingest_size(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 ? (uint64_t)status.st_size : 0;
}

/* Until when everything was to be recorded. */
static uint64_t
ingest_whole_until(const struct esc_header *head)
{
	if (head->mode == ESC_MODE_SAMPLED)
		return 0;
	return head->mode == ESC_MODE_AUTO && head->whole_until != 0 ? head->whole_until
								     : UINT64_MAX;
}

/* What may be taken for traces of that size. */
static uint64_t
ingest_memory(const struct ingest *ingest, uint64_t size)
{
	const struct ingest_options *options = ingest->options;
	uint64_t total = options->memory;

	if (total == 0)
		total = INGEST_MEMORY + INGEST_MEMORY_PER_BYTE * size;
	return total > INGEST_REST ? total - INGEST_REST : 0;
}

/* Shares of what may be taken. They are more than the whole: no byte of a trace buys a
 * definition, a block, and what is found of it, all at once. */
static uint64_t
ingest_share(const struct ingest *ingest, uint64_t size, unsigned sixteenths)
{
	return ingest_memory(ingest, size) / 16 * sixteenths;
}

/* Bytes that say something: the file may be packed, or have holes. */
static uint64_t
ingest_trace_size(const struct reader *reader)
{
	uint64_t size = reader->head.header_size;
	size_t i;

	for (i = 0; i < reader->segment_count; i++)
		size += sizeof(struct esc_segment) + reader->segments[i].head.used;
	return size;
}

static uint32_t
ingest_blocks(const struct ingest_run *run)
{
	uint64_t count =
	    ingest_share(run->ingest, run->trace_size, 13) / budget_cost(BUDGET_BLOCK) + 1;

	return count < UINT32_MAX ? (uint32_t)count : UINT32_MAX;
}

/* Makes ready what each round begins anew. */
static void
ingest_run_begin(struct ingest_run *run)
{
	const struct esc_header *head = &run->reader->head;
	struct ingest *ingest = run->ingest;

	timeline_init(&run->timeline,
	    head->ring_from > head->start.ticks ? head->ring_from : head->start.ticks);
	peaks_release(&run->peaks);
	cells_release(&run->cells);
	cells_init(&run->cells, run->timeline.start, run->threads, run->streams.count,
	    run->thread_count, ingest_share(ingest, run->trace_size, 1) / CELLS_COST);
	ingest->budget.left +=
	    ingest_share(ingest, run->trace_size, 9) - ingest_share(ingest, 0, 9);
	run->last = head->start.ticks;
	run->rates = (struct rates){ 0 };
	run->whole = 0;
	map_release(&run->pairs);
	run->pair = NULL;
}

static int
ingest_run_open(struct ingest_run *run, const char *trace, struct err *err)
{
	struct model_hooks hooks = {
		.places = { ingest_place, ingest_code, ingest_step, ingest_tails },
		.begin = ingest_begin,
		.end = ingest_end,
		.chain = ingest_chain,
		.budget = &run->ingest->budget,
		.data = run,
	};
	const struct esc_header *head;

	run->reader = reader_open(trace, err);
	if (run->reader == NULL)
		return -1;
	head = &run->reader->head;
	if ((head->flags & ESC_FLAG_STARTED) == 0 && run->reader->segment_count == 0) {
		err_set(err, "%s: it never started: nothing was recorded", trace);
		reader_free(run->reader);
		run->reader = NULL;
		return -1;
	}
	hooks.marks = (head->flags & ESC_FLAG_MARKS) != 0 && !run->ingest->options->no_marks;
	hooks.bias = head->sample_bias;
	run->tick_ns = ingest_tick_ns(head);
	run->file_size = ingest_size(trace);
	run->trace_size = ingest_trace_size(run->reader);
	run->budget.left = ingest_share(run->ingest, run->trace_size, 8);
	run->definitions = definitions_new(run->reader, &run->budget);
	putback_init(&run->putback, &run->ingest->logical, run->definitions);
	/* that a frame has no mark tells something where there was one for each */
	run->putback.marks = hooks.marks && head->marks_missing == 0;
	streams_init(&run->streams, run->reader, run->definitions);
	ingest_number_threads(run);
	escape_init(&run->escape,
	    &(struct escape_options){
		.budget = &run->ingest->budget,
		.stack_limit = run->ingest->stack_limit,
		.tick_ns = run->tick_ns,
		.marks = hooks.marks,
	    },
	    &run->ingest->logical, &run->putback.out);
	logical_places_give(
	    &run->escape.places, run->definitions->pc_count + 1, run->putback.tails);
	run->model = model_new(&run->putback.out, &run->streams, &hooks);
	run->whole_until = ingest_whole_until(head);
	run->calibration = counted_calibration(run->reader, &run->streams);
	ingest_run_begin(run);
	return 0;
}

/* What is known of stacks, places and code does not depend on who is a wrapper. */
static void
ingest_run_again(struct ingest_run *run)
{
	run->reader->told = true;
	model_reset(run->model);
	escape_reset(&run->escape);
	ingest_run_begin(run);
}

/* All that was found in the trace ends with it, but for the frames of stacks. */
static void
ingest_give_back(struct budget *budget)
{
	int i;

	for (i = 0; i < BUDGET_COUNT; i++)
		if (i != BUDGET_STACK)
			budget_give_back(budget, i);
}

static void
ingest_run_free(struct ingest_run *run)
{
	if (run == NULL)
		return;
	ingest_give_back(&run->ingest->budget);
	model_free(run->model);
	escape_release(&run->escape);
	putback_release(&run->putback);
	streams_release(&run->streams);
	definitions_free(run->definitions);
	peaks_release(&run->peaks);
	cells_release(&run->cells);
	free(run->calibration);
	free(run->threads);
	map_release(&run->pairs);
	reader_free(run->reader);
	free(run);
}

/* That much of the trace was followed. */
static void
ingest_tell(const struct ingest_run *run, uint64_t read)
{
	const struct ingest *ingest = run->ingest;
	const struct ingest_options *options = ingest->options;
	double done = (double)ingest->bytes_done;

	if (options->progress == NULL || ingest->bytes_total == 0)
		return;
	if (run->streams.bytes > 0)
		done += (double)run->file_size * (double)read / (double)run->streams.bytes;
	options->progress(
	    options->progress_data, done / (double)ingest->bytes_total, ingest->events);
}

static void
ingest_feed_batch(struct ingest_run *run, struct pipe_batch *batch)
{
	struct match_event *event = batch->events, *end = event + batch->count;

	run->ingest->events += batch->count;
	run->last = end[-1].event.time;
	for (; event < end; event++) {
		if (event + INGEST_AHEAD < end)
			model_expect(run->model, event[INGEST_AHEAD].block);
		/* It may say so for what marks have told. */
		if (run->ingest->options->no_marks)
			event->event.has_kept = false;
		putback_event(&run->putback, &event->event, &event->event);
		model_feed(run->model, event);
	}
}

static bool
ingest_ahead(const struct ingest_options *options)
{
	unsigned threads = options->threads;

	if (threads == 0)
		threads = (unsigned)sysconf(_SC_NPROCESSORS_ONLN);
	return threads > 1;
}

/* What a block may have stood for that was not recorded; 1: all were. */
static double
ingest_interval(const struct ingest_run *run)
{
	const struct esc_header *head = &run->reader->head;

	if (head->mode == ESC_MODE_AUTO && run->whole_until != UINT64_MAX)
		return rates_quantile(&run->rates, 0.95);
	return head->mode == ESC_MODE_SAMPLED ? (double)head->sample_interval : 1;
}

static void
ingest_run_feed(struct ingest_run *run)
{
	struct pipe *pipe = pipe_new(run->reader, &run->streams, run->definitions,
	    ingest_blocks(run), ingest_ahead(run->ingest->options));
	struct pipe_batch *batch;

	while ((batch = pipe_next(pipe)) != NULL) {
		ingest_feed_batch(run, batch);
		ingest_tell(run, batch->read);
	}
	model_finish(run->model, pipe_match(pipe));
	run->matched = pipe_match(pipe)->counts;
	pipe_free(pipe);
	peaks_finish(&run->peaks, run->timeline.reached);
	escape_finish(&run->escape);
	if (run->calibration != NULL)
		escape_known(&run->escape, run->calibration->known);
	if (ingest_interval(run) > 1)
		escape_unseen(&run->escape, ingest_interval(run), run->reader->head.sample_bias);
}

/* What there was no room for. */
static void
ingest_note_left_out(struct ingest_run *run)
{
	static const char *const names[] = {
#define X(NAME, bytes, what) what,
		BUDGET_ITEMS(X)
#undef X
	};
	struct budget *budget = &run->ingest->budget;
	uint64_t count;
	int i;

	budget->left_out[BUDGET_BLOCK] += run->matched.left_out;
	for (i = 0; i < BUDGET_COUNT; i++) {
		count = budget->left_out[i] + run->budget.left_out[i];
		if (count > 0)
			reader_note(run->reader,
			    "%s beyond its share of memory: left out %" PRIu64
			    " times (--memory gives more)",
			    names[i], count);
	}
	memset(budget->left_out, 0, sizeof(budget->left_out));
}

/* Stacks are made when they are written, which is behind what is noted of the trace. */
static void
ingest_note_stacks(struct ingest_run *run)
{
	const struct ingest_options *options = run->ingest->options;
	uint64_t *count = &run->ingest->budget.left_out[BUDGET_STACK];
	char text[128];

	if (*count == 0)
		return;
	run->reader->partial = true;
	run->reader->damaged++;
	if (options->note != NULL) {
		snprintf(text, sizeof(text),
		    "stacks beyond its share of memory: %" PRIu64
		    " frames left out (--memory gives more)",
		    *count);
		options->note(options->note_data, run->reader->path, text);
	}
	*count = 0;
}

static void
ingest_note(const struct ingest_options *options, const struct reader *reader)
{
	char text[64];
	size_t i;

	if (options->note == NULL)
		return;
	for (i = 0; i < reader->note_count; i++)
		options->note(options->note_data, reader->path, reader->notes[i]);
	if (reader->notes_left_out == 0)
		return;
	snprintf(text, sizeof(text), "%llu more damaged places",
	    (unsigned long long)reader->notes_left_out);
	options->note(options->note_data, reader->path, text);
}

/* What was lost with a process that read a module's file, and what was not taken. */
static void
ingest_note_modules(const struct ingest *ingest)
{
	const struct ingest_options *options = ingest->options;
	const char *why;
	bool unconfined = false;
	char text[160];
	uint32_t i;

	if (options->note == NULL)
		return;
	for (i = 1; i <= ingest->logical.module_count; i++) {
		const char *path = ingest->logical.modules[i].path;

		unconfined |= symbol_module_guard(ingest->symbol, i - 1) == SYMBOL_GUARD_LIMITS;
		why = symbol_module_failure(ingest->symbol, i - 1);
		if (why != NULL) {
			snprintf(text, sizeof(text), "no names: the symboliser failed: %s", why);
			options->note(options->note_data, path, text);
		}
		why = symbol_module_refused(ingest->symbol, i - 1);
		if (why != NULL)
			options->note(options->note_data, path, why);
	}
	if (unconfined)
		options->note(options->note_data, "symboliser",
		    "no seccomp here: files are read with limits alone");
}

/* The trace, opened or as the round before left it. NULL and err set on failure. */
static struct ingest_run *
ingest_run_get(struct ingest *ingest, size_t index, struct err *err)
{
	struct ingest_run *run = ingest->kept;

	ingest->kept = NULL;
	if (run != NULL) {
		ingest_run_again(run);
		return run;
	}
	run = xcalloc(1, sizeof(*run));
	run->ingest = ingest;
	run->id = (int64_t)index + 1;
	if (ingest_run_open(run, ingest->options->traces[index], err) == 0)
		return run;
	free(run);
	return NULL;
}

/* What is written does not need the replay: makes room. */
static void
ingest_run_shrink(struct ingest_run *run)
{
	run->counts = model_counts(run->model);
	model_free(run->model);
	run->model = NULL;
	putback_finish(&run->putback);
}

static int
ingest_trace(struct ingest *ingest, size_t index, struct err *err)
{
	struct ingest_run *run = ingest_run_get(ingest, index, err);
	int status = 0;

	if (run == NULL)
		return -1;
	ingest_run_feed(run);
	if (reader_same(run->reader, err) != 0) {
		ingest_run_free(run);
		return -1;
	}
	ingest_note_left_out(run);
	if (ingest->round == 0)
		ingest_note(ingest->options, run->reader);
	if (ingest->round < INGEST_ROUNDS)
		ingest->found += discover_wrappers(&run->escape, ingest->wrappers);
	if (ingest->found == 0) {
		ingest_run_shrink(run);
		status = ingest_write_run(run, err);
		ingest_note_stacks(run);
		if (status == 0)
			status = ingest_write_run_row(run, err);
	}
	ingest->bytes_done += run->file_size;
	/* of several, each would need memory until its turn */
	if (ingest->found > 0 && ingest->options->trace_count == 1)
		ingest->kept = run;
	else
		ingest_run_free(run);
	return status;
}

static uint64_t
ingest_total(const struct ingest_options *options)
{
	uint64_t total = 0;
	size_t i;

	for (i = 0; i < options->trace_count; i++)
		total += ingest_size(options->traces[i]);
	return total;
}

/* Once through all traces. Where a function turns out to be a wrapper, what was
 * written is void: sites, owners and distances are others with it. */
static int
ingest_round(struct ingest *ingest, struct err *err)
{
	const struct ingest_options *options = ingest->options;
	size_t i;

	if (ingest->found > 0) {
		logical_find_wrappers(&ingest->logical);
		ingest->found = 0;
		ingest->round++;
	}
	ingest->site_base = ingest->thread_base = 0;
	ingest->budget = (struct budget){ .left = ingest_share(ingest, 0, 9) };
	ingest->bytes_done = 0;
	store_free(ingest->store);
	ingest->store = store_create(options->database, &options->watch, err);
	if (ingest->store == NULL)
		return -1;
	for (i = 0; i < options->trace_count; i++)
		if (ingest_trace(ingest, i, err) != 0)
			return -1;
	return 0;
}

static int
ingest_all(struct ingest *ingest, struct err *err)
{
	const struct ingest_options *options = ingest->options;

	ingest->wrappers = wrappers_new(options->wrappers, options->wrapper_count,
	    options->no_wrappers, options->no_wrapper_count, err);
	if (ingest->wrappers == NULL)
		return -1;
	ingest->symbol = symbol_new();
	symbol_set_cache(ingest->symbol, options->symbol_cache);
	logical_init(&ingest->logical, ingest->symbol, ingest->wrappers);
	ingest->logical.budget = &ingest->budget;
	do {
		if (ingest_round(ingest, err) != 0)
			return -1;
	} while (ingest->found > 0);
	if (ingest_write_shared(ingest, err) != 0)
		return -1;
	return store_commit(ingest->store, err);
}

int
ingest_run(const struct ingest_options *options, struct err *err)
{
	struct ingest ingest = { .options = options };
	struct symbol_cached cached = { 0 };
	int status;

	ingest.stack_limit = options->stack_limit != 0 ? options->stack_limit : INGEST_STACK_LIMIT;
	ingest.bytes_total = ingest_total(options);
	status = ingest_all(&ingest, err);
	ingest_run_free(ingest.kept);
	if (status == 0) {
		ingest_note_modules(&ingest);
		symbol_save_cache(ingest.symbol, &cached);
	}
	if (options->cached != NULL)
		*options->cached = cached;
	store_free(ingest.store);
	logical_release(&ingest.logical);
	if (ingest.symbol != NULL)
		symbol_free(ingest.symbol);
	wrappers_free(ingest.wrappers);
	return status;
}
