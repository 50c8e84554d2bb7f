/* Prints the tail calls between a call and what runs: chains [-i] MODULE... and a line
 * "MODULE OFFSET NAME" or "MODULE OFFSET MODULE OFFSET" each on stdin: where the call
 * returns to, and a hook or a return address in what runs (modules are numbered from
 * 0, offsets are hexadecimal). Answers "KIND FUNCTION:LINE..." outermost first, a comma
 * before a function that is inlined into the one before; -i: "#" and its identity behind
 * a function that is known by its name only. */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/symbol/symbol.h"

enum { MODULES_MAX = 16 };

static const char *const kinds[] = {
	[SYMBOL_CHAIN_NONE] = "none",
	[SYMBOL_CHAIN_ONE] = "one",
	[SYMBOL_CHAIN_MANY] = "many",
	[SYMBOL_CHAIN_UNKNOWN] = "unknown",
};

static bool identities;

static void
print_identity(const struct symbol_place *place)
{
	if (identities && place->function == 0)
		printf("#%" PRIx64, place->frames[0].instance);
}

static void
print_chain(const struct symbol_chain *chain)
{
	size_t i;
	size_t j;

	printf("%s%s", kinds[chain->kind], chain->indirect ? " indirect" : "");
	for (i = 0; i < chain->count; i++) {
		for (j = chain->places[i]->count; j-- > 0;)
			printf("%c%s:%" PRIu32, j + 1 == chain->places[i]->count ? ' ' : ',',
			    chain->places[i]->frames[j].function, chain->places[i]->frames[j].line);
		print_identity(chain->places[i]);
	}
	printf("\n");
}

static void
answer(struct symbol *symbol, const struct symbol_scope *scope, const char *line)
{
	struct symbol_callee callee = { .is_return = true };
	struct symbol_chain chain;
	const char *names[2] = { NULL, NULL };
	char name[64];
	uint32_t module;
	uint64_t offset;

	if (sscanf(line, "%" SCNu32 " %" SCNx64 " %" SCNu32 " %" SCNx64, &module, &offset,
		&callee.module, &callee.offset) != 4) {
		if (sscanf(line, "%" SCNu32 " %" SCNx64 " %63s", &module, &offset, name) != 3) {
			printf("bad line\n");
			return;
		}
		names[0] = name;
		callee.names = names;
	}
	symbol_tail_chain(symbol, module, offset, &callee, scope, &chain);
	print_chain(&chain);
}

int
main(int argc, char **argv)
{
	struct symbol *symbol = symbol_new();
	uint32_t handles[MODULES_MAX];
	struct symbol_scope scope = { handles, 0, 0 };
	char line[256];

	identities = argc > 1 && strcmp(argv[1], "-i") == 0;
	argv += identities ? 2 : 1;
	for (; scope.count < MODULES_MAX && *argv != NULL; scope.count++, argv++)
		handles[scope.count] =
		    symbol_add_module(symbol, &(struct symbol_module){ .path = *argv });
	while (fgets(line, sizeof(line), stdin) != NULL)
		answer(symbol, &scope, line);
	symbol_free(symbol);
	return 0;
}
