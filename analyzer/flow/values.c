#include "analyzer/flow/values.h"

#include <stdlib.h>
#include <string.h>

#include "analyzer/flow/tables.h"
#include "analyzer/flow/values_run.h"
#include "analyzer/util/xalloc.h"

enum {
	BLOCKS_MAX = 20000,
	PREDECESSORS_MAX = 64,
	STEPS_MAX = 16 * 1024 * 1024, /* instructions, in all rounds of one function */
};

/* ---- blocks ---- */

/* Runs through block at from the state it is entered with; stop before its last
 * instruction if last is false. */
static void
run_block(struct run *run, size_t at, bool last)
{
	const struct code_part *part = code_part(run->code, run->known->starts[at]);
	uint64_t stop = run->known->stops[at];

	state_copy(&run->now, run->states[at]);
	run->address = run->known->starts[at];
	while (run->address < stop) {
		uint64_t offset = run->address - part->part.start;
		uint64_t size = part->part.end - run->address;

		if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(
			&run->decoder, part->part.bytes + offset, size, &run->insn, run->operands)))
			return;
		run->code->steps++;
		if (!last && run->address + run->insn.length >= stop)
			return;
		values_step(run);
		run->address += run->insn.length;
	}
}

/* The first time that the block is entered. */
static void
enter_first(struct run *run, uint32_t to, const struct state *from)
{
	uint64_t start = run->known->starts[to];
	struct state *into = xmalloc(state_size(from));

	state_copy(into, from);
	state_enter(into, start);
	run->states[to] = into;
	run->dirty[to] = true;
}

/* Control goes from a block in the state from to block to. */
static void
enter(struct run *run, uint32_t to, const struct state *from)
{
	if (to >= run->known->count || !run->matters[to])
		return;
	if (run->states[to] == NULL)
		enter_first(run, to, from);
	else if (state_merge(run->states[to], from, run->known->starts[to]))
		run->dirty[to] = true;
}

static void
leave(struct run *run, size_t at)
{
	const struct graph_node *node = &run->known->graph->nodes[at];
	const uint32_t *edges = node->edges > 0 ? &run->known->graph->edges[node->first] : NULL;
	bool branch = run->insn.meta.category == ZYDIS_CATEGORY_COND_BR && node->edges >= 2 &&
	    run->now.compared.id != 0;
	size_t i;

	for (i = 0; i < node->edges; i++) {
		if (!branch || i >= 2) {
			enter(run, edges[i], &run->now);
			continue;
		}
		state_copy(&run->branch, &run->now);
		state_refine(&run->branch, run->insn.mnemonic, i == 1);
		enter(run, edges[i], &run->branch);
	}
}

static void
settle(struct run *run)
{
	bool again = true;
	size_t i;

	while (again && run->code->steps < STEPS_MAX) {
		again = false;
		for (i = 0; i < run->known->count && run->code->steps < STEPS_MAX; i++) {
			if (!run->dirty[i])
				continue;
			run->dirty[i] = false;
			again = true;
			run_block(run, i, true);
			leave(run, i);
		}
	}
}

size_t
values_block_at(const struct values_graph *known, uint64_t address)
{
	size_t low = 0;
	size_t high = known->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (known->starts[middle] < address)
			low = middle + 1;
		else
			high = middle;
	}
	return low < known->count && known->starts[low] == address ? low : known->count;
}

static void
start_entry(struct run *run, uint64_t entry)
{
	size_t at = values_block_at(run->known, entry);
	struct state *state;
	size_t i;

	if (at == run->known->count || !run->matters[at])
		return;
	state = xcalloc(1, sizeof(*state));
	run->states[at] = state;
	run->address = entry;
	for (i = 0; i < REGISTERS; i++) {
		state->registers[i] = value_plain(POINTER);
		state->registers[i].id = values_fresh_id(run, 0x60 + (unsigned int)i);
	}
	state->registers[RSP] = value_plain(STACK);
	state->registers[RSP].a = ENTRY_BASE;
	run->dirty[at] = true;
}

/*
 * Blocks that nothing but the hub leads to are entered with nothing known. For the
 * others the hub changes nothing: setjmp restores the registers, and the compiler
 * reads nothing else behind it that has changed.
 */
static void
start_rest(struct run *run)
{
	size_t i;

	for (i = 0; i < run->known->count; i++) {
		if (run->states[i] != NULL || !run->matters[i])
			continue;
		run->states[i] = xcalloc(1, offsetof(struct state, slots));
		run->dirty[i] = true;
	}
}

/* The computed jump at the end of the block, or NULL. */
static struct code_end *
computed_jump(const struct run *run, size_t block)
{
	const struct code_part *part = code_part(run->code, run->known->starts[block]);
	uint64_t at = run->known->starts[block];
	uint64_t last = at;
	struct code_end *end;

	while (at < run->known->stops[block]) {
		last = at;
		at += part->marks[at - part->part.start] & CODE_LENGTH;
	}
	if ((part->marks[last - part->part.start] & CODE_END) == 0)
		return NULL;
	end = code_end(run->code, last);
	return end != NULL && end->kind == INSN_JUMP && end->target == 0 && !end->thunk ? end
											: NULL;
}

/* Marks the blocks from which some edge leads to one that matters; true if there
 * are new ones. Edges mostly lead forward: backward few passes are enough. */
static bool
spread_matters(struct run *run)
{
	const struct graph *graph = run->known->graph;
	bool more = false;
	size_t i;
	size_t j;

	for (i = run->known->count; i-- > 0;) {
		for (j = 0; !run->matters[i] && j < graph->nodes[i].edges; j++) {
			uint32_t to = graph->edges[graph->nodes[i].first + j];

			run->matters[i] = to < run->known->count && run->matters[to];
			more = more || run->matters[i];
		}
	}
	return more;
}

/* ---- jumps ---- */

/* What is known of the target is used. */
static bool
resolve_value(struct run *run, const struct value *value, struct code_end *end)
{
	const struct value *top = &run->now.registers[RSP];
	struct tables_jump jump = { .end = end };

	jump.bounded = value->width == 64;
	jump.bound = value->bound;
	jump.table = value->a;
	jump.base = value->b;
	jump.sign = value->extension == SIGN32;
	jump.stack_known = top->kind == STACK && top->a == ENTRY_BASE;
	/* who sets the stack to one from elsewhere leaves, as longjmp does */
	jump.stack_empty = top->kind == POINTER || (jump.stack_known && top->b == 0);
	switch (value->kind) {
	case CONST: return tables_constant(run->code, &jump);
	case TARGET: return tables_relative(run->code, &jump);
	case LOAD8: return tables_absolute(run->code, &jump);
	case POINTER: return tables_pointer(run->code, &jump);
	default: end->jump = CODE_OPEN; return false;
	}
}

static bool
has_edge(const struct graph *graph, size_t from, size_t to)
{
	const struct graph_node *node = &graph->nodes[from];
	size_t i;

	for (i = 0; i < node->edges; i++) {
		if (graph->edges[node->first + i] == to)
			return true;
	}
	return false;
}

/* Blocks whose predecessors are to be looked at. */
struct waiting {
	size_t blocks[PREDECESSORS_MAX];
	size_t count;
};

/* Once each; false: there is no room. */
static bool
waiting_add(struct waiting *waiting, size_t block)
{
	size_t i;

	for (i = 0; i < waiting->count; i++) {
		if (waiting->blocks[i] == block)
			return true;
	}
	if (waiting->count == PREDECESSORS_MAX)
		return false;
	waiting->blocks[waiting->count++] = block;
	return true;
}

/* What block i makes of the target; where it leaves it as it was, the block waits. */
static bool
resolve_behind(struct run *run, size_t i, int number, struct waiting *waiting, struct code_end *end)
{
	const struct value *value = &run->now.registers[number];
	const struct value *before = &run->states[i]->registers[number];

	run_block(run, i, true);
	if (value->kind != ANY || value->id == 0 || value->id != before->id)
		return resolve_value(run, value, end);
	if (!waiting_add(waiting, i))
		end->jump = CODE_OPEN;
	return false;
}

/*
 * The target, in a register, is not the same on all ways to the block, which does
 * not change it: looks at where they come from, one after the other.
 */
static bool
resolve_before(struct run *run, size_t at, int number, struct code_end *end)
{
	struct waiting waiting = { { at }, 1 };
	bool changed = false;
	size_t next;
	size_t i;

	for (next = 0; next < waiting.count && end->jump != CODE_OPEN; next++) {
		for (i = 0; i < run->known->count && end->jump != CODE_OPEN; i++) {
			/* what leads to a block that matters does so too */
			if (run->matters[i] &&
			    has_edge(run->known->graph, i, waiting.blocks[next]) &&
			    resolve_behind(run, i, number, &waiting, end))
				changed = true;
		}
	}
	return changed;
}

/* The jump at the end of block at. */
static bool
resolve_block(struct run *run, size_t at, struct code_end *end)
{
	struct value value;
	int number;

	run_block(run, at, false);
	if (run->address != end->address)
		return false;
	end->jump = CODE_UNSEEN;
	value = values_operand(run, &run->operands[0]);
	number = values_register(&run->operands[0]);
	if (value.kind != ANY || number < 0 || value.id == 0 ||
	    value.id != run->states[at]->registers[number].id)
		return resolve_value(run, &value, end);
	return resolve_before(run, at, number, end);
}

static bool
resolve_computed(struct run *run)
{
	bool changed = false;
	size_t i;

	for (i = 0; i < run->known->count; i++) {
		struct code_end *end = run->matters[i] ? computed_jump(run, i) : NULL;

		if (end == NULL)
			continue;
		if (run->code->steps >= STEPS_MAX)
			end->jump = CODE_OPEN;
		else if (resolve_block(run, i, end))
			changed = true;
	}
	return changed;
}

static void
run_all(struct run *run)
{
	size_t count = run->known->count;
	size_t i;

	run->states = xcalloc(count + 1, sizeof(struct state *));
	run->dirty = xcalloc(count + 1, sizeof(*run->dirty));
	run->matters = xcalloc(count + 1, sizeof(*run->matters));
	for (i = 0; i < count; i++)
		run->matters[i] = computed_jump(run, i) != NULL;
	while (spread_matters(run))
		;
	start_entry(run, run->code->entry);
	settle(run);
	start_rest(run);
	settle(run);
}

static void
run_release(struct run *run)
{
	size_t i;

	for (i = 0; i < run->known->count; i++)
		free(run->states[i]);
	free(run->states);
	free(run->dirty);
	free(run->matters);
	free(run);
}

static void
give_up(struct code *code)
{
	size_t i;

	for (i = 0; i < code->end_count; i++) {
		if (code->ends[i].kind == INSN_JUMP && code->ends[i].target == 0)
			code->ends[i].jump = CODE_OPEN;
	}
}

bool
values_resolve(struct code *code, const struct values_graph *known)
{
	struct run *run;
	size_t computed = 0;
	bool changed = false;
	size_t i;

	for (i = 0; i < code->end_count; i++) {
		struct code_end *end = &code->ends[i];
		struct tables_jump jump = { .end = end, .stack_known = true, .stack_empty = true };

		if (end->kind == INSN_JUMP && (end->slot || end->thunk) &&
		    tables_pointer(code, &jump))
			changed = true;
		computed += end->kind == INSN_JUMP && end->target == 0 && !end->thunk;
	}
	if (computed == 0)
		return changed;
	if (known->count > BLOCKS_MAX || code->steps >= STEPS_MAX) {
		give_up(code);
		return changed;
	}
	run = xcalloc(1, sizeof(*run));
	run->code = code;
	run->known = known;
	ZydisDecoderInit(&run->decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
	run_all(run);
	if (resolve_computed(run))
		changed = true;
	run_release(run);
	return changed;
}
