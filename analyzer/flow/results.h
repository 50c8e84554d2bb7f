/* What a function returns, where that is plain to see: wrappers of malloc return NULL for
 * no size or no string, and have allocated nothing then. */
#ifndef FLOW_RESULTS_H
#define FLOW_RESULTS_H

#include <stdint.h>

#include "analyzer/flow/code.h"
#include "analyzer/flow/values.h"

enum result {
	RESULT_ANY,    /* who knows, or it does not return */
	RESULT_ZERO,   /* 0: NULL, if it is a pointer */
	RESULT_NUMBER, /* another number that stands in the code */
};

/* By block, what every activation that comes to it returns: enum result. To be freed;
 * NULL: the function is too large to be a wrapper. */
uint8_t *results_find(const struct code *code, const struct values_graph *known);

#endif
