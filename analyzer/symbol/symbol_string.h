/*
 * Texts of DWARF attributes. libdw (0.188) gives what stands in .debug_info without a
 * look whether it ends there, and who then measures it reads behind the section.
 */
#ifndef SYMBOL_SYMBOL_STRING_H
#define SYMBOL_SYMBOL_STRING_H

#include <elfutils/libdw.h>

/* The text of attribute (NULL: none), in the library's memory for as long as its Dwarf
 * is there; NULL if it is no text, or one that does not end inside of its section. */
const char *symbol_string_of(Dwarf_Attribute *attribute);

#endif
