/*
 * Hazard: none; for the storm of signals (signals.c). An allocator that may be
 * interrupted anywhere, in glibc's place behind the counting shim: glibc's own
 * must not be called by a handler that interrupted it.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define HIDDEN __attribute__((visibility("hidden")))

static char arena[1 << 30] __attribute__((aligned(4096)));
static size_t arena_used;

HIDDEN void *__libc_memalign(size_t alignment, size_t size);
HIDDEN void *__libc_malloc(size_t size);
HIDDEN void *__libc_calloc(size_t count, size_t size);
HIDDEN void *__libc_realloc(void *block, size_t size);
HIDDEN void __libc_free(void *block);
HIDDEN void *__libc_valloc(size_t size);
HIDDEN void *__libc_pvalloc(size_t size);

void *
__libc_memalign(size_t alignment, size_t size)
{
	size_t at = __atomic_fetch_add(
	    &arena_used, ((size + 15) & ~15UL) + alignment + 16, __ATOMIC_RELAXED);
	char *block = arena + ((at + 16 + alignment - 1) & ~(alignment - 1));

	if (block + size > arena + sizeof(arena))
		return NULL;
	memcpy(block - 16, &size, sizeof(size));
	return block;
}

void *
__libc_malloc(size_t size)
{
	return __libc_memalign(16, size);
}

void *
__libc_calloc(size_t count, size_t size)
{
	return __libc_memalign(16, count * size);
}

void *
__libc_realloc(void *block, size_t size)
{
	void *fresh = __libc_memalign(16, size);
	size_t old;

	memcpy(&old, (char *)block - 16, sizeof(old));
	if (fresh != NULL)
		memcpy(fresh, block, old < size ? old : size);
	return fresh;
}

void
__libc_free(void *block)
{
	(void)block;
}

void *
__libc_valloc(size_t size)
{
	return __libc_memalign(4096, size);
}

void *
__libc_pvalloc(size_t size)
{
	return __libc_memalign(4096, (size + 4095) & ~4095UL);
}
