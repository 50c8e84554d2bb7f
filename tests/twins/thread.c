/* pattern: handed to another thread */
/* libs: -pthread */
#include <pthread.h>
#include <stdlib.h>

#include "tests/targets/target.h"

struct job {
	int n;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static struct job *slot;

static NOINLINE void
hand(int n)
{
	struct job *job = malloc(sizeof(*job)); /* HERE */

	job->n = n;
	pthread_mutex_lock(&lock);
	while (slot)
		pthread_cond_wait(&changed, &lock);
	slot = job;
	pthread_cond_signal(&changed);
	pthread_mutex_unlock(&lock);
}

static void *
take(void *sum)
{
	for (int i = 0; i < 1000; i++) {
		pthread_mutex_lock(&lock);
		while (!slot)
			pthread_cond_wait(&changed, &lock);
		*(int *)sum += slot->n;
		free(slot);
		slot = NULL;
		pthread_cond_signal(&changed);
		pthread_mutex_unlock(&lock);
	}
	return NULL;
}

int
main(void)
{
	pthread_t thread;
	int sum = 0;

	if (pthread_create(&thread, NULL, take, &sum) != 0)
		return 1;
	for (int i = 0; i < 1000; i++)
		hand(i);
	pthread_join(thread, NULL);
	return 0;
}
