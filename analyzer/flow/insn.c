#include "analyzer/flow/insn.h"

#include <string.h>

#include <Zydis/Zydis.h>

enum { OPCODE_LEA = 0x8d, RM_RIP = 5, RM_SIB = 4, MOD_REGISTER = 3 };

static enum insn_kind
kind_of(const ZydisDecodedInstruction *decoded)
{
	switch ((unsigned int)decoded->mnemonic) {
	case ZYDIS_MNEMONIC_UD0:
	case ZYDIS_MNEMONIC_UD1:
	case ZYDIS_MNEMONIC_UD2:
	case ZYDIS_MNEMONIC_HLT: return INSN_STOP;
	case ZYDIS_MNEMONIC_CALL: return INSN_CALL;
	case ZYDIS_MNEMONIC_JMP: return INSN_JUMP;
	/* an aborted transaction goes on elsewhere */
	case ZYDIS_MNEMONIC_XBEGIN: return INSN_BRANCH;
	case ZYDIS_MNEMONIC_XABORT:
	case ZYDIS_MNEMONIC_XEND: return INSN_PLAIN;
	default: break;
	}
	switch ((unsigned int)decoded->meta.category) {
	case ZYDIS_CATEGORY_RET:
	case ZYDIS_CATEGORY_SYSRET: return INSN_RETURN;
	case ZYDIS_CATEGORY_COND_BR: return INSN_BRANCH;
	case ZYDIS_CATEGORY_UNCOND_BR:
	case ZYDIS_CATEGORY_CALL: return INSN_BAD;
	default: return INSN_PLAIN;
	}
}

static bool
is_rip_relative(const ZydisDecodedInstruction *decoded)
{
	return (decoded->attributes & ZYDIS_ATTRIB_HAS_MODRM) != 0 && decoded->raw.modrm.mod == 0 &&
	    decoded->raw.modrm.rm == RM_RIP;
}

static void
set_target(struct insn *insn, const ZydisDecodedInstruction *decoded, uint64_t next, bool fixed)
{
	if (decoded->meta.branch_type == ZYDIS_BRANCH_TYPE_FAR) {
		insn->kind = INSN_BAD;
		return;
	}
	if (decoded->raw.imm[0].size != 0) {
		insn->target = next + (uint64_t)decoded->raw.imm[0].value.s;
	} else if (is_rip_relative(decoded)) {
		insn->target = next + (uint64_t)decoded->raw.disp.value;
		insn->slot = true;
	} else if (fixed && decoded->raw.modrm.mod == 0 && decoded->raw.modrm.rm == 4 &&
	    decoded->raw.sib.base == 5 && decoded->raw.sib.index == 4 && decoded->raw.rex.X == 0) {
		insn->target = (uint64_t)decoded->raw.disp.value;
		insn->slot = true;
	}
	if (insn->target == 0)
		insn->slot = false;
}

static const ZydisDecoder *
decoder(void)
{
	static ZydisDecoder made;
	static bool done;

	if (!done)
		ZydisDecoderInit(&made, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
	done = true;
	return &made;
}

void
insn_decode_any(struct insn *insn, const uint8_t *bytes, size_t size, uint64_t address, bool fixed)
{
	ZydisDecodedInstruction decoded;

	memset(insn, 0, sizeof(*insn));
	insn->kind = INSN_BAD;
	insn->length = 1;
	if (!ZYAN_SUCCESS(ZydisDecoderDecodeInstruction(decoder(), NULL, bytes, size, &decoded)))
		return;
	insn->length = decoded.length;
	insn->kind = kind_of(&decoded);
	if (insn->kind == INSN_CALL || insn->kind == INSN_JUMP || insn->kind == INSN_BRANCH)
		set_target(insn, &decoded, address + decoded.length, fixed);
	else if (decoded.opcode_map == ZYDIS_OPCODE_MAP_DEFAULT && decoded.opcode == OPCODE_LEA &&
	    is_rip_relative(&decoded))
		insn->loaded = address + decoded.length + (uint64_t)decoded.raw.disp.value;
	else if (fixed && decoded.raw.imm[0].size == 32)
		insn->loaded = (uint32_t)decoded.raw.imm[0].value.u;
	if (insn->kind == INSN_BAD)
		insn->length = 1;
}

/*
 * Nearly all instructions are of a few forms, whose length is quickly told: a table says
 * what stands behind the opcode. Whatever is not in it, or has other prefixes, or is no
 * instruction with some of its fields, is left to the disassembler.
 */
enum form {
	KNOWN = 1,
	MODRM = 2,
	IMM_BYTE = 4,
	IMM_WORD = 8,   /* 4 bytes; 2 with an operand-size prefix */
	IMM_WHOLE = 16, /* the same; 8 with REX.W */
	NEAR_BYTE = 32, /* a distance to jump */
	NEAR_WORD = 64,
	SOME = 128, /* only with some registers in the ModRM byte */
};

enum { K = KNOWN, M = KNOWN | MODRM, MB = M | IMM_BYTE, MW = M | IMM_WORD };

static const uint8_t one_byte[256] = {
	[0x00 ... 0x03] = M,
	[0x08 ... 0x0b] = M,
	[0x10 ... 0x13] = M,
	[0x18 ... 0x1b] = M,
	[0x20 ... 0x23] = M,
	[0x28 ... 0x2b] = M,
	[0x30 ... 0x33] = M,
	[0x38 ... 0x3b] = M,
	[0x04] = K | IMM_BYTE,
	[0x0c] = K | IMM_BYTE,
	[0x14] = K | IMM_BYTE,
	[0x1c] = K | IMM_BYTE,
	[0x24] = K | IMM_BYTE,
	[0x2c] = K | IMM_BYTE,
	[0x34] = K | IMM_BYTE,
	[0x3c] = K | IMM_BYTE,
	[0x05] = K | IMM_WORD,
	[0x0d] = K | IMM_WORD,
	[0x15] = K | IMM_WORD,
	[0x1d] = K | IMM_WORD,
	[0x25] = K | IMM_WORD,
	[0x2d] = K | IMM_WORD,
	[0x35] = K | IMM_WORD,
	[0x3d] = K | IMM_WORD,
	[0x50 ... 0x5f] = K,
	[0x63] = M,
	[0x68] = K | IMM_WORD,
	[0x69] = MW,
	[0x6a] = K | IMM_BYTE,
	[0x6b] = MB,
	[0x70 ... 0x7f] = K | NEAR_BYTE,
	[0x80] = MB,
	[0x81] = MW,
	[0x83] = MB,
	[0x84 ... 0x8b] = M,
	[0x8d] = M | SOME,
	[0x90 ... 0x99] = K,
	[0xa8] = K | IMM_BYTE,
	[0xa9] = K | IMM_WORD,
	[0xb0 ... 0xb7] = K | IMM_BYTE,
	[0xb8 ... 0xbf] = K | IMM_WHOLE,
	[0xc0] = MB | SOME,
	[0xc1] = MB | SOME,
	[0xc3] = K,
	[0xc6] = MB | SOME,
	[0xc7] = MW | SOME,
	[0xc9] = K,
	[0xd0 ... 0xd3] = M | SOME,
	[0xe8] = K | NEAR_WORD,
	[0xe9] = K | NEAR_WORD,
	[0xeb] = K | NEAR_BYTE,
	[0xf6] = M | SOME,
	[0xf7] = M | SOME,
	[0xfe] = M | SOME,
	[0xff] = M | SOME,
};

/* Behind 0f. */
static const uint8_t two_bytes[256] = {
	[0x10 ... 0x11] = M,
	[0x14 ... 0x15] = M,
	[0x1f] = M,
	[0x28 ... 0x29] = M,
	[0x2e ... 0x2f] = M,
	[0x40 ... 0x4f] = M,
	[0x54 ... 0x59] = M,
	[0x5c ... 0x5f] = M,
	[0x6e ... 0x6f] = M,
	[0x7e ... 0x7f] = M,
	[0x80 ... 0x8f] = K | NEAR_WORD,
	[0x90 ... 0x9f] = M,
	[0xa3] = M,
	[0xab] = M,
	[0xaf] = M,
	[0xb6 ... 0xb7] = M,
	[0xbe ... 0xbf] = M,
	[0xc8 ... 0xcf] = K,
};

/* True if two_bytes holds with an operand-size prefix, too. */
static bool
is_wide_too(uint8_t opcode)
{
	return opcode < 0x80 || opcode == 0xaf || opcode == 0xb6 || opcode == 0xbe;
}

struct shape {
	uint8_t form;
	uint8_t opcode;
	bool two; /* opcode stands behind 0f */
	bool wide_immediate;
	bool short_immediate;
	size_t at; /* of what is behind the opcode */
};

/* Prefixes and opcode; false if the disassembler is needed. */
static bool
read_opcode(struct shape *shape, const uint8_t *bytes, size_t size)
{
	bool prefix = false;
	size_t at = 0;

	if (size < 16)
		return false;
	if (bytes[0] == 0x66) {
		prefix = true;
		at++;
	}
	if ((bytes[at] & 0xf0) == 0x40)
		shape->wide_immediate = (bytes[at++] & 8) != 0;
	shape->two = bytes[at] == 0x0f;
	at += shape->two;
	shape->opcode = bytes[at++];
	shape->form = shape->two ? two_bytes[shape->opcode] : one_byte[shape->opcode];
	shape->short_immediate = prefix && !shape->wide_immediate;
	shape->at = at;
	if (prefix && (shape->form & (NEAR_BYTE | NEAR_WORD)) != 0)
		return false;
	if (prefix &&
	    (shape->two ? !is_wide_too(shape->opcode)
			: shape->opcode == 0xff || shape->opcode == 0xc3 || shape->opcode == 0xc9))
		return false;
	return shape->form != 0;
}

/* The forms that depend on the register in the ModRM byte; false as before. */
static bool
choose_form(struct shape *shape, uint8_t modrm)
{
	unsigned int reg = modrm >> 3 & 7;

	switch (shape->opcode) {
	case OPCODE_LEA: return modrm >> 6 != MOD_REGISTER;
	case 0xc6:
	case 0xc7: return reg == 0;
	case 0xf6:
	case 0xf7:
		if (reg == 0)
			shape->form |= shape->opcode == 0xf6 ? IMM_BYTE : IMM_WORD;
		return reg != 1;
	case 0xfe: return reg <= 1;
	case 0xff: return reg <= 2 || reg == 4 || reg == 6;
	default: return reg != 6;
	}
}

/* How many bytes the ModRM byte and what belongs to it are. */
static size_t
modrm_size(const uint8_t *bytes)
{
	unsigned int mod = bytes[0] >> 6;
	unsigned int rm = bytes[0] & 7;
	size_t size = 1;

	if (mod == MOD_REGISTER)
		return size;
	if (rm == RM_SIB) {
		size++;
		rm = bytes[1] & 7;
	}
	if (mod == 1)
		size++;
	else if (mod == 2 || rm == RM_RIP)
		size += 4;
	return size;
}

static uint64_t
read_near(const uint8_t *at)
{
	int32_t distance;

	memcpy(&distance, at, sizeof(distance));
	return (uint64_t)(int64_t)distance;
}

static enum insn_kind
fast_kind(const struct shape *shape, const uint8_t *modrm)
{
	if (shape->two)
		return (shape->form & NEAR_WORD) != 0 ? INSN_BRANCH : INSN_PLAIN;
	switch (shape->opcode) {
	case 0xc3: return INSN_RETURN;
	case 0xe8: return INSN_CALL;
	case 0xe9:
	case 0xeb: return INSN_JUMP;
	case 0xff:
		if ((modrm[0] >> 3 & 7) == 2)
			return INSN_CALL;
		return (modrm[0] >> 3 & 7) == 4 ? INSN_JUMP : INSN_PLAIN;
	default: return (shape->form & NEAR_BYTE) != 0 ? INSN_BRANCH : INSN_PLAIN;
	}
}

static size_t
immediate_size(const struct shape *shape)
{
	if ((shape->form & (IMM_BYTE | NEAR_BYTE)) != 0)
		return 1;
	if ((shape->form & IMM_WHOLE) != 0 && shape->wide_immediate)
		return 8;
	if ((shape->form & (IMM_WORD | IMM_WHOLE)) != 0)
		return shape->short_immediate ? 2 : 4;
	return (shape->form & NEAR_WORD) != 0 ? 4 : 0;
}

/* Where an indirect call or jump finds its target, or what an instruction loads. */
static void
set_address(
    struct insn *insn, const struct shape *shape, const uint8_t *modrm, uint64_t next, bool fixed)
{
	bool rip = (shape->form & MODRM) != 0 && (modrm[0] & 0xc7) == RM_RIP;

	if (insn->kind != INSN_PLAIN) {
		if (rip)
			insn->target = next + read_near(modrm + 1);
		else if (fixed && (modrm[0] & 0xc7) == RM_SIB && modrm[1] == 0x25)
			insn->target = read_near(modrm + 2);
		insn->slot = insn->target != 0;
	} else if (rip && !shape->two && shape->opcode == OPCODE_LEA) {
		insn->loaded = next + read_near(modrm + 1);
	}
}

static bool
decode_fast(struct insn *insn, const uint8_t *bytes, size_t size, uint64_t address, bool fixed)
{
	struct shape shape = { 0 };
	const uint8_t *modrm;
	const uint8_t *immediate;
	uint64_t next;

	if (!read_opcode(&shape, bytes, size))
		return false;
	modrm = bytes + shape.at;
	if ((shape.form & SOME) != 0 && !choose_form(&shape, modrm[0]))
		return false;
	immediate = modrm + ((shape.form & MODRM) != 0 ? modrm_size(modrm) : 0);
	insn->length = (uint8_t)((size_t)(immediate - bytes) + immediate_size(&shape));
	insn->kind = fast_kind(&shape, modrm);
	next = address + insn->length;
	if ((shape.form & NEAR_BYTE) != 0)
		insn->target = next + (uint64_t)(int64_t)(int8_t)immediate[0];
	else if ((shape.form & NEAR_WORD) != 0)
		insn->target = next + read_near(immediate);
	else if ((shape.form & MODRM) != 0)
		set_address(insn, &shape, modrm, next, fixed);
	if (fixed && insn->kind == INSN_PLAIN && insn->loaded == 0 &&
	    (shape.form & (IMM_WORD | IMM_WHOLE)) != 0 && immediate_size(&shape) == 4)
		insn->loaded = (uint32_t)read_near(immediate);
	return true;
}

void
insn_decode(struct insn *insn, const uint8_t *bytes, size_t size, uint64_t address, bool fixed)
{
	memset(insn, 0, sizeof(*insn));
	if (!decode_fast(insn, bytes, size, address, fixed))
		insn_decode_any(insn, bytes, size, address, fixed);
}
