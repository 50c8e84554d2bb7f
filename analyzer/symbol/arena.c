#include "analyzer/symbol/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/util/xalloc.h"

enum { ARENA_BLOCK = 64 * 1024 };

struct arena_block {
	struct arena_block *next;
	size_t size;
	alignas(max_align_t) unsigned char bytes[];
};

static void
add_block(struct arena *arena, size_t size)
{
	struct arena_block *block;

	block = xcalloc(1, sizeof(*block) + size);
	block->next = arena->blocks;
	block->size = size;
	arena->blocks = block;
	arena->left = size;
}

void *
arena_alloc(struct arena *arena, size_t size)
{
	void *piece;

	if (size > SIZE_MAX / 2)
		abort();
	size = (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
	if (size > arena->left)
		add_block(arena, size > ARENA_BLOCK ? size : ARENA_BLOCK);
	piece = arena->blocks->bytes + (arena->blocks->size - arena->left);
	arena->left -= size;
	return piece;
}

char *
arena_copy(struct arena *arena, const char *text, size_t len)
{
	char *copy = arena_alloc(arena, len + 1);

	memcpy(copy, text, len);
	copy[len] = '\0';
	return copy;
}

void
arena_release(struct arena *arena)
{
	struct arena_block *block = arena->blocks;

	while (block != NULL) {
		struct arena_block *next = block->next;

		free(block);
		block = next;
	}
	arena->blocks = NULL;
	arena->left = 0;
}
