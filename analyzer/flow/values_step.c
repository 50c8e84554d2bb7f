#include "analyzer/flow/values_run.h"

#include "analyzer/flow/tables.h"

uint64_t
values_fresh_id(const struct run *run, unsigned int place)
{
	return (run->address << 8 | place) & ~PHI_BIT;
}

static void
store(struct run *run, struct value address, uint32_t size, struct value value)
{
	if (address.kind == STACK) {
		state_doubt_memory(&run->now);
		state_store(&run->now, &address, size, value);
	} else {
		state_doubt(&run->now);
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
	struct value value = value_plain(bits == 64 ? POINTER : ANY);

	value.id = values_fresh_id(run, place);
	value.extension = bits == 32 ? ZERO32 : FULL;
	state_forget(&run->now, value.id);
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
	struct value base = value_constant((uint64_t)operand->mem.disp.value);
	int number;

	if (operand->mem.segment == ZYDIS_REGISTER_FS || operand->mem.segment == ZYDIS_REGISTER_GS)
		return value_plain(ANY);
	if (operand->mem.base == ZYDIS_REGISTER_RIP) {
		base.a += next;
	} else if (operand->mem.base != ZYDIS_REGISTER_NONE) {
		number = register_number(operand->mem.base);
		if (number < 0)
			return value_plain(ANY);
		/* an index without a scale counts bytes */
		base = value_sum(base, run->now.registers[number]);
		if (base.kind == ANY && operand->mem.index == ZYDIS_REGISTER_NONE)
			return base;
	}
	if (operand->mem.index == ZYDIS_REGISTER_NONE)
		return base;
	number = register_number(operand->mem.index);
	if (number < 0)
		return value_plain(ANY);
	if (operand->mem.scale > 1)
		return value_sum(
		    base, value_scaled(run->now.registers[number], operand->mem.scale));
	return value_sum(run->now.registers[number], base);
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
		address.a = MEMORY_BIT;
	} else if (address.kind == ANY && number >= 0 &&
	    operand->mem.index == ZYDIS_REGISTER_NONE &&
	    operand->mem.segment != ZYDIS_REGISTER_FS &&
	    operand->mem.segment != ZYDIS_REGISTER_GS && run->now.registers[number].id != 0 &&
	    run->now.registers[number].extension == FULL &&
	    (run->now.registers[number].kind == ANY ||
		run->now.registers[number].kind == POINTER)) {
		address.kind = PLACE;
		address.a = run->now.registers[number].id | MEMORY_BIT;
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

/* An entry of a table of jumps, perhaps. */
static struct value
load_entry(const struct value *address, struct value value, unsigned int bits)
{
	value.kind = bits == 32 ? LOAD4 : LOAD8;
	value.extension = ZERO32;
	value.a = address->a;
	value.id = 0;
	value.width = address->kind == CONST ? 64 : address->width;
	value.bound = address->bound;
	return value;
}

/* What was stored in the slot, or the low bits of it. */
static struct value
load_slot(const struct slot *slot, unsigned int bits)
{
	if (bits == 64)
		return slot->value;
	return bits == 32 ? value_narrow32(slot->value) : value_narrow(slot->value, bits);
}

static struct value
load(struct run *run, const ZydisDecodedOperand *operand, unsigned int place)
{
	struct value address = address_of(run, operand);
	unsigned int bits = operand->size;
	struct value value = fresh(run, place, bits);
	const struct slot *slot;

	if (is_entry(run, &address, bits))
		return load_entry(&address, value, bits);
	if (address.kind != STACK)
		address = place_of(run, operand);
	if ((address.kind != STACK && address.kind != PLACE) || bits > 64)
		return value;
	slot = state_find(&run->now, address.a, address.b);
	if (slot != NULL && slot->size * 8 >= bits)
		return load_slot(slot, bits);
	if (slot == NULL && bits >= 32)
		state_store(&run->now, &address, bits / 8, value);
	return value;
}

struct value
values_operand(struct run *run, const ZydisDecodedOperand *operand)
{
	int number;
	struct value value;

	switch (operand->type) {
	case ZYDIS_OPERAND_TYPE_IMMEDIATE: return value_constant(operand->imm.value.u);
	case ZYDIS_OPERAND_TYPE_MEMORY:
		value = load(run, operand, 0x40);
		if (operand->size == 8 || operand->size == 16)
			value = value_narrow(value, operand->size);
		return value;
	case ZYDIS_OPERAND_TYPE_REGISTER:
		number = register_number(operand->reg.value);
		if (number < 0 || is_high_byte(operand->reg.value))
			return fresh(run, 0x41, 8);
		value = run->now.registers[number];
		if (operand->size == 32)
			return value_narrow32(value);
		return operand->size < 32 ? value_narrow(value, operand->size) : value;
	case ZYDIS_OPERAND_TYPE_UNUSED:
	case ZYDIS_OPERAND_TYPE_POINTER:
	default: return value_plain(ANY);
	}
}

int
values_register(const ZydisDecodedOperand *operand)
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
	int number = values_register(operand);

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
	struct value value = values_operand(run, &run->operands[1]);

	/* a number moved to 4 bytes */
	if (run->operands[0].size == 32)
		value = value_narrow32(value);
	write_operand(run, &run->operands[0], value);
}

static void
step_extend(struct run *run, bool sign)
{
	struct value value = values_operand(run, &run->operands[1]);

	if (run->operands[0].size < 32) {
		set_fresh(run, values_register(&run->operands[0]), 8);
	} else if (sign && run->operands[1].size == 32 && run->operands[0].size == 64) {
		set_register(run, values_register(&run->operands[0]), value_sign32(value));
	} else if (!sign || run->operands[1].size == 32) {
		set_register(run, values_register(&run->operands[0]), value);
	} else {
		set_fresh(run, values_register(&run->operands[0]), run->operands[0].size);
	}
}

static void
step_lea(struct run *run)
{
	struct value value = address_of(run, &run->operands[1]);
	int number = values_register(&run->operands[0]);

	if (run->operands[0].size == 32 && value.kind == CONST)
		set_register(run, number, value_narrow32(value));
	else if (run->operands[0].size == 64 && value.kind != ANY)
		set_register(run, number, value);
	else
		set_fresh(run, number, run->operands[0].size);
}

/* Where a number is added to, or taken from, an address. */
static void
step_add(struct run *run, bool subtract)
{
	int number = values_register(&run->operands[0]);
	struct value left;
	struct value right;

	if (number < 0) {
		store(run, address_of(run, &run->operands[0]), run->operands[0].size / 8,
		    value_plain(ANY));
		return;
	}
	left = run->now.registers[number];
	right = values_operand(run, &run->operands[1]);
	if (subtract && right.kind == CONST)
		right.a = 0 - right.a;
	else if (subtract)
		right = value_plain(ANY);
	left = value_sum(left, right);
	if (run->operands[0].size == 32 && left.kind == CONST) {
		set_register(run, number, value_narrow32(left));
	} else if (run->operands[0].size == 64 && left.kind != ANY) {
		set_register(run, number, left);
	} else if (number == RSP) {
		/* room of a size that is not known */
		left = value_plain(STACK);
		left.a = run->address;
		state_drop(&run->now, left.a, 0, INT64_MAX);
		state_drop(&run->now, left.a, UINT64_C(1) << 63, INT64_MAX);
		set_register(run, number, left);
	} else {
		set_fresh(run, number, run->operands[0].size);
	}
}

static void
step_and(struct run *run)
{
	int number = values_register(&run->operands[0]);
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
	int number = values_register(&run->operands[0]);
	const ZydisDecodedOperand *by = &run->operands[1];
	unsigned int bits = run->operands[0].size;
	struct value value;

	if (number < 0) {
		store(run, address_of(run, &run->operands[0]), bits / 8, value_plain(ANY));
		return;
	}
	value = run->now.registers[number];
	if (by->type == ZYDIS_OPERAND_TYPE_IMMEDIATE && left && bits == 64 &&
	    by->imm.value.u <= 3) {
		set_register(run, number, value_scaled(value, 1U << by->imm.value.u));
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
	struct value number = values_operand(run, right);
	struct value value = values_operand(run, left);

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
		return value_plain(ANY);
	value.b += by;
	return value;
}

static void
step_push(struct run *run)
{
	struct value value = values_operand(run, &run->operands[0]);
	struct value top = moved(run->now.registers[RSP], 0 - UINT64_C(8));

	set_register(run, RSP, top);
	store(run, top, 8, value);
}

static void
step_pop(struct run *run, const ZydisDecodedOperand *operand)
{
	struct value top = run->now.registers[RSP];
	const struct slot *slot = top.kind == STACK ? state_find(&run->now, top.a, top.b) : NULL;
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
	state_doubt(&run->now);
}

static void
step_choose(struct run *run)
{
	int number = values_register(&run->operands[0]);
	struct value value = values_operand(run, &run->operands[1]);

	if (number < 0 || run->operands[0].size != 64) {
		set_fresh(run, number, run->operands[0].size);
		return;
	}
	value = value_either(&run->now.registers[number], &value, 0);
	value.id = values_fresh_id(run, (unsigned int)number);
	state_forget(&run->now, value.id);
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
			store(run, address_of(run, operand), operand->size / 8, value_plain(ANY));
		else
			set_fresh(run, values_register(operand), operand->size);
	}
}

static bool
is_same_register(const struct run *run)
{
	return values_register(&run->operands[0]) >= 0 &&
	    values_register(&run->operands[0]) == values_register(&run->operands[1]) &&
	    run->operands[0].size >= 32;
}

/* libc keeps pointers of functions rotated and mixed with a number of the thread. */
static void
step_mangle(struct run *run)
{
	int number = values_register(&run->operands[0]);
	const ZydisDecodedOperand *by = &run->operands[1];
	bool mangles = number >= 0 && run->operands[0].size == 64 &&
	    run->now.registers[number].kind == POINTER &&
	    (run->insn.mnemonic == ZYDIS_MNEMONIC_XOR
		    ? is_memory(by) && by->mem.segment == ZYDIS_REGISTER_FS
		    : by->type == ZYDIS_OPERAND_TYPE_IMMEDIATE);

	if (run->insn.mnemonic == ZYDIS_MNEMONIC_XOR && is_same_register(run)) {
		set_register(run, number, value_constant(0));
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
		set_register(run, values_register(&run->operands[0]), value_constant(0));
	else
		step_add(run, true);
	/* the flags tell of what was there before */
	if (compared.id != values_fresh_id(run, (unsigned int)values_register(&run->operands[0])))
		run->now.compared = compared;
}

void
/* NOLINTNEXTLINE(readability-function-size): one switch over the instructions */
values_step(struct run *run)
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
	case ZYDIS_MNEMONIC_CDQE:
		set_register(run, RAX, value_sign32(run->now.registers[RAX]));
		break;
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
