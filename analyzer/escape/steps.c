#include "analyzer/escape/steps.h"

#include <stdlib.h>
#include <string.h>

#include "analyzer/escape/logical.h"
#include "analyzer/escape/wrappers.h"
#include "analyzer/flow/flow.h"
#include "analyzer/symbol/symbol.h"
#include "analyzer/trace/definitions.h"
#include "analyzer/util/xalloc.h"

/* Calls of calls that are looked into for one that always allocates: operator
 * new, an allocator's allocate(), a container's function that calls it. */
enum { STEPS_DEPTH = 4 };

enum {
	STEPS_TAILS = 16, /* functions in a chain of jumps */
};

struct steps_site {
	uint32_t module; /* of the trace */
	uint32_t pc;
	uint64_t offset;
};

struct steps_function {
	struct flow *flow; /* the resolver's; NULL: its code cannot be had */
	uint64_t entry;
	uint32_t module; /* of the trace */
	uint32_t handle; /* the resolver's */
	/* Calls that always make an event, once they come back: the model would have
	 * seen it. */
	uint64_t *always;
	size_t always_count;
	bool has_always;
	bool tails, leaves, rejoins, has_rejoins;
};

/* A call is an event, also where it gives no block (older traces: if it does). free(NULL)
 * is none. */
static const char *const steps_hooks[] = { "malloc", "calloc", "realloc", "reallocarray",
	"memalign", "posix_memalign", "aligned_alloc", "valloc", "pvalloc", NULL };

/* They call nothing that was there before, when a function ends in a jump to them. */
static const char *const steps_leaf[] = { "free", "cfree", "free_sized", "free_aligned_sized",
	"_ZdlPv", "_ZdlPvm", "_ZdaPv", "_ZdaPvm", "_Znwm", "_Znam", "__stack_chk_fail", "memcpy",
	"memmove", "memset", "memcmp", "strlen", "strcmp", "strcpy", NULL };

/* They call malloc again as long as it gives nothing, of which there is no event,
 * and return what it gave. */
static const char *const steps_retries[] = { "_Znwm", "_Znam", "_ZnwmRKSt9nothrow_t",
	"_ZnamRKSt9nothrow_t", "_ZnwmSt11align_val_t", "_ZnamSt11align_val_t",
	"_ZnwmSt11align_val_tRKSt9nothrow_t", "_ZnamSt11align_val_tRKSt9nothrow_t", NULL };

void
steps_init(struct steps *steps, struct logical_places *places)
{
	*steps = (struct steps){ .places = places };
}

void
steps_release(struct steps *steps)
{
	size_t i;

	for (i = 0; i < steps->function_count; i++)
		free(steps->functions[i].always);
	free(steps->functions);
	free(steps->sites);
	free(steps->callees);
	free(steps->callee_first);
	map_release(&steps->function_map);
	*steps = (struct steps){ 0 };
}

static bool
steps_named(const char *const *names, const char *name)
{
	for (; name != NULL && *names != NULL; names++)
		if (strcmp(*names, name) == 0)
			return true;
	return false;
}

static const struct symbol_place *
steps_symbol(struct steps *steps, uint32_t pc)
{
	return logical_places_get(steps->places, pc)->place;
}

struct place
steps_place(struct steps *steps, uint32_t pc)
{
	const struct logical_place *at = logical_places_get(steps->places, pc);
	const struct symbol_place *place = at->place;
	const struct logical *logical = steps->places->logical;
	uint32_t module = logical->frames[at->frames[place->count - 1]].module;

	return (struct place){
		.function = place->function,
		.levels = (uint32_t)place->count,
		.startup = place->startup,
		.once = place->once,
		.loader = place->startup && wrappers_is_loader(logical->modules[module].path),
	};
}

/* ---- functions ---- */

/* The module has the code that stands there: what is called so is its own, be it called
 * malloc, and no stub that leads to the library's. */
static bool
steps_own(struct steps *steps, const struct steps_function *function, uint64_t address)
{
	struct flow *flow = symbol_flow(steps->places->logical->symbol, function->handle, address);
	struct flow_shape shape;

	if (flow == NULL)
		return false;
	flow_describe(flow, &shape);
	return shape.instructions > 0 || shape.oversized;
}

/* What is called there is of that name; slot: by the pointer there. */
static bool
steps_calls(struct steps *steps, const struct steps_function *function, const char *const *names,
    uint64_t address, bool slot)
{
	return steps_named(names,
		   symbol_callee_name(
		       steps->places->logical->symbol, function->handle, address, slot)) &&
	    (slot || !steps_own(steps, function, address));
}

/* What the function jumps to when it ends: does that take its place for long? */
static void
steps_find_tails(struct steps *steps, struct steps_function *function)
{
	bool computed;
	size_t count, i;
	const uint64_t *tails = flow_tails(function->flow, &count, &computed);

	function->tails = computed || count > 0;
	function->leaves = function->rejoins = computed;
	for (i = 0; i < count; i++)
		if (!steps_calls(steps, function, steps_leaf, tails[i], false) &&
		    !steps_calls(steps, function, steps_hooks, tails[i], false))
			function->leaves = true;
}

/* Number of the function that starts at entry. */
static size_t
steps_function(struct steps *steps, uint32_t module, uint64_t entry)
{
	struct symbol *symbol = steps->places->logical->symbol;
	struct steps_function *function;
	uint64_t *number;
	bool fresh;

	number = map_insert(&steps->function_map, (struct map_key){ module, entry }, &fresh);
	if (!fresh)
		return *number;
	*number = steps->function_count;
	steps->functions = xgrow(steps->functions, &steps->function_cap, steps->function_count + 1,
	    sizeof(*steps->functions));
	function = &steps->functions[steps->function_count++];
	*function = (struct steps_function){
		.entry = entry, .module = module, .tails = true, .leaves = true
	};
	if (module != 0 && entry != 0) {
		function->handle = logical_places_handle(steps->places, module);
		function->flow = symbol_flow(symbol, function->handle, entry);
	}
	if (function->flow != NULL) {
		steps_find_tails(steps, function);
		steps->known++;
	} else {
		steps->not_known++;
	}
	return steps->function_count - 1;
}

static size_t
steps_function_of(struct steps *steps, uint32_t pc)
{
	const struct definitions_pc *at = &steps->places->definitions->pcs[pc];

	return steps_function(steps, at->module, steps_symbol(steps, pc)->function);
}

/* ---- calls that always allocate ---- */

static int
steps_compare_site(const void *left, const void *right)
{
	const struct steps_site *a = left, *b = right;

	if (a->module != b->module)
		return a->module < b->module ? -1 : 1;
	return a->offset < b->offset ? -1 : a->offset > b->offset;
}

static void
steps_index_sites(struct steps *steps)
{
	const struct definitions *all = steps->places->definitions;
	uint32_t i;

	steps->sites = xcalloc((size_t)all->pc_count + 1, sizeof(*steps->sites));
	for (i = 1; i <= all->pc_count; i++)
		steps->sites[i - 1] =
		    (struct steps_site){ all->pcs[i].module, i, all->pcs[i].offset };
	qsort(steps->sites, all->pc_count, sizeof(*steps->sites), steps_compare_site);
}

/* The pc of the trace at that place, 0: it was on no stack. */
static uint32_t
steps_find_site(struct steps *steps, uint32_t module, uint64_t offset)
{
	const struct definitions *all = steps->places->definitions;
	struct steps_site key = { .module = module, .offset = offset };
	const struct steps_site *found =
	    bsearch(&key, steps->sites, all->pc_count, sizeof(*steps->sites), steps_compare_site);

	return found != NULL && !all->pcs[found->pc].signal ? found->pc : 0;
}

/* Which pcs stood behind each pc on the stacks: where its call led to. */
static void
steps_index_callees(struct steps *steps)
{
	const struct definitions *all = steps->places->definitions;
	const struct definitions_node *nodes = all->nodes;
	uint32_t i, pc, at = 0;

	steps->callees = xcalloc((size_t)all->node_count + 1, sizeof(*steps->callees));
	steps->callee_first = xcalloc((size_t)all->pc_count + 2, sizeof(*steps->callee_first));
	for (i = 1; i <= all->node_count; i++)
		if (nodes[i].parent != 0)
			steps->callee_first[nodes[nodes[i].parent].pc]++;
	for (pc = 0; pc <= all->pc_count + 1; pc++) {
		at += steps->callee_first[pc];
		steps->callee_first[pc] = at;
	}
	for (i = all->node_count; i > 0; i--)
		if (nodes[i].parent != 0)
			steps->callees[--steps->callee_first[nodes[nodes[i].parent].pc]] =
			    nodes[i].pc;
}

static bool steps_always(struct steps *steps, size_t number, unsigned depth);

/* The call at pc was seen to lead into the function of that name: does that one
 * always allocate? */
static bool
steps_callee_named(struct steps *steps, uint32_t pc, const char *name, unsigned depth)
{
	uint32_t i, callee, last = 0;
	const struct symbol_place *place;

	for (i = steps->callee_first[pc]; i < steps->callee_first[pc + 1]; i++) {
		callee = steps->callees[i];
		place = steps_symbol(steps, callee);
		if (callee == last || strcmp(place->frames[place->count - 1].symbol, name) != 0)
			continue;
		last = callee;
		if (steps_always(steps, steps_function_of(steps, callee), depth))
			return true;
	}
	return false;
}

/* The call that returns to site, if it comes back, made an event. */
static bool
steps_call_always(struct steps *steps, size_t number, uint64_t site, unsigned depth)
{
	const struct steps_function *function = &steps->functions[number];
	uint32_t module = function->module;
	uint32_t pc = steps_find_site(steps, module, site);
	struct flow_callee callee;
	const char *name;

	/* what never was on a stack may be a malloc that is not ours */
	if (pc == 0 || !flow_callee(function->flow, site, &callee) || callee.address == 0)
		return false;
	if (!callee.slot && steps_own(steps, function, callee.address))
		return steps_always(steps, steps_function(steps, module, callee.address), depth);
	if (steps_calls(steps, function, steps_hooks, callee.address, callee.slot))
		return true;
	name = symbol_callee_name(
	    steps->places->logical->symbol, function->handle, callee.address, callee.slot);
	return name != NULL && steps_callee_named(steps, pc, name, depth);
}

/* Fills function->always; the depth of the functions it looks into is limited. */
static void
steps_find_always(struct steps *steps, size_t number, unsigned depth)
{
	size_t count, i;
	const uint64_t *sites;

	if (steps->functions[number].has_always || steps->functions[number].flow == NULL)
		return;
	if (steps->sites == NULL) {
		steps_index_sites(steps);
		steps_index_callees(steps);
	}
	steps->functions[number].has_always = true;
	sites = flow_sites(steps->functions[number].flow, &count);
	for (i = 0; i < count; i++) {
		struct steps_function *function;

		if (!steps_call_always(steps, number, sites[i], depth))
			continue;
		function = &steps->functions[number];
		if (function->always == NULL)
			function->always = xcalloc(count, sizeof(*function->always));
		function->always[function->always_count++] = sites[i];
	}
}

/* Every run of the function that ends normally makes an event. */
static bool
steps_always(struct steps *steps, size_t number, unsigned depth)
{
	const struct steps_function *function;

	if (depth == 0)
		return false;
	steps_find_always(steps, number, depth - 1);
	function = &steps->functions[number];
	return function->always_count > 0 &&
	    flow_always_any(function->flow, function->always, function->always_count) == FLOW_YES;
}

/* ---- jumps that come back ---- */

/* Puts the number into the queue, once; false: there is no room. */
static bool
steps_queue(size_t queue[STEPS_TAILS], size_t *count, size_t number)
{
	for (size_t i = 0; i < *count; i++) {
		if (queue[i] == number)
			return true;
	}
	if (*count == STEPS_TAILS)
		return false;
	queue[(*count)++] = number;
	return true;
}

/* A chain of jumps out of functions leads back to this one: what was called may be
 * a new activation of it, though its caller's call is the same. */
static void
steps_find_rejoins(struct steps *steps, size_t number)
{
	size_t queue[STEPS_TAILS], count = 0, at, i, tail_count, next;
	const uint64_t *tails;
	bool computed;

	if (steps->functions[number].has_rejoins || steps->functions[number].flow == NULL)
		return;
	steps->functions[number].has_rejoins = true;
	queue[count++] = number;
	for (at = 0; at < count && !steps->functions[number].rejoins; at++) {
		if (steps->functions[queue[at]].flow == NULL)
			continue;
		tails = flow_tails(steps->functions[queue[at]].flow, &tail_count, &computed);
		steps->functions[number].rejoins |= computed;
		for (i = 0; i < tail_count; i++) {
			next = steps_function(steps, steps->functions[number].module, tails[i]);
			if (next == number || !steps_queue(queue, &count, next))
				steps->functions[number].rejoins = true;
		}
	}
}

/* ---- inlined instances ---- */

/* Where the instance that the call at site stands in is entered, as its debug
 * information says; 0 if the code does not bear that out. */
static uint64_t
steps_entry(
    const struct steps_function *function, const struct symbol_frame *instance, uint64_t site)
{
	return instance->entry != 0 &&
		flow_passes(function->flow, instance->entry, site) == FLOW_YES
	    ? instance->entry
	    : 0;
}

/* ---- answers ---- */

struct place_code
steps_code(struct steps *steps, uint32_t pc)
{
	size_t number = steps_function_of(steps, pc);
	const struct definitions_pc *at = &steps->places->definitions->pcs[pc];
	struct steps_function *function;
	struct place_code code = { 0 };

	steps_find_always(steps, number, STEPS_DEPTH);
	steps_find_rejoins(steps, number);
	function = &steps->functions[number];
	code.tails = function->tails;
	code.leaves = function->leaves;
	code.rejoins = function->rejoins;
	if (function->flow != NULL && !at->tail && !at->signal)
		code.guarded = function->always_count > 0 &&
		    flow_dominates_any(function->flow, function->always, function->always_count,
			at->offset) == FLOW_YES;
	return code;
}

/* How many outermost frames of both places are the same instances. */
static uint32_t
steps_common(const struct symbol_place *a, const struct symbol_place *b)
{
	size_t i = a->count - 1, j = b->count - 1;
	uint32_t common = 1;

	for (; i > 0 && j > 0 && a->frames[i - 1].instance == b->frames[j - 1].instance; i--, j--)
		common++;
	return common;
}

/* Of the instances that both are in, so many may be the same ones: one that must
 * have been entered again on the way is not, nor what is inside of it. What is told to
 * be the entry may be another piece of it (clang does not say which is): all that is in
 * the instance must come by it. */
static uint32_t
steps_alive(const struct steps_function *function, const struct symbol_place *place,
    uint32_t common, uint64_t from, uint64_t to)
{
	uint32_t alive;
	uint64_t entry;

	for (alive = 1; alive < common; alive++) {
		const struct symbol_frame *instance = &place->frames[place->count - 1 - alive];

		entry = steps_entry(function, instance, to);
		if (entry != 0 && steps_entry(function, instance, from) == entry &&
		    flow_reaches_avoiding(function->flow, from, to, entry) == FLOW_NO)
			break;
	}
	return alive;
}

/* The call that returns to site, of an allocation, is the last one of its function. */
static bool
steps_gave(struct steps *steps, const struct steps_function *function,
    const struct symbol_place *place, uint64_t site)
{
	struct flow_callee callee;

	return steps_named(steps_retries, place->frames[place->count - 1].symbol) &&
	    flow_callee(function->flow, site, &callee) && callee.address != 0 &&
	    steps_calls(steps, function, steps_hooks, callee.address, callee.slot);
}

/* No step proves that inlined instances stay the same: a pass of a loop that was peeled or
 * unrolled is another activation, and of its copies the compiler tells as of one instance,
 * in which nothing may be left of what stood between them. */
struct place_step
steps_step(struct steps *steps, uint32_t from, uint32_t to)
{
	const struct definitions_pc *pcs = steps->places->definitions->pcs;
	const struct symbol_place *place = steps_symbol(steps, from);
	uint32_t common = steps_common(place, steps_symbol(steps, to));
	size_t number = steps_function_of(steps, from);
	struct place_step step = { .alive = { common, common }, .firm = { 1, 1 } };
	uint64_t a = pcs[from].offset, b = pcs[to].offset;
	struct steps_function *function;

	/* a function that was left by a jump does nothing more */
	if (pcs[from].tail)
		return (struct place_step){ .known = true };
	steps_find_always(steps, number, STEPS_DEPTH);
	function = &steps->functions[number];
	if (pcs[to].tail) {
		step.known = function->flow != NULL;
		return step;
	}
	/* what a signal interrupted can be anywhere */
	if (pcs[from].signal || pcs[to].signal) {
		step.known = true;
		return step;
	}
	if (function->flow == NULL)
		return step;
	if (from == to && steps_gave(steps, function, place, a))
		return (struct place_step){ .known = true };
	switch (flow_reaches(function->flow, a, b)) {
	case FLOW_UNKNOWN: return step;
	case FLOW_NO: return (struct place_step){ .known = true };
	case FLOW_YES:
	default: break;
	}
	step.known = true;
	step.alive[PLACE_GAP] = steps_alive(function, place, common, a, b);
	step.alive[PLACE_NOTHING] = step.alive[PLACE_GAP];
	if (function->always_count > 0 &&
	    flow_reaches_without(function->flow, a, b, function->always, function->always_count) ==
		FLOW_NO)
		step.alive[PLACE_NOTHING] = 0;
	return step;
}

uint32_t
steps_tails(struct steps *steps, uint32_t node)
{
	(void)steps;
	(void)node;
	return 0;
}

/* The call is one of a hook, seen or not; or of the function itself, which comes to one. */
static bool
steps_calls_hook(struct steps *steps, const struct steps_function *function, uint64_t site)
{
	struct flow_callee callee;

	if (!flow_callee(function->flow, site, &callee) || callee.address == 0)
		return false;
	return (callee.address == function->entry && !callee.slot) ||
	    steps_calls(steps, function, steps_hooks, callee.address, callee.slot);
}

/* The call is computed, and made in the place of all these: `hook ? hook(n) : malloc(n)`. */
static bool
steps_calls_instead(
    const struct steps_function *function, uint64_t site, const uint64_t *calls, size_t count)
{
	struct flow_callee callee;
	size_t i;

	if (!flow_callee(function->flow, site, &callee) || callee.address != 0)
		return false;
	for (i = 0; i < count; i++)
		if (flow_reaches(function->flow, site, calls[i]) != FLOW_NO ||
		    flow_reaches(function->flow, calls[i], site) != FLOW_NO)
			return false;
	return true;
}

/* Where it made none of these calls it returned NULL, and else a block: no more than one,
 * which is then what is returned. */
static bool
steps_hands_out(const struct steps_function *function, const uint64_t *calls, size_t count)
{
	size_t i, j;

	if (flow_hands_out(function->flow, calls, count) != FLOW_YES)
		return false;
	for (i = 0; i < count; i++)
		for (j = 0; j < count; j++)
			if (flow_reaches(function->flow, calls[i], calls[j]) == FLOW_YES)
				return false;
	return true;
}

/* No call of a hook, and none of these pcs, is on every way through the function that
 * does not return NULL, nor what may be an allocator of the program's instead. */
static bool
steps_function_may_skip(
    struct steps *steps, const struct steps_function *function, const uint32_t *pcs, size_t count)
{
	size_t all, i, used = 0, known;
	const uint64_t *sites;
	uint64_t *calls;
	bool skip;

	if (function->flow == NULL || flow_is_open(function->flow))
		return false;
	sites = flow_sites(function->flow, &all);
	calls = xcalloc(2 * all + count + 1, sizeof(*calls));
	for (i = 0; i < all; i++)
		if (steps_calls_hook(steps, function, sites[i]))
			calls[used++] = sites[i];
	for (i = 0; i < count; i++) {
		const struct definitions_pc *pc = &steps->places->definitions->pcs[pcs[i]];

		if (&steps->functions[steps_function_of(steps, pcs[i])] != function)
			continue;
		/* it ends in a jump there, which is a way out that allocates */
		if (pc->tail)
			break;
		calls[used++] = pc->offset;
	}
	known = used;
	for (size_t j = 0; j < all; j++)
		if (steps_calls_instead(function, sites[j], calls, known))
			calls[used++] = sites[j];
	skip = i == count && flow_always_any(function->flow, calls, used) == FLOW_NO &&
	    !steps_hands_out(function, calls, used);
	free(calls);
	return skip;
}

bool
steps_may_skip(struct steps *steps, const uint32_t *pcs, size_t count)
{
	size_t i;

	/* a new one may move the others */
	for (i = 0; i < count; i++)
		steps_function_of(steps, pcs[i]);
	for (i = 0; i < count; i++) {
		size_t number = steps_function_of(steps, pcs[i]);

		if (steps_function_may_skip(steps, &steps->functions[number], pcs, count))
			return true;
	}
	return false;
}
