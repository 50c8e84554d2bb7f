/*
 * Budget: how deep a call of the malloc family goes (reliability 18, 19). A stack is
 * painted, one call is made on it, and what lost its colour is counted. Prints "FUNCTION
 * STATE BYTES", the most of its calls, in states where there is most to do: the first
 * call of a thread, of a place, at a depth that was never seen, after code was loaded,
 * after a fork, when a segment is full.
 * Argument: a library to load (plugin.c).
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <malloc.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

enum { SIZE = 256 << 10, COLOUR = 0xa5, CALLS = 200 };

static uint8_t *stack;
static ucontext_t back, there;
static void *block, *made;
static size_t wanted, most;
static uintptr_t begun; /* the stack pointer of who calls */

#define HERE() begun = (uintptr_t)__builtin_frame_address(0)

static void
use_malloc(void)
{
	HERE();
	made = malloc(wanted);
}
static void
use_calloc(void)
{
	HERE();
	made = calloc(1, wanted);
}
static void
use_realloc(void)
{
	HERE();
	made = realloc(block, wanted);
}
static void
use_realloc_new(void)
{
	HERE();
	made = realloc(NULL, wanted);
}
static void
use_reallocarray(void)
{
	HERE();
	made = reallocarray(block, 2, wanted);
}
static void
use_free(void)
{
	HERE();
	free(block);
}
static void
use_memalign(void)
{
	HERE();
	made = memalign(64, wanted);
}
static void
use_aligned_alloc(void)
{
	HERE();
	made = aligned_alloc(64, wanted);
}
static void
use_posix_memalign(void)
{
	HERE();
	posix_memalign(&made, 64, wanted);
}
static void
use_valloc(void)
{
	HERE();
	made = valloc(wanted);
}
static void
use_pvalloc(void)
{
	HERE();
	made = pvalloc(wanted);
}

static const struct function {
	const char *name;
	void (*use)(void);
	int takes; /* a block */
	int makes;
} functions[] = {
	{ "malloc", use_malloc, 0, 1 },
	{ "calloc", use_calloc, 0, 1 },
	{ "realloc", use_realloc, 1, 1 },
	{ "realloc-new", use_realloc_new, 0, 1 },
	{ "reallocarray", use_reallocarray, 1, 1 },
	{ "free", use_free, 1, 0 },
	{ "memalign", use_memalign, 0, 1 },
	{ "aligned_alloc", use_aligned_alloc, 0, 1 },
	{ "posix_memalign", use_posix_memalign, 0, 1 },
	{ "valloc", use_valloc, 0, 1 },
	{ "pvalloc", use_pvalloc, 0, 1 },
};

static const struct function *function;

static void
measure(void)
{
	size_t at = 0;

	while (at < SIZE && stack[at] == COLOUR)
		at++;
	if (begun - (uintptr_t)(stack + at) > most)
		most = begun - (uintptr_t)(stack + at);
}

static void
paint(void)
{
	memset(stack, COLOUR, SIZE);
}

/* One call, on a painted stack of its own. */
static void
call(size_t size)
{
	wanted = size;
	made = NULL;
	block = function->takes ? malloc(size / 2 + 1) : NULL;
	paint();
	getcontext(&there);
	there.uc_stack.ss_sp = stack;
	there.uc_stack.ss_size = SIZE;
	there.uc_link = &back;
	makecontext(&there, function->use, 0);
	swapcontext(&back, &there);
	measure();
	free(made);
}

static void
say(const char *state)
{
	printf("%s %s %zu\n", function->name, state, most);
	most = 0;
}

/* Sizes for all of malloc's own ways, again and again. */
static void
steady(void)
{
	for (int i = 0; i < CALLS; i++)
		call((size_t)i * 37 % 5000 + (i % 50 == 49 ? 400000 : 0));
	say("steady");
}

static void *
thread_run(void *arg)
{
	function->use();
	return arg;
}

/* The first call that a thread makes. */
static void
first(void)
{
	for (int i = 0; i < 20; i++) {
		pthread_attr_t attr;
		pthread_t thread;

		wanted = 1000;
		made = NULL;
		block = function->takes ? malloc(500) : NULL;
		paint();
		pthread_attr_init(&attr);
		pthread_attr_setstack(&attr, stack, SIZE);
		pthread_create(&thread, &attr, thread_run, NULL);
		pthread_join(thread, NULL);
		measure();
		free(made);
	}
	say("first-of-thread");
}

/* The first that a process makes. */
static void
forked(void)
{
	int pipes[2];

	if (pipe(pipes) != 0)
		return;
	for (int i = 0; i < 5; i++) {
		if (fork() == 0) {
			wanted = 1000;
			block = function->takes ? malloc(500) : NULL;
			most = 0;
			call(1000);
			_exit(write(pipes[1], &most, sizeof(most)) != sizeof(most));
		}
		wait(NULL);
		wanted = most;
		if (read(pipes[0], &most, sizeof(most)) != sizeof(most) || most < wanted)
			most = wanted;
	}
	close(pipes[0]);
	close(pipes[1]);
	say("first-of-child");
}

__attribute__((noinline)) static void
below(int depth)
{
	volatile char frame[32];

	frame[0] = 1;
	if (depth == 0)
		function->use();
	else
		below(depth - 1);
	frame[1] = 1;
}

static void
deep_run(void)
{
	below((int)wanted % 1000);
}

/* Many frames, at depths that are new. */
static void
deep(void)
{
	for (int i = 0; i < 40; i++) {
		wanted = (size_t)(i * 97 + 3);
		made = NULL;
		block = function->takes ? malloc(500) : NULL;
		paint();
		getcontext(&there);
		there.uc_stack.ss_sp = stack;
		there.uc_stack.ss_size = SIZE;
		there.uc_link = &back;
		makecontext(&there, deep_run, 0);
		swapcontext(&back, &there);
		measure();
		free(made);
	}
	say("deep");
}

/* Code that comes and goes, so that rules, modules and stacks are made anew. */
static void
loaded(const char *path)
{
	for (int i = 0; i < 20; i++) {
		void *library = dlopen(path, RTLD_NOW);
		void *(*make)(int) = NULL;

		if (library == NULL)
			return;
		*(void **)&make = dlsym(library, "plugin_make");
		free(make(2));
		dlclose(library);
		call(1000);
	}
	say("after-unload");
}

/* So many events that segments get full, whichever call that happens in. */
static void
filled(void)
{
	for (int i = 0; i < 3000; i++) {
		for (int k = 0; k < 7; k++)
			free(malloc((size_t)k * 100));
		if (i % 10 == 0)
			call((size_t)i % 900);
	}
	say("filled");
}

int
main(int argc, char **argv)
{
	stack = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (size_t i = 0; i < sizeof(functions) / sizeof(*functions); i++) {
		function = &functions[i];
		first();
		forked();
		steady();
		deep();
		filled();
		loaded(argc > 1 ? argv[1] : "");
	}
	return 0;
}
