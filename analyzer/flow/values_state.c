#include "analyzer/flow/values_state.h"

#include <string.h>

/* ---- names of values ---- */

static uint64_t
phi_id(uint64_t start, uint64_t place)
{
	return PHI_BIT | (start & INT32_MAX) << 20 | place;
}

/* Slots far away have no name. */
static uint64_t
slot_phi(uint64_t start, const struct slot *slot)
{
	uint64_t place;

	if (slot->base != ENTRY_BASE || slot->offset % 4 != 0)
		return 0;
	place = (uint64_t)((int64_t)slot->offset / 4 + (1 << 18));
	return place >= 1 << 19 ? 0 : phi_id(start, place + REGISTERS);
}

size_t
state_size(const struct state *state)
{
	return offsetof(struct state, slots) + state->slot_count * sizeof(state->slots[0]);
}

void
state_copy(struct state *to, const struct state *from)
{
	memcpy(to, from, state_size(from));
}

/* ---- the stack ---- */

const struct slot *
state_find(const struct state *state, uint64_t base, uint64_t offset)
{
	size_t i;

	for (i = 0; i < state->slot_count; i++) {
		if (state->slots[i].base == base && state->slots[i].offset == offset)
			return &state->slots[i];
	}
	return NULL;
}

void
state_drop(struct state *state, uint64_t base, uint64_t offset, uint64_t size)
{
	size_t kept = 0;
	size_t i;

	for (i = 0; i < state->slot_count; i++) {
		const struct slot *slot = &state->slots[i];
		bool hit = slot->base == base && (int64_t)(slot->offset - offset) < (int64_t)size &&
		    (int64_t)(offset - slot->offset) < (int64_t)slot->size;

		if (!hit)
			state->slots[kept++] = *slot;
	}
	state->slot_count = (uint32_t)kept;
}

void
state_forget(struct state *state, uint64_t id)
{
	size_t i;

	if (id == 0)
		return;
	for (i = 0; i < REGISTERS; i++) {
		if (state->registers[i].id == id)
			state->registers[i].id = 0;
	}
	for (i = 0; i < state->slot_count; i++) {
		if (state->slots[i].value.id == id)
			state->slots[i].value.id = 0;
	}
	if (state->compared.id == id)
		state->compared.id = 0;
	state_drop(state, id | MEMORY_BIT, 0, INT64_MAX);
	state_drop(state, id | MEMORY_BIT, UINT64_C(1) << 63, INT64_MAX);
}

void
state_store(struct state *state, const struct value *address, uint32_t size, struct value value)
{
	struct slot *slot;

	state_drop(state, address->a, address->b, size);
	if (state->slot_count < SLOTS) {
		slot = &state->slots[state->slot_count++];
	} else {
		slot = &state->slots[state->next];
		state->next = (state->next + 1) % SLOTS;
	}
	slot->base = address->a;
	slot->offset = address->b;
	slot->size = size;
	slot->value = value;
}

void
state_doubt_memory(struct state *state)
{
	size_t kept = 0;
	size_t i;

	for (i = 0; i < state->slot_count; i++) {
		if ((state->slots[i].base & MEMORY_BIT) == 0)
			state->slots[kept++] = state->slots[i];
	}
	state->slot_count = (uint32_t)kept;
}

void
state_doubt(struct state *state)
{
	size_t i;

	state_doubt_memory(state);
	for (i = 0; i < state->slot_count; i++) {
		state->slots[i].value.id = 0;
		if (state->slots[i].value.kind == ANY)
			state->slots[i].value.width = 0;
	}
}

/* ---- where blocks meet ---- */

static void
limit(struct value *value, const struct compared *compared, uint64_t bound)
{
	unsigned int width = compared->width;

	if (value->id != compared->id || (value->kind != ANY && value->kind != POINTER))
		return;
	if (value->extension != compared->extension) {
		unsigned int common = 32;

		if (compared->extension == ZERO16 || value->extension == ZERO16)
			common = 16;
		if (compared->extension == ZERO8 || value->extension == ZERO8)
			common = 8;
		/* a part is not larger than the whole */
		width = width < common ? width : common;
		if (bound > INT32_MAX)
			return;
	}
	value->bound = bound;
	value->width = (uint8_t)width;
	value_widen(value);
}

static void
limit_all(struct state *state, uint64_t bound)
{
	struct compared compared = state->compared;
	size_t i;

	if (compared.id == 0)
		return;
	for (i = 0; i < REGISTERS; i++)
		limit(&state->registers[i], &compared, bound);
	for (i = 0; i < state->slot_count; i++)
		limit(&state->slots[i].value, &compared, bound);
}

void
state_refine(struct state *state, ZydisMnemonic mnemonic, bool taken)
{
	uint64_t number = state->compared.number;

	switch ((unsigned int)mnemonic) {
	case ZYDIS_MNEMONIC_JNBE:
		if (!taken)
			limit_all(state, number);
		break;
	case ZYDIS_MNEMONIC_JBE:
		if (taken)
			limit_all(state, number);
		break;
	case ZYDIS_MNEMONIC_JNB:
		if (!taken && number > 0)
			limit_all(state, number - 1);
		break;
	case ZYDIS_MNEMONIC_JB:
		if (taken && number > 0)
			limit_all(state, number - 1);
		break;
	case ZYDIS_MNEMONIC_JZ:
		if (taken)
			limit_all(state, number);
		break;
	case ZYDIS_MNEMONIC_JNZ:
		if (!taken)
			limit_all(state, number);
		break;
	default: break;
	}
}

/* A value that was named on an earlier entry of the block is not this one's. */
static void
forget_phi(struct value *value, uint64_t start, uint64_t own)
{
	if (value->id != own && value->id >> 20 == phi_id(start, 0) >> 20)
		value->id = 0;
}

static bool
merge_value(struct value *into, const struct value *other, uint64_t start, uint64_t id)
{
	struct value from = *other;
	struct value result;
	bool changed;

	forget_phi(&from, start, id);
	result = value_either(into, &from, id);
	changed = !value_is_equal(into, &result);
	*into = result;
	return changed;
}

/* True if the merge would change nothing, as mostly. */
static inline bool
is_merged(const struct value *into, const struct value *from)
{
	return into->id != 0 && (into->width != 0 || into->bound == 0) &&
	    value_is_equal(into, from);
}

static bool
merge_slots(struct state *into, const struct state *from, uint64_t start)
{
	bool changed = false;
	size_t kept = 0;
	size_t i;

	for (i = 0; i < into->slot_count; i++) {
		struct slot *slot = &into->slots[i];
		const struct slot *other = &from->slots[i];

		/* mostly at the same place */
		if (i >= from->slot_count || other->base != slot->base ||
		    other->offset != slot->offset)
			other = state_find(from, slot->base, slot->offset);
		if (other == NULL || other->size != slot->size) {
			changed = true;
			continue;
		}
		if (!is_merged(&slot->value, &other->value) &&
		    merge_value(&slot->value, &other->value, start, slot_phi(start, slot)))
			changed = true;
		if (kept++ != i)
			into->slots[kept - 1] = *slot;
	}
	into->slot_count = (uint32_t)kept;
	into->next = 0;
	return changed;
}

void
state_enter(struct state *state, uint64_t start)
{
	size_t i;

	for (i = 0; i < REGISTERS; i++)
		forget_phi(&state->registers[i], start, phi_id(start, i));
	for (i = 0; i < state->slot_count; i++)
		forget_phi(&state->slots[i].value, start, slot_phi(start, &state->slots[i]));
	state->compared.id = 0;
}

bool
state_merge(struct state *into, const struct state *from, uint64_t start)
{
	bool changed = false;
	size_t i;

	for (i = 0; i < REGISTERS; i++) {
		if (!is_merged(&into->registers[i], &from->registers[i]) &&
		    merge_value(&into->registers[i], &from->registers[i], start, phi_id(start, i)))
			changed = true;
	}
	return merge_slots(into, from, start) || changed;
}
