/*
 * Readers of what esc writes that forgive nothing. A break of a rule fails as FUZZ_CHECK
 * does, and says where.
 */
#ifndef TESTS_FUZZ_STRICT_H
#define TESTS_FUZZ_STRICT_H

#include <stdbool.h>
#include <stddef.h>

struct strbuf;

/* UTF-8 throughout; harmless: nothing that a terminal would not simply show, but for the
 * ends of lines where lines says so. */
void strict_text(const char *text, size_t len, bool harmless, bool lines);

/* Reads a string of JSON, ASCII alone, from *at on, behind its quote, and goes behind the
 * other one. Adds what it says. */
void strict_json_string(const char **at, struct strbuf *to);
/* One whole value, and no more but white space. */
void strict_json(const char *text);

/* One whole document of XML 1.0, of elements that a flame graph has and no others, one of
 * them a script; no attribute is called on... */
void strict_xml(const char *text);
/* Adds what a text of XML up to `end` stands for. */
void strict_xml_text(const char *text, char end, struct strbuf *to);

/* Rows of CSV, each as many cells as the first. */
void strict_csv(const char *text);

#endif
