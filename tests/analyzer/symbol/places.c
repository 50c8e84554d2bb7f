/* Prints the places of a module: places MODULE [--own] < hexadecimal addresses.
 * One line a frame: function|symbol|file:line:column|flags, then an empty one.
 * --own: no separate debug files. The last lines say how it was read, and what debug file
 * was not. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/symbol/symbol.h"

static const char *const states[] = {
	[SYMBOL_UNUSED] = "unused",
	[SYMBOL_DWARF] = "dwarf",
	[SYMBOL_SYMTAB] = "symtab",
	[SYMBOL_SPLIT] = "split",
	[SYMBOL_PARTIAL] = "partial",
	[SYMBOL_MISSING] = "missing",
	[SYMBOL_MISMATCH] = "mismatch",
	[SYMBOL_UNREADABLE] = "unreadable",
};

static void
print_frame(const struct symbol_frame *frame, bool startup)
{
	printf("%s|%s|", frame->function, frame->symbol);
	if (frame->line == 0)
		printf("??:0:0");
	else
		printf("%s:%u:%u", frame->file, frame->line, frame->column);
	printf("|%s%s\n", frame->inlined ? "inlined" : "", startup ? "startup" : "");
}

int
main(int argc, char **argv)
{
	struct symbol_module module = { .path = argc > 1 ? argv[1] : "" };
	struct symbol *symbol = symbol_new();
	const char *debug;
	const char *refused;
	uint32_t handle;
	char line[64];
	size_t i;

	if (argc > 2 && strcmp(argv[2], "--own") == 0)
		symbol_set_debug_root(symbol, NULL);
	else if (argc > 2)
		symbol_set_debug_root(symbol, argv[2]);
	handle = symbol_add_module(symbol, &module);
	while (fgets(line, sizeof(line), stdin) != NULL) {
		const struct symbol_place *place;

		place = symbol_resolve(symbol, handle, strtoull(line, NULL, 16), false);
		for (i = 0; i < place->count; i++)
			print_frame(&place->frames[i], place->startup);
		printf("\n");
	}
	debug = symbol_module_debug(symbol, handle);
	printf("state %s%s\n", states[symbol_module_state(symbol, handle)],
	    debug != NULL ? " separate" : "");
	refused = symbol_module_refused(symbol, handle);
	if (refused != NULL)
		printf("refused %s\n", refused);
	symbol_free(symbol);
	return 0;
}
