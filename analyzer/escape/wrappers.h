/*
 * Which functions are wrappers: their job is to allocate or free for their
 * caller, so that the caller is what people want to read about.
 */
#ifndef ESCAPE_WRAPPERS_H
#define ESCAPE_WRAPPERS_H

#include <stdbool.h>
#include <stddef.h>

struct err;
struct wrappers; /* opaque */

struct wrappers_function {
	const char *name;   /* plain */
	const char *symbol; /* as it stands in the file; it tells the language */
	const char *module; /* path of its file */
};

/* The built-in rules, with functions that match a pattern of `more` (extended
 * regular expression, searched in the plain name) and without those that match
 * one of `fewer`. NULL and err set if one cannot be compiled. */
struct wrappers *wrappers_new(const char *const *more, size_t more_count, const char *const *fewer,
    size_t fewer_count, struct err *err);
void wrappers_free(struct wrappers *wrappers); /* takes NULL */

bool wrappers_match(const struct wrappers *wrappers, const struct wrappers_function *function);
/* The path is that of glibc's libc or ld.so. */
bool wrappers_is_c_library(const char *module);
/* ... that of ld.so. */
bool wrappers_is_loader(const char *module);
/* Where a name's namespace begins. Rust writes a trait's method "<type as
 * trait>::method", another one "<type>::method": the trait decides, or the type. A
 * program's own trait for a library's type is the program's. Part of function. */
const char *wrappers_space(const char *function);
/* No pattern of `fewer` forbids it. */
bool wrappers_may_be(const struct wrappers *wrappers, const char *name);
/* From now on this one is a wrapper too; the texts are copied. */
void wrappers_add_found(struct wrappers *wrappers, const char *name, const char *module);
/* How many were added, and the name of the at-th. */
size_t wrappers_found_count(const struct wrappers *wrappers);
const char *wrappers_found_name(const struct wrappers *wrappers, size_t at);

#endif
