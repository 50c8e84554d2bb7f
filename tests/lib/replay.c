#include "tests/lib/replay.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "analyzer/escape/putback.h"
#include "analyzer/escape/wrappers.h"
#include "analyzer/symbol/symbol.h"
#include "analyzer/trace/definitions.h"
#include "analyzer/trace/merge.h"
#include "analyzer/trace/reader.h"
#include "analyzer/util/err.h"
#include "tests/lib/mktrace.h"

struct replay_now replay_now;
struct place_hooks replay_hooks;

static struct {
	struct mktrace *trace;
	uint32_t module;
	uint64_t time;
	uint64_t address;
	struct reader *reader;
	struct definitions *definitions;
	struct putback putback;
	struct streams streams;
	struct model *model;
	struct symbol *symbol;
	struct wrappers *wrappers;
	struct logical logical;
	struct escape escape;
	struct model_counts counts;
	struct match_counts matched;
	bool judged;
} self;

static char path[64];

void
replay_done(void)
{
	if (self.trace != NULL)
		mktrace_free(self.trace);
	if (self.judged) {
		escape_release(&self.escape);
		putback_release(&self.putback);
		logical_release(&self.logical);
		symbol_free(self.symbol);
		wrappers_free(self.wrappers);
		streams_release(&self.streams);
		definitions_free(self.definitions);
		reader_free(self.reader);
	}
	memset(&self, 0, sizeof(self));
	if (path[0] != '\0')
		unlink(path);
}

static struct place
replay_place(void *data, uint32_t pc)
{
	(void)data;
	return steps_place(&self.escape.steps, pc);
}

static struct place_code
replay_code(void *data, uint32_t pc)
{
	(void)data;
	return steps_code(&self.escape.steps, pc);
}

static struct place_step
replay_step(void *data, uint32_t from, uint32_t to)
{
	(void)data;
	return steps_step(&self.escape.steps, from, to);
}

static uint32_t
replay_tails(void *data, uint32_t node)
{
	(void)data;
	return steps_tails(&self.escape.steps, node);
}

void
replay_begin(void)
{
	replay_done();
	snprintf(path, sizeof(path), "replay.%ld.esc", (long)getpid());
	self.trace = mktrace_new();
	self.module = mktrace_module(self.trace, "/bin/app");
	self.time = 2000;
	self.address = 0x10000;
	replay_now = (struct replay_now){ .process = 1, .thread = 1 };
	replay_hooks = (struct place_hooks){ replay_place, replay_code, replay_step, replay_tails };
}

struct mktrace *
replay_trace(void)
{
	return self.trace;
}

uint32_t
replay_stack(int count, ...)
{
	uint32_t node = 0;
	va_list args;

	va_start(args, count);
	while (count-- > 0)
		node = mktrace_node(self.trace, node, self.module, (uint64_t)va_arg(args, int), 0);
	va_end(args);
	return node;
}

void
replay_wait(uint64_t ticks)
{
	self.time += ticks;
}

void
replay_event(uint8_t kind, uint32_t stack, uint64_t address, uint64_t size)
{
	struct event event = replay_now.mark;

	event.time = ++self.time;
	event.kind = kind;
	event.stack = stack;
	event.address = address;
	event.size = size;
	mktrace_event(self.trace, replay_now.process, replay_now.thread, replay_now.level, &event);
	memset(&replay_now.mark, 0, sizeof(replay_now.mark));
}

uint64_t
replay_alloc(uint32_t stack, uint64_t size)
{
	self.address += 64;
	replay_event(ESC_EVENT_MALLOC, stack, self.address, size);
	return self.address;
}

void
replay_free(uint32_t stack, uint64_t address)
{
	replay_event(ESC_EVENT_FREE, stack, address, 0);
}

static void
replay_block_begin(void *data, struct model_block *block)
{
	(void)data;
	escape_begin(&self.escape, block);
}

static void
replay_block_end(void *data, const struct model_end *end)
{
	(void)data;
	escape_end(&self.escape, end, self.streams.list[end->block->stream].thread);
}

static void
replay_chain(void *data, uint32_t tag)
{
	(void)data;
	escape_realloced(&self.escape, tag);
	escape_chain(&self.escape, tag);
}

const struct escape *
replay_end(void)
{
	const struct model_hooks hooks = {
		.places = replay_hooks,
		.marks = (mktrace_header(self.trace)->flags & ESC_FLAG_MARKS) != 0,
		.bias = mktrace_header(self.trace)->sample_bias,
		.begin = replay_block_begin,
		.end = replay_block_end,
		.chain = replay_chain,
	};
	const struct escape_options options = { .stack_limit = 4096,
		.tick_ns = 1,
		.marks = (mktrace_header(self.trace)->flags & ESC_FLAG_MARKS) != 0 };
	const struct event *event;
	struct match_event whole;
	struct match match;
	struct merge *merge;
	struct err err;
	size_t stream;

	if (mktrace_write(self.trace, path) != 0)
		abort();
	self.reader = reader_open(path, &err);
	if (self.reader == NULL)
		abort();
	self.judged = true;
	self.definitions = definitions_new(self.reader, NULL);
	streams_init(&self.streams, self.reader, self.definitions);
	self.wrappers = wrappers_new(NULL, 0, NULL, 0, &err);
	self.symbol = symbol_new();
	logical_init(&self.logical, self.symbol, self.wrappers);
	putback_init(&self.putback, &self.logical, self.definitions);
	self.putback.marks = hooks.marks;
	escape_init(&self.escape, &options, &self.logical, &self.putback.out);
	logical_places_give(
	    &self.escape.places, self.definitions->pc_count + 1, self.putback.tails);
	self.model = model_new(&self.putback.out, &self.streams, &hooks);
	merge = merge_new(self.reader, &self.streams);
	match_init(&match, self.definitions, &self.streams);
	while ((event = merge_next(merge, &stream)) != NULL) {
		whole = (struct match_event){ .event = *event, .stream = (uint32_t)stream };
		match_event(&match, &whole);
		putback_event(&self.putback, event, &whole.event);
		model_feed(self.model, &whole);
	}
	merge_free(merge);
	model_finish(self.model, &match);
	self.matched = match.counts;
	match_release(&match);
	escape_finish(&self.escape);
	self.counts = model_counts(self.model);
	model_free(self.model);
	return &self.escape;
}

const struct model_counts *
replay_counts(void)
{
	return &self.counts;
}

const struct match_counts *
replay_matched(void)
{
	return &self.matched;
}

const struct escape_site *
replay_site(const char *function)
{
	uint32_t i;

	for (i = 0; i < self.escape.site_count; i++)
		if (strcmp(self.logical.frames[self.escape.sites[i].frame].function, function) == 0)
			return &self.escape.sites[i];
	return NULL;
}

const char *
replay_verdict(const char *function)
{
	const struct escape_site *site = replay_site(function);

	return site != NULL ? verdict_find(&site->facts)->name : "none";
}
