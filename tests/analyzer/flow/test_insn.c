/* The quick way to decode agrees with the disassembler: on bytes of any kind, and on all
 * opcodes with all bytes behind them. */
#include "analyzer/flow/insn.h"

#include <stdlib.h>

#include "tests/lib/check.h"

enum { SIZE = 24, RANDOM = 1000000 };

static uint64_t seed = 3;
static size_t plain;
static size_t others;

static uint8_t
next_random(void)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint8_t)(seed >> 33);
}

static void
compare(const uint8_t *bytes, size_t size)
{
	uint64_t address = UINT64_C(0x401000);
	struct insn quick;
	struct insn slow;
	unsigned int fixed;
	size_t i;

	for (fixed = 0; fixed < 2; fixed++) {
		insn_decode(&quick, bytes, size, address, fixed != 0);
		insn_decode_any(&slow, bytes, size, address, fixed != 0);
		if (quick.kind == slow.kind && quick.length == slow.length &&
		    quick.slot == slow.slot && quick.target == slow.target &&
		    quick.loaded == slow.loaded)
			continue;
		CHECK_EQ(quick.kind, slow.kind);
		CHECK_EQ(quick.length, slow.length);
		CHECK_EQ(quick.slot, slow.slot);
		CHECK_EQ(quick.target, slow.target);
		CHECK_EQ(quick.loaded, slow.loaded);
		for (i = 0; i < size; i++)
			fprintf(stderr, "%02x ", bytes[i]);
		fprintf(stderr, "\n");
	}
	plain += slow.kind == INSN_PLAIN;
	others += slow.kind != INSN_PLAIN && slow.kind != INSN_BAD;
}

/* The opcode with every prefix that compilers write before it, and every ModRM byte. */
static void
compare_opcode(uint8_t opcode, bool two)
{
	static const char *const prefixes[] = { "", "\x66", "\x48", "\x41", "\x66\x49", "\xf3",
		"\xf2\x4c", "\x64", "\x67" };
	uint8_t bytes[SIZE];
	unsigned int modrm;
	size_t which;
	size_t i;

	for (which = 0; which < sizeof(prefixes) / sizeof(prefixes[0]); which++) {
		size_t at = strlen(prefixes[which]);

		for (modrm = 0; modrm < 256; modrm++) {
			for (i = 0; i < SIZE; i++)
				bytes[i] = next_random();
			memcpy(bytes, prefixes[which], at);
			i = at;
			if (two)
				bytes[i++] = 0x0f;
			bytes[i++] = opcode;
			bytes[i] = (uint8_t)modrm;
			/* an address alone */
			if (modrm % 8 == 4 && next_random() % 2 == 0)
				bytes[i + 1] = 0x25;
			compare(bytes, SIZE);
		}
	}
}

int
main(void)
{
	uint8_t bytes[SIZE];
	unsigned int opcode;
	size_t tries;
	size_t i;

	for (opcode = 0; opcode < 256; opcode++) {
		compare_opcode((uint8_t)opcode, false);
		compare_opcode((uint8_t)opcode, true);
	}
	for (tries = 0; tries < RANDOM; tries++) {
		for (i = 0; i < SIZE; i++)
			bytes[i] = next_random();
		compare(bytes, tries % 16 == 0 ? 1 + tries / 16 % SIZE : SIZE);
	}
	CHECK(plain > RANDOM / 2 && others > RANDOM / 50);
	return check_done();
}
