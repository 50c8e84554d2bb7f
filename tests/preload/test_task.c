/* A task with another's thread pointer: known by who made it, or while it runs on another
 * processor. */
#define _GNU_SOURCE
#include "preload/task.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/auxv.h>
#include <sys/wait.h>
#include <unistd.h>

#include "arch/frame.h"
#include "preload/clock.h"
#include "preload/marks.h"
#include "preload/ring.h"
#include "preload/sample.h"
#include "preload/thread.h"
#include "tests/lib/check.h"
#include "tests/lib/fakering.h"

static struct thread *thread;

static void
go_to(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET((size_t)cpu, &set);
	CHECK_EQ(sched_setaffinity(0, sizeof(set), &set), 0);
}

struct task {
	int cpu;
	volatile bool other;
};

static int
task_main(void *arg)
{
	struct task *task = arg;
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET((size_t)task->cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set) != 0)
		return 1;
	task->other = task_is_other();
	task_look(thread);
	return 0;
}

/* libc's: nothing tells the shim. */
int __clone(int (*)(void *), void *, int, void *, ...);

/* What one with our thread pointer is told on that processor. */
static bool
cloned(int cpu)
{
	static char stack[64 << 10] __attribute__((aligned(16)));
	struct task task = { .cpu = cpu };
	pid_t child = __clone(task_main, stack + sizeof(stack), CLONE_VM | SIGCHLD, &task);
	int status = -1;

	CHECK(child > 0);
	CHECK_EQ(waitpid(child, &status, 0), child);
	CHECK_EQ(status, 0);
	return task.other;
}

static int
ended(void *arg)
{
	*(bool *)arg = thread->tasks;
	return 0;
}

/* Whether the thread was known to be two in a task that clone made, with these flags. */
static bool
known_by_clone(int flags)
{
	static char stack[64 << 10] __attribute__((aligned(16)));
	static bool known;
	uint64_t tls = arch_thread_pointer();
	pid_t parent = 0,
	      child = clone(ended, stack + sizeof(stack), flags | CLONE_PARENT_SETTID | SIGCHLD,
		  &known, &parent, tls);
	int status = -1;

	CHECK(child > 0);
	CHECK_EQ(parent, child); /* what is behind the flags was handed on */
	CHECK_EQ(waitpid(child, &status, 0), child);
	CHECK_EQ(status, 0);
	return known;
}

static void *
thread_main(void *arg)
{
	const int *cpus = arg;

	for (int i = 0; i < 10; i++) {
		go_to(cpus[i % 2]);
		CHECK(!task_is_other());
	}
	return NULL;
}

/* Two processors that we may run on; the same twice where there is one. */
static void
processors(int cpus[2])
{
	cpu_set_t set;
	int count = 0;

	CHECK_EQ(sched_getaffinity(0, sizeof(set), &set), 0);
	for (int i = 0; i < CPU_SETSIZE && count < 2; i++)
		if (CPU_ISSET((size_t)i, &set))
			cpus[count++] = i;
	CHECK(count > 0);
	if (count == 1)
		cpus[1] = cpus[0];
}

static void
parted(bool known)
{
	uint64_t top = (uint64_t)__builtin_frame_address(0);

	CHECK_EQ(thread->tasks, known);
	CHECK_EQ((ring.header->flags & ESC_FLAG_TASKS) != 0, known);
	if (!known)
		return;
	CHECK(thread->shared);
	CHECK_EQ(thread->plain, THREAD_CLOSED);
	thread_burst(thread, 0);
	CHECK_EQ(thread_tls.open, THREAD_CLOSED);
	/* Who comes from farther out has not left the one inside behind. */
	thread->stack_top = top;
	CHECK_EQ(thread_enter(thread, top - 128), 0);
	CHECK_EQ(thread_enter(thread, top - 64), 1);
	thread_leave(thread, 0);
	CHECK_EQ(thread_enter(thread, top - 64), 0);
}

int
main(void)
{
	pthread_t other;
	int cpus[2] = { 0 };
	bool known;

	CHECK(fakering_start(64 << 20));
	CHECK(thread_start(64, false));
	thread = thread_get();
	CHECK(thread != NULL);
	CHECK(!known_by_clone(0));
	CHECK(!known_by_clone(CLONE_VM | CLONE_VFORK));
	CHECK(!known_by_clone(CLONE_VM | CLONE_SETTLS));
	CHECK(known_by_clone(CLONE_VM));
	CHECK(thread->shared);
	CHECK_EQ(ring.header->flags & ESC_FLAG_TASKS, 0); /* nothing was missed */
	thread->tasks = thread->shared = false;
	processors(cpus);
	go_to(cpus[0]);
	CHECK(!task_is_other()); /* not started: nothing is known */
	clock_start(getauxval(AT_SYSINFO_EHDR));
	task_start();
	CHECK(!task_is_other());
	CHECK(!cloned(cpus[0]));
	parted(false);
	known = cloned(cpus[1]);
	if (cpus[1] != cpus[0] && clock_getcpu != NULL)
		CHECK(known);
	parted(known);
	CHECK_EQ(pthread_create(&other, NULL, thread_main, cpus), 0);
	CHECK_EQ(pthread_join(other, NULL), 0);
	CHECK(!task_is_other());
	clock_start(0);
	CHECK(!cloned(cpus[1]));
	return check_done();
}
