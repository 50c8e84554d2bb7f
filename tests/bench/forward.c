/*
 * The least that a malloc shim costs: forwards to the allocator behind it, whichever
 * that is, and nothing else. With -DCOUNT it counts what the bench calls an event,
 * into the file that BENCH_COUNT names, and is independent of what it is held
 * against: 8 bytes of allocations, 8 of frees of a block. All processes that the
 * environment reaches add to one file, which is mapped, so that none need end well.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void *(*real_malloc)(size_t);
static void *(*real_calloc)(size_t, size_t);
static void *(*real_realloc)(void *, size_t);
static void *(*real_memalign)(size_t, size_t);
static void *(*real_aligned_alloc)(size_t, size_t);
static int (*real_posix_memalign)(void **, size_t, size_t);
static void (*real_free)(void *);

/* What dlsym itself may want, before it has told; never given back. */
static _Alignas(16) char early[4096];
static size_t early_used;

#ifdef COUNT
static uint64_t counts_lost[2];
static uint64_t *counts = counts_lost;

static void
count_start(void)
{
	const char *name = getenv("BENCH_COUNT");
	int fd = name != NULL ? open(name, O_RDWR | O_CLOEXEC) : -1;
	void *map;

	if (fd < 0)
		return;
	map = mmap(NULL, 16, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (map == MAP_FAILED)
		return;
	counts = map;
	__atomic_fetch_add(&counts[0], counts_lost[0], __ATOMIC_RELAXED);
	__atomic_fetch_add(&counts[1], counts_lost[1], __ATOMIC_RELAXED);
}

static void *
count_made(void *block)
{
	if (block != NULL)
		__atomic_fetch_add(&counts[0], 1, __ATOMIC_RELAXED);
	return block;
}

static void
count_freed(const void *block)
{
	if (block != NULL)
		__atomic_fetch_add(&counts[1], 1, __ATOMIC_RELAXED);
}
#else
#define count_start() ((void)0)
#define count_made(block) (block)
#define count_freed(block) ((void)0)
#endif

static void
forward_find(void)
{
	static int finding;

	if (finding)
		return;
	finding = 1;
	*(void **)&real_calloc = dlsym(RTLD_NEXT, "calloc");
	*(void **)&real_realloc = dlsym(RTLD_NEXT, "realloc");
	*(void **)&real_memalign = dlsym(RTLD_NEXT, "memalign");
	*(void **)&real_aligned_alloc = dlsym(RTLD_NEXT, "aligned_alloc");
	*(void **)&real_posix_memalign = dlsym(RTLD_NEXT, "posix_memalign");
	*(void **)&real_free = dlsym(RTLD_NEXT, "free");
	*(void **)&real_malloc = dlsym(RTLD_NEXT, "malloc");
	count_start();
}

static int
forward_is_early(const void *block)
{
	return (const char *)block >= early && (const char *)block < early + sizeof(early);
}

static void *
forward_early(size_t size)
{
	void *block = early + early_used;

	size = (size + 15) & ~(size_t)15;
	if (size > sizeof(early) - early_used)
		abort();
	early_used += size;
	return block;
}

void *
malloc(size_t size)
{
	if (__builtin_expect(real_malloc == NULL, 0)) {
		forward_find();
		if (real_malloc == NULL)
			return forward_early(size);
	}
	return count_made(real_malloc(size));
}

void *
calloc(size_t count, size_t size)
{
	if (__builtin_expect(real_malloc == NULL, 0)) {
		forward_find();
		if (real_malloc == NULL)
			return forward_early(count * size);
	}
	return count_made(real_calloc(count, size));
}

void *
realloc(void *block, size_t size)
{
	void *to;

	if (__builtin_expect(real_malloc == NULL, 0))
		forward_find();
	to = real_realloc(block, size);
	if (to != NULL || size == 0)
		count_freed(block);
	return count_made(to);
}

void *
memalign(size_t alignment, size_t size)
{
	if (__builtin_expect(real_malloc == NULL, 0))
		forward_find();
	return count_made(real_memalign(alignment, size));
}

void *
aligned_alloc(size_t alignment, size_t size)
{
	if (__builtin_expect(real_malloc == NULL, 0))
		forward_find();
	return count_made(real_aligned_alloc(alignment, size));
}

int
posix_memalign(void **block, size_t alignment, size_t size)
{
	int error;

	if (__builtin_expect(real_malloc == NULL, 0))
		forward_find();
	error = real_posix_memalign(block, alignment, size);
	if (error == 0)
		(void)count_made(*block);
	return error;
}

void
free(void *block)
{
	if (__builtin_expect(real_malloc == NULL, 0))
		forward_find();
	if (__builtin_expect(forward_is_early(block), 0))
		return;
	count_freed(block);
	real_free(block);
}
