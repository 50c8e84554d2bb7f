/*
 * storm DEPTH same|varying|hot|churn THREADS PAIRS: threads that do nothing but allocate and
 * free, PAIRS times in all, DEPTH frames below the thread's first function.
 *
 * same: the stack is one and the same. varying: before each pair the thread returns
 * from some functions (one, mostly; two every second time, and so on) and calls
 * others, so that no stack is like the one before; the outer frames stay. hot: one
 * block, freed and allocated again. churn: a thousand blocks live, the rest as in same.
 *
 * Prints, as JSON, the pairs and the seconds that they took; a figure that is the
 * threads' alone, without the start of the process.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { LIVE = 64, LIVE_MOST = 1024, THREADS_MOST = 256, UP_MOST = 8 };

struct storm {
	pthread_t thread;
	uint64_t random;
	long left; /* pairs to go */
	int depth; /* of the functions that allocate */
	int up;    /* functions to return from now */
	int varying;
	unsigned int mask; /* of the slot of the next block */
	void *live[LIVE_MOST];
};

static void storm_left(struct storm *s, int level);
static void storm_right(struct storm *s, int level);

static uint64_t
storm_next(struct storm *s)
{
	s->random ^= s->random << 13;
	s->random ^= s->random >> 7;
	s->random ^= s->random << 17;
	return s->random;
}

/* One free and one allocation: each block lives for some dozens of pairs. */
static void
storm_pair(struct storm *s)
{
	uint64_t r = storm_next(s);
	void **slot = &s->live[r & s->mask];

	free(*slot);
	*slot = malloc(16 + (r >> 8) % 240);
	if (*slot == NULL)
		abort();
	*(volatile char *)*slot = 1;
	s->left--;
	if (s->varying) {
		int up = 1 + __builtin_ctzll(r >> 20 | 1ULL << (UP_MOST - 1));

		s->up = up < s->depth ? up : s->depth - 1;
	}
}

/* Both functions: not merged, and no tail calls, so that each is a frame. */
#define STORM_BODY(s, level)                         \
	do {                                         \
		if ((level) >= (s)->depth)           \
			storm_pair(s);               \
		else if (storm_next(s) & 1)          \
			storm_left(s, (level) + 1);  \
		else                                 \
			storm_right(s, (level) + 1); \
		if ((s)->up > 0) {                   \
			(s)->up--;                   \
			break;                       \
		}                                    \
	} while ((s)->left > 0)

static void __attribute__((noinline, noclone)) storm_left(struct storm *s, int level)
{
	STORM_BODY(s, level);
	__asm__ volatile("" ::"r"(s) : "memory");
}

static void __attribute__((noinline, noclone)) storm_right(struct storm *s, int level)
{
	STORM_BODY(s, level);
	__asm__ volatile("# right" ::"r"(s) : "memory");
}

static void *
storm_run(void *argument)
{
	struct storm *s = argument;

	while (s->left > 0)
		storm_left(s, 1);
	for (int i = 0; i < LIVE_MOST; i++)
		free(s->live[i]);
	return NULL;
}

static unsigned int
storm_mask(const char *kind)
{
	if (strcmp(kind, "hot") == 0)
		return 0;
	return strcmp(kind, "churn") == 0 ? LIVE_MOST - 1 : LIVE - 1;
}

static double
storm_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

int
main(int argc, char **argv)
{
	static struct storm storms[THREADS_MOST];
	int depth = argc == 5 ? atoi(argv[1]) : 0, threads = argc == 5 ? atoi(argv[3]) : 0;
	long pairs = argc == 5 ? atol(argv[4]) : 0;
	double began;

	if (depth < 1 || threads < 1 || threads > THREADS_MOST || pairs < threads) {
		fprintf(stderr, "usage: storm DEPTH same|varying|hot|churn THREADS PAIRS\n");
		return 2;
	}
	began = storm_now();
	for (int i = 0; i < threads; i++) {
		storms[i].random = 0x9e3779b97f4a7c15ULL * (uint64_t)(i + 1);
		storms[i].left = pairs / threads;
		storms[i].depth = depth;
		storms[i].mask = storm_mask(argv[2]);
		storms[i].varying = strcmp(argv[2], "varying") == 0;
		if (pthread_create(&storms[i].thread, NULL, storm_run, &storms[i]) != 0)
			return 1;
	}
	for (int i = 0; i < threads; i++)
		pthread_join(storms[i].thread, NULL);
	printf("{\"pairs\": %ld, \"seconds\": %.6f}\n", pairs / threads * threads,
	    storm_now() - began);
	return 0;
}
