#include "analyzer/symbol/symbol.h"

#include "analyzer/flow/flow.h"
#include "analyzer/symbol/symbol_answers.h"
#include "analyzer/symbol/symbol_module.h"

struct flow *
symbol_module_flow(struct module *module, uint64_t entry)
{
	struct map_key key = { .lo = entry };
	const uint64_t *known = map_find(&module->flows, key);
	struct flow *flow;

	if (known != NULL)
		return (struct flow *)(uintptr_t)*known;
	if (module->code_state != SYMBOL_CODE_READ)
		return NULL;
	flow = symbol_answers_flow(module, entry);
	*map_insert(&module->flows, key, NULL) = (uintptr_t)flow;
	return flow;
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
	enum symbol_ask_kind kind = slot ? SYMBOL_ASK_SLOT : SYMBOL_ASK_NAME;
	const char *name = NULL;
	struct module *module;

	if (handle >= symbol->handle_count)
		return NULL;
	module = symbol_module_of(symbol, handle);
	if (module->code_state != SYMBOL_CODE_READ)
		return NULL;
	symbol_answers_name(module, kind, address, &name);
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
