/*
 * Marks on this program's own stack: what they prove, what they do not, and that
 * functions return and unwinders go through them.
 */
#include "preload/marks.h"

#include <execinfo.h>
#include <string.h>

#include "preload/modules.h"
#include "preload/ring.h"
#include "preload/rules.h"
#include "preload/walk.h"
#include "tests/lib/check.h"
#include "tests/lib/fakering.h"

enum { LIMIT = 1024, DEPTH = 16 };

static struct thread *thread;
static struct walk last;

/* Plays a hook. */
static __attribute__((noinline)) struct walk
hook(void)
{
	struct arch_frame frame = ARCH_FRAME();

	CHECK_EQ(thread_enter(thread, frame.slot), 0);
	walk_capture(thread, 0, &frame, &last);
	thread_leave(thread, 0);
	return last;
}

/* How many of the frames that the reader takes for the same are. */
static uint32_t
proved(const struct walk *walk, uint32_t common)
{
	uint32_t kept = walk->says_kept ? walk->kept : common;

	return walk->proved < kept ? walk->proved : kept;
}

static uint32_t
marked(const struct walk *walk)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < walk->at->depth; i++) {
		const struct frame *frame = &walk->at->frames[i];
		uint64_t held = *(const volatile uint64_t *)frame->slot;
		uint64_t pc = held;

		CHECK_EQ(marks_resolve(&pc), walk->at->marks[i]);
		CHECK_EQ(pc, frame->pc);
		count += held != pc;
	}
	return count;
}

/* Two calls of one activation: all but the hook's own frame is proved. */
static __attribute__((noinline)) uint32_t
same(void)
{
	struct walk first = hook();
	struct walk second = hook();
	uint32_t depth = first.at->depth;

	CHECK_EQ(proved(&second, depth - 1), depth - 1);
	CHECK(marked(&second) > 2);
	/* The hook's own return address stays: it returns through it at once. */
	CHECK_EQ(first.at->marks[depth - 1], 0);
	return depth;
}

static __attribute__((noinline)) struct walk
once(void)
{
	struct walk walk = hook();

	__asm__ volatile("" ::: "memory");
	return walk;
}

/* Two activations at the same place: the inner one is not the same. */
static __attribute__((noinline)) void
again(void)
{
	for (int i = 0; i < 5; i++) {
		struct walk walk = once();
		uint32_t depth = walk.at->depth;

		if (i > 0) {
			CHECK(walk.says_kept);
			CHECK_EQ(walk.kept, depth - 2);
			CHECK_EQ(proved(&walk, depth - 1), depth - 2);
		}
	}
}

static __attribute__((noinline)) int
recurse(int n)
{
	volatile int value = n;
	int sum = 0;

	if (n % 7 == 0)
		hook();
	if (n > 0)
		sum = recurse(n - 1);
	if (n % 5 == 0)
		hook();
	return sum + value;
}

/* The stack that unwinders see, marks left out, is that of before. */
static __attribute__((noinline)) int
unwound(void **frames, int room)
{
	void *all[LIMIT];
	int count = backtrace(all, LIMIT), kept = 0;

	for (int i = 1; i < count && kept < room; i++) /* but for this one's own */
		if (marks_cell((uint64_t)all[i]) == 0)
			frames[kept++] = all[i];
	return kept;
}

static __attribute__((noinline)) void
unwinders(int n)
{
	void *before[64], *after[64];
	int count, again;

	if (n > 0) {
		unwinders(n - 1);
		__asm__ volatile("" ::: "memory");
		return;
	}
	count = unwound(before, 64);
	hook();
	again = unwound(after, 64);
	CHECK_EQ(again, count);
	CHECK(count > 10);
	/* The innermost is this function, at another place. */
	CHECK(memcmp(before + 1, after + 1, ((size_t)count - 1) * sizeof(*before)) == 0);
}

static __attribute__((noinline)) void
tails(void)
{
	struct walk walk = once();
	uint32_t depth = walk.at->depth;
	struct arch_frame frame;

	/* once has ended in a jump to the hook: the hook's slot is its own. */
	frame.slot = walk.at->frames[depth - 2].slot;
	frame.rbp = walk.at->frames[depth - 2].rbp;
	frame.pc = marks_address(walk.at->marks[depth - 2]);
	*(volatile uint64_t *)frame.slot = frame.pc;
	CHECK_EQ(thread_enter(thread, frame.slot), 0);
	walk_capture(thread, 0, &frame, &walk);
	thread_leave(thread, 0);
	CHECK(walk.says_kept);
	CHECK_EQ(walk.at->depth, depth - 1);
	CHECK_EQ(walk.kept, depth - 1);
	CHECK_EQ(walk.proved, depth - 1);
	CHECK_EQ(walk.at->frames[depth - 2].pc, arch_marks_targets[walk.at->marks[depth - 2] - 1]);
}

int
main(void)
{
	uint64_t given;

	CHECK(fakering_start(64 << 20));
	CHECK(modules_start("/test", "/", 0));
	CHECK(rules_start());
	CHECK(stacks_start());
	threads.main = arch_thread_pointer();
	threads.main_top = ((uint64_t)__builtin_frame_address(0) + (1 << 16)) & ~4095ULL;
	CHECK(thread_start(LIMIT, true));
	marks_start(DEPTH, 0, NULL, 0);
	CHECK(marks.on && marks.setting);
	thread = thread_get();
	CHECK(thread != NULL);
	thread->stack_top = 0; /* the main stack's end is not known here */
	for (int i = 0; i < 3; i++) {
		same();
		again();
		unwinders(12);
	}
	tails();
	given = ring.header->marks;
	CHECK(given > 5);
	CHECK_EQ(recurse(700), 700 * 701 / 2);
	CHECK_EQ(recurse(700), 700 * 701 / 2);
	/* One mark a return address, however many frames have it. */
	CHECK(ring.header->marks - given < 10);
	CHECK(thread->counters->marked > 500);
	marks_stop(ESC_UNMARKED_RUNTIME, "Test");
	marks_stop(ESC_UNMARKED_MEMORY, NULL);
	CHECK_EQ(ring.header->unmarked, ESC_UNMARKED_RUNTIME);
	CHECK(strcmp(ring.header->runtime, "Test") == 0);
	given = thread->counters->marked;
	recurse(100);
	CHECK_EQ(thread->counters->marked, given);
	return check_done();
}
