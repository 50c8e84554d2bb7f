/*
 * What registers and stack slots hold, as far as computed jumps need it: addresses,
 * bounds of indexes, entries of jump tables.
 */
#ifndef FLOW_VALUES_H
#define FLOW_VALUES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyzer/flow/code.h"
#include "analyzer/flow/graph.h"

/* The graph of code as far as it is known: block i is [starts[i], stops[i]). */
struct values_graph {
	const struct graph *graph;
	const uint64_t *starts; /* ascending */
	const uint64_t *stops;
	size_t count;
};

/* The block that begins at address; count if none does. */
size_t values_block_at(const struct values_graph *graph, uint64_t address);

/*
 * Resolves the computed jumps of code: sets their jump, leaves and targets, and adds
 * new targets to the work. True if there is any; then the code must be explored,
 * its graph made, and this called again, until it is false: what one jump leads to
 * may be how another one is reached.
 */
bool values_resolve(struct code *code, const struct values_graph *graph);

#endif
