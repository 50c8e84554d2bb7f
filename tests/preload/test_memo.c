/*
 * What is remembered of a stack's inner frames is found while all its words stand
 * on the same outer frame, and not where any of them is another. That rbp counts:
 * test_walk.
 */
#include "preload/memo.h"

#include "preload/modules.h"
#include "preload/rules.h"
#include "tests/lib/check.h"
#include "tests/lib/fakering.h"

enum { DEPTH = 5, KEPT = 2, STAMP = 7 };

static struct memo memos[MEMO_COUNT];
static struct frame frames[DEPTH];
static uint64_t words[DEPTH];

/* A return address in a function that is left by rsp. */
static __attribute__((noinline, optimize("omit-frame-pointer"))) uint64_t
place(void)
{
	__asm__ volatile("" ::: "memory");
	return (uint64_t)__builtin_return_address(0);
}

static __attribute__((noinline, optimize("omit-frame-pointer"))) uint64_t
plain(void)
{
	uint64_t pc = place();

	__asm__ volatile("" ::: "memory");
	return pc;
}

static const struct memo *
find(uint64_t stamp, uint32_t depth)
{
	const struct arch_frame from = { (uint64_t)&words[DEPTH - 1], words[DEPTH - 1], 0 };

	return memo_find(memos, stamp, frames, depth, &from);
}

int
main(void)
{
	uint64_t pc;
	const struct memo *memo;

	CHECK(fakering_start(1 << 20));
	CHECK(modules_start("/test", "/", 0));
	CHECK(rules_start());
	pc = plain();
	CHECK_EQ(rule_kind(rules_get(pc)), RULE_RSP);
	for (uint32_t i = 0; i < DEPTH; i++) {
		words[i] = pc;
		frames[i] = (struct frame){ .slot = (uint64_t)&words[i], .pc = pc, .id = i + 1 };
	}
	CHECK(find(STAMP, DEPTH) == NULL);
	memo_keep(memos, STAMP, frames, KEPT, DEPTH);
	memo = find(STAMP, DEPTH);
	CHECK(memo != NULL && memo->kept == KEPT && memo->count == DEPTH - KEPT);
	CHECK(find(STAMP, KEPT) == memo);     /* the outer frame is there */
	CHECK(find(STAMP, KEPT - 1) == NULL); /* it is not */
	CHECK(find(STAMP + 1, DEPTH) == NULL);
	for (uint32_t i = KEPT - 1; i < DEPTH - 1; i++) {
		words[i]++;
		CHECK(find(STAMP, DEPTH) == NULL);
		words[i]--;
		CHECK(find(STAMP, DEPTH) == memo);
	}
	/* Another path outside, or another place for it. */
	frames[KEPT - 1].id++;
	CHECK(find(STAMP, DEPTH) == NULL);
	frames[KEPT - 1].id--;
	frames[KEPT - 1].slot -= 8;
	CHECK(find(STAMP, DEPTH) == NULL);
	frames[KEPT - 1].slot += 8;
	/* The hook was jumped to: nothing lies on the frame whose slot is its own. */
	memo_keep(memos, STAMP, frames, DEPTH, DEPTH);
	memo = find(STAMP, DEPTH);
	CHECK(memo != NULL && memo->kept == DEPTH && memo->count == 0);
	CHECK(find(STAMP, DEPTH - 1) == NULL);
	frames[DEPTH - 1].id++;
	CHECK(find(STAMP, DEPTH) == NULL);
	frames[DEPTH - 1].id--;
	/* If the frame around is left by rbp, that is the frame's. */
	frames[DEPTH - 1].module = FRAME_RBP;
	memo_keep(memos, STAMP, frames, DEPTH, DEPTH);
	CHECK(find(STAMP, DEPTH) == memo);
	frames[DEPTH - 1].rbp++;
	CHECK(find(STAMP, DEPTH) == NULL);
	frames[DEPTH - 1].rbp--;
	frames[DEPTH - 1].module = 0;
	/* Where rbp leads to a frame, a rule must say where it was saved. */
	frames[KEPT].module = FRAME_RBP;
	frames[DEPTH - 1].slot = 64;
	memo_keep(memos, STAMP, frames, KEPT, DEPTH);
	for (uint32_t i = 0; i < MEMO_COUNT; i++)
		CHECK(memos[i].slot != 64);
	return check_done();
}
