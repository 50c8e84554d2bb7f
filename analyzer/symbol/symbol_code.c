#include "analyzer/symbol/symbol_code.h"

#include <stddef.h>

struct symbol_code *
symbol_code_new(const struct symbol_elf *file, struct symbol_table *table)
{
	(void)file;
	(void)table;
	return NULL;
}

void
symbol_code_free(struct symbol_code *code)
{
	(void)code;
}

const struct flow_source *
symbol_code_source(const struct symbol_code *code)
{
	(void)code;
	return NULL;
}
