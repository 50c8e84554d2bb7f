/*
 * The walk against glibc's backtrace(), on recursion, callbacks through libc and
 * varying depths; and what it says was kept.
 */
#include "preload/walk.h"

#include <execinfo.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#include "preload/modules.h"
#include "preload/ring.h"
#include "preload/rules.h"
#include "tests/lib/check.h"
#include "tests/lib/fakering.h"

enum { DEEP = 900, LIMIT = 1024 };

static struct thread *thread;
static unsigned int captures;

/* Plays a hook: compares the frames outside itself. */
static __attribute__((noinline)) struct walk
hook(void)
{
	struct arch_frame frame = ARCH_FRAME();
	struct walk walk;
	void *want[LIMIT + 8];
	int count = backtrace(want, LIMIT + 8);
	uint32_t depth;

	walk_capture(thread, 0, &frame, &walk);
	depth = walk.at->depth;
	captures++;
	/* want[0] is this function itself */
	CHECK_EQ(depth, count - 1);
	for (uint32_t i = 0; i < depth && (int)i < count - 1; i++)
		if (walk.at->frames[depth - 1 - i].pc != (uint64_t)want[i + 1]) {
			CHECK_EQ(walk.at->frames[depth - 1 - i].pc, want[i + 1]);
			break;
		}
	CHECK(walk.stack != 0);
	CHECK(!walk.cut && !walk.broken);
	return walk;
}

static __attribute__((noinline)) int
recurse(int n)
{
	volatile char pad[48];
	int sum = 1;

	pad[n % 48] = 1;
	if (n % 3 == 0)
		hook();
	if (n > 0)
		sum += recurse(n - 1);
	if (n % 5 == 0)
		hook();
	return sum + pad[n % 48];
}

static int
compare(const void *a, const void *b)
{
	hook();
	return *(const int *)a - *(const int *)b;
}

static __attribute__((noinline)) uint32_t
leaf(void)
{
	struct walk walk = hook();

	return walk.stack;
}

static __attribute__((noinline)) uint32_t
one(void)
{
	uint32_t id = leaf();

	__asm__ volatile("" ::: "memory");
	return id;
}

static __attribute__((noinline)) uint32_t
two(void)
{
	uint32_t id = leaf();

	__asm__ volatile("" ::: "memory");
	return id + 0 * captures;
}

/* The same path has the same id, another path another. */
static void
test_ids(void)
{
	uint32_t first = 0, second = 0;

	for (int i = 0; i < 10; i++) {
		uint32_t a = one();
		uint32_t b = two();

		if (i > 0) {
			CHECK_EQ(a, first);
			CHECK_EQ(b, second);
		}
		first = a;
		second = b;
	}
	CHECK(first != second);
}

/* A frame of varying size makes a callee's slot move: not kept, and said so. */
static __attribute__((noinline)) struct walk
shifted(size_t size)
{
	volatile char *room = __builtin_alloca(size);
	struct walk walk;

	room[0] = 0;
	walk = hook();
	room[size - 1] = 0;
	return walk;
}

static __attribute__((noinline)) struct walk
outer(size_t size)
{
	struct walk walk = shifted(size);

	__asm__ volatile("" ::: "memory");
	return walk;
}

static void
test_kept(void)
{
	uint32_t depth = 0;

	for (int i = 0; i < 4; i++) {
		struct walk walk = outer(i % 2 == 0 ? 64 : 640);

		depth = walk.at->depth;
		/* Only hook's own return address, innermost, moves here: the
		 * reader never takes that as kept, so nothing need be said. */
		CHECK(!walk.says_kept || walk.kept < depth);
	}
}

/* The same slot of the innermost frame, but not of those around: only rbp tells. */
static __attribute__((noinline)) struct walk
moved(size_t above, size_t below)
{
	volatile char *room = __builtin_alloca(above);
	struct walk walk;

	room[0] = 0;
	walk = shifted(below);
	room[above - 1] = 0;
	return walk;
}

static uint32_t
known(void)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < MEMO_COUNT; i++)
		count += thread->memos[i].stamp == thread->stamp;
	return count;
}

/* What is known of a stack is used where it is true, and only there. */
static void
test_memos(void)
{
	uint32_t before;
	uint64_t slots[3] = { 0 }, slot = 0;

	memset(thread->memos, 0, MEMO_COUNT * sizeof(*thread->memos));
	for (unsigned int i = 0; i < 60; i++) {
		struct walk walk = moved(i % 3 * 512 + 64, 2048 - i % 3 * 512);
		const struct frame *frame = &walk.at->frames[walk.at->depth - 1];

		CHECK(i == 0 || frame->slot == slot);
		slot = frame->slot;
		/* The return address of another turn may still stand where it was. */
		CHECK(i < 3 || frame[-1].slot == slots[i % 3]);
		slots[i % 3] = frame[-1].slot;
		if (i % 7 == 0)
			outer(640);
	}
	CHECK(slots[0] == slots[1] + 512 && slots[1] == slots[2] + 512);
	before = known();
	/* Code was unloaded: nothing is known any more. */
	__atomic_fetch_add(&modules_epoch, 1, __ATOMIC_RELEASE);
	hook();
	CHECK(known() <= 1 && before > 1);
}

/* Deeper than the limit: cut, marked, and whole again when it is back. */
static __attribute__((noinline)) unsigned int
deep(int n)
{
	struct arch_frame frame = ARCH_FRAME();
	struct walk walk;
	unsigned int cut;

	walk_capture(thread, 0, &frame, &walk);
	CHECK(walk.at->depth <= LIMIT);
	cut = walk.cut;
	if (n > 0)
		cut += deep(n - 1);
	__asm__ volatile("" ::: "memory");
	return cut;
}

static ucontext_t here, there;
static uint16_t region_there;

static __attribute__((noinline)) uint16_t
region(void)
{
	struct arch_frame frame = ARCH_FRAME();
	struct walk walk;

	walk_capture(thread, 0, &frame, &walk);
	return walk.region;
}

static void
coroutine(void)
{
	for (;;) {
		region_there = region();
		swapcontext(&there, &here);
	}
}

/* Two stacks that take turns: each is known again. */
static void
test_regions(void)
{
	static uint8_t stack[1 << 16];
	uint16_t first = region(), second = 0;

	CHECK_EQ(getcontext(&there), 0);
	there.uc_stack.ss_sp = stack;
	there.uc_stack.ss_size = sizeof(stack);
	there.uc_link = NULL;
	makecontext(&there, coroutine, 0);
	for (int i = 0; i < 20; i++) {
		CHECK_EQ(swapcontext(&here, &there), 0);
		CHECK(i == 0 || region_there == second);
		second = region_there;
		CHECK_EQ(region(), first);
	}
	CHECK(first != second);
}

int
main(void)
{
	int numbers[64];

	CHECK(fakering_start(64 << 20));
	CHECK(modules_start("/test", "/", 0));
	CHECK(rules_start());
	CHECK(stacks_start());
	threads.main = arch_thread_pointer();
	threads.main_top = ((uint64_t)__builtin_frame_address(0) + (1 << 16)) & ~4095ULL;
	CHECK(thread_start(LIMIT, false));
	thread = thread_get();
	CHECK(thread != NULL);
	thread->stack_top = 0; /* the main stack's end is not known here */
	test_regions();
	for (int i = 0; i < 20; i++)
		recurse(DEEP - i * 40);
	for (int i = 0; i < 64; i++)
		numbers[i] = i * 7919 % 64;
	qsort(numbers, 64, sizeof(*numbers), compare);
	test_ids();
	test_kept();
	test_memos();
	CHECK(deep(3000) > 1500);
	hook();
	CHECK(captures > 5000);
	return check_done();
}
