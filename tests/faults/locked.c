/*
 * Hazard: mlockall, which brings all into memory that is mapped (reliability 56): most of it
 * natively, tens of gigabytes of reserved address space with a profiler that has those.
 * A child ends this program before it can take the machine's memory.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SIZE = 1 << 20, MOST = 512 << 20 };

/* Bytes in memory. Allocates nothing: the guard is killed anywhere, also between a block that
 * is counted here and the same block counted there. */
static long
resident(pid_t pid)
{
	char path[64], text[64];
	long size = 0, pages = 0;
	ssize_t got;
	int file;

	snprintf(path, sizeof(path), "/proc/%d/statm", (int)pid);
	file = open(path, O_RDONLY);
	if (file < 0)
		return 0;
	got = read(file, text, sizeof(text) - 1);
	close(file);
	if (got <= 0)
		return 0;
	text[got] = '\0';
	if (sscanf(text, "%ld %ld", &size, &pages) != 2)
		return 0;
	return pages * sysconf(_SC_PAGESIZE);
}

static pid_t
guard(void)
{
	pid_t parent = getpid(), child = fork();

	if (child != 0)
		return child;
	while (getppid() == parent) {
		if (resident(parent) > MOST)
			kill(parent, SIGKILL);
		usleep(2000);
	}
	_exit(0);
}

static void
lock(const char *name, int flags)
{
	unsigned char in[SIZE / 4096];
	int result, there = 0;
	char *later, *block;

	errno = 0;
	result = mlockall(flags);
	printf("%s: %d %d, %s\n", name, result, errno,
	    resident(getpid()) < MOST ? "little in memory" : "much in memory");
	later = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (later == MAP_FAILED)
		return;
	mincore(later, SIZE, in);
	for (int i = 0; i < SIZE / 4096; i++)
		there += in[i] & 1;
	printf("%d pages of a later mapping\n", there);
	munmap(later, SIZE);
	for (int i = 0; i < 1000; i++) {
		block = malloc((size_t)i * 30 + 1);
		memset(block, 1, (size_t)i * 30 + 1);
		free(block);
	}
	munlockall();
}

int
main(void)
{
	struct rlimit none = { 0, 0 };
	pid_t child;

	/* Who may lock no matter how much. */
	if (setrlimit(RLIMIT_MEMLOCK, &none) != 0 || mlockall(MCL_FUTURE) != 0)
		return 77;
	munlockall();
	child = guard();
	lock("current", MCL_CURRENT);
	lock("current, future", MCL_CURRENT | MCL_FUTURE);
	lock("current, future, on fault", MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT);
	lock("future", MCL_FUTURE);
	lock("nothing", 0);
	lock("unknown", 1 << 20);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	return 0;
}
