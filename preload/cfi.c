#define _GNU_SOURCE
#include "preload/cfi.h"

#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <string.h>

#include "arch/fini.h"

#pragma weak _dl_find_object /* see aside.h */

/* Remembered rows, the CIE's among them; expression stack. Compilers use one more
 * and four: what they cost is the program's stack. */
enum { CFI_DEPTH = 3, CFI_STACK = 16 };

/* A cursor that never passes end; once it would, bad stays set. */
struct cfi_bytes {
	const uint8_t *at, *end;
	bool bad;
};

static uint64_t
cfi_fixed(struct cfi_bytes *bytes, size_t size)
{
	uint64_t value = 0;

	if ((size_t)(bytes->end - bytes->at) < size) {
		bytes->bad = true;
		return 0;
	}
	memcpy(&value, bytes->at, size);
	bytes->at += size;
	return value;
}

static uint64_t
cfi_uleb(struct cfi_bytes *bytes)
{
	uint64_t value = 0;
	unsigned int shift = 0;

	for (;;) {
		uint64_t byte = cfi_fixed(bytes, 1);

		if (bytes->bad)
			return 0;
		if (shift < 64)
			value |= (byte & 127) << shift;
		if ((byte & 128) == 0)
			return value;
		shift += 7;
	}
}

static int64_t
cfi_sleb(struct cfi_bytes *bytes)
{
	uint64_t value = 0;
	unsigned int shift = 0;

	for (;;) {
		uint64_t byte = cfi_fixed(bytes, 1);

		if (bytes->bad)
			return 0;
		if (shift < 64)
			value |= (byte & 127) << shift;
		shift += 7;
		if ((byte & 128) == 0) {
			if (shift < 64 && (byte & 64) != 0)
				value |= ~0ULL << shift;
			return (int64_t)value;
		}
	}
}

/* An encoded pointer (DW_EH_PE_*); only absolute and pc-relative ones occur. */
static uint64_t
cfi_pointer(struct cfi_bytes *bytes, uint8_t encoding)
{
	uint64_t base = (encoding & 0x70) == 0x10 ? (uint64_t)bytes->at : 0;

	if ((encoding & 0x70) != 0 && (encoding & 0x70) != 0x10)
		bytes->bad = true;
	switch (encoding & 0x0f) {
	case 0x00:
	case 0x04:
	case 0x0c: return base + cfi_fixed(bytes, 8);
	case 0x01: return base + cfi_uleb(bytes);
	case 0x02: return base + cfi_fixed(bytes, 2);
	case 0x03: return base + cfi_fixed(bytes, 4);
	case 0x09: return base + (uint64_t)cfi_sleb(bytes);
	case 0x0a: return base + (uint64_t)(int64_t)(int16_t)cfi_fixed(bytes, 2);
	case 0x0b: return base + (uint64_t)(int64_t)(int32_t)cfi_fixed(bytes, 4);
	default: bytes->bad = true; return 0;
	}
}

/* An entry's bytes behind its length; 64-bit lengths do not occur in memory. */
static struct cfi_bytes
cfi_entry(const uint8_t *at)
{
	uint32_t length;
	struct cfi_bytes bytes = { at + 4, at + 4, true };

	memcpy(&length, at, sizeof(length));
	if (length != 0 && length < 0xfffffff0U) {
		bytes.end += length;
		bytes.bad = false;
	}
	return bytes;
}

static bool
cfi_augmentation(struct cfi_bytes *bytes, const char *text, struct cfi_fde *fde)
{
	uint64_t length;
	const uint8_t *next;

	if (*text == 0)
		return true;
	if (*text != 'z')
		return false;
	length = cfi_uleb(bytes);
	if (bytes->bad || length > (uint64_t)(bytes->end - bytes->at))
		return false;
	next = bytes->at + length;
	while (*++text != 0) {
		if (*text == 'R')
			fde->encoding = (uint8_t)cfi_fixed(bytes, 1);
		else if (*text == 'L')
			fde->lsda_encoding = (uint8_t)cfi_fixed(bytes, 1);
		else if (*text == 'P')
			cfi_pointer(bytes, (uint8_t)(cfi_fixed(bytes, 1) & 0x7f));
		else if (*text == 'S')
			fde->signal = true;
		else if (*text != 'B')
			break;
	}
	bytes->at = next;
	return true;
}

static bool
cfi_cie(const uint8_t *at, struct cfi_fde *fde, bool *augmented)
{
	struct cfi_bytes bytes = cfi_entry(at);
	const char *text;
	uint64_t version;

	if (bytes.bad || cfi_fixed(&bytes, 4) != 0)
		return false;
	version = cfi_fixed(&bytes, 1);
	text = (const char *)bytes.at;
	while (cfi_fixed(&bytes, 1) != 0)
		;
	if (bytes.bad || (version != 1 && version != 3))
		return false;
	fde->encoding = 0;
	fde->signal = false;
	fde->lsda_encoding = 0xff;
	fde->code_align = cfi_uleb(&bytes);
	fde->data_align = cfi_sleb(&bytes);
	fde->return_column = version == 1 ? cfi_fixed(&bytes, 1) : cfi_uleb(&bytes);
	*augmented = *text == 'z';
	if (!cfi_augmentation(&bytes, text, fde) || bytes.bad)
		return false;
	fde->cie_code = bytes.at;
	fde->cie_end = bytes.end;
	return fde->return_column < ARCH_REGISTERS;
}

/* The pointer to the exception table, which may be absent though it has a place. */
static uint64_t
cfi_lsda(struct cfi_bytes bytes, uint8_t encoding)
{
	struct cfi_bytes raw = bytes;

	if (encoding == 0xff || cfi_pointer(&raw, encoding & 0x0f) == 0 || raw.bad)
		return 0;
	return cfi_pointer(&bytes, encoding);
}

static bool
cfi_fde_read(const uint8_t *at, struct cfi_fde *fde)
{
	struct cfi_bytes bytes = cfi_entry(at);
	const uint8_t *cie = bytes.at;
	bool augmented = false;
	uint32_t back = (uint32_t)cfi_fixed(&bytes, 4);

	fde->lsda = 0;
	if (bytes.bad || back == 0 || !cfi_cie(cie - back, fde, &augmented))
		return false;
	fde->begin = cfi_pointer(&bytes, fde->encoding);
	fde->end = fde->begin + cfi_pointer(&bytes, fde->encoding & 0x0f);
	if (augmented) {
		uint64_t length = cfi_uleb(&bytes);

		if (bytes.bad || length > (uint64_t)(bytes.end - bytes.at))
			return false;
		fde->lsda = cfi_lsda(bytes, fde->lsda_encoding);
		bytes.at += length;
	}
	fde->code = bytes.at;
	fde->code_end = bytes.end;
	return !bytes.bad;
}

/* .eh_frame_hdr: version 1, sorted pairs of 32-bit offsets from its begin. */
static const uint8_t *
cfi_search(const uint8_t *header, uint64_t pc)
{
	struct cfi_bytes bytes = { header + 4, header + 24, false };
	const int32_t(*table)[2];
	uint64_t count;
	uint64_t low = 0;
	int64_t offset = (int64_t)(pc - (uint64_t)header);

	if (header[0] != 1 || header[3] != 0x3b)
		return NULL;
	cfi_pointer(&bytes, header[1]);
	count = cfi_pointer(&bytes, header[2]);
	if (bytes.bad || count == 0)
		return NULL;
	table = (const int32_t(*)[2])(const void *)bytes.at;
	if (offset < table[0][0])
		return NULL;
	for (uint64_t high = count; high - low > 1;) {
		uint64_t middle = low + (high - low) / 2;

		if (table[middle][0] <= offset)
			low = middle;
		else
			high = middle;
	}
	return header + table[low][1];
}

/* The module's file has the code of [start, end), which can be read. */
static bool
cfi_is_code(const struct cfi_fde *fde, uint64_t start, uint64_t end)
{
	const ElfW(Ehdr) *elf = (const void *)fde->map_start;
	const ElfW(Phdr) * segments;

	if (start < fde->map_start || end > fde->map_end ||
	    fde->map_end - fde->map_start < sizeof(*elf) ||
	    memcmp(elf->e_ident, ELFMAG, SELFMAG) != 0 ||
	    elf->e_phoff > fde->map_end - fde->map_start ||
	    elf->e_phnum * sizeof(*segments) > fde->map_end - fde->map_start - elf->e_phoff)
		return false;
	segments = (const void *)(fde->map_start + elf->e_phoff);
	for (unsigned int i = 0; i < elf->e_phnum; i++) {
		uint64_t at = fde->map->l_addr + segments[i].p_vaddr;

		if (segments[i].p_type == PT_LOAD &&
		    (segments[i].p_flags & (PF_R | PF_X)) == (PF_R | PF_X) && start >= at &&
		    end <= at + segments[i].p_filesz)
			return true;
	}
	return false;
}

/*
 * gcc's crtstuff.c comes without tables, and a part of it is in every library:
 * __do_global_dtors_aux, which runs the destructors of its objects. What is behind the call
 * there says how the frame is left: a call, a flag that is set, a pop of rbp, a return.
 */
static bool
cfi_find_fini(uint64_t call, struct cfi_fde *fde)
{
	static const uint8_t cie[] = { 0x0c, ARCH_RSP, 8, 0x80 | ARCH_RA, 1 };
	static const uint8_t code[] = { 0x0e, 16, 0x80 | ARCH_RBP, 2 };
	uint64_t pc = call + 1;

	if (!cfi_is_code(fde, pc, pc + ARCH_FINI) || !arch_is_fini((const uint8_t *)pc))
		return false;
	*fde = (struct cfi_fde){ .map = fde->map,
		.map_start = fde->map_start,
		.map_end = fde->map_end,
		.begin = call,
		.end = pc,
		.cie_code = cie,
		.cie_end = cie + sizeof(cie),
		.code = code,
		.code_end = code + sizeof(code),
		.code_align = 1,
		.data_align = -8,
		.return_column = ARCH_RA,
		.lsda_encoding = 0xff };
	return true;
}

enum cfi_found
cfi_find(uint64_t pc, struct cfi_fde *fde)
{
	struct dl_find_object object;
	const uint8_t *at;

	if (_dl_find_object((void *)pc, &object) != 0)
		return CFI_NO_MODULE;
	fde->map = object.dlfo_link_map;
	fde->map_start = (uint64_t)object.dlfo_map_start;
	fde->map_end = (uint64_t)object.dlfo_map_end;
	if (object.dlfo_eh_frame == NULL)
		return CFI_NO_FDE;
	at = cfi_search(object.dlfo_eh_frame, pc);
	if (at != NULL && cfi_fde_read(at, fde) && pc >= fde->begin && pc < fde->end)
		return CFI_FOUND;
	return cfi_find_fini(pc, fde) ? CFI_FOUND : CFI_NO_FDE;
}

static struct cfi_rule
cfi_rule(enum cfi_how how, int64_t offset)
{
	return (struct cfi_rule){ (int64_t)((uint64_t)offset << 3) | (int64_t)how };
}

static void
cfi_set(struct cfi_row *row, uint64_t reg, enum cfi_how how, int64_t offset)
{
	if (reg < ARCH_REGISTERS)
		row->rules[reg] = cfi_rule(how, offset);
}

static void
cfi_set_expression(struct cfi_bytes *bytes, struct cfi_rule *rule, enum cfi_how how)
{
	const uint8_t *at = bytes->at;
	uint64_t length = cfi_uleb(bytes);

	if (bytes->bad || length > (uint64_t)(bytes->end - bytes->at)) {
		bytes->bad = true;
		return;
	}
	*rule = cfi_rule(how, (int64_t)at);
	bytes->at += length;
}

const uint8_t *
cfi_expression(struct cfi_rule rule, uint64_t *length)
{
	const uint8_t *at = (const uint8_t *)cfi_offset(rule);
	/* It was read before: it ends. */
	struct cfi_bytes bytes = { at, at + 10, false };

	*length = cfi_uleb(&bytes);
	return bytes.at;
}

/* saved[0] is the row that the CIE makes, once `initial` says so. */
struct cfi_run {
	struct cfi_row *row;
	bool initial;
	int depth;
	uint64_t at; /* address that the row begins at */
	struct cfi_row saved[CFI_DEPTH];
};

/* DW_CFA_* with operands in the low six bits: 0 done, 1 not one of them. */
static int
cfi_primary(const struct cfi_fde *fde, struct cfi_bytes *bytes, struct cfi_run *run, uint8_t op)
{
	uint64_t reg = op & 0x3f;

	switch (op & 0xc0) {
	case 0x40: run->at += reg * fde->code_align; return 0;
	case 0x80:
		cfi_set(run->row, reg, CFI_OFFSET, (int64_t)cfi_uleb(bytes) * fde->data_align);
		return 0;
	case 0xc0:
		if (run->initial && reg < ARCH_REGISTERS)
			run->row->rules[reg] = run->saved[0].rules[reg];
		return 0;
	default: return 1;
	}
}

static void
cfi_cfa(struct cfi_row *row, uint64_t reg, int64_t offset)
{
	row->cfa_register = reg;
	row->cfa = cfi_rule(CFI_REGISTER, offset);
}

static void
cfi_remember(struct cfi_run *run, struct cfi_bytes *bytes)
{
	if (run->depth == CFI_DEPTH)
		bytes->bad = true;
	else
		run->saved[run->depth++] = *run->row;
}

static void
cfi_restore(struct cfi_run *run, struct cfi_bytes *bytes)
{
	if (run->depth == (run->initial ? 1 : 0))
		bytes->bad = true;
	else
		*run->row = run->saved[--run->depth];
}

static void
/* NOLINTNEXTLINE(readability-function-size): one switch over the DW_CFA_ instructions */
cfi_extended(const struct cfi_fde *fde, struct cfi_bytes *bytes, struct cfi_run *run, uint8_t op)
{
	struct cfi_row *row = run->row;
	uint64_t reg;

	switch (op) {
	case 0x00: /* nop */ break;
	case 0x01: /* set_loc */ run->at = cfi_pointer(bytes, fde->encoding); break;
	case 0x02:
	case 0x03:
	case 0x04: /* advance_loc1, 2, 4 */
		run->at += cfi_fixed(bytes, 1UL << (op - 2)) * fde->code_align;
		break;
	case 0x05: /* offset_extended */
		reg = cfi_uleb(bytes);
		cfi_set(row, reg, CFI_OFFSET, (int64_t)cfi_uleb(bytes) * fde->data_align);
		break;
	case 0x06: /* restore_extended */
		reg = cfi_uleb(bytes);
		if (run->initial && reg < ARCH_REGISTERS)
			row->rules[reg] = run->saved[0].rules[reg];
		break;
	case 0x07: /* undefined */ cfi_set(row, cfi_uleb(bytes), CFI_UNDEFINED, 0); break;
	case 0x08: /* same_value */ cfi_set(row, cfi_uleb(bytes), CFI_SAME, 0); break;
	case 0x09: /* register */
		reg = cfi_uleb(bytes);
		cfi_set(row, reg, CFI_REGISTER, (int64_t)cfi_uleb(bytes));
		break;
	case 0x0a: cfi_remember(run, bytes); break;
	case 0x0b: cfi_restore(run, bytes); break;
	case 0x0c: /* def_cfa */
		reg = cfi_uleb(bytes);
		cfi_cfa(row, reg, (int64_t)cfi_uleb(bytes));
		break;
	case 0x0d: /* def_cfa_register */
		cfi_cfa(row, cfi_uleb(bytes), cfi_offset(row->cfa));
		break;
	case 0x0e: /* def_cfa_offset */
		row->cfa = cfi_rule(cfi_how(row->cfa), (int64_t)cfi_uleb(bytes));
		break;
	case 0x0f: /* def_cfa_expression */
		cfi_set_expression(bytes, &row->cfa, CFI_EXPRESSION);
		break;
	case 0x10:   /* expression */
	case 0x16: { /* val_expression */
		struct cfi_rule ignored;

		reg = cfi_uleb(bytes);
		cfi_set_expression(bytes, reg < ARCH_REGISTERS ? &row->rules[reg] : &ignored,
		    op == 0x10 ? CFI_EXPRESSION : CFI_VALUE_EXPRESSION);
		break;
	}
	case 0x11: /* offset_extended_sf */
		reg = cfi_uleb(bytes);
		cfi_set(row, reg, CFI_OFFSET, cfi_sleb(bytes) * fde->data_align);
		break;
	case 0x12: /* def_cfa_sf */
		reg = cfi_uleb(bytes);
		cfi_cfa(row, reg, cfi_sleb(bytes) * fde->data_align);
		break;
	case 0x13: /* def_cfa_offset_sf */
		row->cfa = cfi_rule(cfi_how(row->cfa), cfi_sleb(bytes) * fde->data_align);
		break;
	case 0x14: /* val_offset */
		reg = cfi_uleb(bytes);
		cfi_set(row, reg, CFI_VALUE, (int64_t)cfi_uleb(bytes) * fde->data_align);
		break;
	case 0x15: /* val_offset_sf */
		reg = cfi_uleb(bytes);
		cfi_set(row, reg, CFI_VALUE, cfi_sleb(bytes) * fde->data_align);
		break;
	case 0x2e: /* GNU_args_size */ cfi_uleb(bytes); break;
	default: bytes->bad = true; break;
	}
}

static bool
cfi_execute(const struct cfi_fde *fde, struct cfi_bytes bytes, struct cfi_run *run, uint64_t pc)
{
	while (bytes.at < bytes.end && !bytes.bad) {
		uint8_t op = *bytes.at++;

		if (cfi_primary(fde, &bytes, run, op) != 0)
			cfi_extended(fde, &bytes, run, op);
		if (run->at > pc)
			break; /* the row before held */
		if (bytes.bad)
			return false;
	}
	return !bytes.bad;
}

bool
cfi_row(const struct cfi_fde *fde, uint64_t pc, struct cfi_row *row)
{
	struct cfi_run run; /* its size matters on small stacks */

	memset(row, 0, sizeof(*row));
	run.row = row;
	run.initial = false;
	run.depth = 0;
	run.at = fde->begin;
	if (!cfi_execute(fde, (struct cfi_bytes){ fde->cie_code, fde->cie_end, false }, &run, pc))
		return false;
	run.saved[0] = *row;
	run.initial = true;
	run.depth = 1;
	return cfi_execute(fde, (struct cfi_bytes){ fde->code, fde->code_end, false }, &run, pc);
}

/* Rows that are remembered, what the CIE makes of rbp, the address that the row begins at. */
struct cfi_plain_run {
	struct cfi_plain row, saved[CFI_DEPTH];
	int64_t initial;
	uint64_t at;
	int depth;
};

/* Nearly all numbers are of one byte. */
static inline uint64_t
cfi_number(struct cfi_bytes *bytes)
{
	if (__builtin_expect(bytes->at < bytes->end && *bytes->at < 128, 1))
		return *bytes->at++;
	return cfi_uleb(bytes);
}

/* Operations without operands in their low bits: false: it is not one of plain code. */
static inline __attribute__((always_inline)) bool
cfi_plain_extended(
    struct cfi_bytes *bytes, struct cfi_plain_run *run, struct cfi_plain *row, uint8_t op)
{
	switch (op) {
	case 0x00: /* nop */ return true;
	case 0x0a: /* remember_state */
		if (run->depth == CFI_DEPTH)
			return false;
		run->saved[run->depth++] = *row;
		return true;
	case 0x0b: /* restore_state */
		if (run->depth == 0)
			return false;
		*row = run->saved[--run->depth];
		return true;
	case 0x0c: /* def_cfa */
		row->of = cfi_number(bytes);
		row->cfa = (int64_t)cfi_number(bytes);
		return true;
	case 0x0d: /* def_cfa_register */ row->of = cfi_number(bytes); return true;
	case 0x0e: /* def_cfa_offset */ row->cfa = (int64_t)cfi_number(bytes); return true;
	case 0x2e: /* GNU_args_size */ cfi_number(bytes); return true;
	default: return false;
	}
}

static inline bool
cfi_plain_offset(const struct cfi_fde *fde, struct cfi_plain *row, uint8_t reg, uint64_t value)
{
	int64_t offset = (int64_t)value * fde->data_align;

	if (reg == ARCH_RBP)
		row->rbp = offset;
	return reg != ARCH_RSP && (reg != ARCH_RA || offset == -8) &&
	    (reg != ARCH_RBP || offset != 0);
}

/* false: not understood */
static bool
cfi_plain_execute(
    const struct cfi_fde *fde, struct cfi_bytes bytes, struct cfi_plain_run *run, uint64_t pc)
{
	struct cfi_plain row = run->row;
	const uint64_t align = fde->code_align;
	uint64_t at = run->at;

	while (bytes.at < bytes.end && at <= pc) {
		uint8_t op = *bytes.at++;
		uint8_t low = op & 0x3f;
		bool good = true;

		if ((op & 0xc0) == 0x40) /* advance_loc */
			at += low * align;
		else if (op >= 2 && op <= 4) /* advance_loc1, 2, 4 */
			at += cfi_fixed(&bytes, 1UL << (op - 2)) * align;
		else if ((op & 0xc0) == 0)
			good = cfi_plain_extended(&bytes, run, &row, op);
		else if ((op & 0xc0) == 0x80)
			good = cfi_plain_offset(fde, &row, low, cfi_number(&bytes));
		else if (low == ARCH_RBP) /* restore */
			row.rbp = run->initial;
		else
			good = low != ARCH_RSP && low != ARCH_RA;
		if (!good || bytes.bad)
			return false;
	}
	run->row = row;
	run->at = at;
	return true;
}

bool
cfi_plain(const struct cfi_fde *fde, uint64_t pc, struct cfi_plain *row)
{
	struct cfi_plain_run run;

	run.row = (struct cfi_plain){ .of = UINT64_MAX };
	run.initial = 0;
	run.depth = 0;
	run.at = fde->begin;
	/* Of the CIE a return address at cfa - 8 is wanted, which has to be said. */
	if (fde->return_column != ARCH_RA || fde->signal || fde->cie_end - fde->cie_code < 5 ||
	    fde->cie_code[3] != (0x80 | ARCH_RA) ||
	    !cfi_plain_execute(
		fde, (struct cfi_bytes){ fde->cie_code, fde->cie_end, false }, &run, pc))
		return false;
	run.initial = run.row.rbp;
	run.depth = 0;
	if (!cfi_plain_execute(
		fde, (struct cfi_bytes){ fde->code, fde->code_end, false }, &run, pc))
		return false;
	*row = run.row;
	return row->of == ARCH_RSP || row->of == ARCH_RBP;
}

struct cfi_machine {
	const struct load *load;
	const uint64_t *regs;
	uint64_t stack[CFI_STACK];
	unsigned int depth;
	bool bad;
};

static void
cfi_push(struct cfi_machine *machine, uint64_t value)
{
	if (machine->depth == CFI_STACK)
		machine->bad = true;
	else
		machine->stack[machine->depth++] = value;
}

static uint64_t
cfi_pop(struct cfi_machine *machine)
{
	if (machine->depth == 0) {
		machine->bad = true;
		return 0;
	}
	return machine->stack[--machine->depth];
}

static uint64_t
cfi_register(struct cfi_machine *machine, uint64_t reg)
{
	if (reg >= ARCH_REGISTERS) {
		machine->bad = true;
		return 0;
	}
	return machine->regs[reg];
}

static void
cfi_binary(struct cfi_machine *machine, uint8_t op)
{
	uint64_t b = cfi_pop(machine);
	uint64_t a = cfi_pop(machine);
	int64_t x = (int64_t)a, y = (int64_t)b;

	switch (op) {
	case 0x1a: cfi_push(machine, a & b); break;
	case 0x1c: cfi_push(machine, a - b); break;
	case 0x1e: cfi_push(machine, a * b); break;
	case 0x21: cfi_push(machine, a | b); break;
	case 0x22: cfi_push(machine, a + b); break;
	case 0x24: cfi_push(machine, b < 64 ? a << b : 0); break;
	case 0x25: cfi_push(machine, b < 64 ? a >> b : 0); break;
	case 0x26: cfi_push(machine, (uint64_t)(x >> (b < 64 ? b : 63))); break;
	case 0x27: cfi_push(machine, a ^ b); break;
	case 0x29: cfi_push(machine, x == y); break;
	case 0x2a: cfi_push(machine, x >= y); break;
	case 0x2b: cfi_push(machine, x > y); break;
	case 0x2c: cfi_push(machine, x <= y); break;
	case 0x2d: cfi_push(machine, x < y); break;
	case 0x2e: cfi_push(machine, x != y); break;
	default: machine->bad = true; break;
	}
}

static void
/* NOLINTNEXTLINE(readability-function-size): one switch over the DW_OP_ operations */
cfi_operation(struct cfi_machine *machine, struct cfi_bytes *bytes, uint8_t op)
{
	uint64_t a;

	switch (op) {
	case 0x06: /* deref */
		if (!load_word(machine->load, cfi_pop(machine), &a))
			machine->bad = true;
		else
			cfi_push(machine, a);
		break;
	case 0x08: cfi_push(machine, cfi_fixed(bytes, 1)); break;
	case 0x09: cfi_push(machine, (uint64_t)(int64_t)(int8_t)cfi_fixed(bytes, 1)); break;
	case 0x0a: cfi_push(machine, cfi_fixed(bytes, 2)); break;
	case 0x0b: cfi_push(machine, (uint64_t)(int64_t)(int16_t)cfi_fixed(bytes, 2)); break;
	case 0x0c: cfi_push(machine, cfi_fixed(bytes, 4)); break;
	case 0x0d: cfi_push(machine, (uint64_t)(int64_t)(int32_t)cfi_fixed(bytes, 4)); break;
	case 0x0e:
	case 0x0f: cfi_push(machine, cfi_fixed(bytes, 8)); break;
	case 0x10: cfi_push(machine, cfi_uleb(bytes)); break;
	case 0x11: cfi_push(machine, (uint64_t)cfi_sleb(bytes)); break;
	case 0x12: /* dup */
		a = cfi_pop(machine);
		cfi_push(machine, a);
		cfi_push(machine, a);
		break;
	case 0x13: cfi_pop(machine); break;
	case 0x1f: cfi_push(machine, 0 - cfi_pop(machine)); break;
	case 0x20: cfi_push(machine, ~cfi_pop(machine)); break;
	case 0x23: cfi_push(machine, cfi_pop(machine) + cfi_uleb(bytes)); break;
	case 0x92: /* bregx */
		a = cfi_register(machine, cfi_uleb(bytes));
		cfi_push(machine, a + (uint64_t)cfi_sleb(bytes));
		break;
	case 0x96: break; /* nop */
	default: cfi_binary(machine, op); break;
	}
}

/* No branches: an expression of a frame that has some is not understood. */
static bool
cfi_evaluate(struct cfi_rule rule, const struct load *load, const uint64_t *regs,
    const uint64_t *cfa, uint64_t *value)
{
	uint64_t length;
	const uint8_t *code = cfi_expression(rule, &length);
	struct cfi_bytes bytes = { code, code + length, false };
	struct cfi_machine machine;

	machine.load = load;
	machine.regs = regs;
	machine.depth = 0;
	machine.bad = false;
	if (cfa != NULL)
		cfi_push(&machine, *cfa);
	while (bytes.at < bytes.end && !bytes.bad && !machine.bad) {
		uint8_t op = *bytes.at++;

		if (op >= 0x30 && op <= 0x4f)
			cfi_push(&machine, op - 0x30U);
		else if (op >= 0x70 && op <= 0x8f)
			cfi_push(&machine,
			    cfi_register(&machine, op - 0x70U) + (uint64_t)cfi_sleb(&bytes));
		else
			cfi_operation(&machine, &bytes, op);
	}
	*value = cfi_pop(&machine);
	return !bytes.bad && !machine.bad;
}

static bool
cfi_recover(struct cfi_rule rule, const struct load *load, const uint64_t *regs, uint64_t cfa,
    uint64_t *value)
{
	uint64_t at;

	switch (cfi_how(rule)) {
	case CFI_SAME: return true;
	case CFI_UNDEFINED: *value = 0; return true;
	case CFI_OFFSET: return load_word(load, cfa + (uint64_t)cfi_offset(rule), value);
	case CFI_VALUE: *value = cfa + (uint64_t)cfi_offset(rule); return true;
	case CFI_REGISTER:
		if ((uint64_t)cfi_offset(rule) >= ARCH_REGISTERS)
			return false;
		*value = regs[cfi_offset(rule)];
		return true;
	case CFI_EXPRESSION:
		return cfi_evaluate(rule, load, regs, &cfa, &at) && load_word(load, at, value);
	case CFI_VALUE_EXPRESSION: return cfi_evaluate(rule, load, regs, &cfa, value);
	}
	return false;
}

bool
cfi_slot(const struct cfi_row *row, const struct load *load, const uint64_t regs[ARCH_REGISTERS],
    uint64_t *at)
{
	const uint64_t cfa = 0; /* not known yet; no kernel's frame goes by it */

	return cfi_how(row->rules[ARCH_RA]) == CFI_EXPRESSION &&
	    cfi_evaluate(row->rules[ARCH_RA], load, regs, &cfa, at);
}

bool
cfi_step(const struct cfi_row *row, const struct load *load, uint64_t regs[ARCH_REGISTERS],
    uint64_t *cfa)
{
	uint64_t old[ARCH_REGISTERS];

	memcpy(old, regs, sizeof(old));
	if (cfi_how(row->cfa) == CFI_EXPRESSION) {
		if (!cfi_evaluate(row->cfa, load, old, NULL, cfa))
			return false;
	} else {
		if (row->cfa_register >= ARCH_REGISTERS)
			return false;
		*cfa = old[row->cfa_register] + (uint64_t)cfi_offset(row->cfa);
	}
	regs[ARCH_RSP] = *cfa;
	for (unsigned int i = 0; i < ARCH_REGISTERS; i++)
		if (!cfi_recover(row->rules[i], load, old, *cfa, &regs[i]))
			return false;
	if (cfi_how(row->rules[ARCH_RSP]) == CFI_SAME)
		regs[ARCH_RSP] = *cfa;
	return true;
}
