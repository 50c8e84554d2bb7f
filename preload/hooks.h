/*
 * The hooks: every function of the malloc family that glibc exports, and C23's.
 * X(name, return type, parameters). operator new and delete are not among them:
 * they call malloc, and the analyzer sees through their frames.
 */
#ifndef PRELOAD_HOOKS_H
#define PRELOAD_HOOKS_H

#include <stddef.h>

/* clang-format off */
#define ESC_HOOKS(X)                                                       \
	X(malloc, void *, (size_t size))                                   \
	X(calloc, void *, (size_t count, size_t size))                     \
	X(realloc, void *, (void *block, size_t size))                     \
	X(reallocarray, void *, (void *block, size_t count, size_t size))  \
	X(free, void, (void *block))                                       \
	X(free_sized, void, (void *block, size_t size))                    \
	X(free_aligned_sized, void,                                        \
	    (void *block, size_t alignment, size_t size))                  \
	X(cfree, void, (void *block))                                      \
	X(memalign, void *, (size_t alignment, size_t size))               \
	X(posix_memalign, int,                                             \
	    (void **block, size_t alignment, size_t size))                 \
	X(aligned_alloc, void *, (size_t alignment, size_t size))          \
	X(valloc, void *, (size_t size))                                   \
	X(pvalloc, void *, (size_t size))
/* clang-format on */

#endif
