/*
 * The connections that are open, and until when their next request must have come: a
 * client that sends its head byte by byte would else hold its place for ever. Any thread.
 */
#ifndef WEB_SERVER_VISITORS_H
#define WEB_SERVER_VISITORS_H

#include <pthread.h>
#include <stdint.h>

enum { VISITORS_MAX = 64 };

struct visitor {
	int fd;           /* -1: the place is free */
	uint64_t expires; /* seconds, CLOCK_MONOTONIC; 0: its request has come */
};

struct visitors {
	pthread_mutex_t lock;
	struct visitor list[VISITORS_MAX];
};

void visitors_init(struct visitors *visitors);
void visitors_release(struct visitors *visitors);

/* A connection begins: its place, for the calls below; NULL: all are taken. */
struct visitor *visitors_add(struct visitors *visitors, int fd, unsigned seconds);
/* The place of a descriptor that has one; else NULL. */
struct visitor *visitors_find(struct visitors *visitors, int fd);
/* It ends; its descriptor must not be closed before. */
void visitors_remove(struct visitors *visitors, struct visitor *visitor);
/* Its next request is due in so many seconds; 0: it has come. */
void visitors_expect(struct visitors *visitors, struct visitor *visitor, unsigned seconds);
/* Shuts down those that are late. */
void visitors_expire(struct visitors *visitors);

#endif
