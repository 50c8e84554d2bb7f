#include "analyzer/symbol/symbol.h"

#include "analyzer/flow/flow.h"
#include "analyzer/symbol/symbol_answers.h"
#include "analyzer/symbol/symbol_module.h"

static struct flow *
make_flow(struct module *module, uint64_t entry)
{
	struct flow *flow = symbol_answers_flow(module, entry);
	const struct flow_source *source;

	if (flow != NULL)
		return flow;
	source = symbol_module_code(module);
	if (source == NULL)
		return NULL;
	flow = flow_build(source, entry);
	source->forget(source->data);
	symbol_answers_keep_flow(module, entry, flow);
	return flow;
}

struct flow *
symbol_module_flow(struct module *module, uint64_t entry)
{
	struct map_key key = { .lo = entry };
	uint64_t *value;
	bool fresh;

	if (module->code_state != SYMBOL_CODE_READ)
		return NULL;
	value = map_insert(&module->flows, key, &fresh);
	if (fresh)
		*value = (uintptr_t)make_flow(module, entry);
	return (struct flow *)(uintptr_t)*value;
}

struct flow *
symbol_flow(struct symbol *symbol, uint32_t handle, uint64_t entry)
{
	if (handle >= symbol->handle_count)
		return NULL;
	return symbol_module_flow(symbol_module_of(symbol, handle), entry);
}

const char *
symbol_callee_name(struct symbol *symbol, uint32_t handle, uint64_t address, bool slot)
{
	enum symbol_cache_kind kind = slot ? SYMBOL_CACHE_SLOT : SYMBOL_CACHE_NAME;
	const struct flow_source *source;
	const char *name = NULL;
	struct module *module;

	if (handle >= symbol->handle_count)
		return NULL;
	module = symbol_module_of(symbol, handle);
	if (module->code_state != SYMBOL_CODE_READ)
		return NULL;
	if (symbol_answers_name(module, kind, address, &name))
		return name;
	source = symbol_module_code(module);
	if (source == NULL)
		return NULL;
	name = source->callee(source->data, address, slot);
	symbol_answers_keep_name(module, kind, address, name);
	return name;
}

void
symbol_flow_release(struct module *module)
{
	struct map_key key;
	uint64_t value;
	size_t at = 0;

	while (map_next(&module->flows, &at, &key, &value))
		flow_free((struct flow *)(uintptr_t)value);
	map_release(&module->flows);
}
