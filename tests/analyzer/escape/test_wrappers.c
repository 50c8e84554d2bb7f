#include "analyzer/escape/wrappers.h"

#include "analyzer/util/err.h"
#include "tests/lib/check.h"

int
main(void)
{
	static const char *const more[] = { "^my_.*alloc$" };
	static const char *const fewer[] = { "^std::sort$" };
	static const char *const bad[] = { "(" };
	struct err err;
	struct wrappers *wrappers = wrappers_new(more, 1, fewer, 1, &err);

	CHECK(wrappers_match(wrappers, "malloc", "/lib/libc.so.6"));
	CHECK(wrappers_match(wrappers, "operator new[]", ""));
	CHECK(wrappers_match(wrappers, "std::vector::push_back", "/bin/app"));
	CHECK(wrappers_match(wrappers, "alloc::raw_vec::finish_grow", ""));
	CHECK(wrappers_match(wrappers, "anything", "/x/libstdc++.so.6"));
	CHECK(wrappers_match(wrappers, "my_fast_alloc", ""));
	CHECK(wrappers_match(wrappers, "__rust_alloc", ""));
	CHECK(!wrappers_match(wrappers, "mallocate", ""));
	CHECK(!wrappers_match(wrappers, "do_malloc", ""));
	CHECK(!wrappers_match(wrappers, "mystd::vector", ""));
	CHECK(!wrappers_match(wrappers, "std::sort", ""));
	CHECK(!wrappers_match(wrappers, "main", "/libstdc++.so/app"));
	wrappers_free(wrappers);
	CHECK(wrappers_new(bad, 1, NULL, 0, &err) == NULL);
	CHECK(strstr(err.text, "\"(\"") != NULL);
	return check_done();
}
