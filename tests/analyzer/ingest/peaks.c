/*
 * peaks STEPS THREADS [free]: allocates and frees at 40 sites by chance, and prints for each
 * what it had when most was live: "site_7 BLOCKS BYTES". Nothing else is allocated until then.
 * With "free" no block becomes another one: of these dhat says that they stay where they were.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOINLINE __attribute__((noinline))
/* clang-format off */
#define SITES(X) \
	X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14) \
	X(15) X(16) X(17) X(18) X(19) X(20) X(21) X(22) X(23) X(24) X(25) X(26) X(27) \
	X(28) X(29) X(30) X(31) X(32) X(33) X(34) X(35) X(36) X(37) X(38) X(39)
/* clang-format on */

enum { COUNT = 40, SLOTS = 3000 };

#define X(n)                                                 \
	static NOINLINE void *site_##n(void *p, size_t size) \
	{                                                    \
		void *volatile q = realloc(p, size);         \
		return q;                                    \
	}
SITES(X)
#undef X

static void *(*const sites[COUNT])(void *, size_t) = {
#define X(n) site_##n,
	SITES(X)
#undef X
};

struct sum {
	long blocks, bytes;
};

static struct slot {
	void *p;
	size_t size;
	int site;
} slots[SLOTS];
static struct sum now[COUNT], then[COUNT];
static long live, most, steps, shrinking;
static int is_freeing;
static unsigned long state = 42;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static unsigned
draw(unsigned below)
{
	state = state * 6364136223846793005UL + 1442695040888963407UL;
	return (unsigned)(state >> 33) % below;
}

static void
count(int site, long blocks, long bytes)
{
	now[site].blocks += blocks;
	now[site].bytes += bytes;
	live += bytes;
	if (live > most) {
		most = live;
		memcpy(then, now, sizeof(then));
	}
}

/* A block begins, becomes another one, or ends. */
static void
step(void)
{
	struct slot *slot = &slots[draw(SLOTS)];

	if (slot->p)
		count(slot->site, -1, -(long)slot->size);
	if (slot->p && draw(3) == 0) {
		free(slot->p);
		slot->p = NULL;
		return;
	}
	if (slot->p && is_freeing) {
		free(slot->p);
		slot->p = NULL;
	}
	if (!slot->p && steps < shrinking && draw(3) != 0)
		return;
	slot->site = (int)draw(1 + draw(COUNT));
	slot->size = 1 + draw(1 + draw(2000));
	slot->p = sites[slot->site](slot->p, slot->size);
	if (!slot->p)
		abort();
	count(slot->site, 1, (long)slot->size);
}

static void *
work(void *data)
{
	for (;;) {
		pthread_mutex_lock(&lock);
		if (steps == 0)
			break;
		steps--;
		step();
		pthread_mutex_unlock(&lock);
	}
	pthread_mutex_unlock(&lock);
	return data;
}

int
main(int argc, char **argv)
{
	int threads = argc > 2 ? atoi(argv[2]) : 1;
	static char text[COUNT * 64];
	pthread_t ids[8];
	int len = 0;

	steps = argc > 1 ? atol(argv[1]) : 0;
	shrinking = steps / 2;
	is_freeing = argc > 3;
	if (threads <= 1)
		work(NULL);
	/* what the C library allocates for threads is there before any of them begins */
	pthread_mutex_lock(&lock);
	for (int i = 0; threads > 1 && i < threads && i < 8; i++)
		if (pthread_create(&ids[i], NULL, work, NULL) != 0)
			abort();
	pthread_mutex_unlock(&lock);
	for (int i = 0; threads > 1 && i < threads && i < 8; i++)
		pthread_join(ids[i], NULL);
	for (int i = 0; i < COUNT; i++)
		len += snprintf(text + len, sizeof(text) - (size_t)len, "site_%d %ld %ld\n", i,
		    then[i].blocks, then[i].bytes);
	/* no stream: it would have a buffer */
	return dprintf(1, "%s", text) == len ? 0 : 1;
}
