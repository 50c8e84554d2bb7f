/*
 * Hazard: every way that processes begin and end (reliability 22 to 29).
 * Expected: all events of parent and children are in the trace, each process in
 * streams of its own; nothing hangs; wait statuses are native's.
 * Argument: which way.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static int stop;

__attribute__((noinline)) static void
work(int times)
{
	for (int i = 0; i < times; i++) {
		char *volatile p = malloc((size_t)(i % 500) + 1);

		p = realloc(p, (size_t)(i % 700) + 1);
		free(p);
	}
}

static void *
busy(void *arg)
{
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED))
		work(10);
	return arg;
}

static void *
some(void *arg)
{
	work(50);
	return arg;
}

static void
wait_all(int count)
{
	int sum = 0, killed = 0, status;

	for (int i = 0; i < count; i++)
		if (wait(&status) > 0) {
			sum += WIFEXITED(status) ? WEXITSTATUS(status) : 0;
			killed += WIFSIGNALED(status);
		}
	printf("children %d, statuses %d, killed %d\n", count, sum, killed);
}

/* 300 children of a process with threads that allocate; some start threads. */
static int
forks(void)
{
	pthread_t thread[3];

	for (int i = 0; i < 3; i++)
		pthread_create(&thread[i], NULL, busy, NULL);
	for (int i = 0; i < 300; i++) {
		pid_t child;

		work(20);
		child = fork();
		if (child == 0) {
			work(100);
			if (i % 10 == 0) {
				pthread_create(&thread[0], NULL, some, NULL);
				pthread_join(thread[0], NULL);
			}
			_exit(i % 3);
		}
		if (i % 30 == 29)
			wait_all(30);
	}
	__atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
	for (int i = 0; i < 3; i++)
		pthread_join(thread[i], NULL);
	return 0;
}

static int
vforks(void)
{
	for (int i = 0; i < 100; i++) {
		pid_t child;

		work(20);
		child = vfork();
		if (child == 0) {
			work(5); /* on the parent's heap: it is still there after */
			_exit(1);
		}
	}
	wait_all(100);
	return 0;
}

static int
spawns(const char *self)
{
	char *argv[] = { (char *)self, (char *)"little", NULL };

	for (int i = 0; i < 30; i++) {
		pid_t child;

		work(20);
		if (posix_spawn(&child, self, NULL, NULL, argv, environ) != 0)
			return 1;
	}
	wait_all(30);
	return 0;
}

static int
execs(const char *self, int left)
{
	char number[16];

	work(5000);
	if (left == 0)
		return puts("last image") < 0;
	snprintf(number, sizeof(number), "%d", left - 1);
	return execl(self, self, "exec", number, (char *)NULL);
}

static int
daemonise(void)
{
	int pipes[2];
	char byte;

	work(100);
	if (pipe(pipes) != 0)
		return 1;
	if (fork() == 0) {
		setsid();
		work(100);
		if (fork() != 0)
			_exit(0);
		close(pipes[0]);
		chdir("/");
		close(0);
		close(1);
		close(2);
		work(20000);
		_exit(write(pipes[1], "x", 1) != 1);
	}
	close(pipes[1]);
	wait_all(1);
	printf("%ld\n", (long)read(pipes[0], &byte, 1));
	/* The daemon's last words are said: it ends now. */
	return read(pipes[0], &byte, 1) != 0;
}

/* Orphans come to it, as to the first process of a container. */
static int
reaper(const char *self)
{
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	return execl(self, self, "reaped", (char *)NULL);
}

static int
reaped(void)
{
	int children = 0;

	for (int i = 0; i < 3; i++)
		if (fork() == 0) {
			work(100);
			_exit(0);
		}
	work(500000);
	while (wait(NULL) > 0)
		children++;
	return printf("%d children\n", children) < 0;
}

static void
at_exit(void)
{
	work(500);
}

__attribute__((destructor)) static void
at_fini(void)
{
	work(300);
}

int
main(int argc, char **argv)
{
	const char *way = argc > 1 ? argv[1] : "";

	setvbuf(stdout, NULL, _IONBF, 0);
	atexit(at_exit);
	at_quick_exit(at_exit);
	if (strcmp(way, "fork") == 0)
		return forks();
	if (strcmp(way, "vfork") == 0)
		return vforks();
	if (strcmp(way, "spawn") == 0)
		return spawns("/proc/self/exe");
	if (strcmp(way, "exec") == 0)
		return execs("/proc/self/exe", argc > 2 ? atoi(argv[2]) : 4);
	if (strcmp(way, "daemon") == 0)
		return daemonise();
	if (strcmp(way, "reaper") == 0)
		return reaper("/proc/self/exe");
	if (strcmp(way, "reaped") == 0)
		return reaped();
	work(50000);
	if (strcmp(way, "_exit") == 0)
		_exit(7);
	if (strcmp(way, "quick_exit") == 0)
		quick_exit(8);
	if (strcmp(way, "abort") == 0)
		abort();
	if (strcmp(way, "segv") == 0)
		*(volatile int *)(argc - 2) = 1;
	if (strcmp(way, "ill") == 0)
		__builtin_trap();
	if (strcmp(way, "exit_group") == 0)
		syscall(SYS_exit_group, 9);
	if (strcmp(way, "fpe") == 0)
		raise(SIGFPE);
	if (strcmp(way, "kill") == 0)
		kill(getpid(), SIGKILL);
	if (strcmp(way, "term") == 0)
		kill(getpid(), SIGTERM);
	if (strcmp(way, "pthread_exit") == 0)
		pthread_exit(NULL);
	return strcmp(way, "little") == 0 ? 2 : 0;
}
