#include "preload/glob.h"

#include <stddef.h>

static bool
glob_ends(const char *at)
{
	return *at == 0 || *at == '/';
}

/* The set that begins behind [ : where it ends, or NULL: it is none. *is: c is in it. */
static const char *
glob_set(const char *at, char c, bool *is)
{
	bool not = *at == '!' || *at == '^';
	const char *first = at + (not ? 1 : 0);
	const char *one;

	*is = false;
	for (one = first; !glob_ends(one) && (*one != ']' || one == first); one++) {
		if (one[1] == '-' && one[2] != ']' && !glob_ends(one + 2)) {
			*is |= one[0] <= c && c <= one[2];
			one += 2;
		} else {
			*is |= *one == c;
		}
	}
	*is ^= not ;
	return *one == ']' ? one + 1 : NULL;
}

/* What of the pattern is left behind the one item that stands for c; NULL: it does not. */
static const char *
glob_item(const char *at, char c)
{
	const char *behind;
	bool is;

	if (glob_ends(at))
		return NULL;
	if (*at == '?')
		return at + 1;
	if (*at == '[' && (behind = glob_set(at + 1, c, &is)) != NULL)
		return is ? behind : NULL;
	if (*at == '\\' && !glob_ends(at + 1))
		at++;
	return *at == c ? at + 1 : NULL;
}

/* The last star is tried with one character more, as long as there is one. */
static bool
glob_match(const char *pattern, const char *name)
{
	const char *star = NULL, *from = NULL;

	while (*name != 0) {
		const char *next = *pattern == '*' ? NULL : glob_item(pattern, *name);

		if (*pattern == '*') {
			star = ++pattern;
			from = name;
		} else if (next != NULL) {
			pattern = next;
			name++;
		} else if (star != NULL) {
			pattern = star;
			name = ++from;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return glob_ends(pattern);
}

bool
glob_any(const char *patterns, const char *name)
{
	while (*patterns != 0) {
		if (!glob_ends(patterns) && glob_match(patterns, name))
			return true;
		while (!glob_ends(patterns))
			patterns++;
		patterns += *patterns == '/';
	}
	return false;
}
