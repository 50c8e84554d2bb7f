/*
 * Split units that were packed into one file ("PROGRAM.dwp"), which the library that
 * reads DWARF does not know: a unit is unpacked into a file of its own, as the
 * compiler had written it.
 */
#ifndef SYMBOL_SYMBOL_PACKAGE_H
#define SYMBOL_SYMBOL_PACKAGE_H

#include <stdint.h>

#include "analyzer/symbol/symbol_elf.h"

struct symbol_package; /* opaque */

/* The package of the program (or its separate debug file) at path: PATH.dwp, or without
 * a last ".debug". NULL if there is none that makes sense. */
struct symbol_package *symbol_package_open(const char *path);
void symbol_package_free(struct symbol_package *package); /* takes NULL */

/* The unit of that id as a file in memory, whose descriptor the caller closes; -1 if
 * there is none. */
int symbol_package_unit(const struct symbol_package *package, uint64_t id);

#endif
