/*
 * The functions behind the hooks: glibc's from the first call on, bound at link
 * time; another allocator's once the constructor found one behind us.
 */
#ifndef PRELOAD_REAL_H
#define PRELOAD_REAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One line of the cache has all that the hooks of hooks.S read of it. */
struct real {
	void *(*malloc)(size_t);
	void *(*calloc)(size_t, size_t);
	void *(*realloc)(void *, size_t);
	void (*free)(void *);
	const uint8_t *pages; /* sample_pages, once there may be samples */
	bool counts_callers;  /* auto mode: sample_caller is to be asked */
	void *(*memalign)(size_t, size_t);
	void *(*aligned_alloc)(size_t, size_t);         /* NULL: as memalign */
	int (*posix_memalign)(void **, size_t, size_t); /* NULL: by memalign */
	void *(*valloc)(size_t);
	void *(*pvalloc)(size_t);
} __attribute__((aligned(64)));

extern struct real real __attribute__((visibility("hidden")));

/* Constructor only. Switches to the next allocator behind us, if that is not
 * glibc's own. Returns an address in it, NULL: nothing changed. */
const void *real_switch(void);

/* What `malloc` means to the program; differs from ours when it has its own. */
const void *real_visible_malloc(void);

/* For blocks that glibc made before the switch. realloc returns another of glibc's. */
void real_libc_free(void *block);
void *real_libc_realloc(void *block, size_t size);

#endif
