/*
 * Names of the traced program, which may be any bytes, as text that is UTF-8 and can be
 * turned back: what the database holds, and what every view shows, escaped further
 * where it must be.
 *
 * A byte that is not UTF-8 becomes \xNN. A backslash before "x" or "u{" becomes \x5c,
 * so that what reads as an escape is one. Views add \xNN for other ASCII characters and
 * \u{N} for the rest (term_escape and its like); names_restore undoes all of these in
 * one pass.
 */
#ifndef UTIL_NAMES_H
#define UTIL_NAMES_H

#include <stdbool.h>
#include <stddef.h>

struct strbuf;

/* Whether names_escape would leave the text as it is. */
bool names_are_plain(const char *text, size_t len);
/* Adds text as described above. */
void names_escape(struct strbuf *to, const char *text, size_t len);
/* Adds the bytes that a text stands for, which hold no NUL; what only looks like an
 * escape stays. */
void names_restore(struct strbuf *to, const char *text);
/* The same two, as a new string, which the caller frees. */
char *names_escaped(const char *text);
char *names_restored(const char *text);

#endif
