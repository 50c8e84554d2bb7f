/*
 * recorder THREADS COUNT [CHILDREN]
 *
 * Each thread, of this process and of CHILDREN that it forks, allocates and frees
 * COUNT blocks, whose sizes tell their order: 1, 2, 3 ... 4000, 1 ... A COUNT of 0
 * never ends; "begun" on stdout then says that it runs.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { THREADS = 256, SIZES = 4000 };

static unsigned long count;

static __attribute__((noinline)) void
one(unsigned long i)
{
	void *volatile block = malloc(1 + i % SIZES);

	free(block);
}

static void *
work(void *unused)
{
	for (unsigned long i = 0; count == 0 || i < count; i++)
		one(i);
	return unused;
}

static void
run(int threads)
{
	pthread_t all[THREADS];

	for (int i = 0; i < threads; i++)
		if (pthread_create(&all[i], NULL, work, NULL) != 0)
			exit(99);
	for (int i = 0; i < threads; i++)
		pthread_join(all[i], NULL);
}

int
main(int argc, char **argv)
{
	int threads = argc > 2 ? atoi(argv[1]) : 0;
	int children = argc > 3 ? atoi(argv[3]) : 0;

	if (threads > THREADS || argc < 3)
		return 99;
	count = strtoul(argv[2], NULL, 10);
	if (count == 0 && write(1, "begun\n", 6) != 6)
		return 99;
	for (int i = 0; i < children; i++) {
		pid_t child = fork();

		if (child == 0) {
			run(threads);
			_exit(0);
		}
		waitpid(child, NULL, 0);
	}
	if (threads == 0)
		work(NULL);
	run(threads);
	return 0;
}
