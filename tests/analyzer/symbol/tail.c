/* Tail calls of many kinds on the way to malloc and free, for tail.test. */
#include <stdlib.h>
#include <string.h>

#define NOINLINE __attribute__((noinline))
#define HIDE(p) __asm__ volatile("" : "+r"(p) : : "memory")

/* one after the other */
static NOINLINE void *
first(size_t size)
{
	return malloc(size + 1);
}

NOINLINE void *
second(size_t size)
{
	return first(size * 2);
}

NOINLINE void
drop(void *block)
{
	free(block);
}

/* the jump lies in an inlined function */
static inline __attribute__((always_inline)) void
inner_drop(void *block)
{
	HIDE(block);
	drop(block);
}

NOINLINE void
outer_drop(void *block)
{
	inner_drop(block);
}

/* two ways to one place */
NOINLINE void *
by_one(size_t size)
{
	return malloc(size * 3);
}

NOINLINE void *
by_two(size_t size)
{
	return malloc(size * 5);
}

NOINLINE void *
either(size_t size)
{
	if (size % 2 == 0)
		return by_one(size);
	return by_two(size);
}

/* through a pointer */
typedef void *allocate(size_t size);
allocate *volatile chosen = by_one;

NOINLINE void *
through(size_t size)
{
	return chosen(size);
}

/* with a frame at the end: the callee is a function, not a hook */
NOINLINE void *
framed(size_t size)
{
	void *block = malloc(size);

	HIDE(block);
	return block;
}

NOINLINE void *
to_framed(size_t size)
{
	return framed(size + 3);
}

/* calls itself, then leaves */
NOINLINE void *
again(size_t size, int left)
{
	HIDE(left);
	if (left > 0)
		return to_framed(size + (size_t)left);
	return second(size);
}

/* the same name as in no other file, cloned for a constant */
static NOINLINE void *
cloned(size_t size, int scale)
{
	HIDE(size);
	return second(size * (size_t)scale);
}

NOINLINE void
work(int count)
{
	void *blocks[8];
	int i;

	for (i = 0; i < count; i++) {
		blocks[0] = second(10);
		blocks[1] = either((size_t)i);
		blocks[2] = through(20);
		blocks[3] = to_framed(30);
		blocks[4] = again(40, i);
		blocks[5] = cloned(50, 7);
		blocks[6] = strdup("a string");
		blocks[7] = framed(5);
		outer_drop(blocks[0]);
		drop(blocks[1]);
		free(blocks[2]);
		outer_drop(blocks[3]);
		drop(blocks[4]);
		drop(blocks[5]);
		drop(blocks[6]);
		free(blocks[7]);
	}
}

int
main(int argc, char **argv)
{
	(void)argv;
	work(argc + 1);
	return 0;
}
