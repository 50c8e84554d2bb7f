/* Code without unwind tables that destructors of libraries are called by. */
#ifndef ARCH_FINI_H
#define ARCH_FINI_H

#include <stdbool.h>
#include <stdint.h>

enum { ARCH_FINI = 14 }; /* bytes that arch_is_fini reads */

/*
 * Whether that, behind a call, is the end of gcc's __do_global_dtors_aux (libgcc's
 * crtstuff.c), in the order of either old or new ones: nothing else is to know for the
 * caller's rsp, 16 above, and its rbp, which is there.
 *
 *	e8 REL32          call deregister_tm_clones
 *	c6 05 REL32 01    movb $1, completed(%rip)
 *	5d                popq %rbp
 *	c3                ret
 */
static inline bool
arch_is_fini(const uint8_t *at)
{
	const uint8_t *flag = at[5] == 0x5d ? at + 6 : at + 5;

	return at[0] == 0xe8 && (at[5] == 0x5d || at[12] == 0x5d) && flag[0] == 0xc6 &&
	    flag[1] == 0x05 && flag[6] == 1 && at[13] == 0xc3;
}

#endif
