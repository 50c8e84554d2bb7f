#include "analyzer/flow/insn.h"

#include <string.h>

#include <Zydis/Zydis.h>

enum { OPCODE_LEA = 0x8d, RM_RIP = 5 };

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
insn_decode(struct insn *insn, const uint8_t *bytes, size_t size, uint64_t address, bool fixed)
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
