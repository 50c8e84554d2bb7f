#define _GNU_SOURCE
#include "preload/real.h"

#include <dlfcn.h>

/* Weak: another C library, into which we were preloaded, has none of them and would not
 * start the program for that. */
void *__libc_malloc(size_t size) __attribute__((weak));
void *__libc_calloc(size_t count, size_t size) __attribute__((weak));
void *__libc_realloc(void *block, size_t size) __attribute__((weak));
void __libc_free(void *block) __attribute__((weak));
void *__libc_memalign(size_t alignment, size_t size) __attribute__((weak));
void *__libc_valloc(size_t size) __attribute__((weak));
void *__libc_pvalloc(size_t size) __attribute__((weak));

struct real real = {
	.malloc = __libc_malloc,
	.calloc = __libc_calloc,
	.realloc = __libc_realloc,
	.free = __libc_free,
	.memalign = __libc_memalign,
	.valloc = __libc_valloc,
	.pvalloc = __libc_pvalloc,
};

/* The next function of that name, if there is one, into the pointer at `field`. ISO C has
 * no cast from object to function pointers; POSIX demands one. */
static void
real_next(void *field, const char *name)
{
	void *at = dlsym(RTLD_NEXT, name);

	if (at != NULL)
		__builtin_memcpy(field, &at, sizeof(at));
}

const void *
real_switch(void)
{
	struct real next = real;
	const void *found = dlsym(RTLD_NEXT, "malloc");
	const void *ours = NULL;

	__builtin_memcpy(&ours, &real.malloc, sizeof(ours));
	if (found == NULL || found == ours)
		return NULL;
	real_next(&next.malloc, "malloc");
	real_next(&next.calloc, "calloc");
	real_next(&next.realloc, "realloc");
	real_next(&next.free, "free");
	real_next(&next.memalign, "memalign");
	real_next(&next.aligned_alloc, "aligned_alloc");
	real_next(&next.posix_memalign, "posix_memalign");
	real_next(&next.valloc, "valloc");
	real_next(&next.pvalloc, "pvalloc");
	real = next;
	return found;
}

const void *
real_visible_malloc(void)
{
	return dlsym(RTLD_DEFAULT, "malloc");
}

void
real_libc_free(void *block)
{
	__libc_free(block);
}

/*
 * The result must be the new allocator's: every later call goes there. Its old
 * size is unknown but for glibc's own word before the block, so ask glibc to
 * grow it first, then copy what both have.
 */
void *
real_libc_realloc(void *block, size_t size)
{
	void *old = __libc_realloc(block, size);
	void *fresh;

	if (old == NULL)
		return NULL;
	fresh = real.malloc(size);
	if (fresh == NULL)
		return old; /* stays with glibc, and with glibc's addresses */
	__builtin_memcpy(fresh, old, size);
	__libc_free(old);
	return fresh;
}
