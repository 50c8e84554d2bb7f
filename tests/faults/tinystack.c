/*
 * Hazard: hardly any stack left above a guard page (reliability 18). Expected:
 * malloc works with 2 KiB left. Argument: bytes left below the caller of the
 * allocating function, and how: "thread" (a pthread whose stack ends there) or
 * "context" (makecontext). Exit 0, or a signal.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

static uint8_t *stack;
static size_t left, stack_size = 256 << 10;
static void *kept[64];
static ucontext_t back, there;

__attribute__((noinline)) static void
allocate(void)
{
	for (int i = 0; i < 64; i++)
		kept[i] = malloc((size_t)i * 40);
	for (int i = 0; i < 64; i += 2)
		free(kept[i]);
	for (int i = 0; i < 64; i += 2)
		kept[i] = calloc(3, (size_t)i);
	for (int i = 0; i < 64; i++)
		kept[i] = realloc(kept[i], 1000);
}

/* Moves the stack pointer to `left` bytes above the guard page. */
__attribute__((noinline)) static void
descend(void)
{
	uint8_t *here = __builtin_frame_address(0);
	size_t skip = (size_t)(here - (stack + 4096)) - left;
	void *volatile hole = __builtin_alloca((skip - 64) & ~15UL);

	*(volatile char *)hole = 0;
	allocate();
}

static void *
run(void *arg)
{
	descend();
	return arg;
}

static void
run_context(void)
{
	descend();
}

int
main(int argc, char **argv)
{
	if (argc != 3)
		return 99;
	left = strtoul(argv[1], NULL, 10);
	stack = mmap(
	    NULL, stack_size + 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	mprotect(stack, 4096, PROT_NONE);
	if (strcmp(argv[2], "thread") == 0) {
		pthread_attr_t attr;
		pthread_t thread;

		pthread_attr_init(&attr);
		pthread_attr_setstack(&attr, stack + 4096, stack_size);
		pthread_create(&thread, &attr, run, NULL);
		pthread_join(thread, NULL);
	} else {
		getcontext(&there);
		there.uc_stack.ss_sp = stack + 4096;
		there.uc_stack.ss_size = stack_size;
		there.uc_link = &back;
		makecontext(&there, run_context, 0);
		swapcontext(&back, &there);
	}
	for (int i = 0; i < 64; i++)
		free(kept[i]);
	puts("done");
	return 0;
}
