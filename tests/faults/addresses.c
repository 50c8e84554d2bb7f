/*
 * Hazard: the shim allocates from the program's heap, or adds to its blocks (reliability
 * 46, 47). Expected, without randomisation of the address space: every address and every
 * field of mallinfo2 is natively's, in the first thread, in threads and their arenas, and
 * in a child. Prints a digest; tests/lib/addresses.c writes all of it down.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <malloc.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static uint64_t digest = 14695981039346656037ULL;

static void *
add(void *block)
{
	digest = (digest ^ (uintptr_t)block) * 1099511628211ULL;
	return block;
}

static void *
work(void *arg)
{
	void *blocks[100] = { NULL };

	for (unsigned int i = 0; i < 20000; i++) {
		void **at = &blocks[i * 7919U % 100];

		if (i % 5 == 0) {
			*at = realloc(*at, i * 31U % 3000 + 1);
		} else if (i % 7 == 0) {
			free(*at);
			*at = calloc(3, i % 300);
		} else if (i % 11 == 0) {
			free(*at);
			*at = memalign(64, i % 2000);
		} else {
			free(*at);
			*at = malloc(i * 13U % 5000);
		}
		if (arg == NULL)
			add(*at);
	}
	for (int i = 0; i < 100; i++)
		free(blocks[i]);
	return NULL;
}

static void
say(const char *what)
{
	struct mallinfo2 info = mallinfo2();

	printf("%s %lx: %zu %zu %zu %zu %zu %zu %zu\n", what, (long)digest, info.arena,
	    info.ordblks, info.hblks, info.hblkhd, info.uordblks, info.fordblks, info.keepcost);
	fflush(stdout);
}

int
main(int argc, char **argv)
{
	static char buffer[4096];

	setvbuf(stdout, buffer, _IOFBF, sizeof(buffer));
	say("start");
	work(NULL);
	say("worked");
	for (int i = 0; i < 10; i++) {
		pthread_t thread;

		pthread_create(&thread, NULL, work, argv);
		pthread_join(thread, NULL);
	}
	add(malloc(1000));
	say("threads");
	for (int i = 0; i < 5 && argc > 1; i++) {
		void *library = dlopen(argv[1], RTLD_NOW);

		add(malloc(2000));
		dlclose(library);
	}
	say("loaded");
	if (fork() == 0) {
		work(NULL);
		say("child");
		_exit(0);
	}
	wait(NULL);
	return 0;
}
