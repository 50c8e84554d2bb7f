/* The least that a malloc shim costs: forwards, and nothing else. */
#include <stddef.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *block);

void *
malloc(size_t size)
{
	return __libc_malloc(size);
}

void *
calloc(size_t count, size_t size)
{
	return __libc_calloc(count, size);
}

void *
realloc(void *block, size_t size)
{
	return __libc_realloc(block, size);
}

void *
memalign(size_t alignment, size_t size)
{
	return __libc_memalign(alignment, size);
}

void *
aligned_alloc(size_t alignment, size_t size)
{
	return __libc_memalign(alignment, size);
}

void
free(void *block)
{
	__libc_free(block);
}
