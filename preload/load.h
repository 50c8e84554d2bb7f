/*
 * Checked loads from a stack that is being walked. No address is read that is
 * not aligned, below `low`, or not below `high`.
 */
#ifndef PRELOAD_LOAD_H
#define PRELOAD_LOAD_H

#include <stdbool.h>
#include <stdint.h>

struct load {
	uint64_t low;  /* the stack pointer: all above is in use */
	uint64_t high; /* end of the stack, or a guess at its reach */
};

static inline bool
load_word(const struct load *load, uint64_t at, uint64_t *word)
{
	if (__builtin_expect((at & 7) != 0 || at < load->low || at >= load->high, 0))
		return false;
	/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): it takes a stack pointer for 0 */
	*word = *(const volatile uint64_t *)at;
	return true;
}

#endif
