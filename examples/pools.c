/*
 * An allocator of the program's own that says so: esc tells its blocks by who asked for
 * them, and which of them need not be in it.
 *
 *	cc -g -O2 -o pools pools.c && esc record ./pools && esc report
 */
#include <esc.h>

#include <stdio.h>
#include <stdlib.h>

/* Memory that is given out from its begin on, and given back at once. */
struct arena {
	char *memory;
	size_t size, used;
	unsigned int pool;
};

static void *
arena_allocate(struct arena *arena, size_t size)
{
	void *block = arena->memory + arena->used;

	size = (size + 15) / 16 * 16;
	if (size > arena->size - arena->used)
		abort();
	arena->used += size;
	esc_pool_allocate(arena->pool, block, size);
	return block;
}

static void
arena_reset(struct arena *arena)
{
	esc_pool_reset(arena->pool);
	arena->used = 0;
}

struct word {
	struct word *next;
	size_t length;
};

/* Its blocks live until the request is answered. */
static __attribute__((__noinline__)) struct word *
push(struct arena *arena, struct word *list, size_t length)
{
	struct word *word = arena_allocate(arena, sizeof(*word));

	word->next = list;
	word->length = length;
	return word;
}

/* Its one does not leave it: no arena is needed for that. */
static __attribute__((__noinline__)) size_t
sum(struct arena *arena, const struct word *list)
{
	size_t *total = arena_allocate(arena, sizeof(*total)), all;

	for (*total = 0; list != NULL; list = list->next)
		*total += list->length;
	all = *total;
	esc_pool_free(arena->pool, total);
	return all;
}

static __attribute__((__noinline__)) size_t
answer(struct arena *arena, size_t request)
{
	struct word *list = NULL;
	size_t i, all;

	for (i = 0; i < 5; i++)
		list = push(arena, list, request % 7 + i);
	all = sum(arena, list);
	arena_reset(arena);
	return all;
}

int
main(void)
{
	struct arena arena = { NULL, 4096, 0, 0 };
	size_t i, all = 0;

	arena.memory = malloc(arena.size);
	if (arena.memory == NULL)
		return 1;
	arena.pool = esc_pool_new("requests");
	for (i = 0; i < 1000; i++)
		all += answer(&arena, i);
	printf("%lu\n", (unsigned long)all);
	free(arena.memory);
	return 0;
}
