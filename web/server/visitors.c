#include "web/server/visitors.h"

#include <sys/socket.h>
#include <time.h>

static uint64_t
visitors_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec;
}

void
visitors_init(struct visitors *visitors)
{
	pthread_mutex_init(&visitors->lock, NULL);
	for (int i = 0; i < VISITORS_MAX; i++)
		visitors->list[i] = (struct visitor){ .fd = -1 };
}

void
visitors_release(struct visitors *visitors)
{
	pthread_mutex_destroy(&visitors->lock);
}

/* fd -1: a free place. */
static struct visitor *
visitors_look(struct visitors *visitors, int fd)
{
	for (int i = 0; i < VISITORS_MAX; i++)
		if (visitors->list[i].fd == fd)
			return &visitors->list[i];
	return NULL;
}

struct visitor *
visitors_find(struct visitors *visitors, int fd)
{
	struct visitor *found;

	pthread_mutex_lock(&visitors->lock);
	found = visitors_look(visitors, fd);
	pthread_mutex_unlock(&visitors->lock);
	return found;
}

struct visitor *
visitors_add(struct visitors *visitors, int fd, unsigned seconds)
{
	struct visitor *found;

	pthread_mutex_lock(&visitors->lock);
	found = visitors_look(visitors, -1);
	if (found)
		*found = (struct visitor){ fd, visitors_now() + seconds };
	pthread_mutex_unlock(&visitors->lock);
	return found;
}

void
visitors_remove(struct visitors *visitors, struct visitor *visitor)
{
	pthread_mutex_lock(&visitors->lock);
	visitor->fd = -1;
	pthread_mutex_unlock(&visitors->lock);
}

void
visitors_expect(struct visitors *visitors, struct visitor *visitor, unsigned seconds)
{
	pthread_mutex_lock(&visitors->lock);
	visitor->expires = seconds == 0 ? 0 : visitors_now() + seconds;
	pthread_mutex_unlock(&visitors->lock);
}

void
visitors_expire(struct visitors *visitors)
{
	uint64_t now = visitors_now();

	pthread_mutex_lock(&visitors->lock);
	for (int i = 0; i < VISITORS_MAX; i++) {
		struct visitor *visitor = &visitors->list[i];

		/* who owns the descriptor then sees its end, and closes it */
		if (visitor->fd >= 0 && visitor->expires != 0 && visitor->expires < now)
			shutdown(visitor->fd, SHUT_RDWR);
	}
	pthread_mutex_unlock(&visitors->lock);
}
