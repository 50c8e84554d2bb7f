/*
 * Hazard: a system call of the recorder fails, is cut short, or takes long
 * (reliability 48, 52, 55, 56). Expected: one line, exit status 7, whatever fails in
 * the recorder. `injected alone N` makes N allocations on one thread; `all` has two
 * threads and a forked child make N each as well.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static unsigned int rounds;

static void *
work(void *arg)
{
	unsigned char *blocks[64] = { 0 };
	unsigned int sum = 0;

	for (unsigned int i = 0; i < rounds; i++) {
		unsigned int at = i * 7919U % 64;
		size_t size = i * 31U % 2000 + 1;

		if (blocks[at] != NULL)
			sum += blocks[at][0];
		free(blocks[at]);
		blocks[at] = malloc(size);
		blocks[at][0] = (unsigned char)i;
	}
	for (int i = 0; i < 64; i++)
		free(blocks[i]);
	*(unsigned int *)arg = sum;
	return NULL;
}

int
main(int argc, char **argv)
{
	unsigned int sums[4] = { 0 };
	char line[64];

	if (argc != 3)
		return 2;
	rounds = (unsigned int)strtoul(argv[2], NULL, 10);
	if (strcmp(argv[1], "all") == 0) {
		pthread_t threads[2];
		int status = 0;
		pid_t child;

		/* Both at once, so that each has a stack of its own. */
		pthread_create(&threads[0], NULL, work, &sums[0]);
		pthread_create(&threads[1], NULL, work, &sums[1]);
		pthread_join(threads[0], NULL);
		pthread_join(threads[1], NULL);
		child = fork();
		if (child == 0) {
			work(&sums[2]);
			_exit(sums[2] == sums[0] ? 3 : 4);
		}
		if (waitpid(child, &status, 0) != child || !WIFEXITED(status))
			return 5;
		sums[2] = (unsigned int)WEXITSTATUS(status);
	}
	work(&sums[3]);
	snprintf(line, sizeof(line), "%u %u %u %u\n", sums[0], sums[1], sums[2], sums[3]);
	return write(1, line, strlen(line)) == (ssize_t)strlen(line) ? 7 : 6;
}
