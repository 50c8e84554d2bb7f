#include "analyzer/escape/logical.h"

#include <stdlib.h>
#include <string.h>

#include "analyzer/escape/wrappers.h"
#include "analyzer/symbol/symbol.h"
#include "analyzer/trace/budget.h"
#include "analyzer/trace/definitions.h"
#include "analyzer/util/xalloc.h"
#include "preload/record.h"

void
logical_init(struct logical *logical, struct symbol *symbol, const struct wrappers *wrappers)
{
	*logical = (struct logical){ .symbol = symbol, .wrappers = wrappers };
}

void
logical_release(struct logical *logical)
{
	uint32_t i;

	for (i = 1; i <= logical->module_count; i++)
		free(logical->modules[i].path);
	free(logical->modules);
	free(logical->frames);
	free(logical->stacks);
	map_release(&logical->module_map);
	map_release(&logical->frame_map);
	free(logical->stack_slots);
	*logical = (struct logical){ 0 };
}

static uint32_t
logical_add_module(struct logical *logical, const char *path, const uint8_t *build_id, uint8_t len)
{
	struct map_key key = { 0, len };
	struct logical_module *module;
	uint64_t *number;
	uint32_t i;
	bool fresh;

	key = map_key_of(key, path, strlen(path));
	key = map_key_of(key, build_id, len);
	number = map_insert(&logical->module_map, key, &fresh);
	if (!fresh)
		return (uint32_t)*number;
	i = logical->module_count + 1;
	*number = i;
	logical->modules =
	    xgrow(logical->modules, &logical->module_cap, (size_t)i + 1, sizeof(*logical->modules));
	module = &logical->modules[i];
	*module = (struct logical_module){ .path = xstrdup(path), .build_id_len = len };
	memcpy(module->build_id, build_id, len);
	symbol_add_module(logical->symbol, &(struct symbol_module){ path, module->build_id, len });
	logical->module_count = i;
	return i;
}

/* Made by no frame but equal ones. */
static struct map_key
logical_key(const struct logical_frame *frame, uint64_t offset)
{
	struct map_key key = { 0, 0 };
	const uint64_t words[3] = {
		(uint64_t)frame->line << 32 | frame->column,
		(uint64_t)frame->module << 3 | (uint64_t)frame->tail << 2 |
		    (uint64_t)frame->inlined << 1 | frame->startup,
		/* without lines the place itself tells two call sites apart */
		frame->line == 0 ? offset : 0,
	};

	key = map_key_of(key, frame->symbol, strlen(frame->symbol));
	key = map_key_of(key, frame->function, strlen(frame->function));
	key = map_key_of(key, frame->file, strlen(frame->file));
	return map_key_of(key, words, sizeof(words));
}

static bool
logical_is_wrapper(const struct logical *logical, const struct logical_frame *frame)
{
	return wrappers_match(logical->wrappers,
	    &(struct wrappers_function){
		frame->function, frame->symbol, logical->modules[frame->module].path });
}

void
logical_find_wrappers(struct logical *logical)
{
	uint32_t i;

	for (i = 1; i <= logical->frame_count; i++)
		logical->frames[i].wrapper = logical_is_wrapper(logical, &logical->frames[i]);
}

struct logical_flags {
	bool startup;
	bool tail;
};

static uint32_t
logical_add_frame(struct logical *logical, const struct symbol_frame *from, uint32_t module,
    const struct logical_flags *flags, uint64_t offset)
{
	struct logical_frame frame = {
		.function = from->function,
		.symbol = from->symbol != NULL ? from->symbol : "",
		.file = from->file != NULL ? from->file : "",
		.line = from->line,
		.column = from->column,
		.module = module,
		.inlined = from->inlined,
		.startup = flags->startup,
		.tail = flags->tail,
	};
	bool fresh;
	uint64_t *number = map_insert(&logical->frame_map, logical_key(&frame, offset), &fresh);

	if (!fresh)
		return (uint32_t)*number;
	*number = ++logical->frame_count;
	frame.wrapper = logical_is_wrapper(logical, &frame);
	logical->frames = xgrow(logical->frames, &logical->frame_cap,
	    (size_t)logical->frame_count + 1, sizeof(*logical->frames));
	logical->frames[logical->frame_count] = frame;
	return logical->frame_count;
}

uint32_t
logical_handle(struct logical *logical, const struct definitions_module *module)
{
	return logical_add_module(logical, module->path, module->build_id, module->build_id_len) -
	    1;
}

uint32_t
logical_nowhere(struct logical *logical)
{
	struct symbol_frame frame = { .function = "??", .symbol = "??", .file = "" };
	uint32_t module = logical_add_module(logical, "", (const uint8_t *)"", 0);

	return logical_add_frame(logical, &frame, module, &(struct logical_flags){ 0 }, 0);
}

/* The slot of that stack, or the free one where it belongs. There are many, so that their
 * table has their numbers alone: a map's slot is eight times as large. */
static uint32_t *
logical_stack_slot(const struct logical *logical, const struct logical_stack *stack)
{
	const struct map_key key = { (uint64_t)stack->parent << 2 | stack->state, stack->frame };
	size_t at = (size_t)map_hash(key) & logical->stack_mask;

	for (;; at = (at + 1) & logical->stack_mask) {
		const struct logical_stack *there = &logical->stacks[logical->stack_slots[at]];

		if (logical->stack_slots[at] == 0 ||
		    (there->parent == stack->parent && there->frame == stack->frame &&
			there->state == stack->state))
			return &logical->stack_slots[at];
	}
}

/* Makes room for one more; at most two thirds are taken. */
static void
logical_stacks_grow(struct logical *logical)
{
	size_t slots = logical->stack_slots != NULL ? logical->stack_mask + 1 : 0;

	logical->stacks = xgrow(logical->stacks, &logical->stack_cap,
	    (size_t)logical->stack_count + 2, sizeof(*logical->stacks));
	if (logical->stack_count < slots / 3 * 2)
		return;
	slots = slots != 0 ? 2 * slots : 1024;
	free(logical->stack_slots);
	logical->stack_slots = xcalloc(slots, sizeof(*logical->stack_slots));
	logical->stack_mask = slots - 1;
	for (uint32_t i = 1; i <= logical->stack_count; i++)
		*logical_stack_slot(logical, &logical->stacks[i]) = i;
}

/* The number of that stack, made if `make` says so; 0: there is none. */
static uint32_t
logical_find_stack(struct logical *logical, struct logical_stack stack, bool make)
{
	uint32_t *slot;

	logical_stacks_grow(logical);
	slot = logical_stack_slot(logical, &stack);
	if (*slot != 0 || !make)
		return *slot;
	stack.depth = stack.parent != 0 ? logical->stacks[stack.parent].depth + 1 : 1;
	*slot = ++logical->stack_count;
	logical->stacks[*slot] = stack;
	return *slot;
}

uint32_t
logical_stack(struct logical *logical, uint32_t parent, uint32_t frame, uint32_t state)
{
	struct logical_stack stack = { .parent = parent, .frame = frame, .state = state };
	uint32_t number;

	if (parent != 0)
		stack.state = logical->stacks[parent].state;
	number = logical_find_stack(logical, stack, false);
	if (number != 0)
		return number;
	if (budget_take(logical->budget, BUDGET_STACK))
		return logical_find_stack(logical, stack, true);
	if (parent != 0)
		return parent;
	if (logical->nowhere == 0) {
		stack = (struct logical_stack){ .frame = logical_nowhere(logical), .state = 2 };
		logical->nowhere = logical_find_stack(logical, stack, true);
	}
	return logical->nowhere;
}

void
logical_places_init(
    struct logical_places *places, struct logical *logical, const struct definitions *definitions)
{
	*places = (struct logical_places){
		.logical = logical,
		.definitions = definitions,
		.list = xcalloc((size_t)definitions->pc_count + 1, sizeof(*places->list)),
		.modules = xcalloc((size_t)definitions->module_count + 1, sizeof(*places->modules)),
		.stacks = xcalloc((size_t)definitions->node_count + 1, sizeof(*places->stacks)),
	};
}

void
logical_places_give(
    struct logical_places *places, uint32_t first, const struct symbol_place *const *tails)
{
	places->tail_first = first;
	places->tails = tails;
}

void
logical_places_release(struct logical_places *places)
{
	uint32_t i;

	for (i = 1; i <= places->definitions->pc_count; i++)
		free(places->list[i].frames);
	free(places->list);
	free(places->modules);
	free(places->stacks);
	free(places->todo);
	*places = (struct logical_places){ 0 };
}

static uint32_t
logical_places_module(struct logical_places *places, uint32_t number)
{
	const struct definitions_module *module;

	if (places->modules[number] != 0)
		return places->modules[number];
	if (number == 0) {
		places->modules[0] =
		    logical_add_module(places->logical, "", (const uint8_t *)"", 0);
		return places->modules[0];
	}
	module = &places->definitions->modules[number];
	places->modules[number] = logical_add_module(
	    places->logical, module->path, module->build_id, module->build_id_len);
	return places->modules[number];
}

uint32_t
logical_places_handle(struct logical_places *places, uint32_t module)
{
	return logical_places_module(places, module) - 1;
}

const struct logical_place *
logical_places_get(struct logical_places *places, uint32_t pc)
{
	struct logical_place *to = &places->list[pc];
	const struct definitions_pc *from = &places->definitions->pcs[pc];
	uint32_t module;
	size_t i;

	if (to->place != NULL)
		return to;
	module = logical_places_module(places, from->module);
	if (from->tail)
		to->place = places->tails[pc - places->tail_first];
	else
		to->place = symbol_resolve(
		    places->logical->symbol, module - 1, from->offset, !from->signal);
	to->frames = xcalloc(to->place->count, sizeof(*to->frames));
	for (i = 0; i < to->place->count; i++)
		to->frames[i] = logical_add_frame(places->logical, &to->place->frames[i], module,
		    &(struct logical_flags){ to->place->startup, from->tail }, from->offset);
	return to;
}

/* From the stack of the node's caller down to frame `index` of its place. */
static uint32_t
logical_places_descend(struct logical_places *places, uint32_t node, uint32_t stack, size_t index)
{
	const struct definitions_node *def = &places->definitions->nodes[node];
	const struct logical_place *place = logical_places_get(places, def->pc);
	uint32_t state = def->state & ESC_NODE_CUT ? 1 : def->state & ESC_NODE_BROKEN ? 2 : 0;
	size_t i;

	for (i = place->place->count; i-- > index;)
		stack = logical_stack(places->logical, stack, place->frames[i], state);
	return stack;
}

uint32_t
logical_places_stack(struct logical_places *places, uint32_t node)
{
	const struct definitions_node *nodes = places->definitions->nodes;
	size_t count = 0;
	uint32_t stack;

	if (node == 0 && places->stacks[0] == 0)
		places->stacks[0] =
		    logical_stack(places->logical, 0, logical_nowhere(places->logical), 2);
	while (places->stacks[node] == 0) {
		places->todo =
		    xgrow(places->todo, &places->todo_cap, count + 1, sizeof(*places->todo));
		places->todo[count++] = node;
		if (nodes[node].parent == 0)
			break;
		node = nodes[node].parent;
	}
	stack = places->stacks[node];
	while (count > 0) {
		node = places->todo[--count];
		stack = logical_places_descend(places, node, stack, 0);
		places->stacks[node] = stack;
	}
	return stack;
}

uint32_t
logical_places_stack_to(struct logical_places *places, uint32_t node, size_t index)
{
	uint32_t parent;

	if (node == 0)
		return logical_places_stack(places, 0);
	parent = places->definitions->nodes[node].parent;
	return logical_places_descend(
	    places, node, parent != 0 ? logical_places_stack(places, parent) : 0, index);
}
