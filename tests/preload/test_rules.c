/*
 * Rules: those of this program's own code lead from a frame to its caller; what
 * is forgotten is decoded anew; a place without code has none.
 */
#include "preload/rules.h"

#include "preload/modules.h"
#include "tests/lib/check.h"
#include "tests/lib/fakering.h"

static __attribute__((noinline)) void
inner(void)
{
	uint64_t pc = (uint64_t)__builtin_return_address(0);
	const uint64_t *fp = __builtin_frame_address(0);
	struct rule rule = rules_get(pc);
	uint64_t cfa;

	CHECK(rule_kind(rule) == RULE_RBP || rule_kind(rule) == RULE_RSP);
	cfa =
	    (rule_kind(rule) == RULE_RBP ? fp[0] : (uint64_t)fp + 16) + (uint64_t)rule_offset(rule);
	/* main's return address stands below its frame's cfa */
	CHECK_EQ(*(const uint64_t *)(cfa - 8), ((const uint64_t *)fp[0])[1]);
	CHECK(rule_module(rule) != 0);
}

int
main(void)
{
	uint64_t here = (uint64_t)&main + 8;
	struct rule rule;

	CHECK(fakering_start(1 << 20));
	CHECK(modules_start("/test", "/", 0));
	CHECK(rules_start());
	inner();
	inner();
	rule = rules_get(here);
	rules_forget(here - 8, here + 64);
	CHECK_EQ(rules_get(here).word, rule.word);
	CHECK_EQ(rule_kind(rules_get(0x1000)), RULE_NONE);
	CHECK_EQ(rule_kind(rules_get((uint64_t)&rule)), RULE_NONE);
	/* Enough places to fill several tables: none is mistaken for another. */
	for (uint64_t pc = 0x100000; pc < 0x100000 + 50000; pc++)
		CHECK_EQ(rule_kind(rules_get(pc)), RULE_NONE);
	CHECK_EQ(rules_get(here).word, rule.word);
	return check_done();
}
