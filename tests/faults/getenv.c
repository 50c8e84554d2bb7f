/*
 * Hazard: a program with a getenv of its own, that is not ready when the shim is, and
 * an environment that changes (reliability 3); dlsym that allocates, early and late,
 * since it finds nothing (1). Expected: nobody asks the program's getenv but itself;
 * children see the environment that it made; the counts are exact.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;
static int asked, ready;

char *
getenv(const char *name)
{
	size_t length = strlen(name);

	asked++;
	if (!ready)
		abort();
	for (char **at = environ; at != NULL && *at != NULL; at++)
		if (strncmp(*at, name, length) == 0 && (*at)[length] == '=')
			return *at + length + 1;
	return NULL;
}

char *
secure_getenv(const char *name)
{
	return getenv(name);
}

int
setenv(const char *name, const char *value, int overwrite)
{
	(void)name, (void)value, (void)overwrite;
	abort();
}

int
unsetenv(const char *name)
{
	(void)name;
	abort();
}

/* What is not found needs a text, and that needs malloc. */
static int
missing(const char *name)
{
	const char *text;
	int found = dlsym(RTLD_DEFAULT, name) != NULL;

	found += dlsym(RTLD_NEXT, name) != NULL;
	text = dlerror();
	return found + (text == NULL || strstr(text, name) == NULL);
}

static void
preinit(void)
{
	for (int i = 0; i < 10; i++)
		if (missing("no_such_name") != 0)
			abort();
}

__attribute__((section(".preinit_array"), used)) static void (*preinit_entry)(void) = preinit;

__attribute__((constructor(101))) static void
constructor(void)
{
	preinit();
	ready = 1;
}

int
main(void)
{
	static char *none[] = { NULL }, *own[] = { (char *)"ONLY=this", NULL };
	int sum = 0;

	printf("asked %d, PATH %d\n", asked, getenv("PATH") != NULL);
	for (int i = 0; i < 100; i++)
		sum += missing("no_such_name_either");
	printf("missing %d\n", sum);
	environ = none;
	sum = missing("no_such_name");
	free(malloc(100));
	printf("empty %d %d\n", sum, getenv("PATH") != NULL);
	fflush(stdout);
	environ = NULL;
	free(malloc(100));
	environ = own;
	if (fork() == 0)
		execl("/usr/bin/env", "env", (char *)NULL);
	wait(&sum);
	return printf("asked %d, child %d\n", asked, sum) < 0;
}
