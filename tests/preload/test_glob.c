/* Patterns of names, beside fnmatch. */
#include "preload/glob.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/check.h"

/* Against fnmatch where both mean the same: sets that are closed, no '/'. */
static void
compare(unsigned seed)
{
	static const char *const items[] = { "a", "b", "*", "?", "[ab]", "[!a]", "[a-c]", "**",
		"\\*", "]" };
	char pattern[64] = "", name[16] = "";

	srand(seed);
	for (int i = rand() % 7; i > 0; i--)
		strcat(pattern, items[(size_t)rand() % (sizeof(items) / sizeof(*items))]);
	for (int i = rand() % 8; i > 0; i--)
		strcat(name, (const char *[]){ "a", "b", "c", "*", "]" }[rand() % 5]);
	if (glob_any(pattern, name) != (pattern[0] != 0 && fnmatch(pattern, name, 0) == 0)) {
		printf("%s and %s\n", pattern, name);
		CHECK(false);
	}
}

/* A name of a's, and a pattern that would take for ever if each star were tried at each. */
static void
slow(void)
{
	static char name[4096], pattern[2048];

	memset(name, 'a', sizeof(name) - 1);
	for (size_t i = 0; i + 3 < sizeof(pattern); i += 2)
		memcpy(pattern + i, "*a", 2);
	pattern[sizeof(pattern) - 2] = 'b';
	CHECK(!glob_any(pattern, name));
}

int
main(void)
{
	CHECK(glob_any("cc1*", "cc1plus") && glob_any("cc1*", "cc1") && !glob_any("cc1*", "gcc1"));
	CHECK(glob_any("as/ld*/cc1", "ld.bfd") && glob_any("as/ld*/cc1", "cc1"));
	CHECK(!glob_any("as/ld*/cc1", "cc") && !glob_any("", "") && !glob_any("//", ""));
	CHECK(glob_any("//x", "x") && glob_any("x//", "x"));
	CHECK(glob_any("[a-z]x", "bx") && !glob_any("[!a-z]x", "bx") && glob_any("[^a-z]x", "Bx"));
	CHECK(glob_any("a[b", "a[b") && !glob_any("a[b", "ab") && glob_any("a[", "a["));
	CHECK(glob_any("a[b/c", "c") && glob_any("\\[a", "[a") && glob_any("a\\", "a\\"));
	for (unsigned seed = 0; seed < 20000; seed++)
		compare(seed);
	slow();
	return check_done();
}
