#define _GNU_SOURCE
#include "preload/task.h"

#include <dlfcn.h>
#include <sched.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/types.h>

#include "arch/frame.h"
#include "preload/clock.h"
#include "preload/marks.h"
#include "preload/ring.h"
#include "preload/thread.h"

/* Looks in a row that must say so: between two of its own the task may be moved. */
enum { TASK_LOOKS = 3 };

#define TASK_EXPORT __attribute__((visibility("default")))

typedef int task_clone_function(int (*)(void *), void *, int, void *, ...);

static ptrdiff_t task_cpu; /* of rseq's cpu_id, from the thread pointer; 0: there is none */
static task_clone_function *task_clone; /* libc's */

static void
task_find_clone(void)
{
	task_clone = (task_clone_function *)dlsym(RTLD_NEXT, "clone");
}

void
task_start(void)
{
	const ptrdiff_t *offset = dlsym(RTLD_DEFAULT, "__rseq_offset");
	const unsigned int *size = dlsym(RTLD_DEFAULT, "__rseq_size");

	task_cpu = offset != NULL && size != NULL && *size != 0
	    ? *offset + (ptrdiff_t)sizeof(uint32_t)
	    : 0;
	task_find_clone();
}

bool
task_is_other(void)
{
	const volatile int32_t *expected;

	if (task_cpu == 0 || clock_getcpu == NULL)
		return false;
	expected = (const volatile int32_t *)(arch_thread_pointer() + (uint64_t)task_cpu);
	for (int i = 0; i < TASK_LOOKS; i++) {
		int32_t before = *expected;
		unsigned int cpu = 0;

		/* Below 0: not registered, or no more. */
		if (before < 0 || clock_getcpu(&cpu, NULL, NULL) != 0 || (int32_t)cpu == before ||
		    *expected != before)
			return false;
	}
	return true;
}

static void
task_apart(struct thread *thread)
{
	thread->tasks = thread->shared = true;
	thread->plain = THREAD_CLOSED;
	thread_tls.open = THREAD_CLOSED;
	if (marks.setting)
		marks_stop(ESC_UNMARKED_TASKS, NULL);
}

/* The calling thread is about to be two. */
static void
task_share(void)
{
	struct thread *thread = ring.header != NULL ? thread_get() : NULL;

	if (thread != NULL)
		task_apart(thread);
}

/* The last three are there or not, as the flags say; libc's reads them in any case as well. */
TASK_EXPORT int
clone(int (*function)(void *), void *stack, int flags, void *argument, ...)
{
	pid_t *parent, *child;
	va_list list;
	void *tls;

	va_start(list, argument);
	parent = va_arg(list, pid_t *);
	tls = va_arg(list, void *);
	child = va_arg(list, pid_t *);
	va_end(list);
	if (task_clone == NULL) /* nothing is recorded, or not yet */
		task_find_clone();
	/* With CLONE_VFORK the caller waits for it. */
	if ((flags & (CLONE_VM | CLONE_VFORK | CLONE_SETTLS)) == CLONE_VM)
		task_share();
	return task_clone(function, stack, flags, argument, parent, tls, child);
}

void
task_look(struct thread *thread)
{
	if (!thread->tasks && !task_is_other())
		return;
	if (!thread->tasks)
		__atomic_fetch_or(&ring.header->flags, ESC_FLAG_TASKS, __ATOMIC_RELAXED);
	/* Again and again: the other one may just have been about to open it. */
	task_apart(thread);
}
