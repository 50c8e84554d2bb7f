/*
 * What esc says of a site: the table of verdicts, in the order in which their
 * rules are asked; the first that holds decides.
 */
#ifndef ESCAPE_VERDICT_H
#define ESCAPE_VERDICT_H

#include <stdbool.h>
#include <stdint.h>

enum fate {
	FATE_LOCAL,
	FATE_UP,
	FATE_THREAD,
	FATE_LIVE,
	FATE_CENSORED,
	FATE_UNKNOWN,
	FATE_COUNT,
};

enum { VERDICT_UP_MAX = 3 }; /* frames up that a caller can be asked to take */

/* What the rules look at. */
struct verdict_facts {
	uint64_t fates[FATE_COUNT]; /* observed blocks */
	uint64_t far;               /* of those `up`: farther than VERDICT_UP_MAX */
	uint64_t activations;       /* of the owners */
	uint64_t reallocs;
	uint64_t size_min;
	uint64_t size_max;
	uint64_t stack_limit;
};

struct verdict {
	const char *name;
	const char *advice;
	bool escaped_owner; /* the owner to name is that of escaped blocks */
	bool (*holds)(const struct verdict_facts *facts);
};

/* NULL ended. */
extern const struct verdict *const verdict_table[];

const struct verdict *verdict_find(const struct verdict_facts *facts);
const char *fate_name(enum fate fate);
/* 95 % upper bound of the rate, `hits` seen in n (Clopper and Pearson; about 3/n
 * for none); 1 if nothing was seen. Of weighed blocks n is how many of one weight
 * tell as much, and hits their share of it. */
double verdict_rate_upper(double hits, double n);

#endif
