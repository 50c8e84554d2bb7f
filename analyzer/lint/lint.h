/* Formats of diagnostics: what editors, CI and compilers' tools read. */
#ifndef LINT_LINT_H
#define LINT_LINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct finding_place;
struct findings;
struct paths;
struct strbuf;

struct lint_options {
	const struct paths *paths;
	bool is_colored;
	unsigned columns; /* for lines of source */
};

struct lint {
	const char *name;
	const char *summary;
	size_t top; /* findings that its readers take; 0: all */
	void (*write)(
	    const struct lint_options *options, const struct findings *findings, FILE *out);
};

/* The format of that name, or NULL. */
const struct lint *lint_find(const char *name);
/* The at-th, or NULL behind the last. */
const struct lint *lint_at(size_t at);

/* What a format shows for a place: file:line:column as far as they are known,
 * else the name of the module. Harmless. */
void lint_add_place(struct strbuf *buf, const struct finding_place *place);

#endif
