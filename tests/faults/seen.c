/*
 * Hazard: what a program can see of the shim: descriptors, threads, modules,
 * environment, heap, signal state, child processes (reliability 10, 17, 37, 52).
 * Expected: what native sees, and one module more.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <malloc.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static int
entries(const char *path)
{
	DIR *directory = opendir(path);
	int count = 0;

	while (directory != NULL && readdir(directory) != NULL)
		count++;
	if (directory != NULL)
		closedir(directory);
	return count;
}

static int
visit(struct dl_phdr_info *info, size_t size, void *data)
{
	const char *name = info->dlpi_name;

	(void)size;
	/* Ours, and the tests' own. */
	if (strstr(name, "libesc") == NULL && strstr(name, "count.so") == NULL)
		++*(int *)data;
	return 0;
}

int
main(void)
{
	struct sigaction action;
	struct mallinfo2 info = mallinfo2();
	sigset_t mask;
	int modules = 0, handlers = 0;

	printf("heap %zu %zu\n", info.arena, info.uordblks);
	printf("descriptors %d\n", entries("/proc/self/fd"));
	printf("threads %d\n", entries("/proc/self/task"));
	dl_iterate_phdr(visit, &modules);
	printf("modules %d\n", modules);
	for (int i = 1; i < 64; i++)
		handlers += sigaction(i, NULL, &action) == 0 && action.sa_handler != SIG_DFL;
	sigprocmask(SIG_BLOCK, NULL, &mask);
	printf("handlers %d, blocked %d\n", handlers, !sigisemptyset(&mask));
	printf("child %d", waitpid(-1, NULL, WNOHANG | __WALL) < 0);
	printf(" %d\n", errno == ECHILD);
	/* Only what the test itself sets differs. */
	for (char **at = environ; *at != NULL; at++)
		if (strncmp(*at, "ESC_OPTIONS=", 12) != 0 && strncmp(*at, "LD_PRELOAD=", 11) != 0 &&
		    strncmp(*at, "COUNT_FILE=", 11) != 0 && strncmp(*at, "_=", 2) != 0)
			puts(*at);
	/* Linux allows it to processes of one thread only. */
	printf("unshare %d\n", unshare(CLONE_NEWUSER | CLONE_FS));
	printf("dumpable %d\n", prctl(PR_GET_DUMPABLE));
	printf("errno at start %d\n", open("/nonexistent", O_RDONLY));
	return 0;
}
