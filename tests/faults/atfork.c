/*
 * Hazard: handlers of pthread_atfork that allocate, free and lock, registered by the
 * program, a constructor and a library, while threads allocate (reliability 23).
 * Expected: all three kinds run around each fork, no hang, every event counted.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static void *kept[3];
static int ran[3], stop;

static void
some(int which)
{
	for (int i = 0; i < 50; i++)
		free(malloc((size_t)i * 40));
	free(kept[which]);
	kept[which] = malloc(100);
	ran[which]++;
}

static void
prepare(void)
{
	pthread_mutex_lock(&lock);
	some(0);
}

static void
parent(void)
{
	some(1);
	pthread_mutex_unlock(&lock);
}

static void
child(void)
{
	some(2);
	pthread_mutex_unlock(&lock);
}

__attribute__((constructor)) static void
constructor(void)
{
	pthread_atfork(prepare, parent, child);
}

static void *
busy(void *arg)
{
	for (int i = 0; !__atomic_load_n(&stop, __ATOMIC_RELAXED); i++) {
		pthread_mutex_lock(&lock);
		free(malloc((size_t)i % 700));
		pthread_mutex_unlock(&lock);
		free(malloc((size_t)i % 900));
	}
	return arg;
}

int
main(void)
{
	pthread_t threads[3];
	int sum = 0, status;

	for (int i = 0; i < 3; i++)
		pthread_create(&threads[i], NULL, busy, NULL);
	for (int i = 0; i < 100; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			free(malloc(10));
			_exit(ran[2] == 1 && ran[0] == i + 1);
		}
		waitpid(pid, &status, 0);
		sum += WEXITSTATUS(status);
	}
	stop = 1;
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	return printf("%d children, %d %d %d\n", sum, ran[0], ran[1], ran[2]) < 0;
}
