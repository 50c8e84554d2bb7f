/*
 * Paths of sources, as the debug information has them, for people and tools:
 * --map-path rewrites them, --source-root is what they are shown relative to and
 * where relative ones are looked for.
 */
#ifndef UTIL_PATHS_H
#define UTIL_PATHS_H

#include <stddef.h>

struct paths_rule; /* private */

/* Zero-initialised: no rule, no root. */
struct paths {
	char *root; /* absolute, without . and .. in it; NULL: paths stay as they are;
		     * escaped, as all that is shown (names.h) */
	struct paths_rule *rules;
	size_t count;
	size_t cap;
};

/* Shows what is below `root` relative to it. NULL: the current directory. */
void paths_set_root(struct paths *paths, const char *root);
/* A rule OLD=NEW; both end at a component. -1: there is no = in it, or no OLD. */
int paths_add(struct paths *paths, const char *rule);
void paths_release(struct paths *paths);

/* As it is shown, of an escaped path: the last rule that fits is applied, . and .. are resolved
 * without a look at the disk, and what is below the root is relative to it. The
 * caller frees it; "" stays "". paths may be NULL: no rule, no root. */
char *paths_shown(const struct paths *paths, const char *path);
/* Where to open what paths_shown gave, the bytes themselves; the caller frees it. */
char *paths_real(const struct paths *paths, const char *shown);
/*
 * Opens the source that paths_shown gave, which a trace may have named after anything, for
 * its lines to be shown to whoever gets the report: a regular file that is not empty, and
 * that all users may read or that lies below the root (none: the current directory) or a
 * NEW of the rules, with nothing hidden between. Never waits. The descriptor, or -1.
 */
int paths_open(const struct paths *paths, const char *shown);

#endif
