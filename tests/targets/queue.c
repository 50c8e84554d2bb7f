/* expect: produce thread thread=400 */
/* flags: -pthread */
/* A queue from one thread to another. */
#include <pthread.h>
#include <stdlib.h>

#include "target.h"

struct item {
	struct item *next;
	int value[10];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t filled = PTHREAD_COND_INITIALIZER;
static struct item *head;

static NOINLINE void
produce(int i)
{
	struct item *item = malloc(sizeof(*item));

	TOUCH(item);
	item->value[0] = i;
	pthread_mutex_lock(&lock);
	item->next = head;
	head = item;
	pthread_cond_signal(&filled);
	pthread_mutex_unlock(&lock);
}

static void *
consume(void *unused)
{
	for (int i = 0; i < 400; i++) {
		struct item *item;

		pthread_mutex_lock(&lock);
		while (head == NULL)
			pthread_cond_wait(&filled, &lock);
		item = head;
		head = item->next;
		pthread_mutex_unlock(&lock);
		free(item);
	}
	return unused;
}

int
main(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, consume, NULL) != 0)
		return 1;
	for (int i = 0; i < 400; i++)
		produce(i);
	return pthread_join(thread, NULL);
}
