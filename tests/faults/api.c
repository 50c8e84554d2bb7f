/*
 * Hazard: the corners of the malloc family (reliability 42 to 48). Expected: the
 * results, errno values, usable sizes and mallinfo2 of native, and exact counts:
 * what failed is no event, realloc(p, 0) is a free.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

/* Not for the compiler to know that it is too much. */
static volatile size_t huge = SIZE_MAX / 2, most = SIZE_MAX;
static volatile size_t zero;

/* Names that glibc has no more, or not yet: natively plain free. (dlsym would
 * allocate where it finds none.) */
void cfree(void *block) __attribute__((weak));
void free_sized(void *block, size_t size) __attribute__((weak));
void free_aligned_sized(void *block, size_t alignment, size_t size) __attribute__((weak));

static void
old_free(void *block)
{
	if (cfree != NULL)
		cfree(block);
	else
		free(block);
}

static void
say(const char *what, const void *p)
{
	printf("%s: %s errno %d usable %zu\n", what, p == NULL ? "NULL" : "block", errno,
	    p == NULL ? 0 : malloc_usable_size((void *)p));
	errno = 0;
}

static void
heap(const char *what)
{
	struct mallinfo2 info = mallinfo2();

	printf("%s: arena %zu ordblks %zu hblks %zu hblkhd %zu uordblks %zu "
	       "fordblks %zu\n",
	    what, info.arena, info.ordblks, info.hblks, info.hblkhd, info.uordblks, info.fordblks);
}

static void
failures(void)
{
	void *p = malloc(10), *q, *before;

	say("malloc huge", malloc(huge + 1));
	say("malloc most", malloc(most));
	say("calloc overflow", calloc(huge, 16));
	say("calloc huge", calloc(huge, 1));
	say("realloc huge", realloc(p, huge));
	say("reallocarray overflow", reallocarray(p, huge, 16));
	say("reallocarray NULL overflow", reallocarray(NULL, huge, 16));
	say("memalign huge", memalign(64, huge));
	say("memalign odd", q = memalign(24, 100));
	free(q);
	say("aligned_alloc huge", aligned_alloc(64, huge));
	say("valloc huge", valloc(huge));
	say("pvalloc most", pvalloc(most));
	before = q = (void *)&p;
	printf("posix_memalign 3: %d %d\n", posix_memalign(&q, 3, 10), q == before);
	printf("posix_memalign 0: %d %d\n", posix_memalign(&q, 0, 10), q == before);
	printf("posix_memalign huge: %d %d\n", posix_memalign(&q, 64, huge), q == before);
	errno = 0;
	say("realloc to 0", realloc(p, zero));
	free(NULL);
	old_free(NULL);
}

static void
successes(void)
{
	void *p, *q;

	for (size_t size = 0; size < 5000; size = size * 3 / 2 + 1) {
		say("malloc", p = malloc(size));
		say("realloc", p = realloc(p, size * 2 + 1));
		say("reallocarray", p = reallocarray(p, size + 1, 3));
		free(p);
		say("calloc", p = calloc(size, 2));
		old_free(p);
		for (size_t alignment = 16; alignment <= 4096; alignment *= 4) {
			say("memalign", p = memalign(alignment, size));
			say("aligned_alloc", q = aligned_alloc(alignment, size));
			printf("%zu %zu\n", (size_t)p % alignment, (size_t)q % alignment);
			free(p);
			free(q);
			printf("posix_memalign %d\n", posix_memalign(&p, alignment, size));
			say("posix_memalign", p);
			free(p);
		}
		say("valloc", p = valloc(size));
		free(p);
		say("pvalloc", p = pvalloc(size));
		free(p);
	}
	say("realloc NULL", p = realloc(NULL, 100));
	say("realloc same", p = realloc(p, 101));
	say("realloc large", p = realloc(p, 1 << 20));
	say("realloc larger", p = realloc(p, 8 << 20));
	say("realloc small", p = realloc(p, 10));
	free(p);
}

static void
sized(void)
{
	if (free_sized == NULL || free_aligned_sized == NULL) {
		free(malloc(10));
		free(aligned_alloc(64, 64));
		return;
	}
	free_sized(malloc(10), 10);
	free_aligned_sized(aligned_alloc(64, 64), 64, 64);
}

/* Every usable byte is the program's. */
static void
bytes(void)
{
	char *blocks[300];
	size_t wrong = 0;

	for (int i = 0; i < 300; i++) {
		blocks[i] = malloc((size_t)i * 7);
		memset(blocks[i], i, malloc_usable_size(blocks[i]));
	}
	for (int i = 0; i < 300; i++) {
		size_t size = malloc_usable_size(blocks[i]);

		for (size_t k = 0; k < size; k++)
			wrong += blocks[i][k] != (char)i;
		free(blocks[i]);
	}
	printf("%zu wrong\n", wrong);
}

static void
exhausted(void)
{
	struct rlimit limit = { 0, 0 };
	void *p = malloc(1000);
	int failed = 0;

	/* Nothing more can be mapped, whatever is mapped already. */
	limit.rlim_cur = 1 << 20;
	getrlimit(RLIMIT_AS, &limit);
	limit.rlim_cur = 1 << 20;
	setrlimit(RLIMIT_AS, &limit);
	for (int i = 0; i < 1000; i++) {
		void *more = realloc(p, 64 << 20);

		failed += more == NULL;
		failed += malloc(32 << 20) == NULL;
	}
	free(p);
	printf("%d failed\n", failed);
}

int
main(void)
{
	static char buffer[1 << 16];

	setvbuf(stdout, buffer, _IOFBF, sizeof(buffer));
	heap("start");
	failures();
	successes();
	heap("middle");
	sized();
	bytes();
	heap("end");
	exhausted();
	return 0;
}
