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

/* The built-in list, with functions that match a pattern of `more` (extended
 * regular expression, searched in the plain name) and without those that match
 * one of `fewer`. NULL and err set if one cannot be compiled. */
struct wrappers *wrappers_new(const char *const *more, size_t more_count, const char *const *fewer,
    size_t fewer_count, struct err *err);
void wrappers_free(struct wrappers *wrappers); /* takes NULL */

/* function: plain name; module: path of its file. */
bool wrappers_match(const struct wrappers *wrappers, const char *function, const char *module);

#endif
