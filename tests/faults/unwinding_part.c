/* A library of unwinding.cc: frames of C, and a foreign language's exception. */
#include "tests/faults/unwinding_part.h"

#include <string.h>
#include <unwind.h>

#include "tests/faults/marks.h"

static long deleted;

static void
cleaned(char **block)
{
	touch();
	free(*block);
}

NOINLINE static int
part_inner(int (*back)(int), int depth, int frames)
{
	__attribute__((cleanup(cleaned))) char *block = malloc(32);
	int result;

	touch();
	result = frames == 0 ? back(depth) : part_inner(back, depth, frames - 1);
	touch();
	return result + block[0] * 0;
}

int
part_call(int (*back)(int), int depth)
{
	int result;

	touch();
	result = part_inner(back, depth, 3);
	touch();
	return result;
}

static void
part_delete(_Unwind_Reason_Code reason, struct _Unwind_Exception *exception)
{
	(void)reason;
	deleted++;
	touch();
	free(exception);
}

void
part_raise(int depth)
{
	__attribute__((cleanup(cleaned))) char *block = malloc(48);

	touch();
	if (depth > 0) {
		part_raise(depth - 1);
	} else {
		struct _Unwind_Exception *exception = NULL;

		if (posix_memalign((void **)&exception, 16, sizeof(*exception)) != 0)
			abort();
		memset(exception, 0, sizeof(*exception));
		memcpy(&exception->exception_class, "ESCTTEST", 8);
		exception->exception_cleanup = part_delete;
		_Unwind_RaiseException(exception);
		abort();
	}
	touch();
	block[0] = 1;
}

long
part_deleted(void)
{
	return deleted;
}
