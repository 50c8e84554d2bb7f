/*
 * Hazard: what Linux allows to a process with one thread only, or counts by task: user
 * and time name spaces, setns, RLIMIT_NPROC; setuid, which glibc brings to all threads
 * (reliability 17). Expected: native's answers.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static int
say(const char *what, int result)
{
	return printf("%s %d %d\n", what, result, result < 0 ? errno : 0);
}

/* In a child each: none is undone. */
static void
in_child(void (*run)(void))
{
	fflush(stdout);
	if (fork() == 0) {
		free(malloc(100));
		run();
		free(malloc(200));
		fflush(stdout);
		_exit(0);
	}
	wait(NULL);
}

static void
users(void)
{
	say("unshare user", unshare(CLONE_NEWUSER));
}

static void
everything(void)
{
	say("unshare user, mount, pid, net, uts, ipc",
	    unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWUTS |
		CLONE_NEWIPC));
	/* The first of its pid name space. */
	if (fork() == 0) {
		free(malloc(300));
		_exit((int)getpid());
	}
	wait(NULL);
}

static void
enter(void)
{
	int fd = open("/proc/self/ns/mnt", O_RDONLY);

	say("setns mount", setns(fd, CLONE_NEWNS));
	close(fd);
}

static void
nobody(void)
{
	struct rlimit limit = { 1, 1 };

	say("setgid", setgid(65534));
	say("setuid", setuid(65534));
	setrlimit(RLIMIT_NPROC, &limit);
	for (int i = 0; i < 1000; i++)
		free(malloc((size_t)i));
}

int
main(void)
{
	in_child(users);
	in_child(everything);
	in_child(enter);
	in_child(nobody);
	users();
	return 0;
}
