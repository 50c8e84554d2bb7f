#include "analyzer/util/paths.h"

#include <stdlib.h>
#include <unistd.h>

#include "tests/lib/check.h"

static void
shows(const struct paths *paths, const char *path, const char *want)
{
	char *got = paths_shown(paths, path);

	CHECK_STR(got, want);
	free(got);
}

static void
opens(const struct paths *paths, const char *shown, const char *want)
{
	char *got = paths_real(paths, shown);

	CHECK_STR(got, want);
	free(got);
}

static void
test_none(void)
{
	struct paths paths = { .root = NULL };

	shows(NULL, "/a/../b", "/a/../b");
	shows(&paths, "", "");
	shows(&paths, "/a/./b//../c.c", "/a/c.c");
	shows(&paths, "/../../c.c", "/c.c");
	shows(&paths, "../c.c", "../c.c");
	shows(&paths, "../../x/../c.c", "../../c.c");
	shows(&paths, "./c.c", "c.c");
	shows(&paths, "a/../c.c", "c.c");
	shows(&paths, "/", "/");
	opens(&paths, "c.c", "c.c");
	opens(NULL, "/c.c", "/c.c");
	paths_release(&paths);
}

static void
test_root(void)
{
	struct paths paths = { .root = NULL };

	paths_set_root(&paths, "/home/me/p/../app/");
	CHECK_STR(paths.root, "/home/me/app");
	shows(&paths, "/home/me/app/src/a.c", "src/a.c");
	shows(&paths, "/home/me/app/b/../src/a.c", "src/a.c");
	shows(&paths, "/home/me/application/a.c", "/home/me/application/a.c");
	shows(&paths, "/home/me/app", "/home/me/app");
	opens(&paths, "src/a.c", "/home/me/app/src/a.c");
	opens(&paths, "/usr/a.c", "/usr/a.c");
	paths_set_root(&paths, "/");
	shows(&paths, "/usr/a.c", "usr/a.c");
	opens(&paths, "usr/a.c", "/usr/a.c");
	CHECK(chdir("/usr") == 0);
	paths_set_root(&paths, "lib");
	CHECK_STR(paths.root, "/usr/lib");
	paths_set_root(&paths, NULL);
	CHECK_STR(paths.root, "/usr");
	paths_release(&paths);
}

static void
test_rules(void)
{
	struct paths paths = { .root = NULL };

	CHECK(paths_add(&paths, "/build") < 0);
	CHECK(paths_add(&paths, "=/build") < 0);
	CHECK(paths_add(&paths, "/build=/home/me/app") == 0);
	CHECK(paths_add(&paths, "/build/deps/=/usr/src") == 0);
	CHECK(paths_add(&paths, "gone=") == 0);
	shows(&paths, "/build/a.c", "/home/me/app/a.c");
	shows(&paths, "/build", "/home/me/app");
	shows(&paths, "/builder/a.c", "/builder/a.c");
	shows(&paths, "/build/x/../deps/z.c", "/usr/src/z.c");
	shows(&paths, "gone/z.c", "z.c");
	paths_set_root(&paths, "/home/me/app");
	shows(&paths, "/build/a.c", "a.c");
	/* the last one that fits */
	CHECK(paths_add(&paths, "/build=/other") == 0);
	shows(&paths, "/build/deps/z.c", "/other/deps/z.c");
	paths_release(&paths);
	CHECK(paths.root == NULL && paths.count == 0);
}

int
main(void)
{
	test_none();
	test_root();
	test_rules();
	return check_done();
}
