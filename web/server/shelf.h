/* The files that are shown at the moment. A live trace's is replaced, whole, while others
 * read the last one. Any thread. */
#ifndef WEB_SERVER_SHELF_H
#define WEB_SERVER_SHELF_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct profile;

enum { SHELF_RUNS = 2 };

struct shelf {
	pthread_mutex_t lock;
	struct profile *runs[SHELF_RUNS]; /* NULL: there is no such */
	uint64_t revision;                /* counts what was replaced */
	bool is_running[SHELF_RUNS];      /* it is to be replaced again */
	const char *view;                 /* static; opened first; NULL: as usual */
	char *errors[SHELF_RUNS];         /* owned; why the last try did not; NULL: it did */
};

void shelf_init(struct shelf *shelf);
void shelf_release(struct shelf *shelf);

/* Puts it there, held by the shelf from now on; what was there is dropped. */
void shelf_put(struct shelf *shelf, size_t run, struct profile *profile);
/* Held for the caller, who drops it; NULL: there is none. */
struct profile *shelf_take(struct shelf *shelf, size_t run);
/* Whether more of it will come; error: why the last try failed, copied; NULL: it did not. */
void shelf_tell(struct shelf *shelf, size_t run, bool is_running, const char *error);

/* The document `state`; left_out: what a file lacks, or NULL. */
void shelf_state(struct shelf *shelf, const char *left_out, FILE *out);

#endif
