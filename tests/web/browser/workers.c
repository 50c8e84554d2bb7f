/*
 * workers ROUNDS: threads with names that make, hand on and keep blocks, in phases, and then
 * a child that does so, too, for the views of processes, threads, time and sources. ROUNDS
 * 0: until the input ends, slowly, with no child.
 */
#include <esc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WORKERS = 4, BOXES = 64, KEPT = 4096 };

static _Atomic(void *) boxes[BOXES];
static void *kept[WORKERS][KEPT];
static atomic_int stop;
static unsigned long rounds;

/* A temporary: never leaves. */
static size_t
measure(unsigned long i)
{
	char *text = malloc(64);
	size_t length;

	memset(text, 'a', 63);
	text[63] = '\0';
	text[i % 63] = '\0';
	length = strlen(text);
	free(text);
	return length;
}

/* For whoever comes next, of another thread as a rule. */
static void
hand_on(unsigned long i)
{
	free(atomic_exchange(&boxes[i % BOXES], malloc(16 + i % 500)));
}

static void *
make(size_t size)
{
	return calloc(1, size);
}

/* Grows for a while, then is thrown away. */
static void
keep(void **mine, unsigned long i)
{
	free(mine[i % KEPT]);
	mine[i % KEPT] = make(100 + i % 9000);
}

static void *
work(void *data)
{
	void **mine = data;
	char name[16];
	unsigned long i;

	(void)snprintf(name, sizeof(name), "worker %d", (int)((mine - kept[0]) / KEPT));
	esc_thread_name(name);
	for (i = 0; rounds == 0 ? !stop : i < rounds; i++) {
		(void)measure(i);
		if (rounds == 0 || i > rounds / 3)
			hand_on(i);
		if (i % 8 == 0)
			keep(mine, i);
		if (rounds == 0)
			usleep(2000); /* an analysis of what a busy machine waits for is short */
	}
	for (i = 0; i < KEPT; i++) {
		free(mine[i]);
		mine[i] = NULL;
	}
	return NULL;
}

int
main(int argc, char **argv)
{
	pthread_t threads[WORKERS];
	char byte;
	pid_t child;
	int i;

	rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
	esc_phase("work");
	for (i = 0; i < WORKERS; i++)
		pthread_create(&threads[i], NULL, work, kept[i]);
	while (rounds == 0 && read(STDIN_FILENO, &byte, 1) > 0)
		continue;
	stop = 1;
	for (i = 0; i < WORKERS; i++)
		pthread_join(threads[i], NULL);
	if (rounds == 0)
		return 0;
	esc_phase("after work: the child's");
	child = fork();
	if (child == 0) {
		rounds /= 10;
		work(kept[0]);
		_exit(0);
	}
	if (child < 0 || waitpid(child, &i, 0) != child || i != 0)
		return 1;
	esc_phase("");
	(void)measure(1);
	return 0;
}
