/*
 * What a thread of the program does: the steps of shim_record in preload/shim.c, on
 * the real threads, stacks and ring. Its events say who wrote them: the address has
 * the actor and the event's number, from which size and stack follow.
 */
#include <setjmp.h>
#include <string.h>

#include "tests/model/hook.h"
#include "tests/model/model.h"

struct module *modules_table;
uint32_t modules_epoch;

static jmp_buf *hook_back[ACTORS], *hook_parent[ACTORS];

static struct local *
hook_local(void)
{
	return &now.actors[acting].local;
}

void sample_begin(struct thread *thread);
void
sample_begin(struct thread *thread)
{
	(void)thread;
}

/* shim_overflow */
static void
hook_overflow(void)
{
	struct esc_counters *counters = &ring.header->overflow;

	__atomic_fetch_add(&counters->allocations, 1, __ATOMIC_RELAXED);
	__atomic_fetch_add(&counters->dropped, 1, __ATOMIC_RELAXED);
}

static void
hook_lost(struct thread *thread, uint32_t bit)
{
	thread_count(thread, &thread->counters->dropped, 1);
	hook_local()->lost |= bit;
}

/* The stack of event n: two frames of one module. */
static uint32_t
hook_stack(uint32_t n)
{
	struct frame frames[2];

	if (scene->stacks == 0)
		return 0;
	memset(frames, 0, sizeof(frames));
	frames[0].pc = HOOK_OUTER;
	frames[1].pc = hook_inner(n);
	frames[0].module = frames[1].module = 1;
	return stacks_id(frames, 0, 2);
}

__attribute__((noinline)) void
hook_event(void)
{
	uint64_t slot = (uint64_t)__builtin_frame_address(0);
	struct local *local = hook_local();
	struct event event = { .kind = ESC_EVENT_MALLOC };
	struct thread *thread;
	uint32_t n, bit;
	int level;

	thread = thread_get();
	level = thread != NULL ? thread_enter(thread, slot) : -1;
	n = ++local->tried;
	bit = 1U << (n - 1);
	event.time = ring_ticks() + hook_time(n) - MODEL_TIME;
	if (event.time == hook_time(n))
		local->early |= bit;
	event.address = hook_address(local->number, n);
	event.size = HOOK_SIZE + n;
	if (thread == NULL) {
		hook_overflow();
		local->lost |= bit;
		return;
	}
	if (level < 0) {
		thread_count(thread, &thread->counters->allocations, 1);
		hook_lost(thread, bit);
		return;
	}
	event.stack = hook_stack(n);
	thread_count(thread, &thread->counters->allocations, 1);
	local->begun |= bit;
	if (ring_write(&thread->writers[level], &event))
		local->wrote |= bit;
	else
		hook_lost(thread, bit);
	thread_leave(thread, level);
}

/* From deeper in the stack: what a jump leaves there, the next event can tell. */
__attribute__((noinline)) static void
hook_deep(void)
{
	volatile uint64_t room[8] = { 0 };

	hook_event();
	room[1] = room[0];
}

/* True in the child. */
static bool
hook_fork(void)
{
	unsigned int child = scene->threads;

	while (now.actors[child].status != STATUS_NONE)
		child++;
	now.world.forks--;
	model_stop(PENDING_FORK, SIGHT_ALL, NULL, 0);
	if (now.actors[acting].code)
		return true;
	kernel_fork(child);
	return false;
}

/* In the signal's handler. */
void
hook_signal(void)
{
	struct local *local = hook_local();
	uint32_t open = ~(local->wrote | local->lost) & ((1U << local->tried) - 1);

	if (scene->vforks) {
		/* it is the child's end, and the parent goes on */
		local->left |= open;
		longjmp(*hook_parent[acting], 1);
	}
	if (scene->forks_within && now.world.forks > 0) {
		if (!hook_fork())
			return;
		hook_event();
		search_end();
	}
	local->nested++;
	hook_event();
	local->nested--;
	if (!scene->jumps || hook_back[acting] == NULL)
		return;
	local->left |= open;
	local->nested = 0;
	longjmp(*hook_back[acting], 1);
}

static bool
hook_may_fork(void)
{
	if (now.world.forks == 0 || scene->forks_within || now.actors[acting].code)
		return false;
	return hook_local()->tried == 1;
}

/* Its second child begins when the first has ended, and with that it has done. */
static bool
hook_forked_again(void)
{
	if (!scene->again || now.actors[acting].code || now.world.forks == scene->forks)
		return false;
	model_stop(PENDING_WAIT, SIGHT_ALL, NULL, 0);
	return !hook_fork();
}

/* A child with the parent's memory, which waits for its end. */
__attribute__((noinline)) static void
hook_vfork(void)
{
	hook_local()->vforked = 1;
	hook_event();
	hook_deep();
}

void
hook_thread(void)
{
	jmp_buf back, parent;

	hook_back[acting] = &back;
	hook_parent[acting] = &parent;
	(void)setjmp(back);
	if (scene->order && acting == 1)
		model_stop(PENDING_WAIT, SIGHT_ALL, NULL, 0);
	while (hook_local()->tried < scene->events) {
		if (hook_may_fork())
			(void)hook_fork();
		if (hook_forked_again())
			return;
		if (scene->vforks && hook_local()->tried == 1) {
			if (setjmp(parent) == 0)
				hook_vfork();
			hook_local()->vforked = 2;
		}
		if (hook_local()->tried % 2 == 0)
			hook_deep();
		else
			hook_event();
	}
}
