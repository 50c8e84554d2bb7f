/*
 * Hazard: deep recursion, RTLD_DEEPBIND, dlmopen, raw clone with shared memory,
 * code without unwind information, stacks left in strange ways (reliability 11,
 * 12, 20, 21, 69, 70). Expected: no crash, results of native, exact counts.
 * Arguments: which, and a plugin for some.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

__attribute__((noinline)) static int
recurse(int depth, int every)
{
	int below = 0;

	if (depth % every == 0)
		free(malloc((size_t)depth % 100 + 1));
	if (depth > 0)
		below = recurse(depth - 1, every);
	if (depth % every == 0)
		free(malloc((size_t)depth % 100 + 1));
	return below + 1;
}

static int
deep(void)
{
	printf("%d\n", recurse(60000, 3));
	for (int i = 0; i < 20; i++)
		printf("%d\n", recurse(1020 + i, 1));
	return 0;
}

static int
plugin(const char *path, int how)
{
	void *library = how == 1 ? dlmopen(LM_ID_NEWLM, path, RTLD_NOW)
				 : dlopen(path, RTLD_NOW | RTLD_DEEPBIND);
	void *(*make)(int) = NULL;

	if (library == NULL)
		return puts(dlerror());
	*(void **)&make = dlsym(library, "plugin_make");
	for (int i = 0; i < 1000; i++) {
		void *block = make(3);

		/* Across heaps only where it is one heap. */
		if (how == 0)
			free(block);
	}
	dlclose(library);
	return puts("done") < 0;
}

static int
cloned(void *arg)
{
	for (int i = 0; i < 1000; i++)
		free(malloc((size_t)i));
	*(int *)arg = 1;
	return 0;
}

/* It shares memory and thread pointer; its parent waits. */
static int
clones(void)
{
	size_t size = 256 << 10;
	int done = 0;

	for (int i = 0; i < 20; i++) {
		char *stack =
		    mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		pid_t child;

		done = 0;
		child = clone(cloned, stack + size, CLONE_VM | SIGCHLD, &done);
		waitpid(child, NULL, 0);
		munmap(stack, size);
		free(malloc(100));
	}
	return printf("%d\n", done) < 0;
}

/*
 * push rbp; mov rsp, rbp; sub 4096; call *rsi; leave; ret - no FDE, and once
 * with a frame pointer that points nowhere.
 */
static const uint8_t code[] = { 0x55, 0x48, 0x89, 0xe5, 0x48, 0x81, 0xec, 0x00, 0x10, 0x00, 0x00,
	0xff, 0xd6, 0xc9, 0xc3 };
static const uint8_t wild[] = { 0x55, 0x48, 0xc7, 0xc5, 0x08, 0x00, 0x00, 0x00, 0xff, 0xd6, 0x5d,
	0xc3 };

__attribute__((noinline)) static void *
allocate(void *arg)
{
	void *volatile p = malloc(50);

	free(malloc(60));
	return arg == NULL ? NULL : p;
}

static int
generated(void)
{
	uint8_t *page = mmap(
	    NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	void *(*call[2])(void *, void *(*)(void *));

	if (page == MAP_FAILED)
		return 77;
	memcpy(page, code, sizeof(code));
	memcpy(page + 64, wild, sizeof(wild));
	*(void **)&call[0] = page;
	*(void **)&call[1] = page + 64;
	for (int i = 0; i < 2000; i++)
		free(call[i % 2](page, allocate));
	return puts("done") < 0;
}

/* What lies on the stack above the caller's frame changes all the time. */
__attribute__((noinline)) static void
scribble(volatile uint64_t *words, int depth)
{
	uint64_t more[32];

	for (int i = 0; i < 32; i++)
		more[i] = (uint64_t)&more[i % 7] + (uint64_t)depth;
	for (int i = 0; words != NULL && i < 32; i++)
		words[i] = more[i] ^ words[i];
	free(malloc(30));
	if (depth > 0)
		scribble(more, depth - 1);
	free(malloc((size_t)more[3] % 100));
}

/* A stack that is unmapped while it is remembered, and another kind of memory,
 * not readable, is in its place. */
#include <ucontext.h>

static ucontext_t back, there;

static void
body(void)
{
	free(malloc(70));
	recurse(10, 1);
	swapcontext(&there, &back);
}

/* Down to the lowest kilobytes, and allocates there alone. */
__attribute__((noinline)) static int
descend(uintptr_t low)
{
	volatile char frame[200];
	int below = 0;

	frame[low % 200] = 1;
	if ((uintptr_t)__builtin_frame_address(0) < low)
		free(malloc(10));
	else
		below = descend(low);
	return below + 1;
}

static void
descends(void)
{
	descend((uintptr_t)there.uc_stack.ss_sp + 8192);
}

static int
vanishing(void)
{
	size_t size = 64 << 10;

	for (int i = 0; i < 300; i++) {
		char *stack =
		    mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		getcontext(&there);
		there.uc_stack.ss_sp = stack;
		there.uc_stack.ss_size = size;
		there.uc_link = &back;
		makecontext(&there, body, 0);
		swapcontext(&back, &there);
		if (i % 2 == 0)
			mprotect(stack, size, PROT_NONE);
		else
			munmap(stack, size);
		free(malloc(80));
		scribble(NULL, i % 5);
	}
	return puts("done") < 0;
}

/*
 * A large stack is remembered, its upper half unmapped, and a smaller stack made
 * of the rest, where the same function recurs at the same places.
 */
static void
shrink(size_t shift)
{
	size_t size = 128 << 10;
	char *stack = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	for (int part = 1; part <= 2; part++) {
		getcontext(&there);
		there.uc_stack.ss_sp = stack;
		there.uc_stack.ss_size = part == 1 ? size : size / 2 - shift;
		there.uc_link = &back;
		makecontext(&there, descends, 0);
		swapcontext(&back, &there);
		munmap(stack + size / 2, size / 2);
	}
}

/* Each in a process of its own, which remembers nothing else. */
static int
shrinking(void)
{
	int ended = 0, status;

	for (size_t i = 0; i < 32; i++) {
		if (fork() == 0) {
			shrink(i * 16);
			_exit(0);
		}
		wait(&status);
		ended += status == 0;
	}
	return printf("%d\n", ended) < 0;
}

/* A handler on a stack of its own, again and again at the same places, while
 * what it interrupted has been unmapped since. */
static void
on_signal(int number)
{
	free(malloc((size_t)number));
	recurse(5, 1);
}

static void
raises(void)
{
	free(malloc(90));
	raise(SIGUSR1);
}

static int
interrupted(void)
{
	static char alternative[64 << 10];
	stack_t signals = { .ss_sp = alternative, .ss_size = sizeof(alternative) };
	struct sigaction action;
	size_t size = 64 << 10;

	memset(&action, 0, sizeof(action));
	action.sa_handler = on_signal;
	action.sa_flags = SA_ONSTACK;
	sigaltstack(&signals, NULL);
	sigaction(SIGUSR1, &action, NULL);
	for (int i = 0; i < 200; i++) {
		char *stack =
		    mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		getcontext(&there);
		there.uc_stack.ss_sp = stack;
		there.uc_stack.ss_size = size;
		there.uc_link = &back;
		makecontext(&there, raises, 0);
		swapcontext(&back, &there);
		munmap(stack, size);
		raises();
	}
	return puts("done") < 0;
}

int
main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (strcmp(what, "deep") == 0)
		return deep();
	if (strcmp(what, "deepbind") == 0)
		return plugin(argv[2], 0);
	if (strcmp(what, "dlmopen") == 0)
		return plugin(argv[2], 1);
	if (strcmp(what, "clone") == 0)
		return clones();
	if (strcmp(what, "generated") == 0)
		return generated();
	if (strcmp(what, "vanishing") == 0)
		return vanishing();
	if (strcmp(what, "interrupted") == 0)
		return interrupted();
	if (strcmp(what, "shrinking") == 0)
		return shrinking();
	scribble(NULL, 50);
	return 0;
}
