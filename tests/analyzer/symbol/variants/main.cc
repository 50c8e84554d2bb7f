#include "shared.h"

static NOINLINE void *
build(size_t size)
{
	void *block = malloc(size);

	TOUCH(block);
	return block;
}

namespace {

struct Thing {
	NOINLINE void
	work()
	{
		block = build(40);
		TOUCH(block);
		shared::drop(block);
		TOUCH(this);
	}
	void *block;
};

} // namespace

NOINLINE void
local()
{
	shared::use(3);
	shared::use(4.0);
	TOUCH(0);
}

NOINLINE void
taken()
{
	void *block = shared::take(16);

	TOUCH(block);
	shared::drop(block);
	TOUCH(block);
}

/* Its inlined copy of make is not the one that frees. */
NOINLINE void
kept()
{
	static int *last;

	if (last != nullptr)
		free(last);
	last = shared::make(5);
	TOUCH(last);
}

int
main()
{
	Thing thing;

	for (int i = 0; i < 100; i++) {
		local();
		taken();
		thing.work();
		kept();
		other_work();
	}
	return 0;
}
