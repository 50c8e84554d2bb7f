/*
 * Random programs, run with the true activations known: what the model says is
 * proved must be true, and what it says is over must be over.
 *
 * A program is a few functions, each a graph of blocks; calls may be inlined,
 * tail calls, indirect, or end in an exception. Every pointer is freed by
 * whoever comes by. What code tells is computed from the same graphs.
 */
#include "analyzer/model/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/model/match.h"
#include "analyzer/trace/decode.h"
#include "analyzer/trace/definitions.h"
#include "analyzer/trace/streams.h"
#include "tests/lib/check.h"

enum {
	FUNCTIONS = 6,
	BLOCKS = 8,       /* of a function's source */
	BLOCKS_MAX = 160, /* of a compiled one */
	DEEP = 4,         /* inlined instances in each other */
	PLACES = FUNCTIONS * BLOCKS_MAX,
	FRAMES = 12,
	GHOSTS = 6,
	LEVELS = FRAMES * (GHOSTS + DEEP + 1),
	EVENTS = 300,
	POOL = 12,
};

enum action {
	NOTHING,
	ENTER, /* an inlined instance begins */
	MALLOC,
	FREE,
	CALL,
	CALL_ANY, /* through a pointer */
	TAIL,
	TAIL_FREE,
	THROW,
	RETURN,
};

struct block {
	enum action action;
	int callee;
	int next[2];
	int landing; /* of exceptions; -1: none */
	int chain[DEEP];
	int deep;
	int pc; /* if it calls something; else 0 */
};

struct function {
	struct block blocks[BLOCKS_MAX];
	int count;
	bool always_known, always;
	bool calls[BLOCKS_MAX]; /* that always make an event */
};

/* A function that jumped to the next one, or to what stands in the frame. */
struct ghost {
	uint64_t id;
	int pc;
};

struct frame {
	int function;
	int at; /* block */
	uint64_t id;
	uint64_t slot; /* of its return address, with what it is used for */
	uint64_t inside[DEEP];
	struct ghost ghosts[GHOSTS + 1];
	int ghost_count;
};

struct block_truth {
	uint64_t address;
	uint64_t levels[LEVELS];
	int count;
};

/* What happened at an event. */
struct happening {
	struct event event;
	struct block_truth block; /* of the block that is freed */
	uint64_t levels[LEVELS];
	int count;
	struct ghost ghosts[GHOSTS + 1];
	int ghost_count;
	bool tail;
};

static struct {
	struct function source[FUNCTIONS], built[FUNCTIONS];
	int pc_function[PLACES], pc_block[PLACES], pcs;
	int instances;
	int instance_entry[PLACES];
	bool startup, marks, gaps, inlines, rejoins;
	bool putback; /* frames that tail calls left are on the stacks */
	struct definitions_node *nodes;
	uint32_t node_count, node_cap;
	struct frame stack[FRAMES];
	int depth;
	struct happening happened[EVENTS];
	int events;
	uint64_t ids, address;
	struct block_truth pool[POOL];
	int pooled;
	uint64_t before[FRAMES]; /* slots at the event before */
	int before_depth;
	int before_pcs[FRAMES], before_real; /* the stack as it was recorded */
	uint64_t random;
} self;

static struct {
	uint64_t freed, proved, wrong_proved, over, late, marked, marked_wrong;
} sums;

static unsigned
any(unsigned below)
{
	self.random ^= self.random << 13;
	self.random ^= self.random >> 7;
	self.random ^= self.random << 17;
	return (unsigned)((self.random >> 20) % below);
}

/* ---- programs ---- */

static enum action
make_action(void)
{
	static const enum action actions[] = { NOTHING, NOTHING, MALLOC, MALLOC, FREE, FREE, CALL,
		CALL, CALL, CALL_ANY, TAIL, TAIL_FREE, THROW };

	return actions[any(sizeof(actions) / sizeof(actions[0]))];
}

static void
make_source(struct function *function)
{
	struct block *block;
	int i;

	memset(function, 0, sizeof(*function));
	function->count = 2 + (int)any(BLOCKS - 3);
	for (i = 0; i < function->count; i++) {
		block = &function->blocks[i];
		block->action = i + 1 == function->count ? RETURN : make_action();
		block->callee = 2 + (int)any(FUNCTIONS - 2);
		block->next[0] = block->next[1] = i + 1;
		if (any(3) == 0)
			block->next[1] =
			    any(3) == 0 ? (int)any((unsigned)function->count) : i + 1 + (int)any(3);
		if (block->next[1] >= function->count)
			block->next[1] = function->count - 1;
		block->landing = any(4) == 0 ? (int)any((unsigned)function->count) : -1;
	}
}

static int
add_pc(int function, int block)
{
	self.pcs++;
	self.pc_function[self.pcs] = function;
	self.pc_block[self.pcs] = block;
	return self.pcs;
}

/* Copies the blocks of a function into another that is compiled, as instances
 * chain[deep-1] at the innermost (or itself); returns the first; what returns
 * there goes to `back`, what throws to landing. */
static int
build(int into, int from, const int *chain, int deep, int back, int landing)
{
	struct function *to = &self.built[into];
	const struct function *source = &self.source[from];
	int first = to->count, enter = deep > 0, i, copied;
	int at[BLOCKS];

	to->count += source->count + enter;
	for (i = 0; i < source->count + enter; i++) {
		struct block *block = &to->blocks[first + i];

		*block = (struct block){ .action = ENTER, .landing = -1, .deep = deep };
		block->next[0] = block->next[1] = first + 1;
		if (i >= enter) {
			*block = source->blocks[i - enter];
			block->next[0] += first + enter;
			block->next[1] += first + enter;
			block->landing =
			    block->landing < 0 ? landing : block->landing + first + enter;
		}
		block->deep = deep;
		memcpy(block->chain, chain, sizeof(block->chain));
		at[i < BLOCKS ? i : 0] = first + i;
	}
	(void)at;
	if (enter)
		self.instance_entry[chain[deep - 1]] = first;
	for (i = first + enter; i < first + enter + source->count; i++) {
		struct block *block = &to->blocks[i];
		int more[DEEP];

		if (deep > 0 && block->action == RETURN) {
			block->action = NOTHING;
			block->next[0] = block->next[1] = back;
		} else if (deep > 0 && (block->action == TAIL || block->action == TAIL_FREE)) {
			block->action = block->action == TAIL ? CALL : FREE;
			block->next[0] = block->next[1] = back;
		}
		copied = self.source[block->callee].count + 1;
		if (self.inlines && into > 0 && block->action == CALL && deep < DEEP &&
		    any(3) == 0 && to->count + copied < BLOCKS_MAX) {
			memcpy(more, chain, sizeof(more));
			more[deep] = ++self.instances;
			block->action = NOTHING;
			copied = build(into, block->callee, more, deep + 1, block->next[any(2)],
			    block->landing);
			block = &to->blocks[i];
			block->next[0] = block->next[1] = copied;
		} else if (block->action >= MALLOC && block->action <= TAIL_FREE) {
			block->pc = add_pc(into, i);
		}
	}
	return first;
}

/* ---- what the code tells ---- */

/* From block `from` (its end, or else its begin) to the begin of `to`, not through
 * block avoid, nor (events) out of a call that would have been seen. */
static bool
reaches(int function, int from, bool end, int to, int avoid, bool events)
{
	struct function *f = &self.built[function];
	bool seen[BLOCKS_MAX] = { false };
	int queue[BLOCKS_MAX], count = 0, i, j, next[3];

	queue[count++] = from;
	for (i = 0; i < count; i++) {
		const struct block *block = &f->blocks[queue[i]];

		if (!end || i > 0) {
			if (queue[i] == to)
				return true;
			if (queue[i] == avoid)
				continue;
		}
		next[0] = block->next[0];
		next[1] = block->next[1];
		next[2] = block->landing;
		if (block->action == RETURN || block->action == THROW || block->action == TAIL ||
		    block->action == TAIL_FREE || (events && f->calls[queue[i]] && (!end || i > 0)))
			next[0] = next[1] = -1;
		for (j = 0; j < 3; j++)
			if (next[j] >= 0 && (!seen[next[j]] || next[j] == from) &&
			    count < BLOCKS_MAX) {
				/* the first one again, as the last of a way */
				if (next[j] == from && end && to == from)
					return true;
				if (!seen[next[j]])
					queue[count++] = next[j];
				seen[next[j]] = true;
			}
	}
	return false;
}

static bool
function_always(int function, int depth)
{
	struct function *f = &self.built[function];
	int i;

	if (f->always_known)
		return f->always;
	if (depth == 0)
		return false;
	f->always_known = true; /* but it is not, as long as it is asked */
	for (i = 0; i < f->count; i++)
		f->calls[i] = f->blocks[i].action == MALLOC ||
		    (f->blocks[i].action == CALL &&
			function_always(f->blocks[i].callee, depth - 1));
	f->always = true;
	for (i = 0; i < f->count; i++)
		if (f->blocks[i].action == RETURN || f->blocks[i].action == TAIL ||
		    f->blocks[i].action == TAIL_FREE)
			f->always = f->always && !reaches(function, 0, false, i, -1, true);
	return f->always;
}

static struct place
tell_place(void *data, uint32_t pc)
{
	const struct block *block = &self.built[self.pc_function[pc]].blocks[self.pc_block[pc]];

	(void)data;
	return (struct place){
		.function = (uint64_t)self.pc_function[pc] + 1,
		.levels = (uint32_t)block->deep + 1,
		.startup = self.startup && self.pc_function[pc] == 0,
		.once = self.startup && self.pc_function[pc] == 0,
	};
}

/* A chain of tail calls leads from one function to the other. */
static bool
rejoins(int from, int to)
{
	bool seen[FUNCTIONS] = { false };
	int queue[FUNCTIONS + 1] = { from }, count = 1, i, j;

	for (i = 0; i < count; i++)
		for (j = 0; j < self.built[queue[i]].count; j++) {
			const struct block *block = &self.built[queue[i]].blocks[j];

			if (block->action != TAIL || seen[block->callee])
				continue;
			if (block->callee == to)
				return true;
			seen[block->callee] = true;
			queue[count++] = block->callee;
		}
	return false;
}

static struct place_code
tell_code(void *data, uint32_t pc)
{
	int function = self.pc_function[pc], i;
	const struct function *f = &self.built[function];
	const struct block *block = &f->blocks[self.pc_block[pc]];
	struct place_code code = { 0 };

	(void)data;
	function_always(function, 4);
	for (i = 0; i < f->count; i++) {
		code.tails |= f->blocks[i].action == TAIL || f->blocks[i].action == TAIL_FREE;
		code.leaves |= f->blocks[i].action == TAIL;
	}
	code.rejoins = rejoins(function, function);
	if (block->action == TAIL || block->action == TAIL_FREE)
		return code;
	if (!reaches(function, 0, false, self.pc_block[pc], -1, true))
		code.guarded = 1;
	for (i = 0; i < block->deep; i++)
		if (!reaches(function, self.instance_entry[block->chain[i]], false,
			self.pc_block[pc], -1, true))
			code.guarded = (uint32_t)i + 2;
	return code;
}

static struct place_step
tell_step(void *data, uint32_t from, uint32_t to)
{
	int function = self.pc_function[from], x = self.pc_block[from], y = self.pc_block[to],
	    entry;
	const struct block *a = &self.built[function].blocks[x];
	const struct block *b = &self.built[function].blocks[y];
	struct place_step step = { .known = true };
	int i, between;
	bool alive;

	(void)data;
	/* as struct steps has it: a jump is the last thing that a function does */
	if (a->action == TAIL || a->action == TAIL_FREE)
		return step;
	if (b->action == TAIL || b->action == TAIL_FREE)
		return (struct place_step){ .alive = { 1, 1 }, .firm = { 1, 1 }, .known = true };
	function_always(function, 4);
	for (between = 0; between < PLACE_BETWEENS; between++) {
		bool events = between == PLACE_NOTHING;

		step.alive[between] = reaches(function, x, true, y, -1, events);
		step.firm[between] = 1;
		alive = true;
		for (i = 0; i < a->deep && i < b->deep && a->chain[i] == b->chain[i]; i++) {
			entry = self.instance_entry[a->chain[i]];
			alive = alive && step.alive[between] > 0 &&
			    reaches(function, x, true, y, entry, events);
			step.alive[between] += alive;
			if (alive && step.firm[between] == step.alive[between] - 1 &&
			    !reaches(function, x, true, entry, -1, events))
				step.firm[between]++;
		}
	}
	return step;
}

static uint32_t
tell_tails(void *data, uint32_t node)
{
	(void)data;
	(void)node;
	return 0;
}

/* ---- running ---- */

static const struct block *
frame_block(const struct frame *frame)
{
	return &self.built[frame->function].blocks[frame->at];
}

static uint32_t
find_node(uint32_t parent, int pc)
{
	uint32_t i;

	for (i = 1; i <= self.node_count; i++)
		if (self.nodes[i].parent == parent && self.nodes[i].pc == (uint32_t)pc)
			return i;
	if (++self.node_count >= self.node_cap) {
		self.node_cap = 2 * self.node_cap + 64;
		self.nodes = realloc(self.nodes, self.node_cap * sizeof(*self.nodes));
		if (self.nodes == NULL)
			abort();
	}
	self.nodes[self.node_count] = (struct definitions_node){ .parent = parent,
		.pc = (uint32_t)pc,
		.depth = parent != 0 ? self.nodes[parent].depth + 1 : 1 };
	return self.node_count;
}

/* The levels of `depth` frames, and those of the next one if that jumped to the hook.
 * Their nodes: innermost in *node. */
static int
find_levels(uint64_t *levels, int depth, bool tail, uint32_t *node)
{
	int count = 0, i, j;

	*node = 0;
	for (i = 0; i < depth + tail; i++) {
		const struct frame *frame = &self.stack[i];
		const struct block *block = frame_block(frame);

		for (j = 0; self.putback && j < frame->ghost_count; j++) {
			levels[count++] = frame->ghosts[j].id;
			*node = find_node(*node, frame->ghosts[j].pc);
		}
		levels[count++] = frame->id;
		*node = find_node(*node, block->pc);
		for (j = 0; j < block->deep; j++)
			levels[count++] = frame->inside[j];
	}
	return count;
}

/* The number of nodes for that of the outermost `real` recorded frames. */
static int
count_nodes(int real, int depth)
{
	int count = real, i;

	for (i = 0; self.putback && i <= real && i < self.depth; i++)
		count += self.stack[i].ghost_count;
	return real == depth && self.depth > depth && self.putback ? count + 1 : count;
}

/* As the writer with marks says it: which slots were not returned through, if that
 * is not what everybody would think. Then as escape/putback.h says it. */
static void
mark(struct event *event, int depth)
{
	int same = 0, own = 0, real;

	while (same < self.depth && same < self.before_depth &&
	    self.before[same] == self.stack[same].slot)
		same++;
	while (own + 1 < depth && own + 1 < self.before_real &&
	    self.before_pcs[own] == frame_block(&self.stack[own])->pc)
		own++;
	real = same > 0 ? same - 1 : 0;
	event->has_kept = real != own;
	if (self.putback && self.depth > depth && real < depth)
		event->has_kept = true;
	event->kept = (uint16_t)count_nodes(real, depth);
	if (!event->has_kept)
		event->kept = 0;
}

static void
remember(int depth)
{
	int i;

	for (i = 0; i < self.depth; i++) {
		self.before[i] = self.stack[i].slot;
		self.before_pcs[i] = frame_block(&self.stack[i])->pc;
	}
	self.before_depth = self.depth;
	self.before_real = depth;
}

/* The innermost of `depth` frames calls a hook, or another jumps to it. */
static struct happening *
happen(uint8_t kind, int depth)
{
	struct happening *to = &self.happened[self.events];
	bool tail = self.putback && depth < self.depth;
	uint32_t node;

	memset(to, 0, sizeof(*to));
	to->count = find_levels(to->levels, depth, tail, &node);
	to->event = (struct event){ .kind = kind, .stack = node, .time = (uint64_t)self.events };
	to->event.proved = UINT16_MAX;
	to->event.vague = !self.putback;
	if (self.marks)
		mark(&to->event, depth);
	if (self.gaps && any(8) == 0) /* it is lost, but for its block */
		to->event.stack = 0;
	remember(depth);
	self.events++;
	return to;
}

static void
do_malloc(void)
{
	struct happening *to = happen(ESC_EVENT_MALLOC, self.depth);
	struct block_truth *block = &self.pool[self.pooled++];

	to->event.address = self.address += 64;
	to->event.size = 16;
	block->address = to->event.address;
	memcpy(block->levels, to->levels, sizeof(block->levels));
	block->count = to->count;
}

static void
do_free(bool tail)
{
	int which = any(2) == 0 ? self.pooled - 1 : (int)any((unsigned)self.pooled);
	struct frame *top = &self.stack[self.depth - 1];
	struct happening *to = happen(ESC_EVENT_FREE, self.depth - tail);

	to->event.address = self.pool[which].address;
	to->block = self.pool[which];
	to->tail = tail && !self.putback;
	if (to->tail) {
		memcpy(to->ghosts, top->ghosts, sizeof(to->ghosts));
		to->ghost_count = top->ghost_count;
		to->ghosts[to->ghost_count++] = (struct ghost){ top->id, 0 };
	}
	memmove(&self.pool[which], &self.pool[which + 1],
	    (size_t)(self.pooled - which - 1) * sizeof(self.pool[0]));
	self.pooled--;
}

static void
enter(int function, const struct frame *instead)
{
	struct frame *frame = &self.stack[self.depth++];

	*frame = (struct frame){ .function = function, .id = ++self.ids, .slot = self.ids };
	if (instead != NULL)
		frame->slot = instead->slot;
	if (instead != NULL && instead->ghost_count < GHOSTS) {
		memcpy(frame->ghosts, instead->ghosts, sizeof(frame->ghosts));
		frame->ghost_count = instead->ghost_count;
		frame->ghosts[frame->ghost_count++] =
		    (struct ghost){ instead->id, frame_block(instead)->pc };
	}
}

static void
go_on(struct frame *frame)
{
	frame->at = frame_block(frame)->next[any(2)];
}

/* What was called comes back. */
static void
leave(void)
{
	self.depth--;
	if (self.depth > 0)
		go_on(&self.stack[self.depth - 1]);
}

static void throw(void)
{
	int landing = frame_block(&self.stack[self.depth - 1])->landing;

	while (landing < 0 && --self.depth > 0)
		landing = frame_block(&self.stack[self.depth - 1])->landing;
	if (self.depth > 0)
		self.stack[self.depth - 1].at = landing;
}

static void
run_block(void)
{
	struct frame *frame = &self.stack[self.depth - 1], old;
	const struct block *block = frame_block(frame);

	switch (block->action) {
	case ENTER: frame->inside[block->deep - 1] = ++self.ids; break;
	case MALLOC:
		if (self.pooled < POOL)
			do_malloc();
		else
			happen(ESC_EVENT_STEP, self.depth);
		break;
	case FREE:
		if (self.pooled > 0)
			do_free(false);
		break;
	case CALL:
	case CALL_ANY:
		if (self.depth < FRAMES - 1) {
			enter(block->action == CALL ? block->callee : 2 + (int)any(FUNCTIONS - 2),
			    NULL);
			return;
		}
		throw();
		return;
	case TAIL:
		if (self.putback && frame->ghost_count == GHOSTS) {
			leave();
			return;
		}
		old = *frame;
		self.depth--;
		enter(block->callee, &old);
		return;
	case TAIL_FREE:
		if (self.pooled > 0)
			do_free(true);
		leave();
		return;
	case THROW: throw(); return;
	case RETURN: leave(); return;
	case NOTHING:
	default: break;
	}
	go_on(frame);
}

static void
run(void)
{
	int steps;

	self.depth = self.events = self.pooled = self.before_depth = 0;
	for (steps = 0; steps < 20000 && self.events + 1 < EVENTS; steps++) {
		if (self.depth == 0) {
			/* the first function of a thread runs once */
			if (self.startup && steps > 0)
				return;
			enter(0, NULL);
		}
		run_block();
	}
}

/* Function 0 calls 1, the others are called by all. */
static void
make_program(uint64_t seed)
{
	static const int none[DEEP];
	uint32_t kept = self.node_cap;
	struct definitions_node *nodes = self.nodes;
	int i;

	memset(&self, 0, sizeof(self));
	self.nodes = nodes;
	self.node_cap = kept;
	self.random = seed * 0x9e3779b97f4a7c15ULL + 1;
	self.startup = any(4) != 0;
	self.marks = seed % 4 == 1;
	self.gaps = seed % 4 == 2;
	self.inlines = seed % 8 < 4;
	self.putback = seed % 3 == 0;
	for (i = 0; i < FUNCTIONS; i++)
		make_source(&self.source[i]);
	self.source[0].count = 2;
	self.source[0].blocks[0] =
	    (struct block){ .action = CALL, .callee = 1, .next = { 1, 1 }, .landing = -1 };
	self.source[0].blocks[1] = (struct block){ .action = RETURN, .landing = -1 };
	/* main does it all again and again, before it returns */
	if (any(4) != 0) {
		i = self.source[1].count - 1;
		self.source[1].blocks[i].action = NOTHING;
		self.source[1].blocks[i].next[0] = 0;
		self.source[1].blocks[i].next[1] = any(2) == 0 ? 0 : i + 1;
		self.source[1].blocks[i + 1] = (struct block){ .action = RETURN, .landing = -1 };
		self.source[1].count++;
	}
	for (i = 0; i < FUNCTIONS; i++)
		build(i, i, none, 0, -1, -1);
	for (i = 0; i < FUNCTIONS; i++)
		self.rejoins |= rejoins(i, i);
}

/* ---- what the model says ---- */

/* How many outermost levels of the block are alive. Those that tail-called the one
 * that now tail-calls free may count as alive or as over (`most`). */
static uint32_t
truth(const struct happening *now, bool most)
{
	uint64_t next;
	int shared = 0, i;

	while (shared < now->count && shared < now->block.count &&
	    now->levels[shared] == now->block.levels[shared])
		shared++;
	if (!now->tail || shared < now->count || shared >= now->block.count)
		return (uint32_t)shared;
	next = now->block.levels[shared];
	for (i = most ? 0 : now->ghost_count - 1; i < now->ghost_count; i++)
		if (now->ghosts[i].id == next)
			return (uint32_t)shared + 1;
	return (uint32_t)shared;
}

static void
hear_begin(void *data, struct model_block *block)
{
	(void)data;
	(void)block;
}

static void
hear_chain(void *data, uint32_t tag)
{
	(void)data;
	(void)tag;
}

static void
hear_end(void *data, const struct model_end *end)
{
	const struct happening *now = *(const struct happening *const *)data;
	uint32_t least, most;

	if (end->outcome != MODEL_FREED)
		return;
	least = truth(now, false);
	most = truth(now, true);
	sums.freed++;
	sums.proved += end->proved >= end->shared;
	/* so many levels are proved to be alive */
	sums.wrong_proved += end->proved > most;
	/* what is over is over */
	sums.over += end->shared < least;
	sums.late += end->shared > most;
	if (self.marks && !self.inlines && self.startup && !self.rejoins) {
		sums.marked++;
		sums.marked_wrong += end->shared > most || end->proved < end->shared;
	}
}

static bool
is_tail(int pc)
{
	enum action action = self.built[self.pc_function[pc]].blocks[self.pc_block[pc]].action;

	return action == TAIL || action == TAIL_FREE;
}

static void
judge(void)
{
	struct definitions_pc *pcs = calloc((size_t)self.pcs + 1, sizeof(*pcs));
	uint32_t *canonical = calloc((size_t)self.node_count + 1, sizeof(*canonical));
	struct stream stream = { .process = 1, .thread = 1 };
	const struct streams streams = { .list = &stream, .count = 1 };
	const struct happening *now = NULL;
	struct definitions all = { .pcs = pcs,
		.nodes = self.nodes,
		.canonical = canonical,
		.pc_count = (uint32_t)self.pcs,
		.node_count = self.node_count,
		.canonical_count = self.node_count };
	const struct model_hooks hooks = {
		.places = { tell_place, tell_code, tell_step, tell_tails },
		.marks = self.marks,
		.begin = hear_begin,
		.end = hear_end,
		.chain = hear_chain,
		.data = &now,
	};
	struct match_event fed = { .stream = 0 };
	struct match match;
	struct model *model;
	int i;

	if (pcs == NULL || canonical == NULL)
		abort();
	for (i = 1; i <= self.pcs; i++)
		pcs[i] = (struct definitions_pc){
			.offset = (uint64_t)i, .module = 1, .tail = is_tail(i)
		};
	for (i = 1; i <= (int)self.node_count; i++)
		canonical[i] = (uint32_t)i;
	match_init(&match, &all, &streams);
	model = model_new(&all, &streams, &hooks);
	for (i = 0; i < self.events; i++) {
		now = &self.happened[i];
		fed.event = now->event;
		match_event(&match, &fed);
		model_feed(model, &fed);
	}
	match_release(&match);
	model_free(model);
	free(pcs);
	free(canonical);
}

int
main(int argc, char **argv)
{
	uint64_t seed, end = argc > 1 ? strtoull(argv[1], NULL, 10) : 4000, odd;

	for (seed = 1; seed <= end; seed++) {
		make_program(seed);
		run();
		odd = sums.wrong_proved + sums.over + sums.marked_wrong;
		judge();
		if (argc > 2 && sums.wrong_proved + sums.over + sums.marked_wrong > odd)
			printf("seed %llu\n", (unsigned long long)seed);
	}
	printf("%llu freed, %llu proved, %llu presumed wrongly\n", (unsigned long long)sums.freed,
	    (unsigned long long)sums.proved, (unsigned long long)sums.late);
	CHECK_EQ(sums.wrong_proved, 0);
	CHECK_EQ(sums.over, 0);
	CHECK_EQ(sums.marked_wrong, 0);
	/* or it tests nothing */
	CHECK(sums.proved > sums.freed / 10);
	CHECK(sums.late > 0);
	CHECK(sums.marked > 100);
	free(self.nodes);
	return check_done();
}
