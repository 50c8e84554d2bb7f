/* For variants.test: what both files have of each kind. */
#ifndef VARIANTS_SHARED_H
#define VARIANTS_SHARED_H

#include <cstddef>
#include <cstdlib>

#define NOINLINE __attribute__((noinline))
#define INLINE inline __attribute__((always_inline))
#define TOUCH(p) __asm__ volatile("" : : "r"(p) : "memory")

namespace shared
{

/* Inlined into each caller: the line that allocates is here. */
template <class T>
INLINE T *
make(T value)
{
	T *made = static_cast<T *>(malloc(sizeof(T)));

	TOUCH(made);
	*made = value;
	return made;
}

/* Two levels of it. */
template <class T>
INLINE void
use(T value)
{
	T *made = make(value);

	TOUCH(made);
	free(made);
}

/* Ends in a jump to free. */
NOINLINE void drop(void *block);
/* Ends in a jump to malloc. */
NOINLINE void *take(size_t size);

} // namespace shared

void other_work();

#endif
