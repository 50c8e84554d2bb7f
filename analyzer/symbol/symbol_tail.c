#include "analyzer/symbol/symbol.h"

#include <stdlib.h>
#include <string.h>

#include "analyzer/symbol/symbol_answers.h"
#include "analyzer/symbol/symbol_module.h"
#include "analyzer/util/map.h"
#include "analyzer/util/xalloc.h"

enum {
	STEPS_MAX = 4096, /* jumps that are tried for one chain */
};

/* identities of functions that are known by name only differ from all others */
static const uint64_t NAMED_BIT = UINT64_C(1) << 62;

/* What runs in the end. */
struct goal {
	const char *const *names;
	struct module *module;
	uint64_t function;
};

/* One function on the way. */
struct step {
	struct module *module;
	uint64_t function;                /* 0: of another module that is not known */
	const char *name;                 /* what it was asked for by, or NULL */
	uint64_t pc;                      /* of the jump that is tried; 0: not known */
	const struct symbol_edges *edges; /* NULL: not known */
	size_t next;
};

struct search {
	struct symbol *symbol;
	const struct symbol_scope *scope;
	struct goal goal;
	struct step steps[SYMBOL_CHAIN_MAX];
	size_t depth;
	size_t tried;
	/* what was found: what all candidates have in common */
	struct step found[SYMBOL_CHAIN_MAX];
	size_t found_count;
	bool any;
	bool many;
	bool open; /* a candidate that leads nobody knows where */
};

static bool
is_name(const char *const *names, const char *name)
{
	for (; *names != NULL; names++) {
		if (strcmp(*names, name) == 0)
			return true;
	}
	return false;
}

/* What the traced program has hooks for: they call nothing that is of interest. */
static bool
is_hook(const char *name)
{
	static const char *const hooks[] = { "malloc", "calloc", "realloc", "reallocarray", "free",
		"free_sized", "free_aligned_sized", "cfree", "memalign", "posix_memalign",
		"aligned_alloc", "valloc", "pvalloc", NULL };

	return is_name(hooks, name);
}

/* The module with that handle, as far as it was opened. */
static struct module *
opened(const struct search *search, uint32_t handle)
{
	return search->symbol->modules[search->symbol->handles[handle]];
}

/* Where a function that a module wants by its name is: in what runs, where the call was
 * seen to lead, in the module itself, or in the first that offers it. */
static bool
find_named(
    struct search *search, struct module *own, const char *name, struct module **in, uint64_t *at)
{
	size_t i;

	*in = search->goal.module;
	if (*in != NULL && (*at = symbol_module_export(*in, name)) != 0)
		return true;
	if (search->depth == 0 && search->scope != NULL && search->scope->seen != 0) {
		*in = opened(search, search->scope->seen - 1);
		if ((*at = symbol_module_export(*in, name)) != 0)
			return true;
	}
	*in = own;
	if ((*at = symbol_module_export(own, name)) != 0)
		return true;
	for (i = 0; search->scope != NULL && i < search->scope->count; i++) {
		/* not opened for that: it may have nothing to do with it */
		*in = opened(search, search->scope->modules[i]);
		if ((*at = symbol_module_export(*in, name)) != 0)
			return true;
	}
	return false;
}

/* Begins the next step at target; false if that is what runs. */
static bool
enter(struct search *search, struct module *own, const struct symbol_target *target)
{
	struct step *step = &search->steps[search->depth];
	const struct goal *goal = &search->goal;
	uint64_t at = target->address;

	*step = (struct step){ .module = own };
	if (target->kind == SYMBOL_TARGET_NAME) {
		step->name = target->name;
		if (goal->names != NULL && is_name(goal->names, target->name))
			return false;
		if (!find_named(search, own, target->name, &step->module, &at)) {
			step->module = NULL;
			return true;
		}
	}
	step->function = symbol_module_function(step->module, at);
	/* nobody knows: the module's process failed, or says that there is no code */
	if (step->function == 0) {
		step->module = NULL;
		step->name = step->name != NULL ? step->name : "??";
	}
	return goal->names != NULL || step->module != goal->module || step->function == 0 ||
	    step->function != goal->function;
}

/* ---- the jumps of a function ---- */

static const struct symbol_edges *
find_edges(struct module *module, uint64_t function)
{
	struct map_key key = { .lo = function };
	struct symbol_edges *edges;
	uint64_t *value;
	bool fresh;

	value = map_insert(&module->edges, key, &fresh);
	if (!fresh)
		return (const struct symbol_edges *)(uintptr_t)*value;
	edges = xcalloc(1, sizeof(*edges));
	*value = (uintptr_t)edges;
	symbol_answers_edges(module, function, edges);
	return edges;
}

void
symbol_tail_release(struct module *module)
{
	struct symbol_edges *edges;
	struct map_key key;
	uint64_t value;
	size_t at = 0;

	while (map_next(&module->edges, &at, &key, &value)) {
		edges = (struct symbol_edges *)(uintptr_t)value;
		free(edges->list);
		free(edges);
	}
	map_release(&module->edges);
}

/* ---- the search ---- */

static bool
same_step(const struct step *a, const struct step *b)
{
	if (a->module != b->module || a->function != b->function)
		return false;
	/* what has no function has a name */
	return a->function != 0 ||
	    (a->name != NULL && b->name != NULL && strcmp(a->name, b->name) == 0);
}

static bool
is_on_path(const struct search *search)
{
	size_t i;

	for (i = 0; i < search->depth; i++) {
		if (same_step(&search->steps[i], &search->steps[search->depth]))
			return true;
	}
	return false;
}

/* The steps so far are the first candidate. */
static void
set_candidate(struct search *search, size_t count, bool open)
{
	search->any = true;
	memcpy(search->found, search->steps, count * sizeof(*search->found));
	search->found_count = count;
	if (open && count > 0)
		search->found[count - 1].pc = 0;
}

/* The steps so far are one more: leaves what it has in common with those before. */
static void
join_candidate(struct search *search, size_t count, bool open)
{
	size_t i;

	for (i = 0; i < count && i < search->found_count; i++) {
		if (!same_step(&search->found[i], &search->steps[i]))
			break;
		if (search->found[i].pc != search->steps[i].pc || (open && i + 1 == count))
			search->found[i].pc = 0;
	}
	if (i == count && i == search->found_count)
		return;
	search->many = true;
	search->found_count = i;
	if (i > 0)
		search->found[i - 1].pc = 0;
}

/* The steps so far are a candidate; open: they lead somewhere unknown. */
static void
add_candidate(struct search *search, size_t count, bool open)
{
	search->open = search->open || open;
	if (search->any)
		join_candidate(search, count, open);
	else
		set_candidate(search, count, open);
}

/* The step is new: what may it do? False if it leads nowhere further. */
static bool
begin_step(struct search *search)
{
	struct step *step = &search->steps[search->depth];

	if (is_on_path(search))
		return false;
	if (step->function != 0)
		step->edges = find_edges(step->module, step->function);
	search->depth++;
	if (step->edges == NULL || !step->edges->whole ||
	    (step->edges->lax && search->goal.names != NULL))
		add_candidate(search, search->depth, true);
	return true;
}

/* Tries the next jump of the innermost step. */
static void
try_edge(struct search *search)
{
	struct step *step = &search->steps[search->depth - 1];
	const struct symbol_edge *edge = &step->edges->list[step->next++];

	step->pc = edge->pc;
	if (edge->target.kind == SYMBOL_TARGET_INDIRECT ||
	    edge->target.kind == SYMBOL_TARGET_UNREAD) {
		add_candidate(search, search->depth, true);
		return;
	}
	if (search->depth == SYMBOL_CHAIN_MAX) {
		add_candidate(search, search->depth, true);
		return;
	}
	if (edge->target.kind == SYMBOL_TARGET_NAME && is_hook(edge->target.name) &&
	    (search->goal.names == NULL || !is_name(search->goal.names, edge->target.name)))
		return; /* another hook than the one that runs */
	if (!enter(search, step->module, &edge->target)) {
		add_candidate(search, search->depth, false);
		return;
	}
	begin_step(search);
}

static void
run(struct search *search)
{
	begin_step(search);
	while (search->depth > 0 && !(search->many && search->found_count == 0)) {
		struct step *step = &search->steps[search->depth - 1];

		if (search->tried++ == STEPS_MAX) {
			search->open = true;
			search->found_count = search->found_count > 0 && search->any ? 1 : 0;
			break;
		}
		if (step->edges != NULL && step->next < step->edges->count)
			try_edge(search);
		else
			search->depth--;
	}
}

/* ---- the answer ---- */

/* Of a name: not the same in the next process, so that none can be made to be another's.
 * Nothing may be sorted by it. */
static uint64_t
name_identity(const char *name)
{
	return NAMED_BIT | map_key_of((struct map_key){ 0, 0 }, name, strlen(name)).lo >> 2;
}

/* A function that is known by its name only, which stands in module. */
static const struct symbol_place *
make_named(struct symbol *symbol, struct module *module, const char *linkage)
{
	struct symbol_place *place = arena_alloc(&symbol->arena, sizeof(*place));
	struct symbol_frame *frame = arena_alloc(&symbol->arena, sizeof(*frame));
	const char *plain = NULL;

	if (!symbol_answers_plain(module, linkage, &plain))
		plain = linkage;
	else if (plain == NULL)
		plain = "??";
	frame->function = arena_copy(&symbol->arena, plain, strlen(plain));
	frame->symbol = linkage;
	frame->instance = name_identity(linkage);
	frame->file = "";
	place->frames = frame;
	place->count = 1;
	return place;
}

/* The function alone, as it is declared. */
static const struct symbol_place *
make_function(struct symbol *symbol, const struct symbol_place *at, const struct step *step)
{
	struct symbol_place *place = arena_alloc(&symbol->arena, sizeof(*place));
	struct symbol_frame *frame = arena_alloc(&symbol->arena, sizeof(*frame));

	*place = *at;
	*frame = at->frames[at->count - 1];
	frame->file = "";
	frame->line = 0;
	frame->column = 0;
	symbol_answers_declared(step->module, step->function, frame);
	place->frames = frame;
	place->count = 1;
	return place;
}

static uint32_t
handle_of(const struct symbol *symbol, const struct module *module)
{
	uint32_t i;

	for (i = 0; i < symbol->handle_count; i++) {
		if (symbol->modules[symbol->handles[i]] == module)
			return i;
	}
	return UINT32_MAX;
}

static void
add_place(struct symbol *symbol, struct symbol_chain *chain, struct module *before,
    const struct step *step)
{
	const struct symbol_place *at;
	uint32_t handle = UINT32_MAX;

	if (step->function == 0) {
		at = make_named(symbol, before, step->name);
	} else {
		handle = handle_of(symbol, step->module);
		at = symbol_resolve(
		    symbol, handle, step->pc != 0 ? step->pc : step->function, false);
		if (step->pc == 0)
			at = make_function(symbol, at, step);
	}
	chain->places[chain->count] = at;
	chain->modules[chain->count] = handle;
	chain->jumps[chain->count++] = step->pc;
}

/* Names of the loader's are asked for by calls whose target was not bound yet. */
static bool
is_loader(const struct module *module)
{
	const char *slash = strrchr(module->path, '/');

	return strncmp(slash != NULL ? slash + 1 : module->path, "ld-", 3) == 0 ||
	    strncmp(slash != NULL ? slash + 1 : module->path, "ld.so", 5) == 0;
}

static struct symbol_target
first_target(struct module *module, uint64_t after)
{
	struct symbol_target target;

	if (!symbol_answers_call(module, after, &target))
		target = (struct symbol_target){ .kind = SYMBOL_TARGET_UNREAD };
	return target;
}

static bool
set_goal(struct search *search, const struct symbol_callee *callee)
{
	struct goal *goal = &search->goal;

	goal->names = callee->names;
	if (callee->names != NULL)
		return true;
	if (callee->module >= search->symbol->handle_count)
		return false;
	goal->module = symbol_module_of(search->symbol, callee->module);
	goal->function =
	    symbol_resolve(search->symbol, callee->module, callee->offset, callee->is_return)
		->function;
	return goal->function != 0 && !is_loader(goal->module);
}

/* What the search came to, for a call in the module caller. */
static void
add_found(struct search *search, struct module *caller, struct symbol_chain *chain)
{
	size_t i;

	/* without any chain something is not as the code says: no word */
	if (!search->any)
		return;
	if (!search->open)
		chain->kind = search->many ? SYMBOL_CHAIN_MANY : SYMBOL_CHAIN_ONE;
	for (i = 0; i < search->found_count; i++) {
		add_place(search->symbol, chain, caller, &search->found[i]);
		if (search->found[i].module != NULL)
			caller = search->found[i].module;
	}
}

void
symbol_tail_chain(struct symbol *symbol, uint32_t module, uint64_t offset,
    const struct symbol_callee *callee, const struct symbol_scope *scope,
    struct symbol_chain *chain)
{
	struct search *search;
	struct symbol_target target;
	struct module *caller;

	*chain = (struct symbol_chain){ .kind = SYMBOL_CHAIN_UNKNOWN };
	if (module >= symbol->handle_count || offset == 0)
		return;
	caller = symbol_module_of(symbol, module);
	target = first_target(caller, offset);
	chain->indirect = target.kind == SYMBOL_TARGET_INDIRECT;
	if (target.kind == SYMBOL_TARGET_INDIRECT || target.kind == SYMBOL_TARGET_UNREAD)
		return;
	search = xcalloc(1, sizeof(*search));
	search->symbol = symbol;
	search->scope = scope;
	if (set_goal(search, callee)) {
		if (!enter(search, caller, &target)) {
			chain->kind = SYMBOL_CHAIN_NONE;
		} else {
			run(search);
			add_found(search, caller, chain);
		}
	}
	free(search);
}
