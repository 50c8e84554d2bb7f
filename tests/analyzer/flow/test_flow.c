/* The graphs of assembled functions, and of bytes that are none. */
#include "analyzer/flow/flow.h"

#include <stdlib.h>

#include "analyzer/util/bytes.h"
#include "tests/lib/check.h"

enum { PARTS = 4, LABELS = 16, DATA_SIZE = 256 };

/* Where things are. Numbers alone, for the assembler. */
#define START 0x1000
#define COLD 0x3000
#define DATA 0x8000
#define SETJMP 0x9000
#define ABORT 0x9010
#define OTHER 0x9020
#define STUB 0x9030

/* A program of a few pieces, that calls functions at the addresses above. */
struct program {
	struct flow_part parts[PARTS];
	size_t count;
	uint8_t data[DATA_SIZE]; /* at DATA */
	uint64_t labels[LABELS];
	size_t label_count;
};

static bool
get_part(void *data, uint64_t address, struct flow_part *part)
{
	const struct program *program = data;
	size_t i;

	for (i = 0; i < program->count; i++) {
		*part = program->parts[i];
		if (address >= part->start && address < part->end)
			return true;
	}
	return false;
}

static const char *
get_callee(void *data, uint64_t address, bool slot)
{
	(void)data;
	if (slot)
		return "by_slot";
	switch (address) {
	case SETJMP: return "_setjmp";
	case ABORT: return "abort";
	case OTHER: return "other";
	case STUB: return FLOW_STRANGE;
	default: return NULL;
	}
}

static bool
get_bytes(void *data, uint64_t address, void *buffer, size_t size)
{
	const struct program *program = data;

	if (address < DATA || address - DATA > DATA_SIZE || size > DATA_SIZE - (address - DATA))
		return false;
	memcpy(buffer, program->data + (address - DATA), size);
	return true;
}

static size_t
get_labels(void *data, uint64_t start, uint64_t end, const uint64_t **labels)
{
	struct program *program = data;
	size_t low = 0;
	size_t high;

	while (low < program->label_count && program->labels[low] < start)
		low++;
	for (high = low; high < program->label_count && program->labels[high] < end; high++)
		;
	*labels = program->labels + low;
	return high - low;
}

static uint64_t seed = 11;

static uint32_t
next_random(uint32_t below)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(seed >> 33) % below;
}

/* Bytes that were damaged make another graph, or none. */
static void
check_damaged(const struct bytes *bytes)
{
	uint8_t *copy = malloc(bytes->len);
	size_t tries;

	for (tries = 0; tries < 200; tries++) {
		size_t size = tries % 4 == 0 ? next_random((uint32_t)bytes->len) : bytes->len;
		struct flow *flow;
		const uint64_t *sites;
		size_t count;

		memcpy(copy, bytes->data, bytes->len);
		copy[next_random((uint32_t)bytes->len)] = (uint8_t)next_random(256);
		copy[next_random((uint32_t)bytes->len)] ^= (uint8_t)(1U << next_random(8));
		flow = flow_unpack(copy, size);
		if (flow == NULL)
			continue;
		sites = flow_sites(flow, &count);
		if (count > 0) {
			flow_reaches_avoiding(flow, sites[0], sites[count - 1], sites[count / 2]);
			flow_always(flow, sites[0]);
			flow_passes(flow, START + next_random(64), sites[count - 1]);
		}
		flow_free(flow);
	}
	free(copy);
}

/* The same as it comes out of its bytes: all checks are of that. */
static struct flow *
repack(struct flow *flow)
{
	struct bytes bytes = { 0 };
	struct flow_shape before;
	struct flow_shape after;
	struct flow *again;

	flow_pack(flow, &bytes);
	again = flow_unpack(bytes.data, bytes.len);
	CHECK(again != NULL);
	CHECK(flow_unpack(bytes.data, bytes.len - 1) == NULL);
	memset(&before, 0, sizeof(before));
	memset(&after, 0, sizeof(after));
	flow_describe(flow, &before);
	flow_describe(again, &after);
	CHECK(memcmp(&before, &after, sizeof(before)) == 0);
	check_damaged(&bytes);
	bytes_release(&bytes);
	flow_free(flow);
	return again;
}

static struct flow *
build(struct program *program)
{
	struct flow_source source = {
		.data = program,
		.part = get_part,
		.callee = get_callee,
		.read = get_bytes,
		.labels = get_labels,
	};

	return repack(flow_build(&source, START));
}

static void
add_part(struct program *program, uint64_t start, const uint8_t *bytes, size_t size)
{
	struct flow_part *part = &program->parts[program->count++];

	part->bytes = bytes;
	part->start = start;
	part->end = start + size;
}

/*
 * FUNCTION(name, body): name_start to name_end, of which AT(name, label) is what the
 * address of a label of the body becomes. CALL and others reach what is outside.
 */
#define QUOTE(text) #text
#define TEXT(text) QUOTE(text)
#define FUNCTION(name, body)                                                    \
	__asm__(".pushsection .rodata\n" #name "_start:\n" body #name "_end:\n" \
		".popsection\n");                                               \
	extern const uint8_t name##_start[];                                    \
	extern const uint8_t name##_end[]
#define OUT(name, place) #name "_start + (" TEXT(place) " - " TEXT(START) ")"
#define CALL(name, place) "call " OUT(name, place) "\n"
#define LABEL(label) ".hidden " #label "\n.globl " #label "\n" #label ":\n"
#define AT(name, label) (START + (uint64_t)((const uint8_t *)(label)-name##_start))
#define ADD(program, name) \
	add_part(program, START, name##_start, (size_t)(name##_end - name##_start))

/* clang-format off */
extern const uint8_t loop_1[], loop_2[], loop_3[], loop_test[], loop_out[];
FUNCTION(loop,
	CALL(loop, OTHER) LABEL(loop_1)
	LABEL(loop_test)
	"test %eax,%eax\n"
	"je loop_out\n"
	CALL(loop, OTHER) LABEL(loop_2)
	"jmp loop_test\n"
	LABEL(loop_out)
	CALL(loop, OTHER) LABEL(loop_3)
	"ret\n");

extern const uint8_t null_1[];
FUNCTION(null,
	"test %rdi,%rdi\n"
	"je null_none\n"
	CALL(null, OTHER) LABEL(null_1)
	"null_out:\n"
	"mov 8(%rsp),%rdx\n"
	"sub %fs:0x28,%rdx\n"
	"jne null_fail\n"
	"add $0x18,%rsp\n"
	"ret\n"
	"null_none:\n"
	"xor %ecx,%ecx\n"
	"mov %rcx,%rax\n"
	"xor %edx,%edx\n"
	"jmp null_out\n"
	"null_fail:\n"
	CALL(null, ABORT)
	"nop\n");

extern const uint8_t grown_1[];
FUNCTION(grown,
	"cmp %rdi,%rsi\n"
	"jae grown_done\n"
	CALL(grown, OTHER) LABEL(grown_1)
	"test %rax,%rax\n"
	"je grown_fail\n"
	"mov %rax,(%rbx)\n"
	"grown_done:\n"
	"xor %eax,%eax\n"
	"ret\n"
	"grown_fail:\n"
	"mov $-12,%eax\n"
	"ret\n");

extern const uint8_t cached_1[];
FUNCTION(cached,
	"mov (%rbx),%rax\n"
	"test %rax,%rax\n"
	"jne cached_out\n"
	CALL(cached, OTHER) LABEL(cached_1)
	"cached_out:\n"
	"ret\n");

extern const uint8_t flag_1[];
FUNCTION(flag,
	"test %rdi,%rdi\n"
	"je flag_none\n"
	CALL(flag, OTHER) LABEL(flag_1)
	"ret\n"
	"flag_none:\n"
	"xor %eax,%eax\n"
	"test %rsi,%rsi\n"
	"sete %al\n"
	"ret\n");

extern const uint8_t through_1[], through_2[], through_3[];
FUNCTION(through,
	CALL(through, OTHER) LABEL(through_1)
	CALL(through, OTHER) LABEL(through_2)
	CALL(through, OTHER) LABEL(through_3)
	"ret\n");

extern const uint8_t twice_1[], twice_2[], twice_3[];
FUNCTION(twice,
	CALL(twice, OTHER) LABEL(twice_1)
	CALL(twice, SETJMP) LABEL(twice_2)
	CALL(twice, OTHER) LABEL(twice_3)
	"ret\n");

extern const uint8_t strange_1[], strange_2[], strange_3[];
FUNCTION(strange,
	CALL(strange, OTHER) LABEL(strange_1)
	CALL(strange, STUB) LABEL(strange_2)
	CALL(strange, OTHER) LABEL(strange_3)
	"ret\n");

extern const uint8_t taken_1[], taken_2[], taken_3[];
FUNCTION(taken,
	CALL(taken, OTHER) LABEL(taken_1)
	"lea taken_label(%rip),%rax\n"
	"mov %rax,(%rdi)\n"
	"taken_label:\n"
	CALL(taken, OTHER) LABEL(taken_2)
	CALL(taken, OTHER) LABEL(taken_3)
	"ret\n");

extern const uint8_t throws_1[], throws_2[], throws_3[], throws_landing[];
FUNCTION(throws,
	"throws_again:\n"
	CALL(throws, OTHER) LABEL(throws_1)
	CALL(throws, OTHER) LABEL(throws_2)
	"ret\n"
	LABEL(throws_landing)
	CALL(throws, OTHER) LABEL(throws_3)
	"jmp throws_again\n");

extern const uint8_t ends_1[], ends_2[], ends_3[];
FUNCTION(ends,
	"test %edi,%edi\n"
	"je ends_fine\n"
	CALL(ends, OTHER) LABEL(ends_1)
	CALL(ends, ABORT) LABEL(ends_2)
	"ends_fine:\n"
	CALL(ends, OTHER) LABEL(ends_3)
	"jmp " OUT(ends, OTHER) "\n");

extern const uint8_t fatal_1[], fatal_2[], fatal_3[];
FUNCTION(fatal,
	"test %edi,%edi\n"
	"je fatal_fine\n"
	CALL(fatal, OTHER) LABEL(fatal_1)
	CALL(fatal, COLD) LABEL(fatal_2)
	"fatal_fine:\n"
	CALL(fatal, OTHER) LABEL(fatal_3)
	"ret\n");
FUNCTION(last,
	"last_again:\n"
	"call last_start + (" TEXT(OTHER) " - " TEXT(COLD) ")\n"
	"test %eax,%eax\n"
	"jne last_again\n"
	"call last_start + (" TEXT(ABORT) " - " TEXT(COLD) ")\n"
	"nop\n");
FUNCTION(returning,
	"test %eax,%eax\n"
	"jne returning_out\n"
	"call returning_start + (" TEXT(ABORT) " - " TEXT(COLD) ")\n"
	"returning_out:\n"
	"ret\n");

extern const uint8_t hot_1[], hot_2[], hot_back[];
FUNCTION(hot,
	CALL(hot, OTHER) LABEL(hot_1)
	"test %eax,%eax\n"
	"jne " OUT(hot, COLD) "\n"
	LABEL(hot_back)
	CALL(hot, OTHER) LABEL(hot_2)
	"ret\n");
FUNCTION(cold,
	CALL(cold, OTHER)
	"jmp cold_start + (hot_back - hot_start) - (" TEXT(COLD) " - " TEXT(START) ")\n");

extern const uint8_t select_0[], select_1[], select_2[], select_3[], select_4[];
extern const uint8_t select_case_0[], select_case_1[], select_case_2[];
FUNCTION(select,
	CALL(select, OTHER) LABEL(select_0)
	"cmp $2,%edi\n"
	"ja select_out\n"
	"mov %edi,%edi\n"
	"lea " OUT(select, DATA) "(%rip),%rdx\n"
	"movslq (%rdx,%rdi,4),%rax\n"
	"add %rdx,%rax\n"
	"notrack jmp *%rax\n"
	LABEL(select_case_0)
	CALL(select, OTHER) LABEL(select_1)
	"ret\n"
	LABEL(select_case_1)
	CALL(select, OTHER) LABEL(select_2)
	"jmp select_start\n"
	LABEL(select_case_2)
	CALL(select, OTHER) LABEL(select_3)
	"select_out:\n"
	CALL(select, OTHER) LABEL(select_4)
	"ret\n");

extern const uint8_t threaded_1[], threaded_2[], threaded_a[], threaded_b[];
FUNCTION(threaded,
	"push %rbx\n"
	"mov (%rdi),%rax\n"
	"jmp *(%rsi,%rax,8)\n"
	LABEL(threaded_a)
	CALL(threaded, OTHER) LABEL(threaded_1)
	"mov 8(%rdi),%rax\n"
	"jmp *(%rsi,%rax,8)\n"
	LABEL(threaded_b)
	CALL(threaded, OTHER) LABEL(threaded_2)
	"pop %rbx\n"
	"ret\n");

extern const uint8_t spec_1[], spec_2[], spec_3[], spec_a[], spec_b[];
FUNCTION(spec,
	CALL(spec, OTHER) LABEL(spec_1)
	"test %eax,%eax\n"
	"je spec_a\n"
	"mov (%rsi,%rax,8),%rax\n"
	"jmp " OUT(spec, COLD) "\n"
	LABEL(spec_a)
	CALL(spec, OTHER) LABEL(spec_2)
	LABEL(spec_b)
	CALL(spec, OTHER) LABEL(spec_3)
	"ret\n");
FUNCTION(thunk,
	"call thunk_set\n"
	"thunk_wait:\n"
	"pause\n"
	"lfence\n"
	"jmp thunk_wait\n"
	"thunk_set:\n"
	"mov %rax,(%rsp)\n"
	"ret\n");
FUNCTION(other,
	"call other_set\n"
	"other_set:\n"
	"pop %rax\n"
	"ret\n");

extern const uint8_t again_1[], again_2[], again_3[];
FUNCTION(again,
	CALL(again, OTHER) LABEL(again_1)
	CALL(again, COLD) LABEL(again_2)
	CALL(again, OTHER) LABEL(again_3)
	"ret\n");
FUNCTION(keeps,
	"endbr64\n"
	"mov %rbx,(%rdi)\n"
	"mov (%rsp),%rdx\n"
	"mov %rdx,8(%rdi)\n"
	"ret\n");
FUNCTION(pops,
	"pop %r8\n"
	"mov %r8,(%rdi)\n"
	"jmp *%r8\n");
FUNCTION(pushes,
	"push %r12\n"
	"mov (%rsp),%rdx\n"
	"pop %r12\n"
	"ret\n");
FUNCTION(lowers,
	"sub $8,%rsp\n"
	"mov (%rsp),%rdx\n"
	"add $8,%rsp\n"
	"ret\n");

extern const uint8_t lost_1[], lost_2[];
FUNCTION(lost,
	CALL(lost, OTHER) LABEL(lost_1)
	"test %eax,%eax\n"
	"je lost_out\n"
	".byte 0x06\n"
	"lost_out:\n"
	CALL(lost, OTHER) LABEL(lost_2)
	"ret\n");
/* clang-format on */

static void
check_loop_sites(struct flow *flow)
{
	struct flow_callee callee;
	const uint64_t *sites;
	size_t count;

	sites = flow_sites(flow, &count);
	CHECK_EQ(count, 3);
	if (count == 3) {
		CHECK_EQ(sites[0], AT(loop, loop_1));
		CHECK_EQ(sites[1], AT(loop, loop_2));
		CHECK_EQ(sites[2], AT(loop, loop_3));
	}
	CHECK(flow_callee(flow, AT(loop, loop_1), &callee));
	CHECK_EQ(callee.address, OTHER);
	CHECK(!callee.slot);
	CHECK(!flow_callee(flow, AT(loop, loop_1) + 1, &callee));
	CHECK(flow_has_site(flow, AT(loop, loop_3)));
	CHECK(!flow_has_site(flow, START));
}

/* Of one call: is it on every way that does not return NULL? */
static enum flow_answer
hands_out(const uint8_t *start, const uint8_t *end, const uint8_t *site)
{
	struct program program = { 0 };
	uint64_t a = START + (uint64_t)(site - start);
	enum flow_answer answer;
	struct flow *flow;

	add_part(&program, START, start, (size_t)(end - start));
	flow = build(&program);
	CHECK(flow_has_site(flow, a));
	CHECK(flow_always(flow, a) == FLOW_NO);
	answer = flow_hands_out(flow, &a, 1);
	flow_free(flow);
	return answer;
}

static void
check_hands_out(void)
{
	CHECK_EQ(hands_out(null_start, null_end, null_1), FLOW_YES);
	/* 0 is what it returns behind the call as well, and -12 is no block */
	CHECK_EQ(hands_out(grown_start, grown_end, grown_1), FLOW_NO);
	CHECK_EQ(hands_out(cached_start, cached_end, cached_1), FLOW_NO);
	/* a part of the register was written behind the 0 */
	CHECK_EQ(hands_out(flag_start, flag_end, flag_1), FLOW_NO);
}

static void
check_loop(void)
{
	struct program program = { 0 };
	uint64_t a = AT(loop, loop_1);
	uint64_t b = AT(loop, loop_2);
	uint64_t c = AT(loop, loop_3);
	struct flow *flow;

	ADD(&program, loop);
	flow = build(&program);
	CHECK(!flow_is_open(flow));
	check_loop_sites(flow);
	CHECK_EQ(flow_reaches(flow, a, a), FLOW_NO);
	CHECK_EQ(flow_reaches(flow, a, b), FLOW_YES);
	CHECK_EQ(flow_reaches(flow, b, b), FLOW_YES);
	CHECK_EQ(flow_reaches(flow, b, a), FLOW_NO);
	CHECK_EQ(flow_reaches(flow, c, b), FLOW_NO);
	CHECK_EQ(flow_reaches(flow, a, a + 1), FLOW_UNKNOWN);
	CHECK_EQ(flow_reaches(flow, a + 1, a), FLOW_UNKNOWN);
	CHECK_EQ(flow_dominates(flow, a, c), FLOW_YES);
	CHECK_EQ(flow_dominates(flow, b, c), FLOW_NO);
	CHECK_EQ(flow_dominates(flow, a, a), FLOW_NO);
	CHECK_EQ(flow_always(flow, a), FLOW_YES);
	CHECK_EQ(flow_always(flow, b), FLOW_NO);
	CHECK_EQ(flow_always(flow, c), FLOW_YES);
	CHECK_EQ(flow_exits(flow, a), FLOW_YES);
	/* without the instruction of the test the loop does not come round */
	CHECK_EQ(flow_reaches_avoiding(flow, b, b, AT(loop, loop_test)), FLOW_NO);
	CHECK_EQ(flow_reaches_avoiding(flow, b, b, AT(loop, loop_test) + 2), FLOW_NO);
	CHECK_EQ(flow_reaches_avoiding(flow, b, b, AT(loop, loop_out)), FLOW_YES);
	CHECK_EQ(flow_reaches_avoiding(flow, b, b, AT(loop, loop_test) + 1), FLOW_UNKNOWN);
	CHECK_EQ(flow_reaches_avoiding(flow, b, a, AT(loop, loop_test) + 1), FLOW_NO);
	CHECK_EQ(flow_passes(flow, AT(loop, loop_test), c), FLOW_YES);
	CHECK_EQ(flow_passes(flow, AT(loop, loop_out), b), FLOW_NO);
	CHECK_EQ(flow_passes(flow, AT(loop, loop_test) + 1, c), FLOW_UNKNOWN);
	/* the return of a itself does not count */
	CHECK_EQ(flow_reaches_without(flow, a, c, &a, 1), FLOW_YES);
	CHECK_EQ(flow_reaches_without(flow, a, c, &b, 1), FLOW_YES);
	CHECK_EQ(flow_reaches_without(flow, b, b, &b, 1), FLOW_YES);
	flow_free(flow);
}

static void
check_through(void)
{
	struct program program = { 0 };
	uint64_t b = AT(through, through_2);
	struct flow *flow;

	ADD(&program, through);
	flow = build(&program);
	CHECK_EQ(flow_reaches(flow, AT(through, through_1), AT(through, through_3)), FLOW_YES);
	CHECK_EQ(flow_reaches_without(flow, AT(through, through_1), AT(through, through_3), &b, 1),
	    FLOW_NO);
	CHECK_EQ(flow_dominates_any(flow, &b, 1, AT(through, through_3)), FLOW_YES);
	flow_free(flow);
}

/* Whatever is called behind setjmp can come back to it. */
static void
check_setjmp(void)
{
	struct program program = { 0 };
	struct flow *flow;

	ADD(&program, twice);
	flow = build(&program);
	CHECK_EQ(flow_reaches(flow, AT(twice, twice_3), AT(twice, twice_3)), FLOW_YES);
	CHECK_EQ(flow_reaches(flow, AT(twice, twice_3), AT(twice, twice_2)), FLOW_NO);
	CHECK_EQ(flow_reaches(flow, AT(twice, twice_3), AT(twice, twice_1)), FLOW_NO);
	flow_free(flow);
}

/* What a stub of an unknown kind leads to may be setjmp. */
static void
check_strange(void)
{
	struct program program = { 0 };
	struct flow *flow;

	ADD(&program, strange);
	flow = build(&program);
	CHECK_EQ(flow_reaches(flow, AT(strange, strange_3), AT(strange, strange_3)), FLOW_YES);
	CHECK_EQ(flow_reaches(flow, AT(strange, strange_3), AT(strange, strange_2)), FLOW_NO);
	flow_free(flow);
}

/* What keeps its return address can come back to it, too. */
static void
check_again(const uint8_t *called, size_t size, bool twice)
{
	enum flow_answer answer = twice ? FLOW_YES : FLOW_NO;
	struct program program = { 0 };
	struct flow *flow;

	ADD(&program, again);
	add_part(&program, COLD, called, size);
	flow = build(&program);
	CHECK_EQ(flow_reaches(flow, AT(again, again_3), AT(again, again_3)), answer);
	CHECK_EQ(flow_reaches(flow, AT(again, again_3), AT(again, again_2)), FLOW_NO);
	flow_free(flow);
}

/* As __builtin_setjmp does. */
static void
check_taken(void)
{
	struct program program = { 0 };
	struct flow *flow;

	ADD(&program, taken);
	flow = build(&program);
	CHECK(!flow_is_open(flow));
	CHECK_EQ(flow_reaches(flow, AT(taken, taken_3), AT(taken, taken_2)), FLOW_YES);
	CHECK_EQ(flow_reaches(flow, AT(taken, taken_3), AT(taken, taken_1)), FLOW_NO);
	flow_free(flow);
}

/* A jump to what jumps on to where a register says; or to a function that does not. */
static void
check_thunk(const uint8_t *thunk, size_t size, bool jumps)
{
	struct program program = { 0 };
	struct flow *flow;
	size_t count;
	bool computed;

	ADD(&program, spec);
	add_part(&program, COLD, thunk, size);
	program.labels[program.label_count++] = AT(spec, spec_a);
	program.labels[program.label_count++] = AT(spec, spec_b);
	flow = build(&program);
	CHECK(!flow_is_open(flow));
	CHECK_EQ(
	    flow_dominates(flow, AT(spec, spec_2), AT(spec, spec_3)), jumps ? FLOW_NO : FLOW_YES);
	CHECK_EQ(flow_always(flow, AT(spec, spec_1)), FLOW_YES);
	flow_tails(flow, &count, &computed);
	CHECK_EQ(count, jumps ? 0 : 1);
	CHECK_EQ(computed, jumps);
	flow_free(flow);
	/* the only label may be what the others are told by */
	program.label_count = 1;
	flow = build(&program);
	CHECK_EQ(flow_is_open(flow), jumps);
	flow_free(flow);
}

/* Nothing but the whole of it is one, and what is called so. */
static void
check_is_thunk(void)
{
	size_t whole = (size_t)(thunk_end - thunk_start);
	size_t size;

	CHECK(flow_is_thunk(NULL, thunk_start, whole));
	for (size = 0; size + 1 < whole; size++)
		CHECK(!flow_is_thunk(NULL, thunk_start, size));
	CHECK(!flow_is_thunk(NULL, other_start, (size_t)(other_end - other_start)));
	CHECK(!flow_is_thunk(NULL, loop_start, (size_t)(loop_end - loop_start)));
	CHECK(flow_is_thunk("__x86_indirect_thunk_rax", NULL, 0));
	CHECK(flow_is_thunk("__llvm_retpoline_r11", NULL, 0));
	CHECK(!flow_is_thunk("__x86_return_thunk", NULL, 0));
}

static void
check_exception(void)
{
	struct program program = { 0 };
	struct flow_pad pad = { AT(throws, throws_1), AT(throws, throws_2),
		AT(throws, throws_landing) };
	struct flow *flow;

	ADD(&program, throws);
	flow = build(&program);
	CHECK(!flow_has_site(flow, AT(throws, throws_3)));
	CHECK_EQ(flow_reaches(flow, AT(throws, throws_2), AT(throws, throws_1)), FLOW_NO);
	CHECK_EQ(flow_always(flow, AT(throws, throws_2)), FLOW_YES);
	flow_free(flow);
	program.parts[0].pads = &pad;
	program.parts[0].pad_count = 1;
	flow = build(&program);
	CHECK_EQ(flow_reaches(flow, AT(throws, throws_2), AT(throws, throws_3)), FLOW_YES);
	CHECK_EQ(flow_reaches(flow, AT(throws, throws_2), AT(throws, throws_1)), FLOW_YES);
	/* the call was made, but did not come back */
	CHECK_EQ(flow_dominates(flow, AT(throws, throws_2), AT(throws, throws_3)), FLOW_NO);
	CHECK_EQ(flow_dominates(flow, AT(throws, throws_1), AT(throws, throws_3)), FLOW_YES);
	CHECK(!flow_is_open(flow));
	flow_free(flow);
	program.parts[0].pads_unclear = true;
	flow = build(&program);
	CHECK(flow_is_open(flow));
	CHECK_EQ(flow_reaches(flow, AT(throws, throws_1), AT(throws, throws_1)), FLOW_YES);
	flow_free(flow);
}

/* abort does not come back; the jump at the end is a tail call. */
static void
check_ends(void)
{
	struct program program = { 0 };
	const uint64_t *tails;
	struct flow *flow;
	bool computed = true;
	size_t count;

	ADD(&program, ends);
	flow = build(&program);
	CHECK(!flow_is_open(flow));
	CHECK_EQ(flow_reaches(flow, AT(ends, ends_1), AT(ends, ends_2)), FLOW_YES);
	CHECK_EQ(flow_reaches(flow, AT(ends, ends_1), AT(ends, ends_3)), FLOW_NO);
	CHECK_EQ(flow_exits(flow, AT(ends, ends_1)), FLOW_NO);
	CHECK_EQ(flow_always(flow, AT(ends, ends_3)), FLOW_YES);
	tails = flow_tails(flow, &count, &computed);
	CHECK(count == 1 && tails[0] == OTHER);
	CHECK(!computed);
	flow_free(flow);
}

/* What calls a function, all of whose ways end in abort, stops there. */
static void
check_fatal(const uint8_t *callee, size_t size, bool returns)
{
	struct program program = { 0 };
	struct flow *flow;

	ADD(&program, fatal);
	add_part(&program, COLD, callee, size);
	flow = build(&program);
	CHECK(!flow_is_open(flow));
	CHECK(flow_has_site(flow, AT(fatal, fatal_2)));
	CHECK_EQ(flow_reaches(flow, AT(fatal, fatal_1), AT(fatal, fatal_3)),
	    returns ? FLOW_YES : FLOW_NO);
	CHECK_EQ(flow_exits(flow, AT(fatal, fatal_1)), returns ? FLOW_YES : FLOW_NO);
	flow_free(flow);
}

/* A part elsewhere, with and without anything that says so. */
static void
check_cold(bool fragment)
{
	struct program program = { 0 };
	struct flow *flow;

	ADD(&program, hot);
	add_part(&program, COLD, cold_start, (size_t)(cold_end - cold_start));
	program.parts[1].fragment = fragment;
	flow = build(&program);
	CHECK(!flow_is_open(flow));
	CHECK(flow_has_site(flow, COLD + 5));
	CHECK_EQ(flow_reaches(flow, AT(hot, hot_1), COLD + 5), FLOW_YES);
	CHECK_EQ(flow_reaches(flow, COLD + 5, AT(hot, hot_2)), FLOW_YES);
	CHECK_EQ(flow_reaches(flow, COLD + 5, AT(hot, hot_1)), FLOW_NO);
	CHECK_EQ(flow_always(flow, AT(hot, hot_2)), FLOW_YES);
	flow_free(flow);
}

static void
put_entry(struct program *program, size_t at, uint64_t target)
{
	int32_t entry = (int32_t)(target - DATA);

	memcpy(program->data + at * 4, &entry, sizeof(entry));
}

static void
check_table(void)
{
	struct program program = { 0 };
	struct flow_shape shape;
	struct flow *flow;

	ADD(&program, select);
	put_entry(&program, 0, AT(select, select_case_0));
	put_entry(&program, 1, AT(select, select_case_1));
	put_entry(&program, 2, AT(select, select_case_2));
	/* beyond the bound: a way that must not be taken */
	put_entry(&program, 3, START);
	flow = build(&program);
	flow_describe(flow, &shape);
	CHECK_EQ(shape.jumps, 1);
	CHECK_EQ(shape.unresolved, 0);
	CHECK(!flow_is_open(flow));
	CHECK_EQ(flow_reaches(flow, AT(select, select_0), AT(select, select_2)), FLOW_YES);
	CHECK_EQ(flow_reaches(flow, AT(select, select_2), AT(select, select_1)), FLOW_YES);
	CHECK_EQ(flow_reaches(flow, AT(select, select_1), AT(select, select_0)), FLOW_NO);
	CHECK_EQ(flow_reaches(flow, AT(select, select_3), AT(select, select_0)), FLOW_NO);
	CHECK_EQ(flow_reaches(flow, AT(select, select_3), AT(select, select_4)), FLOW_YES);
	flow_free(flow);
	/* an entry that is no code: nobody knows */
	put_entry(&program, 0, 0x100);
	flow = build(&program);
	CHECK(flow_is_open(flow));
	CHECK_EQ(flow_reaches(flow, AT(select, select_0), AT(select, select_0)), FLOW_YES);
	CHECK_EQ(flow_dominates(flow, AT(select, select_0), AT(select, select_4)), FLOW_YES);
	CHECK_EQ(flow_reaches(flow, AT(select, select_4), AT(select, select_0)), FLOW_NO);
	flow_free(flow);
}

/* Through a table that is not known: to all labels that stand in the data. */
static void
check_threaded(void)
{
	struct program program = { 0 };
	struct flow *flow;

	ADD(&program, threaded);
	flow = build(&program);
	CHECK(flow_is_open(flow));
	flow_free(flow);
	program.labels[0] = AT(threaded, threaded_a);
	program.labels[1] = AT(threaded, threaded_b);
	program.label_count = 2;
	flow = build(&program);
	CHECK(!flow_is_open(flow));
	CHECK_EQ(flow_reaches(flow, AT(threaded, threaded_1), AT(threaded, threaded_1)), FLOW_YES);
	CHECK_EQ(flow_reaches(flow, AT(threaded, threaded_2), AT(threaded, threaded_1)), FLOW_NO);
	flow_free(flow);
}

static void
check_lost(void)
{
	struct program program = { 0 };
	struct flow_shape shape;
	struct flow *flow;

	ADD(&program, lost);
	flow = build(&program);
	flow_describe(flow, &shape);
	CHECK(shape.undecodable);
	CHECK(flow_is_open(flow));
	CHECK_EQ(flow_reaches(flow, AT(lost, lost_1), AT(lost, lost_1)), FLOW_YES);
	CHECK_EQ(flow_reaches(flow, AT(lost, lost_2), AT(lost, lost_1)), FLOW_NO);
	CHECK_EQ(flow_dominates(flow, AT(lost, lost_1), AT(lost, lost_2)), FLOW_YES);
	CHECK_EQ(flow_always(flow, AT(lost, lost_2)), FLOW_NO);
	flow_free(flow);
}

static void
check_nothing(void)
{
	struct program program = { 0 };
	struct flow *flow = build(&program);

	CHECK_EQ(flow_reaches(flow, START, START), FLOW_UNKNOWN);
	CHECK_EQ(flow_dominates(flow, START, START), FLOW_UNKNOWN);
	CHECK_EQ(flow_always(flow, START), FLOW_UNKNOWN);
	CHECK_EQ(flow_exits(flow, START), FLOW_UNKNOWN);
	flow_free(flow);
	flow = flow_build(NULL, START);
	CHECK_EQ(flow_reaches(flow, START, START), FLOW_UNKNOWN);
	flow_free(flow);
}

/* ---- bytes that are no code ---- */

/* Asks everything; what comes out of a site that reaches nothing is as it was. */
static void
ask_all(struct program *program)
{
	struct flow *flow = build(program);
	const uint64_t *sites;
	size_t count;
	size_t i;
	size_t j;

	sites = flow_sites(flow, &count);
	for (i = 0; i < count && i < 12; i++) {
		for (j = 0; j < count && j < 12; j++) {
			enum flow_answer reached = flow_reaches(flow, sites[i], sites[j]);

			CHECK(reached != FLOW_UNKNOWN);
			if (reached == FLOW_NO)
				CHECK_EQ(flow_reaches_avoiding(flow, sites[i], sites[j], START),
				    FLOW_NO);
			/* what always comes first is reached from there */
			if (i != j && flow_dominates(flow, sites[i], sites[j]) == FLOW_YES)
				CHECK_EQ(reached, FLOW_YES);
		}
		flow_always(flow, sites[i]);
		flow_exits(flow, sites[i]);
	}
	flow_free(flow);
}

static void
fuzz(void)
{
	struct program program;
	struct flow_pad pads[3];
	uint8_t bytes[400];
	size_t round;
	size_t size;
	size_t i;

	for (round = 0; round < 3000; round++) {
		memset(&program, 0, sizeof(program));
		memset(pads, 0, sizeof(pads));
		size = 1 + next_random(sizeof(bytes));
		for (i = 0; i < sizeof(bytes); i++)
			bytes[i] = (uint8_t)next_random(256);
		/* calls and jumps of short distance, in the rest */
		for (i = 0; i + 6 < size; i += 4 + next_random(12)) {
			static const uint8_t ops[] = { 0xe8, 0x74, 0xeb, 0xe9, 0x0f, 0xff, 0xc3 };

			bytes[i] = ops[next_random(sizeof(ops))];
			bytes[i + 1] = bytes[i] == 0x0f ? 0x84
			    : bytes[i] == 0xff          ? 0xe0
							: (uint8_t)next_random(64);
			memset(bytes + i + 2, next_random(8) == 0 ? 0xff : 0, 4);
		}
		for (i = 0; i < 3; i++) {
			pads[i].start = START + i * 100;
			pads[i].end = START + i * 100 + next_random(100);
			pads[i].landing = START + next_random(1000);
		}
		add_part(&program, START, bytes, size);
		add_part(&program, COLD, bytes, size);
		program.parts[1].fragment = next_random(2) == 0;
		program.parts[0].pads = pads;
		program.parts[0].pad_count = next_random(4);
		for (i = 0; i < DATA_SIZE; i++)
			program.data[i] = (uint8_t)next_random(256);
		ask_all(&program);
	}
}

/* What the other tests have, cut off at every byte, and with bytes changed. */
static void
truncate_all(void)
{
	static const struct {
		const uint8_t *start;
		const uint8_t *end;
	} functions[] = {
		{ loop_start, loop_end },
		{ throws_start, throws_end },
		{ hot_start, hot_end },
		{ select_start, select_end },
		{ threaded_start, threaded_end },
	};
	struct program program;
	uint8_t *bytes;
	size_t i;
	size_t size;
	size_t round;

	for (i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
		size_t whole = (size_t)(functions[i].end - functions[i].start);

		for (size = 1; size <= whole; size++) {
			/* on the heap, so that reading too far is seen */
			bytes = malloc(size);
			for (round = 0; round < 4; round++) {
				memcpy(bytes, functions[i].start, size);
				if (round > 0)
					bytes[next_random((uint32_t)size)] =
					    (uint8_t)next_random(256);
				memset(&program, 0, sizeof(program));
				add_part(&program, START, bytes, size);
				ask_all(&program);
			}
			free(bytes);
		}
	}
}

int
main(void)
{
	if (!flow_available())
		return 77;
	check_loop();
	check_hands_out();
	check_through();
	check_setjmp();
	check_again(keeps_start, (size_t)(keeps_end - keeps_start), true);
	check_again(pops_start, (size_t)(pops_end - pops_start), true);
	check_again(pushes_start, (size_t)(pushes_end - pushes_start), false);
	check_again(lowers_start, (size_t)(lowers_end - lowers_start), false);
	check_strange();
	check_taken();
	check_exception();
	check_ends();
	check_fatal(last_start, (size_t)(last_end - last_start), false);
	check_fatal(returning_start, (size_t)(returning_end - returning_start), true);
	check_fatal(thunk_start, (size_t)(thunk_end - thunk_start), true);
	check_is_thunk();
	check_thunk(thunk_start, (size_t)(thunk_end - thunk_start), true);
	check_thunk(other_start, (size_t)(other_end - other_start), false);
	check_cold(true);
	check_cold(false);
	check_table();
	check_threaded();
	check_lost();
	check_nothing();
	fuzz();
	truncate_all();
	return check_done();
}
