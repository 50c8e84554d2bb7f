/* Separate debug files of a module. */
#ifndef SYMBOL_SYMBOL_DEBUG_H
#define SYMBOL_SYMBOL_DEBUG_H

#include <stddef.h>
#include <stdint.h>

#include "analyzer/symbol/symbol_elf.h"

/* What is looked for. */
struct symbol_debug_query {
	const uint8_t *build_id; /* of the module, or NULL */
	size_t build_id_len;
	const struct symbol_elf *main; /* the module's own file, or NULL */
	const char *root;              /* "/usr/lib/debug"; NULL: look nowhere */
	char **refused; /* gets, to be freed, what was there and not taken, and why */
};

/*
 * Opens the first of: ROOT/.build-id/xx/yyyy.debug; the file that .gnu_debuglink
 * names, beside the module, in .debug/ there, under ROOT (its CRC must agree, and
 * its build-id if both have one); what symbol_guard_open_served gives.
 * True if found; file is then open, and nothing is refused.
 */
bool symbol_debug_find(struct symbol_elf *file, const struct symbol_debug_query *query);

/* Opens the file shared by several (dwz) that .gnu_debugaltlink of file names. Where that
 * one is not to be had, *refused says so if it is NULL; refused itself may be. */
bool symbol_debug_find_shared(
    struct symbol_elf *shared, const struct symbol_elf *file, const char *root, char **refused);

#endif
