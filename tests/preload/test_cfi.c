/*
 * The fast reading of plain rows against the full one, in all code of glibc and of
 * this program: where it says a row, the other says the same. And what tells the end of a
 * function that has no rows.
 */
#define _GNU_SOURCE
#include "preload/cfi.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include "arch/fini.h"
#include "tests/lib/check.h"

static uint32_t plain, other, different;

static void
compare(const struct cfi_fde *fde, uint64_t pc)
{
	struct cfi_plain fast;
	struct cfi_row row;
	struct cfi_rule rbp;
	int64_t saved;

	if (!cfi_plain(fde, pc, &fast)) {
		other++;
		return;
	}
	plain++;
	if (!cfi_row(fde, pc, &row)) {
		different++;
		return;
	}
	rbp = row.rules[ARCH_RBP];
	saved = cfi_how(rbp) == CFI_OFFSET ? cfi_offset(rbp) : 0;
	if (cfi_how(row.cfa) == CFI_EXPRESSION || row.cfa_register != fast.of ||
	    cfi_offset(row.cfa) != fast.cfa || saved != fast.rbp ||
	    (saved == 0 && cfi_how(rbp) != CFI_SAME) || cfi_how(row.rules[ARCH_RSP]) != CFI_SAME ||
	    cfi_how(row.rules[ARCH_RA]) != CFI_OFFSET || cfi_offset(row.rules[ARCH_RA]) != -8)
		different++;
}

/* Each place of a file's text, from FDE to FDE. */
static uint32_t
sweep(const void *inside)
{
	struct dl_find_object object;
	uint64_t pc, end;
	uint32_t fdes = 0;

	CHECK_EQ(_dl_find_object((void *)(uintptr_t)inside, &object), 0);
	pc = (uint64_t)object.dlfo_map_start;
	end = (uint64_t)object.dlfo_map_end;
	while (pc < end) {
		struct cfi_fde fde;

		if (cfi_find(pc, &fde) != CFI_FOUND) {
			pc++;
			continue;
		}
		for (pc = fde.begin; pc < fde.end; pc += 1 + (fde.end - fde.begin) / 64)
			compare(&fde, pc);
		compare(&fde, fde.end - 1);
		pc = fde.end;
		fdes++;
	}
	return fdes;
}

/* The end of __do_global_dtors_aux, as old compilers order it and as new ones do: each byte
 * that is not an address tells. */
static void
test_fini(void)
{
	static const uint8_t ends[][ARCH_FINI] = {
		{ 0xe8, 0x64, 0xff, 0xff, 0xff, 0xc6, 0x05, 0x4d, 0x71, 0xb9, 0x05, 1, 0x5d, 0xc3 },
		{ 0xe8, 0x64, 0xff, 0xff, 0xff, 0x5d, 0xc6, 0x05, 0x4d, 0x71, 0xb9, 0x05, 1, 0xc3 },
	};
	uint8_t changed[ARCH_FINI];

	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		size_t flag = ends[i][5] == 0x5d ? 6 : 5;

		CHECK(arch_is_fini(ends[i]));
		for (size_t at = 0; at < ARCH_FINI; at++) {
			bool address = (at > 0 && at < 5) || (at > flag + 1 && at < flag + 6);

			memcpy(changed, ends[i], sizeof(changed));
			changed[at] ^= 0x80;
			CHECK_EQ(arch_is_fini(changed), address);
		}
	}
}

int
main(void)
{
	test_fini();
	CHECK(sweep(&qsort) > 1000);
	CHECK(sweep(&sweep) > 5);
	CHECK_EQ(different, 0);
	/* Most code is plain, not all: the PLT is not. */
	CHECK(plain / 10 > other && other > 0);
	return check_done();
}
