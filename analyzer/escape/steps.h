/*
 * What the code of a function says about two calls that one activation of it
 * may have made: the answers for struct place_hooks.
 */
#ifndef ESCAPE_STEPS_H
#define ESCAPE_STEPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyzer/model/places.h"
#include "analyzer/util/map.h"

struct logical_places;
struct steps_function; /* private, as the next */
struct steps_site;

struct steps {
	struct logical_places *places; /* not owned */
	struct map function_map;       /* (module, function) -> number in functions */
	struct steps_function *functions;
	size_t function_count, function_cap;
	struct steps_site *sites;  /* every pc of the trace, by module and offset */
	uint32_t *callees;         /* pcs, by the pc that called them */
	uint32_t *callee_first;    /* by pc: where its begin; NULL until asked for */
	uint64_t known, not_known; /* functions whose code could be read, or not */
};

void steps_init(struct steps *steps, struct logical_places *places);
void steps_release(struct steps *steps);

struct place steps_place(struct steps *steps, uint32_t pc);
struct place_code steps_code(struct steps *steps, uint32_t pc);
struct place_step steps_step(struct steps *steps, uint32_t from, uint32_t to);
/* One of the functions that these pcs are calls of can be entered and left without
 * any of them, without a call of the malloc family that never came, and without one
 * through a pointer that stands in the place of these, as far as its code is understood. */
bool steps_may_skip(struct steps *steps, const uint32_t *pcs, size_t count);
uint32_t steps_tails(struct steps *steps, uint32_t node);

#endif
