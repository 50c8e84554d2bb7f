/*
 * What the code of a function says about two calls that one activation of it
 * may have made: the answers for struct place_hooks.
 */
#ifndef ESCAPE_STEPS_H
#define ESCAPE_STEPS_H

#include <stdint.h>

#include "analyzer/model/places.h"

struct logical_places;

struct steps {
	struct logical_places *places; /* not owned */
};

void steps_init(struct steps *steps, struct logical_places *places);
void steps_release(struct steps *steps);

struct place steps_place(struct steps *steps, uint32_t pc);
struct place_code steps_code(struct steps *steps, uint32_t pc);
struct place_step steps_step(struct steps *steps, uint32_t from, uint32_t to);
uint32_t steps_tails(struct steps *steps, uint32_t node);

#endif
