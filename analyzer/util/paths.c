#include "analyzer/util/paths.h"

#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "analyzer/util/names.h"
#include "analyzer/util/strbuf.h"
#include "analyzer/util/xalloc.h"

struct paths_rule {
	char *from;
	char *to;
};

/* Steps back over the last component; false if there is none to leave. */
static bool
normal_leave(struct strbuf *to)
{
	size_t len = to->len;

	while (len > 0 && to->text[len - 1] != '/')
		len--;
	if (to->len == 0 || strcmp(to->text + len, "..") == 0)
		return false;
	to->len = len > 1 ? len - 1 : len;
	to->text[to->len] = '\0';
	return true;
}

/* Without empty components, . and .. */
static char *
paths_normal(const char *path)
{
	struct strbuf to = { 0 };
	bool is_absolute = *path == '/';

	strbuf_adds(&to, is_absolute ? "/" : "");
	while (*path) {
		size_t len = strcspn(path, "/");
		bool is_up = len == 2 && path[0] == '.' && path[1] == '.';

		if (is_up && (normal_leave(&to) || is_absolute))
			len = 2;
		else if (len > 0 && !(len == 1 && *path == '.')) {
			if (to.len > 0 && to.text[to.len - 1] != '/')
				strbuf_adds(&to, "/");
			strbuf_add(&to, path, len);
		}
		path += len;
		path += strspn(path, "/");
	}
	return to.text;
}

/* What follows `prefix` and a slash, or the end, in path; NULL: not below it. */
static const char *
paths_below(const char *path, const char *prefix)
{
	size_t len = strlen(prefix);

	if (len == 0 || strncmp(path, prefix, len) != 0)
		return NULL;
	if (prefix[len - 1] == '/')
		return path + len;
	if (path[len] == '\0')
		return path + len;
	return path[len] == '/' ? path + len + 1 : NULL;
}

static char *
paths_join(const char *directory, const char *path)
{
	size_t len = strlen(directory);
	bool is_whole = len == 0 || directory[len - 1] == '/' || *path == '\0';

	return xasprintf("%s%s%s", directory, is_whole ? "" : "/", path);
}

void
paths_set_root(struct paths *paths, const char *root)
{
	char here[PATH_MAX];
	char *whole = NULL;
	char *normal;

	free(paths->root);
	paths->root = NULL;
	if ((!root || *root != '/') && !getcwd(here, sizeof(here)))
		return;
	whole = !root ? xstrdup(here) : *root == '/' ? xstrdup(root) : paths_join(here, root);
	normal = paths_normal(whole);
	paths->root = names_escaped(normal);
	free(normal);
	free(whole);
}

int
paths_add(struct paths *paths, const char *rule)
{
	const char *is = strchr(rule, '=');
	char *from;
	char *normal;

	if (!is || is == rule)
		return -1;
	from = xstrndup(rule, (size_t)(is - rule));
	normal = paths_normal(from);
	paths->rules = xgrow(paths->rules, &paths->cap, paths->count + 1, sizeof(*paths->rules));
	paths->rules[paths->count++] =
	    (struct paths_rule){ .from = names_escaped(normal), .to = names_escaped(is + 1) };
	free(normal);
	free(from);
	return 0;
}

void
paths_release(struct paths *paths)
{
	for (size_t i = 0; i < paths->count; i++) {
		free(paths->rules[i].from);
		free(paths->rules[i].to);
	}
	free(paths->rules);
	free(paths->root);
	*paths = (struct paths){ .root = NULL };
}

/* Takes path, gives what replaces it. */
static char *
paths_map(const struct paths *paths, char *path)
{
	for (size_t i = paths->count; i-- > 0;) {
		const struct paths_rule *rule = &paths->rules[i];
		const char *rest = paths_below(path, rule->from);
		char *joined;
		char *mapped;

		if (!rest)
			continue;
		joined = paths_join(rule->to, rest);
		mapped = paths_normal(joined);
		free(joined);
		free(path);
		return mapped;
	}
	return path;
}

char *
paths_shown(const struct paths *paths, const char *path)
{
	char *normal;
	const char *rest = NULL;

	if (!paths || !*path)
		return xstrdup(path);
	normal = paths_map(paths, paths_normal(path));
	if (paths->root)
		rest = paths_below(normal, paths->root);
	if (rest && *rest)
		memmove(normal, rest, strlen(rest) + 1);
	return normal;
}

char *
paths_real(const struct paths *paths, const char *shown)
{
	char *joined;
	char *real;

	if (!paths || !paths->root || *shown == '/' || !*shown)
		return names_restored(shown);
	joined = paths_join(paths->root, shown);
	real = names_restored(joined);
	free(joined);
	return real;
}

/* Whether file, without links in it, is below a directory that was given, and nothing on
 * the way is hidden. */
static bool
paths_cover(const char *directory, const char *file)
{
	char *restored = names_restored(directory);
	char *real = realpath(restored, NULL);
	const char *rest = real != NULL ? paths_below(file, real) : NULL;
	bool is_covered = rest != NULL && *rest != '.' && strstr(rest, "/.") == NULL;

	free(real);
	free(restored);
	return is_covered;
}

static bool
paths_may_show(const struct paths *paths, int fd)
{
	char self[64], file[PATH_MAX];
	struct stat status;
	ssize_t len;

	/* files of /proc say that they are empty */
	if (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode) || status.st_size == 0)
		return false;
	if ((status.st_mode & S_IROTH) != 0)
		return true;
	(void)snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	len = readlink(self, file, sizeof(file) - 1);
	if (paths == NULL || len <= 0)
		return false;
	file[len] = '\0';
	for (size_t i = 0; i < paths->count; i++) {
		if (paths_cover(paths->rules[i].to, file))
			return true;
	}
	return paths_cover(paths->root != NULL ? paths->root : ".", file);
}

int
paths_open(const struct paths *paths, const char *shown)
{
	char *real = paths_real(paths, shown);
	int fd = *real ? open(real, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY) : -1;

	free(real);
	if (fd < 0 || paths_may_show(paths, fd))
		return fd;
	close(fd);
	return -1;
}
