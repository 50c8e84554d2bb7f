#include "preload/memo.h"

#include <stddef.h>

#include "preload/rules.h"

/* Where compilers save rbp that is to be the frame pointer: below the return address. */
enum { MEMO_SAVED = -16 };

static bool
memo_pointed(const struct frame *frame)
{
	return (frame->module & FRAME_RBP) != 0;
}

bool
memo_stands(const struct memo *memo, uint64_t rbp, const struct frame *outer)
{
	const struct frame *at;

	if (memo->count == 0)
		return outer->rbp == rbp;
	at = memo->frames + memo->count - 1;
	if (memo_pointed(at) && at->rbp != rbp)
		return false;
	while (at-- > memo->frames) {
		const volatile uint64_t *slot = (const volatile uint64_t *)at->slot;

		if (slot[0] != at->pc || (memo_pointed(at) && slot[-1] != at->rbp))
			return false;
	}
	return *(const volatile uint64_t *)outer->slot == outer->pc &&
	    (!memo_pointed(outer) || ((const volatile uint64_t *)outer->slot)[-1] == outer->rbp);
}

/* Whether the rule of a frame says where the rbp is found that the one around it is
 * left by. */
static bool
memo_saves(const struct frame *inner)
{
	struct rule rule = rules_get(inner->pc);

	return rule_kind(rule) <= RULE_RBP && rule_rbp_offset(rule) == MEMO_SAVED;
}

void
memo_keep(
    struct memo *memos, uint64_t stamp, const struct frame *frames, uint32_t kept, uint32_t depth)
{
	const struct frame *last = &frames[depth - 1];
	struct memo *memo = &memos[memo_index(last->pc, last->slot)];
	bool by_rbp = memo_pointed(last);

	if (depth - kept > MEMO_FRAMES || frames[kept - 1].id == 0 || last->id == 0)
		return;
	for (uint32_t i = kept - 1; i < depth - 1; i++) {
		if (!memo_pointed(&frames[i]))
			continue;
		if (!memo_saves(&frames[i + 1]))
			return;
		by_rbp = true;
	}
	memo->pc = last->pc;
	memo->slot = last->slot;
	memo->stamp = stamp;
	memo->kept = kept;
	memo->count = (uint16_t)(depth - kept);
	memo->by_rbp = by_rbp;
	memo->outer_slot = frames[kept - 1].slot;
	memo->outer_id = frames[kept - 1].id;
	__builtin_memcpy(memo->frames, frames + kept, (depth - kept) * sizeof(*frames));
}
