/*
 * The parameters of a URL: NAME=VALUE&..., percent-decoded once. What is not well
 * formed is no parameter at all: a broken %XX, a control character, bytes that are not
 * UTF-8, a name twice, more or longer ones than anybody needs.
 */
#ifndef WEB_SERVER_PARAMETERS_H
#define WEB_SERVER_PARAMETERS_H

#include <stddef.h>
#include <stdint.h>

enum {
	PARAMETERS_COUNT = 16,
	PARAMETERS_BYTES = 2048,
};

struct parameter {
	const char *name;
	const char *value;
};

struct parameters {
	struct parameter list[PARAMETERS_COUNT];
	size_t count;
	char text[PARAMETERS_BYTES]; /* what they point to */
};

/* Reads what follows the '?'; "" has none. -1: malformed. Keep *parameters in its place
 * while it is used. */
int parameters_parse(struct parameters *parameters, const char *query);
/* NULL: there is none of that name. */
const char *parameters_find(const struct parameters *parameters, const char *name);
/* Whether all are among these names, which a NULL ends: 0, else -1. */
int parameters_known(const struct parameters *parameters, const char *const *names);
/* A decimal number within the bounds, the fallback where there is none. -1: it is
 * anything else. */
int parameters_number(const struct parameters *parameters, const char *name, uint64_t low,
    uint64_t high, uint64_t *value);

#endif
