#include "analyzer/escape/steps.h"

#include "analyzer/escape/logical.h"
#include "analyzer/symbol/symbol.h"
#include "analyzer/trace/definitions.h"

void
steps_init(struct steps *steps, struct logical_places *places)
{
	*steps = (struct steps){ .places = places };
}

void
steps_release(struct steps *steps)
{
	*steps = (struct steps){ 0 };
}

struct place
steps_place(struct steps *steps, uint32_t pc)
{
	const struct symbol_place *place = logical_places_get(steps->places, pc)->place;

	return (struct place){
		.function = place->function,
		.levels = (uint32_t)place->count,
		.startup = place->startup,
		.once = place->once,
	};
}

struct place_code
steps_code(struct steps *steps, uint32_t pc)
{
	(void)steps;
	(void)pc;
	return (struct place_code){ .tails = true, .leaves = true };
}

/* How many outermost frames of both places are the same instances. */
static uint32_t
steps_common(const struct symbol_place *a, const struct symbol_place *b)
{
	size_t i = a->count - 1, j = b->count - 1;
	uint32_t common = 1;

	for (; i > 0 && j > 0 && a->frames[i - 1].instance == b->frames[j - 1].instance; i--, j--)
		common++;
	return common;
}

struct place_step
steps_step(struct steps *steps, uint32_t from, uint32_t to)
{
	uint32_t alive = steps_common(logical_places_get(steps->places, from)->place,
	    logical_places_get(steps->places, to)->place);

	return (struct place_step){ .alive = { alive, alive }, .firm = { 1, 1 } };
}

uint32_t
steps_tails(struct steps *steps, uint32_t node)
{
	(void)steps;
	(void)node;
	return 0;
}
