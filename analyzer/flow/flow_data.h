/* What is kept of a function once its graph is made. Private to the flow_*.c files. */
#ifndef FLOW_FLOW_DATA_H
#define FLOW_FLOW_DATA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyzer/flow/flow.h"
#include "analyzer/flow/graph.h"

/* Every activation that comes to the block returns the same number. */
struct flow_result {
	uint32_t block;
	bool zero;
};

/* Of a function whose code could not be had all is zero, but for the shape. */
struct flow {
	struct flow_shape shape;
	bool known; /* there was code */
	bool open;
	bool computed; /* leaves by jumps whose target is not known */
	struct graph graph;
	uint64_t *starts; /* of blocks, ascending */
	uint64_t *stops;
	uint32_t *firsts; /* number of their first instruction, in lengths */
	size_t block_count;
	uint8_t *lengths; /* of the blocks' instructions, two to a byte, low one first */
	size_t length_count;
	uint64_t *sites;   /* ascending */
	uint32_t *callers; /* the block that ends with the call */
	struct flow_callee *callees;
	size_t site_count;
	uint64_t *tails; /* ascending */
	size_t tail_count;
	struct flow_exit *exits; /* by address */
	size_t exit_count;
	struct flow_result *results; /* by block */
	size_t result_count;
};

#endif
