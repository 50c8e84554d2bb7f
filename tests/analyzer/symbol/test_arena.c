/* Pieces are zeroed, aligned and do not overlap. */
#include "analyzer/symbol/arena.h"

#include <stdalign.h>
#include <stddef.h>
#include <string.h>

#include "tests/lib/check.h"

int
main(void)
{
	struct arena arena = { 0 };
	char *pieces[2000];
	size_t i;

	for (i = 0; i < 2000; i++) {
		size_t size = i % 97 == 0 ? 100000 : i % 61;

		pieces[i] = arena_alloc(&arena, size + 1);
		CHECK_EQ((uintptr_t)pieces[i] % alignof(max_align_t), 0);
		CHECK(pieces[i][0] == 0 && pieces[i][size] == 0);
		memset(pieces[i], (int)(i % 251), size + 1);
	}
	for (i = 0; i < 2000; i++)
		CHECK_EQ((unsigned char)pieces[i][0], i % 251);
	CHECK_STR(arena_copy(&arena, "abcdef", 3), "abc");
	arena_release(&arena);
	arena_release(&arena);
	return check_done();
}
