#define _GNU_SOURCE
#include "preload/aside.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <string.h>
#include <sys/stat.h>

#include "preload/sys.h"

#pragma weak _dl_find_object /* see aside.h */

/* Not there in another C library, where the reference is to be nothing, not an error. */
extern void *__libc_malloc(size_t size) __attribute__((weak));

bool
aside_is_foreign(void)
{
	return &__libc_malloc == NULL || &_dl_find_object == NULL;
}

static const char *
aside_base(const char *path)
{
	const char *base = path;

	for (; *path != 0; path++)
		if (*path == '/')
			base = path + 1;
	return base;
}

static const struct link_map *
aside_own(void)
{
	struct dl_find_object mine;

	if (_dl_find_object((void *)(uintptr_t)&aside_own, &mine) != 0)
		return NULL;
	return mine.dlfo_link_map;
}

bool
aside_is_due(void)
{
	static const char *const first[] = { "libasan.so", "libclang_rt.asan" };
	const struct link_map *map = aside_own();
	const char *base;

	for (; map != NULL; map = map->l_next) {
		base = aside_base(map->l_name);
		for (size_t i = 0; i < sizeof(first) / sizeof(first[0]); i++)
			if (strlen(base) >= strlen(first[i]) &&
			    memcmp(base, first[i], strlen(first[i])) == 0)
				return true;
	}
	return false;
}

/* The base name of the entry of a list that begins there; *end: where the entry ends. */
static char *
aside_entry(char *at, char **end)
{
	char *base = at;

	for (; *at != 0 && *at != ':' && *at != ' '; at++)
		if (*at == '/')
			base = at + 1;
	*end = at;
	return base;
}

/* The entries of the list at `list` that are not called `name`. False: they all stay. */
static bool
aside_remove(char *list, const char *name)
{
	size_t own = strlen(name);
	char *to = list, *at = list;
	bool removed = false;

	while (*at != 0) {
		char *end;
		const char *base = aside_entry(at, &end);

		if ((size_t)(end - base) == own && memcmp(base, name, own) == 0) {
			removed = true;
			at = *end != 0 ? end + 1 : end;
			continue;
		}
		end += *end != 0;
		memmove(to, at, (size_t)(end - at));
		to += end - at;
		at = end;
	}
	if (removed && to > list && (to[-1] == ':' || to[-1] == ' '))
		to--;
	*to = 0;
	return removed;
}

/* Ours out of LD_PRELOAD; all of it, where nothing else was there. */
static bool
aside_unload(char **envp)
{
	static const char variable[] = "LD_PRELOAD=";
	const size_t length = sizeof(variable) - 1;
	const struct link_map *own = aside_own();

	for (; *envp != NULL; envp++) {
		if (strlen(*envp) < length || memcmp(*envp, variable, length) != 0)
			continue;
		if (own == NULL || !aside_remove(*envp + length, aside_base(own->l_name)))
			return false;
		if ((*envp)[length] == 0)
			for (; *envp != NULL; envp++)
				envp[0] = envp[1];
		return true;
	}
	return false;
}

static bool
aside_is_same(const char *one, const char *other)
{
	struct stat a = { 0 }, b = { 0 };

	return arch_syscall(SYS_newfstatat, AT_FDCWD, (long)one, (long)&a, 0, 0, 0) == 0 &&
	    arch_syscall(SYS_newfstatat, AT_FDCWD, (long)other, (long)&b, 0, 0, 0) == 0 &&
	    a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

void
aside_step(const char *exe, const char *started, char **argv, char **envp)
{
	/* A script's name is not its interpreter's. */
	const char *path = aside_is_same(started, "/proc/self/exe") ? started : exe;

	if (aside_unload(envp))
		arch_syscall(SYS_execve, (long)path, (long)argv, (long)envp, 0, 0, 0);
}
