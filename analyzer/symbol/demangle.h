/* Plain source names from linkage names and DWARF names. Alone knows the
 * demangler. */
#ifndef SYMBOL_DEMANGLE_H
#define SYMBOL_DEMANGLE_H

#include <stdbool.h>
#include <stddef.h>

struct strbuf;

enum {
	DEMANGLE_INPUT_MAX = 16 * 1024, /* longer names stay as they are: libiberty recurses */
	DEMANGLE_OUTPUT_MAX = 64 * 1024,
};

/*
 * Adds to out the plain name of a linkage name: demangled (C++, Rust) and
 * qualified, without arguments, template arguments, tags, clone suffixes and
 * hashes; a lambda is operator(). A name of another language is cut at its clone
 * suffix only.
 */
void demangle_plain(const char *linkage, struct strbuf *out);

/* True if linkage looks like a C++ or Rust name, which says its scope itself. */
bool demangle_is_mangled(const char *linkage);

/*
 * Adds name, one or more source components as a DIE has them, without template
 * arguments; operator names stay whole. rust: `<T as Trait>` is kept.
 */
void demangle_strip(const char *name, size_t len, bool rust, struct strbuf *out);

/* True for a component that stands for a lambda's class: "<lambda(int)>", "$_0". */
bool demangle_is_lambda(const char *name, size_t len);

/* Length of name without its clone suffixes (".constprop.0", ".cold", "@@V"). */
size_t demangle_base_length(const char *name);

#endif
