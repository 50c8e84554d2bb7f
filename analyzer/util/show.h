/* Names and numbers as a person reads them on a terminal. */
#ifndef UTIL_SHOW_H
#define UTIL_SHOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct strbuf;

/* Adds text as term_escape does, at most `columns` wide; what is longer ends
 * with "~" there. Returns the columns used. */
size_t show_text(struct strbuf *buf, const char *text, size_t columns);
/* The same for a function: what a qualified name is nested in is left out first; of a
 * place in a module ("libx.so+0x1d30") the end stays. */
size_t show_name(struct strbuf *buf, const char *name, size_t columns);
/* The same, but it is the beginning that is left out. For paths. */
size_t show_tail(struct strbuf *buf, const char *text, size_t columns);

/* Enough for any of the numbers below. */
enum { SHOW_SIZE = 32 };

/* These write into buf and return it. 1204332: "1.20 M"; below 10000 whole. */
const char *show_count(char buf[SHOW_SIZE], double count);
const char *show_bytes(char buf[SHOW_SIZE], double bytes);              /* "1.2 MiB" */
const char *show_ns(char buf[SHOW_SIZE], double ns);                    /* "83 ns" */
const char *show_share(char buf[SHOW_SIZE], double part, double whole); /* % */
/* Whether show_count writes "1", of which a word is singular. */
bool show_is_one(double count);
/* What ends a word that count stands before: "" behind "1", else "s". */
const char *show_s(double count);

#endif
