/*
 * Hazard: the first backtrace() loads libgcc_s and allocates: when it is made, and by
 * whom, is the program's affair (reliability 40). Expected: the library appears when
 * the program asks, not before; where no descriptor is left it is natively's answer.
 * Argument: "none" for no descriptor.
 */
#define _GNU_SOURCE
#include <execinfo.h>
#include <link.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

static int
visit(struct dl_phdr_info *info, size_t size, void *data)
{
	(void)size;
	*(int *)data += strstr(info->dlpi_name, "libgcc_s") != NULL;
	return 0;
}

static int
loaded(void)
{
	int found = 0;

	dl_iterate_phdr(visit, &found);
	return found;
}

__attribute__((noinline)) static int
deep(int depth)
{
	void *places[64];
	void *volatile block = malloc((size_t)depth + 1);
	int found = depth == 0 ? backtrace(places, 64) : deep(depth - 1);

	free(block);
	return found;
}

static void *
thread_deep(void *arg)
{
	*(int *)arg = deep(5) > 5;
	return NULL;
}

int
main(int argc, char **argv)
{
	struct rlimit limit = { 3, 3 };
	pthread_t thread;
	int found = 0;

	printf("before %d\n", loaded());
	for (int i = 0; i < 1000; i++)
		free(malloc((size_t)i));
	printf("after allocations %d\n", loaded());
	if (argc > 1 && strcmp(argv[1], "none") == 0)
		setrlimit(RLIMIT_NOFILE, &limit);
	pthread_create(&thread, NULL, thread_deep, &found);
	pthread_join(thread, NULL);
	printf("after backtrace %d, %d\n", loaded(), found);
	printf("again %d\n", deep(10) > 10);
	return 0;
}
