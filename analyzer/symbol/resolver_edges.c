/* Where the calls and jumps of a module's functions lead. */
#include "analyzer/symbol/resolver.h"

#include <stdlib.h>

#include "analyzer/flow/flow.h"
#include "analyzer/symbol/resolver_files.h"
#include "analyzer/util/xalloc.h"

static struct symbol_code_view
view_of(struct resolver *resolver)
{
	return (struct symbol_code_view){ &resolver->main, &resolver->table, &resolver->slots };
}

static void
add_edge(struct resolver_edges *edges, uint64_t pc, const struct symbol_target *target)
{
	edges->list = xgrow(edges->list, &edges->cap, edges->count + 1, sizeof(*edges->list));
	edges->list[edges->count++] = (struct resolver_edge){ pc, *target };
}

static struct symbol_target
target_of_call(struct resolver *resolver, const struct symbol_call *call)
{
	struct symbol_code_view view = view_of(resolver);
	struct symbol_target target = { .kind = SYMBOL_TARGET_INDIRECT };

	if (call->name == NULL)
		return target;
	target = call->tail ? symbol_target_jump(&view, call->pc, call->after)
			    : symbol_target_call(&view, call->after);
	if (target.kind == SYMBOL_TARGET_ADDRESS || target.kind == SYMBOL_TARGET_NAME)
		return target;
	target.address = symbol_calls_target(resolver->dwarf, call);
	if (target.address != 0)
		return (struct symbol_target){ .kind = SYMBOL_TARGET_ADDRESS,
			.address = target.address };
	return (struct symbol_target){ .kind = SYMBOL_TARGET_NAME, .name = call->name };
}

/* What debug information says. */
static void
find_edges_dwarf(struct resolver *resolver, uint64_t function, struct resolver_edges *edges)
{
	const struct symbol_calls *calls = NULL;
	struct symbol_target target;
	size_t i;

	if (resolver->dwarf != NULL)
		calls = symbol_calls_of(&resolver->calls, resolver->dwarf, function);
	if (calls == NULL)
		return;
	edges->whole = calls->whole;
	edges->lax = calls->lax;
	for (i = 0; i < calls->count; i++) {
		const struct symbol_call *call = &calls->list[i];

		if (!call->tail)
			continue;
		target = target_of_call(resolver, call);
		add_edge(edges, call->pc != 0 ? call->pc : call->after - 1, &target);
	}
}

/* What the code says; false if it cannot be read, or not to its end. */
static bool
find_edges_code(struct resolver *resolver, uint64_t function, struct resolver_edges *edges)
{
	const struct flow *flow = resolver_flow(resolver, function);
	struct symbol_code_view view = view_of(resolver);
	struct symbol_target target;
	const struct flow_exit *exits;
	size_t count;
	size_t i;
	bool open;

	if (flow == NULL)
		return false;
	exits = flow_exit_jumps(flow, &count, &open);
	for (i = 0; i < count && !open; i++) {
		if (exits[i].target == 0)
			target = (struct symbol_target){ .kind = SYMBOL_TARGET_INDIRECT };
		else if (exits[i].slot)
			target = symbol_target_slot(&view, exits[i].target);
		else
			target = symbol_target_place(&view, exits[i].target);
		add_edge(edges, exits[i].address, &target);
	}
	edges->whole = !open;
	return !open;
}

void
resolver_find_edges(struct resolver *resolver, uint64_t function, struct resolver_edges *edges)
{
	resolver_load(resolver);
	if (!find_edges_code(resolver, function, edges))
		find_edges_dwarf(resolver, function, edges);
}

struct symbol_target
resolver_call(struct resolver *resolver, uint64_t after)
{
	struct symbol_code_view view;
	struct symbol_target target;
	const struct symbol_calls *calls = NULL;
	size_t i;

	resolver_load(resolver);
	view = view_of(resolver);
	target = symbol_target_call(&view, after);
	if (target.kind != SYMBOL_TARGET_UNREAD)
		return target;
	if (resolver->dwarf != NULL)
		calls = symbol_calls_of(&resolver->calls, resolver->dwarf, after - 1);
	for (i = 0; calls != NULL && i < calls->count; i++) {
		if (!calls->list[i].tail && calls->list[i].after == after)
			return target_of_call(resolver, &calls->list[i]);
	}
	return target;
}
