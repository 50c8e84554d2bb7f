#include "shared.h"

namespace shared {

void
drop(void *block)
{
	TOUCH(block);
	free(block);
}

void *
take(size_t size)
{
	return malloc(size + 8);
}

} // namespace shared

/* Of the same name as one of main.cc, which lets its block go: this keeps it. */
static NOINLINE void *
build(size_t size)
{
	void *block = malloc(size);

	TOUCH(block);
	free(block);
	return nullptr;
}

NOINLINE void
other_work()
{
	for (int i = 0; i < 100; i++) {
		build(24);
		shared::use(7L);
		TOUCH(i);
	}
}
