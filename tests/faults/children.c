/*
 * Hazard: processes that begin deep in marked frames: fork whose child returns
 * through them as its parent does, vfork and exec, posix_spawn, and 10,000
 * threads that each mark. Argument: which.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/faults/marks.h"

extern char **environ;
static int forked;

NOINLINE static long
frame(int depth, int (*at_end)(void))
{
	char *block = malloc(32);
	long result;

	touch();
	result = depth == 0 ? at_end() : frame(depth - 1, at_end) + 1;
	touch();
	free(block);
	return result;
}

static int
ends(pid_t pid)
{
	int status;

	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return 999;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 500 + WTERMSIG(status);
}

/* Both return through all frames. */
static int
forks(void)
{
	pid_t pid;

	fflush(stdout);
	touch();
	pid = fork();
	if (pid == 0) {
		touch();
		forked = 1;
		return 0;
	}
	return ends(pid);
}

static int
forking(void)
{
	long sum = 0;

	for (int round = 0; round < 60; round++) {
		long result = frame(round % 30, forks);

		if (forked) {
			touch();
			_exit((int)result * 2);
		}
		sum += result;
	}
	return printf("forking %ld\n", sum) < 0;
}

/* A child's child's child. */
static int
generations(void)
{
	long result = frame(5, forks);

	if (forked) {
		forked = 0;
		result = frame(6, forks) + 10;
		if (forked) {
			forked = 0;
			result = frame(7, forks) + 20;
		}
		exit((int)result);
	}
	return printf("generations %ld\n", result) < 0;
}

static int
vforks(void)
{
	static char *const arguments[] = { "sh", "-c", "exit 3", NULL };
	pid_t pid;

	touch();
	pid = vfork();
	if (pid == 0) {
		execve("/bin/sh", arguments, environ);
		_exit(99);
	}
	touch();
	return ends(pid);
}

static int
spawns(void)
{
	static char *const arguments[] = { "sh", "-c", "exit 4", NULL };
	pid_t pid = -1;

	touch();
	posix_spawn(&pid, "/bin/sh", NULL, NULL, arguments, environ);
	touch();
	return ends(pid);
}

static int
systems(void)
{
	touch();
	return system("exit 5") >> 8;
}

static int
starting(void)
{
	long sum = 0;

	for (int round = 0; round < 20; round++)
		sum += frame(round, vforks) + frame(round, spawns) + frame(round, systems);
	return printf("starting %ld\n", sum) < 0;
}

static int
nothing(void)
{
	return 1;
}

static void *
thread_start(void *depth)
{
	return (void *)frame((int)(long)depth, nothing);
}

static int
threads(void)
{
	long sum = 0;

	for (int round = 0; round < 1250; round++) {
		pthread_t thread[8];

		for (int i = 0; i < 8; i++)
			pthread_create(&thread[i], NULL, thread_start, (void *)(long)(i * 3));
		for (int i = 0; i < 8; i++) {
			void *result;

			pthread_join(thread[i], &result);
			sum += (long)result;
		}
	}
	return printf("threads %ld\n", sum) < 0;
}

int
main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(void);
	} cases[] = {
		{ "forking", forking },
		{ "generations", generations },
		{ "starting", starting },
		{ "threads", threads },
	};

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		if (argc == 2 && strcmp(argv[1], cases[i].name) == 0)
			return cases[i].run();
	return 2;
}
