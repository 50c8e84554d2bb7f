/* Logical frames, wrappers, distances, sizes and weights. */
#include "analyzer/escape/escape.h"

#include "preload/record.h"
#include "tests/lib/check.h"
#include "tests/lib/mktrace.h"
#include "tests/lib/replay.h"

#define START 0x101
#define MAIN(line) (0x1000 + (line))
#define F(function, line) ((function)*256 + (line))
#define NEW F(2, 1)
#define DELETE F(3, 1)
/* A line of a function that was inlined into another at a call; function 0: of
 * the outer one itself. Higher calls stand behind. */
#define IN(function, line, outer, call) ((call) << 24 | (function) << 16 | (outer) << 8 | (line))

static const struct escape_pair *
first_pair(const struct escape *escape)
{
	CHECK(escape->pair_count > 0);
	return &escape->pairs[0];
}

static const char *
owner_name(const struct escape *escape)
{
	return escape->places.logical->frames[first_pair(escape)->owner].function;
}

static void
test_wrappers(void)
{
	const struct escape *escape;

	replay_begin();
	replay_free(replay_stack(4, START, MAIN(5), F(32, 2), DELETE),
	    replay_alloc(replay_stack(4, START, MAIN(5), F(32, 1), NEW), 16));
	escape = replay_end();
	CHECK_EQ(escape->site_count, 1);
	CHECK_EQ(replay_site("f32")->facts.fates[FATE_LOCAL], 1);
	CHECK_STR(replay_site("f32")->allocators[0].name, "operator new");
	CHECK_STR(owner_name(escape), "f32");
}

/* A wrapper that allocates and frees for itself: still the site's. */
static void
test_inside_wrapper(void)
{
	const struct escape *escape;

	replay_begin();
	replay_free(replay_stack(4, START, MAIN(5), F(32, 1), F(2, 2)),
	    replay_alloc(replay_stack(4, START, MAIN(5), F(32, 1), NEW), 16));
	escape = replay_end();
	CHECK_EQ(replay_site("f32")->facts.fates[FATE_LOCAL], 1);
	CHECK_EQ(first_pair(escape)->distance, 0);
}

static void
test_inlined(void)
{
	const struct escape *escape;

	replay_begin();
	replay_free(replay_stack(3, START, MAIN(5), IN(0, 9, 32, 9)),
	    replay_alloc(replay_stack(3, START, MAIN(5), IN(33, 1, 32, 4)), 16));
	escape = replay_end();
	CHECK_EQ(replay_site("f33")->facts.fates[FATE_UP], 1);
	CHECK_EQ(first_pair(escape)->distance, 1);
	CHECK_STR(owner_name(escape), "f32");
}

static void
test_same_instance(void)
{
	replay_begin();
	replay_free(replay_stack(3, START, MAIN(5), IN(33, 5, 32, 4)),
	    replay_alloc(replay_stack(3, START, MAIN(5), IN(33, 1, 32, 4)), 16));
	replay_end();
	CHECK_EQ(replay_site("f33")->facts.fates[FATE_LOCAL], 1);
}

/* Inlined twice: another call, another instance. */
static void
test_other_instance(void)
{
	replay_begin();
	replay_free(replay_stack(3, START, MAIN(5), IN(33, 5, 32, 7)),
	    replay_alloc(replay_stack(3, START, MAIN(5), IN(33, 1, 32, 4)), 16));
	replay_end();
	CHECK_EQ(replay_site("f33")->facts.fates[FATE_UP], 1);
}

static void
test_far(void)
{
	replay_begin();
	replay_free(replay_stack(2, START, MAIN(6)),
	    replay_alloc(
		replay_stack(6, START, MAIN(5), F(40, 1), F(41, 1), F(42, 1), F(43, 1)), 16));
	/* start-up code owns it: far, whatever the distance */
	replay_free(
	    replay_stack(2, 0x102, F(60, 1)), replay_alloc(replay_stack(2, 0x102, F(50, 1)), 16));
	replay_end();
	CHECK_EQ(replay_site("f43")->facts.far, 1);
	CHECK_STR(replay_verdict("f43"), "heap");
	CHECK_EQ(replay_site("f50")->facts.fates[FATE_UP], 1);
	CHECK_EQ(replay_site("f50")->facts.far, 1);
}

/* Far out, a doubt makes no difference; near, it does. */
static void
test_doubt(void)
{
	uint64_t p, q;
	uint32_t step;

	replay_begin();
	p = replay_alloc(
	    replay_stack(7, START, MAIN(5), F(39, 5), F(40, 1), F(41, 1), F(42, 1), F(43, 1)), 16);
	q = replay_alloc(replay_stack(4, START, MAIN(5), F(39, 7), F(44, 1)), 16);
	step = replay_stack(3, START, MAIN(5), F(39, 1));
	replay_event(ESC_EVENT_STEP, step, 0, 0);
	replay_free(replay_stack(3, START, MAIN(5), F(39, 8)), p);
	replay_free(replay_stack(3, START, MAIN(5), F(39, 8)), q);
	replay_end();
	CHECK_EQ(replay_site("f43")->facts.fates[FATE_UP], 1);
	CHECK_EQ(replay_site("f43")->inferred, 1);
	CHECK_EQ(replay_site("f44")->facts.fates[FATE_UNKNOWN], 1);
	CHECK_EQ(replay_site("f44")->whys[MODEL_WHY_BACKWARD], 1);
}

static void
test_sizes(void)
{
	uint32_t a, f;
	uint64_t size;

	replay_begin();
	a = replay_stack(3, START, MAIN(5), F(32, 1));
	f = replay_stack(3, START, MAIN(5), F(32, 2));
	for (size = 1; size <= 1000; size++)
		replay_free(f, replay_alloc(a, size));
	replay_end();
	CHECK_EQ(replay_site("f32")->facts.size_min, 1);
	CHECK_EQ(replay_site("f32")->facts.size_max, 1000);
	CHECK(replay_site("f32")->rounded);
	size = histogram_quantile(&replay_site("f32")->sizes, 0.99);
	CHECK(size >= 990 && size <= 1023);
	CHECK_STR(replay_verdict("f32"), "buffer");
}

static void
test_weight(void)
{
	uint32_t a, f;

	replay_begin();
	mktrace_header(replay_trace())->mode = ESC_MODE_SAMPLED;
	mktrace_header(replay_trace())->sample_interval = 1000;
	a = replay_stack(3, START, MAIN(5), F(32, 1));
	f = replay_stack(3, START, MAIN(5), F(32, 2));
	replay_free(f, replay_alloc(a, 100));
	replay_end();
	/* 1 / (1 - exp(-0.1)) */
	CHECK(replay_site("f32")->weight > 10.508);
	CHECK(replay_site("f32")->weight < 10.509);
	CHECK_EQ(replay_site("f32")->facts.fates[FATE_LOCAL], 1);
}

/* Each block weighs what was in force when it was taken, whenever it is freed. */
static void
test_weights(void)
{
	uint32_t a, f;
	uint64_t first, second;

	replay_begin();
	mktrace_header(replay_trace())->mode = ESC_MODE_AUTO;
	mktrace_header(replay_trace())->sample_bias = 64;
	a = replay_stack(3, START, MAIN(5), F(32, 1));
	f = replay_stack(3, START, MAIN(5), F(32, 2));
	first = replay_alloc(a, 36);
	replay_now.mark.interval = 1000;
	second = replay_alloc(a, 36);
	mktrace_cut(replay_trace(), 1, 1, 0);
	replay_free(f, first);
	replay_free(f, replay_alloc(a, 936)); /* 1 / (1 - exp(-1)) = 1.58198 */
	replay_now.mark.interval = 1;
	replay_free(f, replay_alloc(a, 36));
	replay_free(f, second);
	replay_end();
	CHECK(replay_site("f32")->weight > 1 + 10.508 + 1.58197 + 1);
	CHECK(replay_site("f32")->weight < 1 + 10.509 + 1.58199 + 1);
}

static void
test_nowhere(void)
{
	replay_begin();
	replay_free(0, replay_alloc(0, 8));
	replay_end();
	CHECK_EQ(replay_site("??")->facts.fates[FATE_UNKNOWN], 1);
}

int
main(void)
{
	test_wrappers();
	test_inside_wrapper();
	test_inlined();
	test_same_instance();
	test_other_instance();
	test_far();
	test_doubt();
	test_sizes();
	test_weight();
	test_weights();
	test_nowhere();
	replay_done();
	return check_done();
}
