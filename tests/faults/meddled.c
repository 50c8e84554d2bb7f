/*
 * Hazard: the program beside meddler.c (reliability 4). Expected: of the functions that
 * were replaced each is called as often as natively: nobody but the program calls them.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void *
work(void *arg)
{
	for (int i = 0; i < 20000; i++) {
		char *p = malloc((size_t)i % 900);

		p = realloc(p, (size_t)i % 1500 + 1);
		free(p);
	}
	return arg;
}

int
main(void)
{
	const char *const *names = dlsym(RTLD_DEFAULT, "meddler_names");
	int *calls = dlsym(RTLD_DEFAULT, "meddler_calls");
	struct timespec now;
	pthread_t thread;

	if (names == NULL || calls == NULL)
		return 99;
	work(NULL);
	pthread_create(&thread, NULL, work, NULL);
	pthread_join(thread, NULL);
	clock_gettime(CLOCK_REALTIME, &now);
	munmap(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), 4096);
	if (fork() == 0) {
		work(NULL);
		_exit(getpid() == 0);
	}
	wait(NULL);
	for (int i = 0; i < 40; i++)
		if (names[i] != NULL)
			printf("%s %d\n", names[i], calls[i]);
	return 0;
}
