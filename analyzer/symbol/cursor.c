#include "analyzer/symbol/cursor.h"

#include <dwarf.h>

uint64_t
cursor_fixed(struct cursor *cursor, size_t size)
{
	uint64_t value = 0;
	size_t i;

	if ((size_t)(cursor->end - cursor->at) < size) {
		cursor->bad = true;
		return 0;
	}
	for (i = 0; i < size; i++) {
		size_t byte = cursor->big ? i : size - 1 - i;

		value = value << 8 | cursor->at[byte];
	}
	cursor->at += size;
	return value;
}

uint64_t
cursor_leb(struct cursor *cursor)
{
	uint64_t value = 0;
	unsigned int shift = 0;
	uint8_t byte;

	do {
		byte = (uint8_t)cursor_fixed(cursor, 1);
		if (shift < 64)
			value |= (uint64_t)(byte & 0x7f) << shift;
		shift += 7;
	} while ((byte & 0x80) != 0 && !cursor->bad);
	return value;
}

static uint64_t
sign_extend(uint64_t value, unsigned int bits)
{
	uint64_t sign = UINT64_C(1) << (bits - 1);

	return (value ^ sign) - sign;
}

uint64_t
cursor_encoded(struct cursor *cursor, uint8_t encoding, bool relative)
{
	uint64_t place = cursor->address + (uint64_t)(cursor->at - cursor->base);
	uint64_t value;

	switch (encoding & 0x0f) {
	case DW_EH_PE_absptr: value = cursor_fixed(cursor, cursor->wide ? 8 : 4); break;
	case DW_EH_PE_uleb128: value = cursor_leb(cursor); break;
	case DW_EH_PE_udata2: value = cursor_fixed(cursor, 2); break;
	case DW_EH_PE_udata4: value = cursor_fixed(cursor, 4); break;
	case DW_EH_PE_sdata2: value = sign_extend(cursor_fixed(cursor, 2), 16); break;
	case DW_EH_PE_sdata4: value = sign_extend(cursor_fixed(cursor, 4), 32); break;
	case DW_EH_PE_udata8:
	case DW_EH_PE_sdata8: value = cursor_fixed(cursor, 8); break;
	default: cursor->bad = true; return 0;
	}
	if (relative && (encoding & 0x70) == DW_EH_PE_pcrel)
		value += place;
	else if (relative && (encoding & 0x70) != 0)
		cursor->bad = true;
	if (!cursor->wide)
		value &= UINT32_MAX;
	return value;
}
