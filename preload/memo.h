/*
 * Inner parts of stacks that a thread had before. A program that allocates a lot
 * does so from few places, again and again at the same depth. Where the innermost
 * frame is a known one, the frames outside of it are only compared with those of
 * then, word by word, where a walk would look for them: the same words lead by the
 * same rules to the same frames.
 */
#ifndef PRELOAD_MEMO_H
#define PRELOAD_MEMO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arch/frame.h"
#include "preload/stacks.h"

enum { MEMO_FRAMES = 8, MEMO_COUNT = 256 };

struct memo {
	uint64_t stamp;    /* of the thread, when it was made; 0: unused */
	uint64_t pc, slot; /* of the innermost frame */
	uint32_t kept;     /* index of the outermost one in its stack, >= 1 */
	uint16_t count;
	bool by_rbp;                      /* rbp leads to some of the frames */
	uint64_t outer_slot;              /* of the frame that they lie on, */
	uint32_t outer_id;                /* and its node */
	struct frame frames[MEMO_FRAMES]; /* outermost first */
};

/*
 * Remembers the innermost of a stack's frames[0..depth), those from `kept` on,
 * 1 <= kept <= depth, if they can be found again. All of these were left by rules of the
 * kinds RULE_RSP and RULE_RBP. kept == depth: none, the hook was jumped to by what one of
 * the kept ones had called.
 */
void memo_keep(
    struct memo *memos, uint64_t stamp, const struct frame *frames, uint32_t kept, uint32_t depth);

/*
 * What is known of the innermost frame `from`, if all that it tells of stands and
 * lies on one of frames[0..depth), the remembered stack; NULL: nothing. What lies
 * outside of that one must still be looked at.
 */
static inline const struct memo *memo_find(const struct memo *memos, uint64_t stamp,
    const struct frame *frames, uint32_t depth, const struct arch_frame *from);

/* --- Private --- */
/* rbp: of the innermost frame. Not the frame, which its caller then has in registers. */
bool memo_stands(const struct memo *memo, uint64_t rbp, const struct frame *outer);

static inline uint64_t
memo_index(uint64_t pc, uint64_t slot)
{
	return ((pc ^ slot << 24) * 0x9e3779b97f4a7c15ULL) >> 56;
}

_Static_assert(MEMO_COUNT == 1 << (64 - 56), "memo_index");

static inline const struct memo *
memo_find(const struct memo *memos, uint64_t stamp, const struct frame *frames, uint32_t depth,
    const struct arch_frame *from)
{
	const struct memo *memo = &memos[memo_index(from->pc, from->slot)];
	const struct frame *outer;

	if (memo->pc != from->pc || memo->slot != from->slot || memo->stamp != stamp ||
	    memo->kept > depth)
		return NULL;
	outer = &frames[memo->kept - 1];
	if (outer->slot != memo->outer_slot || outer->id != memo->outer_id)
		return NULL;
	if (__builtin_expect(memo->by_rbp, 0))
		return memo_stands(memo, from->rbp, outer) ? memo : NULL;
	/* Outward: where one stands, the next slot is where a walk would look. */
	for (uint32_t i = memo->count; i > 1; i--)
		if (*(const volatile uint64_t *)memo->frames[i - 2].slot != memo->frames[i - 2].pc)
			return NULL;
	if (*(const volatile uint64_t *)outer->slot != outer->pc)
		return NULL;
	return memo;
}

#endif
