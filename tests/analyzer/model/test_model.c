/* Stories of blocks, and what became of them. */
#include "analyzer/model/model.h"

#include "tests/lib/check.h"
#include "tests/lib/mktrace.h"
#include "tests/lib/replay.h"

/* Function 1 is start-up code, 16 main; the rest are called by it. */
#define START 0x101
#define MAIN(line) (0x1000 + (line))
#define F(function, line) ((function)*256 + (line))

static struct place_hooks asked_hooks;

static uint64_t
fates(const char *function, enum fate fate)
{
	const struct escape_site *site = replay_site(function);

	return site != NULL ? site->facts.fates[fate] : 0;
}

static uint64_t
whys(const char *function, enum model_why why)
{
	const struct escape_site *site = replay_site(function);

	return site != NULL ? site->whys[why] : 0;
}

static void
test_local(void)
{
	uint32_t a, f;
	int i;

	replay_begin();
	a = replay_stack(3, START, MAIN(5), F(32, 1));
	f = replay_stack(3, START, MAIN(5), F(32, 9));
	for (i = 0; i < 100; i++)
		replay_free(f, replay_alloc(a, 16));
	replay_end();
	CHECK_EQ(fates("f32", FATE_LOCAL), 100);
	CHECK_EQ(replay_site("f32")->inferred, 100);
	CHECK_EQ(replay_site("f32")->facts.activations, 100);
	CHECK_STR(replay_verdict("f32"), "stack");
}

/* main is entered once: what it does in loops is proved. */
static void
test_proved(void)
{
	uint64_t p[8];
	uint32_t a, f;
	int i;

	replay_begin();
	a = replay_stack(2, START, MAIN(1));
	f = replay_stack(2, START, MAIN(9));
	for (i = 0; i < 8; i++)
		p[i] = replay_alloc(a, 16);
	for (i = 0; i < 8; i++)
		replay_free(f, p[i]);
	replay_end();
	CHECK_EQ(fates("f16", FATE_LOCAL), 8);
	CHECK_EQ(replay_site("f16")->proved, 8);
	CHECK_EQ(replay_site("f16")->facts.activations, 1);
}

static void
test_up(void)
{
	uint64_t p;
	int i;

	replay_begin();
	for (i = 0; i < 10; i++) {
		p = replay_alloc(replay_stack(4, START, MAIN(5), F(32, 2), F(33, 1)), 16);
		replay_free(replay_stack(3, START, MAIN(5), F(32, 9)), p);
	}
	replay_end();
	CHECK_EQ(fates("f33", FATE_UP), 10);
	CHECK_STR(replay_verdict("f33"), "caller");
	CHECK_EQ(replay_site("f33")->facts.far, 0);
}

static void
test_thread(void)
{
	uint64_t p;

	replay_begin();
	p = replay_alloc(replay_stack(2, START, F(32, 1)), 16);
	replay_now.thread = 2;
	replay_free(replay_stack(2, START, F(32, 2)), p);
	replay_end();
	CHECK_EQ(fates("f32", FATE_THREAD), 1);
	CHECK_EQ(replay_site("f32")->proved, 1);
}

static void
test_live(void)
{
	replay_begin();
	replay_alloc(replay_stack(3, START, MAIN(5), F(32, 1)), 16);
	replay_alloc(replay_stack(3, START, MAIN(6), F(33, 1)), 16);
	replay_end();
	CHECK_EQ(fates("f32", FATE_LIVE), 1);
	CHECK_EQ(fates("f33", FATE_CENSORED), 1);
	CHECK_STR(replay_verdict("f32"), "live");
	CHECK_STR(replay_verdict("f33"), "live");
}

/* The same slot, the same return address, and every block escapes. */
static void
test_ring(bool free_first)
{
	uint64_t ring[64] = { 0 }, old;
	uint32_t a, f;
	int i;

	replay_begin();
	a = replay_stack(3, START, MAIN(5), F(32, 5));
	f = replay_stack(3, START, MAIN(5), F(32, free_first ? 1 : 9));
	for (i = 0; i < 1000; i++) {
		old = ring[i % 64];
		if (free_first && old != 0)
			replay_free(f, old);
		ring[i % 64] = replay_alloc(a, 16);
		if (!free_first && old != 0)
			replay_free(f, old);
	}
	replay_end();
	CHECK_EQ(fates("f32", FATE_LOCAL), 0);
	CHECK_EQ(whys("f32", MODEL_WHY_BACKWARD), 1000 - 64);
	CHECK_STR(replay_verdict("f32"), "unknown");
}

/* Whether it is known which function the call is of, or not. */
static void
test_tail_free(bool known)
{
	int call = known ? MAIN(200) : MAIN(5);
	uint64_t p;
	int i;

	replay_begin();
	for (i = 0; i < 10; i++) {
		p = replay_alloc(replay_stack(3, START, call, F(32, 1)), 16);
		/* as the writer marks it: its own innermost is not kept */
		replay_now.mark.has_kept = i % 2;
		replay_now.mark.kept = 1;
		replay_free(replay_stack(2, START, call), p);
	}
	replay_end();
	CHECK_EQ(fates("f32", FATE_LOCAL), known ? 10 : 0);
	CHECK_EQ(whys("f32", MODEL_WHY_TAIL), known ? 0 : 10);
}

/* What is allocated by a jump to malloc is the jumping function's. */
static void
test_tail_malloc(void)
{
	uint64_t p;

	replay_begin();
	p = replay_alloc(replay_stack(2, START, MAIN(200)), 16);
	replay_free(replay_stack(2, START, MAIN(9)), p);
	p = replay_alloc(replay_stack(3, START, MAIN(8), F(40, 201)), 16);
	replay_free(replay_stack(3, START, MAIN(8), F(40, 210)), p);
	replay_end();
	CHECK_EQ(fates("f32", FATE_UP), 1);
	CHECK_EQ(fates("f33", FATE_UP), 1);
	CHECK_EQ(fates("f16", FATE_LOCAL) + fates("f40", FATE_LOCAL), 0);
}

/* Another function of the same call tail-calls free. */
static void
test_other_tail(void)
{
	uint64_t p;

	replay_begin();
	p = replay_alloc(replay_stack(3, START, MAIN(200), F(34, 1)), 16);
	replay_free(replay_stack(2, START, MAIN(200)), p);
	replay_end();
	CHECK_EQ(fates("f34", FATE_UP), 1);
}

/* Not the frame's own tail: another one called free in its place. */
static void
test_no_tail(void)
{
	uint64_t p;

	replay_begin();
	p = replay_alloc(replay_stack(3, START, MAIN(5), F(32, 1)), 16);
	replay_free(replay_stack(2, START, MAIN(6)), p);
	replay_end();
	CHECK_EQ(fates("f32", FATE_UP), 1);
}

static void
test_realloc(void)
{
	uint32_t a, r, f;
	uint64_t p;

	replay_begin();
	a = replay_stack(3, START, MAIN(5), F(32, 1));
	r = replay_stack(3, START, MAIN(5), F(32, 2));
	f = replay_stack(3, START, MAIN(5), F(32, 3));
	p = replay_alloc(a, 16);
	replay_event(ESC_EVENT_GIVE_UP, r, p, 0);
	replay_event(ESC_EVENT_REALLOC, r, p + 4096, 32);
	replay_event(ESC_EVENT_GIVE_UP, f, p + 4096, 0);
	replay_end();
	CHECK_EQ(fates("f32", FATE_LOCAL), 1);
	CHECK_EQ(replay_site("f32")->facts.reallocs, 1);
	CHECK_EQ(replay_matched()->unmatched, 0);
	CHECK_EQ(replay_matched()->frees, 2);
}

/* Stamps of two threads may change places: the older block ends first. */
static void
test_reused(void)
{
	uint32_t f;
	uint64_t p;

	replay_begin();
	f = replay_stack(3, START, MAIN(5), F(33, 1));
	p = replay_alloc(replay_stack(3, START, MAIN(5), F(32, 1)), 16);
	replay_event(ESC_EVENT_MALLOC, f, p, 32);
	replay_now.thread = 2;
	replay_free(replay_stack(2, START, F(40, 1)), p);
	replay_now.thread = 1;
	replay_free(replay_stack(3, START, MAIN(5), F(33, 2)), p);
	replay_end();
	CHECK_EQ(fates("f32", FATE_THREAD), 1);
	CHECK_EQ(fates("f33", FATE_LOCAL), 1);
	CHECK_EQ(replay_matched()->skewed, 1);
}

/* Much later, the free of the older one will not come: it was lost. */
static void
test_lost_free(void)
{
	uint64_t p;

	replay_begin();
	p = replay_alloc(replay_stack(3, START, MAIN(5), F(32, 1)), 16);
	replay_event(ESC_EVENT_MALLOC, replay_stack(3, START, MAIN(5), F(33, 1)), p, 32);
	replay_wait(1000000000);
	replay_free(replay_stack(3, START, MAIN(5), F(33, 2)), p);
	replay_end();
	CHECK_EQ(whys("f32", MODEL_WHY_RECORD), 1);
	CHECK_EQ(fates("f33", FATE_LOCAL), 1);
}

static void
test_gap(void)
{
	uint64_t p, q;

	replay_begin();
	q = replay_alloc(replay_stack(2, START, MAIN(1)), 8);
	p = replay_alloc(replay_stack(3, START, MAIN(5), F(32, 1)), 16);
	replay_now.mark.gap = true;
	replay_free(replay_stack(3, START, MAIN(5), F(32, 2)), p);
	replay_free(replay_stack(2, START, MAIN(9)), q);
	replay_end();
	CHECK_EQ(whys("f32", MODEL_WHY_GAP), 1);
	CHECK_EQ(fates("f16", FATE_LOCAL), 1); /* main is proved */
}

static void
test_region(void)
{
	uint64_t p, q;

	replay_begin();
	p = replay_alloc(replay_stack(3, START, MAIN(5), F(32, 1)), 16);
	q = replay_alloc(replay_stack(3, START, MAIN(5), F(33, 1)), 16);
	replay_now.mark.region = 1;
	replay_free(replay_stack(2, F(50, 1), F(51, 1)), p);
	replay_now.level = 1;
	replay_free(replay_stack(3, START, MAIN(5), F(33, 2)), q);
	replay_end();
	CHECK_EQ(whys("f32", MODEL_WHY_STACK), 1);
	CHECK_EQ(whys("f33", MODEL_WHY_STACK), 1);
}

/* Function 60 is the loader's. */
static struct place
loader_place(void *data, uint32_t pc)
{
	struct place place = asked_hooks.place(data, pc);

	place.loader = place.function == F(60, 0);
	place.startup |= place.loader;
	return place;
}

/* What the loader calls is over when the program starts, which has a stack of its own then,
 * and is not for what only has one of its own: a coroutine that a constructor makes. */
static void
test_loader(void)
{
	uint64_t p, q, r, other;

	replay_begin();
	asked_hooks = replay_hooks;
	replay_hooks.place = loader_place;
	p = replay_alloc(replay_stack(2, F(60, 1), F(32, 1)), 16);
	q = replay_alloc(replay_stack(2, F(60, 1), F(33, 1)), 16);
	other = replay_alloc(replay_stack(2, F(60, 1), F(33, 1)), 16);
	r = replay_alloc(replay_stack(2, F(60, 1), F(34, 1)), 16);
	replay_free(replay_stack(2, F(60, 1), F(34, 2)), r);
	replay_alloc(replay_stack(2, F(60, 1), F(35, 1)), 16);
	replay_alloc(replay_stack(2, F(60, 1), F(34, 1)), 16);
	replay_now.mark.region = 1;
	replay_free(replay_stack(2, F(50, 1), F(51, 1)), p);
	/* it begins at the same slot, as a rule */
	replay_free(replay_stack(2, START, MAIN(5)), q);
	replay_now.mark.region = 2;
	replay_free(replay_stack(2, START, MAIN(5)), other);
	replay_end();
	CHECK_EQ(whys("f32", MODEL_WHY_STACK), 1);
	CHECK_EQ(whys("f33", MODEL_WHY_STACK), 0);
	CHECK_EQ(fates("f33", FATE_UP), 2);
	CHECK_EQ(replay_site("f33")->proved, 2);
	CHECK_STR(replay_verdict("f33"), "heap");
	CHECK_EQ(fates("f34", FATE_LOCAL), 1);
	/* nor is what it left behind the loader's still */
	CHECK_EQ(fates("f34", FATE_LIVE), 1);
	CHECK_EQ(fates("f35", FATE_LIVE), 1);
	CHECK_EQ(fates("f34", FATE_CENSORED) + fates("f35", FATE_CENSORED), 0);
}

static void
test_truncated(void)
{
	uint64_t p, q;
	uint32_t cut;

	replay_begin();
	cut = mktrace_node(replay_trace(), 0, 1, MAIN(5), ESC_NODE_CUT);
	cut = mktrace_node(replay_trace(), cut, 1, F(32, 1), 0);
	p = replay_alloc(cut, 16);
	q = replay_alloc(replay_stack(3, START, MAIN(5), F(33, 1)), 16);
	replay_free(replay_stack(3, START, MAIN(5), F(33, 2)), p);
	replay_free(0, q);
	replay_free(77777, 0x99990);
	replay_end();
	CHECK_EQ(whys("f32", MODEL_WHY_TRUNCATED), 1);
	CHECK_EQ(whys("f33", MODEL_WHY_TRUNCATED), 1);
	CHECK_EQ(replay_matched()->unmatched, 1);
}

/* Deeper than what is recorded, and back: nobody saw that it did not return. */
static void
test_cut_between(void)
{
	uint32_t cut;
	uint64_t p;

	replay_begin();
	p = replay_alloc(replay_stack(3, START, MAIN(5), F(32, 1)), 16);
	cut = mktrace_node(replay_trace(), 0, 1, F(33, 1), ESC_NODE_CUT);
	replay_now.mark.has_kept = true;
	replay_now.mark.proved = UINT16_MAX;
	replay_event(ESC_EVENT_STEP, cut, 0, 0);
	replay_free(replay_stack(3, START, MAIN(5), F(32, 2)), p);
	replay_end();
	CHECK_EQ(fates("f32", FATE_UNKNOWN), 1);
	CHECK_EQ(whys("f32", MODEL_WHY_TRUNCATED), 1);
}

static void
test_fork(void)
{
	uint64_t p, q;

	replay_begin();
	p = replay_alloc(replay_stack(2, START, MAIN(1)), 16);
	replay_wait(10);
	mktrace_process(replay_trace(), 2, 1, 2005);
	replay_now.process = 2;
	replay_now.thread = 2;
	replay_free(replay_stack(2, START, MAIN(7)), p);
	q = replay_alloc(replay_stack(2, START, MAIN(2)), 16);
	replay_free(replay_stack(2, START, MAIN(7)), q);
	replay_now.process = 1;
	replay_now.thread = 1;
	replay_free(replay_stack(2, START, MAIN(3)), p);
	replay_end();
	CHECK_EQ(replay_matched()->inherited, 1);
	CHECK_EQ(replay_matched()->unmatched, 0);
	CHECK_EQ(fates("f16", FATE_LOCAL), 1);
}

/* What a child frees may be its parent's no more: it had it when it forked. */
static void
test_fork_gone(void)
{
	uint64_t p, later;

	replay_begin();
	p = replay_alloc(replay_stack(2, START, MAIN(1)), 16);
	replay_wait(10);
	mktrace_process(replay_trace(), 2, 1, 2005);
	mktrace_process(replay_trace(), 3, 2, 2006);
	replay_wait(10);
	replay_free(replay_stack(2, START, MAIN(3)), p);
	later = replay_alloc(replay_stack(2, START, MAIN(1)), 16);
	replay_free(replay_stack(2, START, MAIN(3)), later);
	replay_now.process = 2;
	replay_now.thread = 2;
	replay_free(replay_stack(2, START, MAIN(7)), p);
	replay_free(replay_stack(2, START, MAIN(7)), later);
	replay_now.process = 3;
	replay_now.thread = 3;
	replay_free(replay_stack(2, START, MAIN(7)), p);
	replay_end();
	CHECK_EQ(replay_matched()->inherited, 2);
	CHECK_EQ(replay_matched()->unmatched, 1);
}

/* KEPT: the same path, but the frames are others. */
static void
test_kept(void)
{
	uint64_t p;

	replay_begin();
	p = replay_alloc(replay_stack(4, START, MAIN(5), F(32, 1), F(33, 1)), 16);
	replay_now.mark.has_kept = true;
	replay_now.mark.kept = 1;
	replay_free(replay_stack(4, START, MAIN(5), F(32, 1), F(33, 2)), p);
	replay_end();
	CHECK_EQ(fates("f33", FATE_UP), 1); /* main's, proved */
	CHECK_EQ(replay_site("f33")->proved, 1);
}

/* One call site, two functions: the second is another activation. */
static void
test_other_function(void)
{
	uint64_t p;

	replay_begin();
	p = replay_alloc(replay_stack(3, START, MAIN(5), F(32, 1)), 16);
	replay_free(replay_stack(3, START, MAIN(5), F(34, 2)), p);
	replay_end();
	CHECK_EQ(fates("f32", FATE_UP), 1);
}

/* ---- what code and marks say ---- */

/* Of any two calls the one on the higher line is the later one; none is in a loop. */
static struct place_step
straight_step(void *data, uint32_t from, uint32_t to)
{
	uint32_t alive = to > from;

	(void)data;
	return (struct place_step){ { alive, alive }, { alive, alive }, true };
}

static struct place_step
loop_step(void *data, uint32_t from, uint32_t to)
{
	(void)data;
	(void)from;
	(void)to;
	return (struct place_step){ { 1, 1 }, { 1, 1 }, true };
}

static struct place_code
open_code(void *data, uint32_t pc)
{
	(void)data;
	(void)pc;
	return (struct place_code){ 0 };
}

static struct place_code
guarded_code(void *data, uint32_t pc)
{
	(void)data;
	(void)pc;
	return (struct place_code){ .guarded = 1 };
}

/* A ring in a function without a loop: what it frees it did not allocate. */
static void
test_straight(void)
{
	uint64_t ring[8] = { 0 }, old;
	uint32_t f, a;
	int i;

	replay_begin();
	replay_hooks.step = straight_step;
	replay_hooks.code = open_code;
	/* numbers of pcs are those of their first use */
	f = replay_stack(3, START, MAIN(5), F(32, 1));
	a = replay_stack(3, START, MAIN(5), F(32, 5));
	for (i = 0; i < 100; i++) {
		old = ring[i % 8];
		if (old != 0)
			replay_free(f, old);
		ring[i % 8] = replay_alloc(a, 16);
	}
	replay_end();
	CHECK_EQ(fates("f32", FATE_UP), 100 - 8);
	CHECK_EQ(fates("f32", FATE_LOCAL), 0);
	CHECK(replay_counts()->steps.over >= 90);
}

static void
loops(bool guarded, bool gap)
{
	uint32_t f, a;
	int i;

	replay_begin();
	replay_hooks.step = loop_step;
	replay_hooks.code = guarded ? guarded_code : open_code;
	a = replay_stack(3, START, MAIN(5), F(32, 5));
	f = replay_stack(3, START, MAIN(5), F(32, 1));
	for (i = 0; i < 10; i++) {
		uint64_t p = replay_alloc(a, 16);

		replay_now.mark.gap = gap;
		replay_free(f, p);
	}
	replay_end();
}

/* In a loop, or called again? */
static void
test_loop(void)
{
	loops(false, false);
	CHECK_EQ(fates("f32", FATE_LOCAL), 10);
	CHECK_EQ(replay_site("f32")->inferred, 10);
	CHECK_EQ(replay_counts()->steps.blind, 0);
	loops(true, false);
	CHECK_EQ(fates("f32", FATE_LOCAL), 10);
	CHECK_EQ(replay_site("f32")->proved, 10);
	/* what would have been seen may be in the gap */
	loops(true, true);
	CHECK_EQ(whys("f32", MODEL_WHY_GAP), 10);
}

/* Marks know, whatever the code says. */
static void
test_marks(void)
{
	uint64_t p;
	uint32_t f, a;
	int i;

	replay_begin();
	mktrace_header(replay_trace())->flags |= ESC_FLAG_MARKS;
	a = replay_stack(3, START, MAIN(5), F(32, 5));
	f = replay_stack(3, START, MAIN(5), F(32, 1));
	for (i = 0; i < 10; i++) {
		p = replay_alloc(a, 16);
		replay_now.mark.gap = i % 2;
		/* the last is freed by another activation */
		replay_now.mark.has_kept = i == 9;
		replay_now.mark.kept = 1;
		replay_free(f, p);
	}
	replay_end();
	CHECK_EQ(fates("f32", FATE_LOCAL), 9);
	CHECK_EQ(fates("f32", FATE_UP), 1);
	CHECK_EQ(replay_site("f32")->proved, 10);
	CHECK_EQ(replay_site("f32")->caught, 1);
	CHECK_STR(replay_verdict("f32"), "caller");
}

int
main(void)
{
	test_local();
	test_proved();
	test_up();
	test_thread();
	test_live();
	test_ring(true);
	test_ring(false);
	test_tail_free(true);
	test_tail_free(false);
	test_tail_malloc();
	test_other_tail();
	test_no_tail();
	test_realloc();
	test_reused();
	test_lost_free();
	test_gap();
	test_region();
	test_loader();
	test_truncated();
	test_fork();
	test_fork_gone();
	test_cut_between();
	test_kept();
	test_other_function();
	test_straight();
	test_loop();
	test_marks();
	replay_done();
	return check_done();
}
