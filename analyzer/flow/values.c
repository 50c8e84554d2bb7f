#include "analyzer/flow/values.h"

#include <stdlib.h>
#include <string.h>

#include <Zydis/Zydis.h>

#include "analyzer/flow/tables.h"
#include "analyzer/util/xalloc.h"

enum {
	REGISTERS = 16,
	SLOTS = 40, /* of the stack, that are followed at a time */
	RAX = 0,
	RCX = 1,
	RDX = 2,
	RSP = 4,
	RBP = 5,
	R11 = 11,
	BLOCKS_MAX = 20000,
	PREDECESSORS_MAX = 64,
	STEPS_MAX = 16 * 1024 * 1024, /* instructions, in all rounds of one function */
};

/* Bases of stack addresses: the stack pointer on entry, or where it was set anew. */
static const uint64_t entry_base = 1;
static const uint64_t phi_bit = UINT64_C(1) << 63;
/* In the base of a slot that is no stack slot: memory that a register points to, or,
 * alone, memory at a fixed address. */
static const uint64_t memory_bit = UINT64_C(1) << 62;

enum kind {
	ANY,
	POINTER, /* 8 bytes that came from elsewhere as they are */
	CONST,   /* a */
	STACK,   /* base a plus b */
	SCALED,  /* index * scale + b */
	ELEMENT, /* a + index * scale */
	LOAD4,   /* 4 bytes at a + index * 4 */
	LOAD8,   /* 8 bytes at a + index * 8 */
	TARGET,  /* b + what is at a + index * 4 */
	PLACE,   /* of addresses only: the value called a, plus b */
};

/* How the whole register follows from its lower part. */
enum extension { FULL, ZERO8, ZERO16, ZERO32, SIGN32 };

/*
 * Two places with the same id hold the same lower part: 8 bits if one of them is
 * extended from these, likewise 16, else 32; with the same extension, the same.
 * The value, or the index in it, is at most bound, looked at width bits of it.
 */
struct value {
	uint8_t kind;
	uint8_t extension;
	uint8_t width; /* 0: no bound */
	uint8_t scale;
	uint32_t nothing; /* so that all bytes are something's, and can be compared */
	uint64_t a;
	uint64_t b;
	uint64_t id; /* 0: none */
	uint64_t bound;
};

struct slot {
	uint64_t base;
	uint64_t offset;
	uint32_t size;
	struct value value;
};

/* What the flags know: a comparison with a number. */
struct compared {
	uint64_t id; /* 0: nothing */
	uint64_t number;
	uint8_t width;
	uint8_t extension;
};

struct state {
	struct value registers[REGISTERS];
	uint32_t slot_count;
	uint32_t next; /* slot that makes room */
	struct compared compared;
	struct slot slots[SLOTS]; /* room for slot_count of them, where a block is entered */
};

struct run {
	struct code *code;
	const struct values_graph *known;
	ZydisDecoder decoder;
	ZydisDecodedInstruction insn;
	ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
	uint64_t address;      /* of insn */
	struct state **states; /* blocks are entered with; NULL: not reached */
	bool *dirty;
	bool *matters; /* a computed jump can come behind the block */
	struct state now;
	struct state branch; /* what a branch makes of it */
};

/* ---- values ---- */

static struct value
plain(enum kind kind)
{
	struct value value = { .kind = (uint8_t)kind };

	return value;
}

static struct value
constant(uint64_t number)
{
	struct value value = { .kind = CONST, .a = number };

	return value;
}

/* A bound of the lower part is one of the whole where the rest is known. */
static void
widen(struct value *value)
{
	bool whole = false;

	switch (value->width) {
	case 8: whole = value->extension == ZERO8; break;
	case 16: whole = value->extension == ZERO16 || value->extension == ZERO8; break;
	case 32:
		whole = value->extension != FULL &&
		    (value->extension != SIGN32 || value->bound <= INT32_MAX);
		break;
	default: break;
	}
	if (whole)
		value->width = 64;
}

static struct value
narrow32(struct value value)
{
	switch (value.kind) {
	case CONST: value.a &= UINT32_MAX; break;
	case LOAD4:
	case ANY:
	case POINTER:
		if (value.kind == POINTER)
			value.kind = ANY;
		if (value.extension != ZERO8 && value.extension != ZERO16)
			value.extension = ZERO32;
		if (value.kind == ANY)
			widen(&value);
		break;
	default: value = plain(ANY); break;
	}
	return value;
}

static struct value
sign32(struct value value)
{
	switch (value.kind) {
	case CONST: value.a = (uint64_t)(int64_t)(int32_t)value.a; break;
	case LOAD4: value.extension = SIGN32; break;
	case ANY:
	case POINTER:
		value.kind = ANY;
		if (value.extension != ZERO8 && value.extension != ZERO16)
			value.extension = SIGN32;
		if (value.width == 64 && value.bound > INT32_MAX)
			value.width = 0;
		widen(&value);
		break;
	default: value = plain(ANY); break;
	}
	return value;
}

/* The value of its lower 8 or 16 bits. */
static struct value
narrow(struct value value, unsigned int bits)
{
	uint64_t most = bits == 8 ? UINT8_MAX : UINT16_MAX;

	if (value.kind == CONST)
		return constant(value.a & most);
	if (value.kind != ANY && value.kind != POINTER)
		value = plain(ANY);
	value.kind = ANY;
	if (bits == 8 || value.extension != ZERO8)
		value.extension = bits == 8 ? ZERO8 : ZERO16;
	if (value.width < bits || value.bound > most) {
		value.bound = most;
		value.width = (uint8_t)bits;
	}
	value.width = 64;
	return value;
}

static void
set_bound(struct value *to, const struct value *index)
{
	bool known = index->width == 64 && (index->kind == ANY || index->kind == SCALED);

	to->width = known ? 64 : 0;
	to->bound = known ? index->bound : 0;
}

static struct value
scaled(struct value index, unsigned int scale)
{
	struct value result = { .kind = SCALED, .scale = (uint8_t)scale };

	if (index.kind == CONST)
		return constant(index.a * scale);
	if (index.kind == ANY || index.kind == POINTER) {
		index.kind = ANY;
		set_bound(&result, &index);
	}
	return result;
}

static struct value
sum(struct value left, struct value right)
{
	struct value result = plain(ANY);

	if (left.kind != CONST && right.kind == CONST)
		return sum(right, left);
	if (left.kind != CONST)
		return result;
	switch (right.kind) {
	case CONST: return constant(left.a + right.a);
	case STACK:
		right.b += left.a;
		right.id = 0;
		return right;
	case SCALED:
		/* a small number is no table's address */
		if (left.a + right.b < 4096 || left.a + right.b > INT64_MAX) {
			right.b += left.a;
			return right;
		}
		result.kind = ELEMENT;
		result.a = left.a + right.b;
		result.scale = right.scale;
		set_bound(&result, &right);
		return result;
	case ELEMENT: right.a += left.a; return right;
	case LOAD4:
		right.kind = TARGET;
		right.b = left.a;
		return right;
	default: return result;
	}
}

static bool
is_pointer(const struct value *value)
{
	return value->kind == POINTER || value->kind == CONST || value->kind == LOAD8;
}

/* What both can be; id is the name of the result where they differ. */
static struct value
either(const struct value *left, const struct value *right, uint64_t id)
{
	struct value result = *left;

	if (left->kind != right->kind || left->a != right->a || left->b != right->b ||
	    left->scale != right->scale) {
		result = plain(is_pointer(left) && is_pointer(right) ? POINTER : ANY);
		result.extension = left->extension;
		/* of the others it is an index that is bounded */
		if (left->kind <= POINTER && right->kind <= POINTER) {
			result.width = left->width;
			result.bound = left->bound;
		}
	}
	if (left->extension != right->extension)
		result.extension = FULL;
	if (left->width != right->width)
		result.width = 0;
	result.bound = left->bound > right->bound ? left->bound : right->bound;
	if (result.width == 0)
		result.bound = 0;
	result.id = left->id == right->id && left->id != 0 ? left->id : id;
	return result;
}

/* ---- names of values ---- */

static uint64_t
fresh_id(const struct run *run, unsigned int place)
{
	return (run->address << 8 | place) & ~phi_bit;
}

static uint64_t
phi_id(uint64_t start, uint64_t place)
{
	return phi_bit | (start & INT32_MAX) << 20 | place;
}

/* Slots far away have no name. */
static uint64_t
slot_phi(uint64_t start, const struct slot *slot)
{
	uint64_t place = slot->offset / 4 + (1 << 18);

	if (slot->base != entry_base || slot->offset % 4 != 0)
		return 0;
	place = (uint64_t)((int64_t)slot->offset / 4 + (1 << 18));
	return place >= 1 << 19 ? 0 : phi_id(start, place + REGISTERS);
}

/* ---- the stack ---- */

static const struct slot *
find_slot(const struct state *state, uint64_t base, uint64_t offset)
{
	size_t i;

	for (i = 0; i < state->slot_count; i++) {
		if (state->slots[i].base == base && state->slots[i].offset == offset)
			return &state->slots[i];
	}
	return NULL;
}

/* Slots that a store of size bytes overwrites are gone. */
static void
drop_slots(struct state *state, uint64_t base, uint64_t offset, uint64_t size)
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

/* What is called id is computed anew: what was called so is something else now. */
static void
forget_id(struct state *state, uint64_t id)
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
	drop_slots(state, id | memory_bit, 0, INT64_MAX);
	drop_slots(state, id | memory_bit, UINT64_C(1) << 63, INT64_MAX);
}

static void
store_slot(struct state *state, const struct value *address, uint32_t size, struct value value)
{
	struct slot *slot;

	drop_slots(state, address->a, address->b, size);
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

/* Memory other than the stack may have been written to. */
static void
doubt_memory(struct state *state)
{
	size_t kept = 0;
	size_t i;

	for (i = 0; i < state->slot_count; i++) {
		if ((state->slots[i].base & memory_bit) == 0)
			state->slots[kept++] = state->slots[i];
	}
	state->slot_count = (uint32_t)kept;
}

/* A store somewhere: addresses that the compiler spilled stay what they are, but
 * what is known of variables may be wrong now. */
static void
doubt_slots(struct state *state)
{
	size_t i;

	doubt_memory(state);
	for (i = 0; i < state->slot_count; i++) {
		state->slots[i].value.id = 0;
		if (state->slots[i].value.kind == ANY)
			state->slots[i].value.width = 0;
	}
}

static void
store(struct run *run, struct value address, uint32_t size, struct value value)
{
	if (address.kind == STACK) {
		doubt_memory(&run->now);
		store_slot(&run->now, &address, size, value);
	} else {
		doubt_slots(&run->now);
	}
}

/* ---- operands ---- */

/* 0 to 15, or -1 for what is no general register. */
static int
register_number(ZydisRegister reg)
{
	ZydisRegister whole = ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, reg);

	if (whole < ZYDIS_REGISTER_RAX || whole > ZYDIS_REGISTER_R15)
		return -1;
	return (int)whole - (int)ZYDIS_REGISTER_RAX;
}

static bool
is_high_byte(ZydisRegister reg)
{
	return reg >= ZYDIS_REGISTER_AH && reg <= ZYDIS_REGISTER_BH;
}

static struct value
fresh(struct run *run, unsigned int place, unsigned int bits)
{
	struct value value = plain(bits == 64 ? POINTER : ANY);

	value.id = fresh_id(run, place);
	value.extension = bits == 32 ? ZERO32 : FULL;
	forget_id(&run->now, value.id);
	return value;
}

static void
set_register(struct run *run, int number, struct value value)
{
	if (number >= 0)
		run->now.registers[number] = value;
}

/* A result that nothing is known of. */
static void
set_fresh(struct run *run, int number, unsigned int bits)
{
	struct value value;

	if (number < 0)
		return;
	value = fresh(run, (unsigned int)number, bits);
	value.kind = ANY;
	set_register(run, number, value);
}

static struct value
address_of(const struct run *run, const ZydisDecodedOperand *operand)
{
	uint64_t next = run->address + run->insn.length;
	struct value base = constant((uint64_t)operand->mem.disp.value);
	int number;

	if (operand->mem.segment == ZYDIS_REGISTER_FS || operand->mem.segment == ZYDIS_REGISTER_GS)
		return plain(ANY);
	if (operand->mem.base == ZYDIS_REGISTER_RIP) {
		base.a += next;
	} else if (operand->mem.base != ZYDIS_REGISTER_NONE) {
		number = register_number(operand->mem.base);
		if (number < 0)
			return plain(ANY);
		/* an index without a scale counts bytes */
		base = sum(base, run->now.registers[number]);
		if (base.kind == ANY && operand->mem.index == ZYDIS_REGISTER_NONE)
			return base;
	}
	if (operand->mem.index == ZYDIS_REGISTER_NONE)
		return base;
	number = register_number(operand->mem.index);
	if (number < 0)
		return plain(ANY);
	if (operand->mem.scale > 1)
		return sum(base, scaled(run->now.registers[number], operand->mem.scale));
	return sum(run->now.registers[number], base);
}

/* Where an operand is, as the base and offset of a slot, if that can be said: PLACE
 * for what a register that is not known points to. */
static struct value
place_of(const struct run *run, const ZydisDecodedOperand *operand)
{
	struct value address = address_of(run, operand);
	int number = register_number(operand->mem.base);

	if (address.kind == CONST) {
		address.kind = PLACE;
		address.b = address.a;
		address.a = memory_bit;
	} else if (address.kind == ANY && number >= 0 &&
	    operand->mem.index == ZYDIS_REGISTER_NONE &&
	    operand->mem.segment != ZYDIS_REGISTER_FS &&
	    operand->mem.segment != ZYDIS_REGISTER_GS && run->now.registers[number].id != 0 &&
	    run->now.registers[number].extension == FULL &&
	    (run->now.registers[number].kind == ANY ||
		run->now.registers[number].kind == POINTER)) {
		address.kind = PLACE;
		address.a = run->now.registers[number].id | memory_bit;
		address.b = (uint64_t)operand->mem.disp.value;
	}
	return address;
}

/* An entry of a table, or a table of one. */
static bool
is_entry(const struct run *run, const struct value *address, unsigned int bits)
{
	uint64_t bytes;

	if (bits != 32 && bits != 64)
		return false;
	if (address->kind == ELEMENT)
		return address->scale * 8U == bits;
	return address->kind == CONST && bits == 32 &&
	    run->code->source->read(run->code->source->data, address->a, &bytes, bits / 8);
}

static struct value
load(struct run *run, const ZydisDecodedOperand *operand, unsigned int place)
{
	struct value address = address_of(run, operand);
	unsigned int bits = operand->size;
	struct value value = fresh(run, place, bits);
	const struct slot *slot;

	if (is_entry(run, &address, bits)) {
		value.kind = bits == 32 ? LOAD4 : LOAD8;
		value.extension = ZERO32;
		value.a = address.a;
		value.id = 0;
		value.width = address.kind == CONST ? 64 : address.width;
		value.bound = address.bound;
		return value;
	}
	if (address.kind != STACK)
		address = place_of(run, operand);
	if ((address.kind != STACK && address.kind != PLACE) || bits > 64)
		return value;
	slot = find_slot(&run->now, address.a, address.b);
	if (slot != NULL && slot->size * 8 >= bits) {
		if (bits == 64)
			return slot->value;
		return bits == 32 ? narrow32(slot->value) : narrow(slot->value, bits);
	}
	if (slot == NULL && bits >= 32)
		store_slot(&run->now, &address, bits / 8, value);
	return value;
}

/* The operand's value, zero-extended where it is narrower than a register. */
static struct value
read_operand(struct run *run, const ZydisDecodedOperand *operand)
{
	int number;
	struct value value;

	switch (operand->type) {
	case ZYDIS_OPERAND_TYPE_IMMEDIATE: return constant(operand->imm.value.u);
	case ZYDIS_OPERAND_TYPE_MEMORY:
		value = load(run, operand, 0x40);
		if (operand->size == 8 || operand->size == 16)
			value = narrow(value, operand->size);
		return value;
	case ZYDIS_OPERAND_TYPE_REGISTER:
		number = register_number(operand->reg.value);
		if (number < 0 || is_high_byte(operand->reg.value))
			return fresh(run, 0x41, 8);
		value = run->now.registers[number];
		if (operand->size == 32)
			return narrow32(value);
		return operand->size < 32 ? narrow(value, operand->size) : value;
	case ZYDIS_OPERAND_TYPE_UNUSED:
	case ZYDIS_OPERAND_TYPE_POINTER:
	default: return plain(ANY);
	}
}

static int
operand_register(const ZydisDecodedOperand *operand)
{
	return operand->type == ZYDIS_OPERAND_TYPE_REGISTER ? register_number(operand->reg.value)
							    : -1;
}

static bool
is_memory(const ZydisDecodedOperand *operand)
{
	return operand->type == ZYDIS_OPERAND_TYPE_MEMORY;
}

/* Writes to a register or to memory. */
static void
write_operand(struct run *run, const ZydisDecodedOperand *operand, struct value value)
{
	int number = operand_register(operand);

	if (is_memory(operand))
		store(run, address_of(run, operand), operand->size / 8, value);
	else if (number >= 0 && operand->size < 32)
		set_fresh(run, number, 8);
	else
		set_register(run, number, value);
}

/* ---- instructions ---- */

static void
step_mov(struct run *run)
{
	struct value value = read_operand(run, &run->operands[1]);

	/* a number moved to 4 bytes */
	if (run->operands[0].size == 32)
		value = narrow32(value);
	write_operand(run, &run->operands[0], value);
}

static void
step_extend(struct run *run, bool sign)
{
	struct value value = read_operand(run, &run->operands[1]);

	if (run->operands[0].size < 32) {
		set_fresh(run, operand_register(&run->operands[0]), 8);
	} else if (!sign) {
		set_register(run, operand_register(&run->operands[0]), value);
	} else if (run->operands[1].size == 32 && run->operands[0].size == 64) {
		set_register(run, operand_register(&run->operands[0]), sign32(value));
	} else if (run->operands[1].size == 32) {
		set_register(run, operand_register(&run->operands[0]), value);
	} else {
		set_fresh(run, operand_register(&run->operands[0]), run->operands[0].size);
	}
}

static void
step_lea(struct run *run)
{
	struct value value = address_of(run, &run->operands[1]);
	int number = operand_register(&run->operands[0]);

	if (run->operands[0].size == 32 && value.kind == CONST)
		set_register(run, number, narrow32(value));
	else if (run->operands[0].size == 64 && value.kind != ANY)
		set_register(run, number, value);
	else
		set_fresh(run, number, run->operands[0].size);
}

/* Where a number is added to, or taken from, an address. */
static void
step_add(struct run *run, bool subtract)
{
	int number = operand_register(&run->operands[0]);
	struct value left;
	struct value right;

	if (number < 0) {
		store(
		    run, address_of(run, &run->operands[0]), run->operands[0].size / 8, plain(ANY));
		return;
	}
	left = run->now.registers[number];
	right = read_operand(run, &run->operands[1]);
	if (subtract && right.kind == CONST)
		right.a = 0 - right.a;
	else if (subtract)
		right = plain(ANY);
	left = sum(left, right);
	if (run->operands[0].size == 32 && left.kind == CONST) {
		set_register(run, number, narrow32(left));
	} else if (run->operands[0].size == 64 && left.kind != ANY) {
		set_register(run, number, left);
	} else if (number == RSP) {
		/* room of a size that is not known */
		left = plain(STACK);
		left.a = run->address;
		drop_slots(&run->now, left.a, 0, INT64_MAX);
		drop_slots(&run->now, left.a, UINT64_C(1) << 63, INT64_MAX);
		set_register(run, number, left);
	} else {
		set_fresh(run, number, run->operands[0].size);
	}
}

static void
step_and(struct run *run)
{
	int number = operand_register(&run->operands[0]);
	const ZydisDecodedOperand *mask = &run->operands[1];
	struct value value;

	if (number == RSP || number < 0 || mask->type != ZYDIS_OPERAND_TYPE_IMMEDIATE ||
	    mask->imm.value.u > INT32_MAX) {
		step_add(run, true);
		if (number >= 0 && number != RSP)
			set_fresh(run, number, run->operands[0].size);
		return;
	}
	value = fresh(run, (unsigned int)number, run->operands[0].size);
	value.kind = ANY;
	value.bound = mask->imm.value.u;
	value.width = run->operands[0].size >= 32 ? 64 : (uint8_t)run->operands[0].size;
	set_register(run, number, value);
}

static void
step_shift(struct run *run, bool left)
{
	int number = operand_register(&run->operands[0]);
	const ZydisDecodedOperand *by = &run->operands[1];
	unsigned int bits = run->operands[0].size;
	struct value value;

	if (number < 0) {
		store(run, address_of(run, &run->operands[0]), bits / 8, plain(ANY));
		return;
	}
	value = run->now.registers[number];
	if (by->type == ZYDIS_OPERAND_TYPE_IMMEDIATE && left && bits == 64 &&
	    by->imm.value.u <= 3) {
		set_register(run, number, scaled(value, 1U << by->imm.value.u));
		return;
	}
	value = fresh(run, (unsigned int)number, bits);
	value.kind = ANY;
	if (by->type == ZYDIS_OPERAND_TYPE_IMMEDIATE && !left && bits >= 32 &&
	    by->imm.value.u > bits - 16 && by->imm.value.u < bits) {
		value.width = 64;
		value.bound = (UINT64_C(1) << (bits - by->imm.value.u)) - 1;
	}
	set_register(run, number, value);
}

static void
step_compare(struct run *run)
{
	const ZydisDecodedOperand *left = &run->operands[0];
	const ZydisDecodedOperand *right = &run->operands[1];
	struct compared *compared = &run->now.compared;
	struct value number = read_operand(run, right);
	struct value value = read_operand(run, left);

	compared->id = 0;
	if (number.kind != CONST || value.id == 0)
		return;
	compared->id = value.id;
	compared->number = number.a;
	if (left->size < 64)
		compared->number &= (UINT64_C(1) << left->size) - 1;
	compared->width = (uint8_t)left->size;
	compared->extension = value.extension;
	/* the register itself, of which the lower part was read */
	if (left->type == ZYDIS_OPERAND_TYPE_REGISTER && left->size >= 32)
		compared->extension =
		    run->now.registers[register_number(left->reg.value)].extension;
}

static struct value
moved(struct value value, uint64_t by)
{
	if (value.kind != STACK)
		return plain(ANY);
	value.b += by;
	return value;
}

static void
step_push(struct run *run)
{
	struct value value = read_operand(run, &run->operands[0]);
	struct value top = moved(run->now.registers[RSP], 0 - UINT64_C(8));

	set_register(run, RSP, top);
	store(run, top, 8, value);
}

static void
step_pop(struct run *run, const ZydisDecodedOperand *operand)
{
	struct value top = run->now.registers[RSP];
	const struct slot *slot = top.kind == STACK ? find_slot(&run->now, top.a, top.b) : NULL;
	struct value value = fresh(run, 0x42, 64);

	if (slot != NULL && slot->size == 8)
		value = slot->value;
	set_register(run, RSP, moved(top, 8));
	if (operand == NULL)
		set_register(run, RBP, value);
	else
		write_operand(run, operand, value);
}

/*
 * A call returns something in two registers. Whatever else it changes is not read
 * behind it before it is set anew: a compiler that knows the callee keeps values in
 * all that this one leaves alone (gcc's -fipa-ra), and reads no others.
 */
static void
step_call(struct run *run)
{
	set_register(run, RAX, fresh(run, RAX, 64));
	set_register(run, RDX, fresh(run, RDX, 64));
	doubt_slots(&run->now);
}

static void
step_choose(struct run *run)
{
	int number = operand_register(&run->operands[0]);
	struct value value = read_operand(run, &run->operands[1]);

	if (number < 0 || run->operands[0].size != 64) {
		set_fresh(run, number, run->operands[0].size);
		return;
	}
	value = either(&run->now.registers[number], &value, 0);
	value.id = fresh_id(run, (unsigned int)number);
	forget_id(&run->now, value.id);
	set_register(run, number, value);
}

/* Whatever an instruction writes is not known any more. */
static void
step_other(struct run *run)
{
	size_t i;

	for (i = 0; i < run->insn.operand_count; i++) {
		const ZydisDecodedOperand *operand = &run->operands[i];

		if ((operand->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) == 0)
			continue;
		if (is_memory(operand))
			store(run, address_of(run, operand), operand->size / 8, plain(ANY));
		else
			set_fresh(run, operand_register(operand), operand->size);
	}
}

static bool
is_same_register(const struct run *run)
{
	return operand_register(&run->operands[0]) >= 0 &&
	    operand_register(&run->operands[0]) == operand_register(&run->operands[1]) &&
	    run->operands[0].size >= 32;
}

/* libc keeps pointers of functions rotated and mixed with a number of the thread. */
static void
step_mangle(struct run *run)
{
	int number = operand_register(&run->operands[0]);
	const ZydisDecodedOperand *by = &run->operands[1];
	bool mangles = number >= 0 && run->operands[0].size == 64 &&
	    run->now.registers[number].kind == POINTER &&
	    (run->insn.mnemonic == ZYDIS_MNEMONIC_XOR
		    ? is_memory(by) && by->mem.segment == ZYDIS_REGISTER_FS
		    : by->type == ZYDIS_OPERAND_TYPE_IMMEDIATE);

	if (run->insn.mnemonic == ZYDIS_MNEMONIC_XOR && is_same_register(run)) {
		set_register(run, number, constant(0));
		return;
	}
	step_other(run);
	if (mangles)
		run->now.registers[number].kind = POINTER;
}

static bool
touches_flags(const ZydisDecodedInstruction *insn)
{
	const ZydisAccessedFlags *flags = insn->cpu_flags;

	return flags != NULL &&
	    ((flags->modified | flags->set_0 | flags->set_1 | flags->undefined) &
		(ZYDIS_CPUFLAG_CF | ZYDIS_CPUFLAG_ZF)) != 0;
}

static void
step_sub(struct run *run)
{
	bool zero = is_same_register(run);
	struct compared compared;

	step_compare(run);
	compared = run->now.compared;
	if (zero)
		set_register(run, operand_register(&run->operands[0]), constant(0));
	else
		step_add(run, true);
	/* the flags tell of what was there before */
	if (compared.id != fresh_id(run, (unsigned int)operand_register(&run->operands[0])))
		run->now.compared = compared;
}

static void
step(struct run *run)
{
	ZydisMnemonic mnemonic = run->insn.mnemonic;

	if (mnemonic != ZYDIS_MNEMONIC_CMP && mnemonic != ZYDIS_MNEMONIC_SUB &&
	    touches_flags(&run->insn))
		run->now.compared.id = 0;
	switch ((unsigned int)mnemonic) {
	case ZYDIS_MNEMONIC_MOV: step_mov(run); break;
	case ZYDIS_MNEMONIC_MOVZX: step_extend(run, false); break;
	case ZYDIS_MNEMONIC_MOVSX:
	case ZYDIS_MNEMONIC_MOVSXD: step_extend(run, true); break;
	case ZYDIS_MNEMONIC_CDQE: set_register(run, RAX, sign32(run->now.registers[RAX])); break;
	case ZYDIS_MNEMONIC_LEA: step_lea(run); break;
	case ZYDIS_MNEMONIC_ADD: step_add(run, false); break;
	case ZYDIS_MNEMONIC_SUB: step_sub(run); break;
	case ZYDIS_MNEMONIC_AND: step_and(run); break;
	case ZYDIS_MNEMONIC_SHL: step_shift(run, true); break;
	case ZYDIS_MNEMONIC_SHR: step_shift(run, false); break;
	case ZYDIS_MNEMONIC_CMP: step_compare(run); break;
	case ZYDIS_MNEMONIC_PUSH: step_push(run); break;
	case ZYDIS_MNEMONIC_POP: step_pop(run, &run->operands[0]); break;
	case ZYDIS_MNEMONIC_LEAVE:
		set_register(run, RSP, run->now.registers[RBP]);
		step_pop(run, NULL);
		break;
	case ZYDIS_MNEMONIC_CALL: step_call(run); break;
	case ZYDIS_MNEMONIC_SYSCALL:
		step_call(run);
		set_fresh(run, RCX, 64);
		set_fresh(run, R11, 64);
		break;
	case ZYDIS_MNEMONIC_JMP: break;
	case ZYDIS_MNEMONIC_ROL:
	case ZYDIS_MNEMONIC_ROR:
	case ZYDIS_MNEMONIC_XOR: step_mangle(run); break;
	default:
		if (run->insn.meta.category == ZYDIS_CATEGORY_CMOV)
			step_choose(run);
		else if (run->insn.meta.category != ZYDIS_CATEGORY_COND_BR)
			step_other(run);
		break;
	}
}

/* ---- blocks ---- */

static size_t
state_size(const struct state *state)
{
	return offsetof(struct state, slots) + state->slot_count * sizeof(state->slots[0]);
}

static void
state_copy(struct state *to, const struct state *from)
{
	memcpy(to, from, state_size(from));
}

/* Runs through block at from the state it is entered with; stop before its last
 * instruction if last is false. */
static void
run_block(struct run *run, size_t at, bool last)
{
	const struct code_part *part = code_part(run->code, run->known->starts[at]);
	uint64_t stop = run->known->stops[at];

	state_copy(&run->now, run->states[at]);
	run->address = run->known->starts[at];
	while (run->address < stop) {
		uint64_t offset = run->address - part->part.start;
		uint64_t size = part->part.end - run->address;

		if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(
			&run->decoder, part->part.bytes + offset, size, &run->insn, run->operands)))
			return;
		run->code->steps++;
		if (!last && run->address + run->insn.length >= stop)
			return;
		step(run);
		run->address += run->insn.length;
	}
}

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
	widen(value);
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

/* What a branch that was taken, or was not, says of what was compared. */
static void
refine(struct state *state, ZydisMnemonic mnemonic, bool taken)
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
is_equal(const struct value *left, const struct value *right)
{
	return memcmp(left, right, sizeof(*left)) == 0;
}

static bool
merge_value(struct value *into, const struct value *other, uint64_t start, uint64_t id)
{
	struct value from = *other;
	struct value result;
	bool changed;

	forget_phi(&from, start, id);
	result = either(into, &from, id);
	changed = !is_equal(into, &result);
	*into = result;
	return changed;
}

/* True if the merge would change nothing, as mostly. */
static inline bool
is_merged(const struct value *into, const struct value *from)
{
	return into->id != 0 && (into->width != 0 || into->bound == 0) && is_equal(into, from);
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
			other = find_slot(from, slot->base, slot->offset);
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

/* The first time that the block is entered. */
static void
enter_first(struct run *run, uint32_t to, const struct state *from)
{
	uint64_t start = run->known->starts[to];
	struct state *into = xmalloc(state_size(from));
	size_t i;

	state_copy(into, from);
	for (i = 0; i < REGISTERS; i++)
		forget_phi(&into->registers[i], start, phi_id(start, i));
	for (i = 0; i < into->slot_count; i++)
		forget_phi(&into->slots[i].value, start, slot_phi(start, &into->slots[i]));
	into->compared.id = 0;
	run->states[to] = into;
	run->dirty[to] = true;
}

/* Control goes from a block in the state from to block to. */
static void
enter(struct run *run, uint32_t to, const struct state *from)
{
	struct state *into;
	uint64_t start;
	bool changed = false;
	size_t i;

	if (to >= run->known->count || !run->matters[to])
		return;
	into = run->states[to];
	if (into == NULL) {
		enter_first(run, to, from);
		return;
	}
	start = run->known->starts[to];
	for (i = 0; i < REGISTERS; i++) {
		if (!is_merged(&into->registers[i], &from->registers[i]) &&
		    merge_value(&into->registers[i], &from->registers[i], start, phi_id(start, i)))
			changed = true;
	}
	if (merge_slots(into, from, start))
		changed = true;
	if (changed)
		run->dirty[to] = true;
}

static void
leave(struct run *run, size_t at)
{
	const struct graph_node *node = &run->known->graph->nodes[at];
	const uint32_t *edges = run->known->graph->edges + node->first;
	bool branch = run->insn.meta.category == ZYDIS_CATEGORY_COND_BR && node->edges >= 2 &&
	    run->now.compared.id != 0;
	size_t i;

	for (i = 0; i < node->edges; i++) {
		if (!branch || i >= 2) {
			enter(run, edges[i], &run->now);
			continue;
		}
		state_copy(&run->branch, &run->now);
		refine(&run->branch, run->insn.mnemonic, i == 1);
		enter(run, edges[i], &run->branch);
	}
}

static void
settle(struct run *run)
{
	bool again = true;
	size_t i;

	while (again && run->code->steps < STEPS_MAX) {
		again = false;
		for (i = 0; i < run->known->count && run->code->steps < STEPS_MAX; i++) {
			if (!run->dirty[i])
				continue;
			run->dirty[i] = false;
			again = true;
			run_block(run, i, true);
			leave(run, i);
		}
	}
}

static size_t
block_at(const struct values_graph *known, uint64_t address)
{
	size_t low = 0;
	size_t high = known->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (known->starts[middle] < address)
			low = middle + 1;
		else
			high = middle;
	}
	return low < known->count && known->starts[low] == address ? low : SIZE_MAX;
}

static void
start_entry(struct run *run, uint64_t entry)
{
	size_t at = block_at(run->known, entry);
	struct state *state;
	size_t i;

	if (at == SIZE_MAX || !run->matters[at])
		return;
	state = xcalloc(1, sizeof(*state));
	run->states[at] = state;
	run->address = entry;
	for (i = 0; i < REGISTERS; i++) {
		state->registers[i] = plain(POINTER);
		state->registers[i].id = fresh_id(run, 0x60 + (unsigned int)i);
	}
	state->registers[RSP] = plain(STACK);
	state->registers[RSP].a = entry_base;
	run->dirty[at] = true;
}

/*
 * Blocks that nothing but the hub leads to are entered with nothing known. For the
 * others the hub changes nothing: setjmp restores the registers, and the compiler
 * reads nothing else behind it that has changed.
 */
static void
start_rest(struct run *run)
{
	size_t i;

	for (i = 0; i < run->known->count; i++) {
		if (run->states[i] != NULL || !run->matters[i])
			continue;
		run->states[i] = xcalloc(1, offsetof(struct state, slots));
		run->dirty[i] = true;
	}
}

/* The computed jump at the end of the block, or NULL. */
static struct code_end *
computed_jump(const struct run *run, size_t block)
{
	const struct code_part *part = code_part(run->code, run->known->starts[block]);
	uint64_t at = run->known->starts[block];
	uint64_t last = at;
	struct code_end *end;

	while (at < run->known->stops[block]) {
		last = at;
		at += part->marks[at - part->part.start] & CODE_LENGTH;
	}
	if ((part->marks[last - part->part.start] & CODE_END) == 0)
		return NULL;
	end = code_end(run->code, last);
	return end != NULL && end->kind == INSN_JUMP && end->target == 0 ? end : NULL;
}

/* Marks the blocks from which some edge leads to one that matters; true if there
 * are new ones. Edges mostly lead forward: backward few passes are enough. */
static bool
spread_matters(struct run *run)
{
	const struct graph *graph = run->known->graph;
	bool more = false;
	size_t i;
	size_t j;

	for (i = run->known->count; i-- > 0;) {
		const uint32_t *edges = graph->edges + graph->nodes[i].first;

		for (j = 0; !run->matters[i] && j < graph->nodes[i].edges; j++) {
			run->matters[i] = edges[j] < run->known->count && run->matters[edges[j]];
			more = more || run->matters[i];
		}
	}
	return more;
}

/* ---- jumps ---- */

/* What is known of the target is used. */
static bool
resolve_value(struct run *run, const struct value *value, struct code_end *end)
{
	const struct value *top = &run->now.registers[RSP];
	struct tables_jump jump = { .end = end };

	jump.bounded = value->width == 64;
	jump.bound = value->bound;
	jump.table = value->a;
	jump.base = value->b;
	jump.sign = value->extension == SIGN32;
	jump.stack_known = top->kind == STACK && top->a == entry_base;
	/* who sets the stack to one from elsewhere leaves, as longjmp does */
	jump.stack_empty = top->kind == POINTER || (jump.stack_known && top->b == 0);
	switch (value->kind) {
	case CONST: return tables_constant(run->code, &jump);
	case TARGET: return tables_relative(run->code, &jump);
	case LOAD8: return tables_absolute(run->code, &jump);
	case POINTER: return tables_pointer(run->code, &jump);
	default: end->jump = CODE_OPEN; return false;
	}
}

static bool
has_edge(const struct graph *graph, size_t from, size_t to)
{
	const struct graph_node *node = &graph->nodes[from];
	size_t i;

	for (i = 0; i < node->edges; i++) {
		if (graph->edges[node->first + i] == to)
			return true;
	}
	return false;
}

/*
 * The target, in a register, is not the same on all ways to the block, which does
 * not change it: looks at where they come from, one after the other.
 */
static bool
resolve_before(struct run *run, size_t at, int number, struct code_end *end)
{
	size_t queue[PREDECESSORS_MAX] = { at };
	size_t count = 1;
	bool changed = false;
	size_t next;
	size_t i;
	size_t j;

	for (next = 0; next < count && end->jump != CODE_OPEN; next++) {
		for (i = 0; i < run->known->count && end->jump != CODE_OPEN; i++) {
			const struct value *value = &run->now.registers[number];
			const struct value *before;

			/* what leads to a block that matters does so too */
			if (!run->matters[i] || !has_edge(run->known->graph, i, queue[next]))
				continue;
			before = &run->states[i]->registers[number];
			run_block(run, i, true);
			if (value->kind != ANY || value->id == 0 || value->id != before->id) {
				changed = resolve_value(run, value, end) || changed;
				continue;
			}
			for (j = 0; j < count && queue[j] != i; j++)
				;
			if (j < count)
				continue;
			if (count == PREDECESSORS_MAX)
				end->jump = CODE_OPEN;
			else
				queue[count++] = i;
		}
	}
	return changed;
}

/* The jump at the end of block at. */
static bool
resolve_block(struct run *run, size_t at, struct code_end *end)
{
	struct value value;
	int number;

	run_block(run, at, false);
	if (run->address != end->address)
		return false;
	end->jump = CODE_UNSEEN;
	value = read_operand(run, &run->operands[0]);
	number = operand_register(&run->operands[0]);
	if (value.kind != ANY || number < 0 || value.id == 0 ||
	    value.id != run->states[at]->registers[number].id)
		return resolve_value(run, &value, end);
	return resolve_before(run, at, number, end);
}

static bool
resolve_computed(struct run *run)
{
	bool changed = false;
	size_t i;

	for (i = 0; i < run->known->count; i++) {
		struct code_end *end = run->matters[i] ? computed_jump(run, i) : NULL;

		if (end == NULL)
			continue;
		if (run->code->steps >= STEPS_MAX)
			end->jump = CODE_OPEN;
		else if (resolve_block(run, i, end))
			changed = true;
	}
	return changed;
}

static void
run_all(struct run *run)
{
	size_t count = run->known->count;
	size_t i;

	run->states = xcalloc(count + 1, sizeof(struct state *));
	run->dirty = xcalloc(count + 1, sizeof(*run->dirty));
	run->matters = xcalloc(count + 1, sizeof(*run->matters));
	for (i = 0; i < count; i++)
		run->matters[i] = computed_jump(run, i) != NULL;
	while (spread_matters(run))
		;
	start_entry(run, run->code->entry);
	settle(run);
	start_rest(run);
	settle(run);
}

static void
run_release(struct run *run)
{
	size_t i;

	for (i = 0; i < run->known->count; i++)
		free(run->states[i]);
	free(run->states);
	free(run->dirty);
	free(run->matters);
	free(run);
}

static void
give_up(struct code *code)
{
	size_t i;

	for (i = 0; i < code->end_count; i++) {
		if (code->ends[i].kind == INSN_JUMP && code->ends[i].target == 0)
			code->ends[i].jump = CODE_OPEN;
	}
}

bool
values_resolve(struct code *code, const struct values_graph *known)
{
	struct run *run;
	size_t computed = 0;
	bool changed = false;
	size_t i;

	for (i = 0; i < code->end_count; i++) {
		struct code_end *end = &code->ends[i];
		struct tables_jump jump = { .end = end, .stack_known = true, .stack_empty = true };

		if (end->kind == INSN_JUMP && end->slot && tables_pointer(code, &jump))
			changed = true;
		computed += end->kind == INSN_JUMP && end->target == 0;
	}
	if (computed == 0)
		return changed;
	if (known->count > BLOCKS_MAX || code->steps >= STEPS_MAX) {
		give_up(code);
		return changed;
	}
	run = xcalloc(1, sizeof(*run));
	run->code = code;
	run->known = known;
	ZydisDecoderInit(&run->decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
	run_all(run);
	if (resolve_computed(run))
		changed = true;
	run_release(run);
	return changed;
}
