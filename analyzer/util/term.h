/* What the terminal may see: colour when it is wanted, names made harmless. */
#ifndef UTIL_TERM_H
#define UTIL_TERM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum term_color {
	TERM_COLOR_AUTO = 0,
	TERM_COLOR_ALWAYS,
	TERM_COLOR_NEVER,
};

struct strbuf;

/* The value of --color: 0 and *color, or -1 if it is none of the three words. */
int term_color_parse(const char *text, enum term_color *color);
/*
 * Whether to colour `out`. A NO_COLOR that is not empty says no to AUTO, and so
 * do TERM=dumb and a file; ALWAYS and NEVER were asked for and hold.
 */
bool term_color_wanted(FILE *out, enum term_color color);
/* Columns of the terminal at `out`; `other` where it is none. */
unsigned term_columns(FILE *out, unsigned other);
/*
 * Adds text with everything escaped (\x1b, \u{202e}) that could move, hide,
 * reorder or colour what a terminal shows: controls, DEL, line ends, bidi and
 * zero-width characters, bytes that are not UTF-8. A backslash stays.
 */
void term_escape(struct strbuf *to, const char *text, size_t len);
/* The same, written. */
void term_puts(FILE *out, const char *text);

#endif
