/* Memory that is given out piece by piece and freed all at once. */
#ifndef SYMBOL_ARENA_H
#define SYMBOL_ARENA_H

#include <stddef.h>

struct arena_block; /* private */

struct arena { /* zero-initialised: empty */
	struct arena_block *blocks;
	size_t left;
};

/* size zeroed bytes, aligned for any type. */
void *arena_alloc(struct arena *arena, size_t size);
/* A copy of the first len bytes of text, NUL ended. */
char *arena_copy(struct arena *arena, const char *text, size_t len);
void arena_release(struct arena *arena);

#endif
