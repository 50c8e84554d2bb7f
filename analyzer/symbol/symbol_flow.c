#include "analyzer/symbol/symbol.h"

#include "analyzer/flow/flow.h"
#include "analyzer/symbol/symbol_module.h"

struct flow *
symbol_module_flow(struct module *module, uint64_t entry)
{
	const struct flow_source *source = symbol_module_code(module);
	struct map_key key = { .lo = entry };
	uint64_t *value;
	bool fresh;

	if (source == NULL)
		return NULL;
	value = map_insert(&module->flows, key, &fresh);
	if (fresh)
		*value = (uintptr_t)flow_build(source, entry);
	return (struct flow *)(uintptr_t)*value;
}

struct flow *
symbol_flow(struct symbol *symbol, uint32_t handle, uint64_t entry)
{
	if (handle >= symbol->handle_count)
		return NULL;
	return symbol_module_flow(symbol_module_of(symbol, handle), entry);
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
