#include "preload/sample.h"

#include <sys/mman.h>

#include "preload/marks.h"
#include "preload/pace.h"
#include "preload/sys.h"
#include "preload/thread.h"

/*
 * Blocks by groups of 64 pages: the table of groups is found by a hash, a group has a
 * bit for every 8 bytes. So much of it is touched as of the heap, 1/64.
 */
enum {
	SAMPLE_GROUPS = 1 << 17,
	SAMPLE_FEW = 1 << 12,
	SAMPLE_PROBES = 32,
	SAMPLE_GROUP = 18, /* bits of an address within it */
	SAMPLE_WORDS = (1 << SAMPLE_GROUP) / 8 / 64,
};

/* At most so much is used up before the interval is looked up again. */
static const int64_t SAMPLE_STRETCH = 64 << 10;

/* One event in that many, on average, is measured; ticks that measuring misses of it,
 * and more than it can have taken but for a pause. What an event drives out of the
 * caches costs half as much again (cc1plus, python3, sqlite3). */
static const uint64_t SAMPLE_MEASURE = 16, SAMPLE_MISSED = 60, SAMPLE_LONGEST = 1 << 15;

/* So many measured ones are reported at once. */
static const uint32_t SAMPLE_REPORT = 4;

/* From there on the budget is for samples alone; of so many blocks that new callers ask
 * for then, one counts. */
static const uint64_t SAMPLE_SPARSE = 1 << 20, SAMPLE_LATER = 8;

uint8_t *sample_pages;
uint8_t sample_callers[SAMPLE_CALLERS];

static struct {
	uint64_t *keys; /* group + 1; 0: none */
	uint64_t (*bits)[SAMPLE_WORDS];
	uint64_t mask;
	uint64_t interval;
	bool paced;
} sample;

bool
sample_start(uint64_t interval, bool few)
{
	uint64_t groups = few ? SAMPLE_FEW : SAMPLE_GROUPS;
	uint64_t keys = groups * sizeof(*sample.keys);

	sample_pages = sys_mmap(SAMPLE_PAGES + keys + groups * sizeof(*sample.bits),
	    PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1);
	if (sample_pages == NULL)
		return false;
	sample.keys = (uint64_t *)(void *)(sample_pages + SAMPLE_PAGES);
	sample_watch(NULL);
	sample.bits = (void *)(sample_pages + SAMPLE_PAGES + keys);
	sample.mask = groups - 1;
	sample.interval = interval;
	return true;
}

void
sample_pace(uint64_t budget, uint64_t room)
{
	sample.paced = true;
	pace_start(budget, room, ring_ticks());
}

/* Never the same step: programs have rhythms. */
static uint32_t
sample_chance(struct thread *thread)
{
	return (uint32_t)(1 + thread_random(thread) % (2 * SAMPLE_MEASURE - 1));
}

/*
 * -ln(u) * interval for u uniform in (0, 1]: u = m 2^-k with m in [1/2, 1), so
 * -ln(u) = k ln 2 - ln(m); ln(m) by its atanh series, 1e-9 exact there.
 */
int64_t
sample_distance(struct thread *thread, uint64_t interval)
{
	uint64_t random = thread_random(thread) | 1;
	unsigned int zeros = (unsigned int)__builtin_clzll(random);
	double m = (double)(random << zeros >> 11) * 0x1p-53;
	double t = (m - 1) / (m + 1);
	double t2 = t * t;
	double ln = 2 * t *
	    (1 +
		t2 *
		    (1 / 3.0 +
			t2 *
			    (1 / 5.0 +
				t2 *
				    (1 / 7.0 +
					t2 *
					    (1 / 9.0 +
						t2 * (1 / 11.0 + t2 * (1 / 13.0 + t2 / 15.0)))))));

	return (int64_t)(((double)zeros * 0.69314718055994530942 - ln) * (double)interval) + 1;
}

static void
sample_draw(struct thread *thread)
{
	int64_t distance = sample_distance(thread, thread->sampler.interval);
	int64_t stretch = sample.paced && distance > SAMPLE_STRETCH ? SAMPLE_STRETCH : distance;

	thread_tls.countdown = stretch;
	thread->sampler.rest = distance - stretch;
}

/* The interval is another from now on. Distances have no memory: a new one is drawn. */
static void
sample_change(struct thread *thread, uint64_t interval, uint64_t now)
{
	uint64_t old = thread->sampler.interval, never = 0;

	thread->sampler.interval = interval;
	thread->sampler.block = 0;
	if (interval == 1) {
		if (old != 0 && thread_tls.burst <= 0)
			thread->writers[0].gap = true;
		thread_tls.countdown = SAMPLE_ALL;
		thread_burst(thread, INT32_MAX);
		return;
	}
	if (old <= 1)
		thread_burst(thread, marks.setting || old == 0 ? 0 : SAMPLE_BURST);
	if (old <= 1 && sample.paced)
		__atomic_compare_exchange_n(&ring.header->whole_until, &never, now, false,
		    __ATOMIC_RELAXED, __ATOMIC_RELAXED);
	sample_draw(thread);
}

static void
sample_update(struct thread *thread, uint64_t now)
{
	struct sampler *sampler = &thread->sampler;
	uint64_t interval;

	pace_spend(sampler->spent, now);
	sampler->spent = 0;
	sampler->measured = 0;
	interval = pace_interval();
	if (interval != sampler->interval)
		sample_change(thread, interval, now);
	else if (interval == 1)
		thread_burst(thread, INT32_MAX);
}

void
sample_begin(struct thread *thread)
{
	thread->sampler = (struct sampler){ .measure = sample_chance(thread) };
	if (sample_pages != NULL)
		sample_change(
		    thread, sample.paced ? pace_interval() : sample.interval, ring_ticks());
}

void
sample_measure(struct thread *thread, uint64_t began)
{
	struct sampler *sampler = &thread->sampler;
	uint64_t now = ring_ticks();
	uint64_t took = now > began ? now - began + SAMPLE_MISSED : SAMPLE_MISSED;

	sampler->spent += (took < SAMPLE_LONGEST ? took : SAMPLE_LONGEST) * SAMPLE_MEASURE * 3 / 2;
	sampler->measure = sample_chance(thread);
	if (++sampler->measured >= SAMPLE_REPORT)
		sample_update(thread, now);
}

bool
sample_new(struct thread *thread, uint8_t *caller)
{
	bool taken = thread->sampler.interval < SAMPLE_SPARSE;

	/* Not for ever new: what is new is passed on the slow way. */
	if (taken || thread_random(thread) % SAMPLE_LATER == 0)
		++*caller;
	return taken;
}

uint64_t
sample_decide(struct thread *thread)
{
	struct sampler *sampler = &thread->sampler;
	uint64_t interval = sampler->interval;

	if (interval == 1) {
		thread_tls.countdown = SAMPLE_ALL;
		return 1;
	}
	if (sampler->rest + thread_tls.countdown < 0) {
		sample_draw(thread);
		return interval;
	}
	sample_update(thread, ring_ticks());
	if (sampler->interval != 1)
		sample_draw(thread);
	return 0;
}

static uint64_t
sample_hash(uint64_t key)
{
	return key * 0x9e3779b97f4a7c15ULL >> 32;
}

static __attribute__((noinline)) uint64_t *
sample_group_far(uint64_t key, bool make)
{
	uint64_t hash = sample_hash(key);

	for (uint64_t i = 0; i < SAMPLE_PROBES; i++) {
		uint64_t at = (hash + i) & sample.mask;
		uint64_t old = __atomic_load_n(&sample.keys[at], __ATOMIC_RELAXED);

		if (old == key)
			return sample.bits[at];
		if (old != 0)
			continue;
		if (!make)
			return NULL;
		if (__atomic_compare_exchange_n(
			&sample.keys[at], &old, key, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED) ||
		    old == key)
			return sample.bits[at];
	}
	return NULL;
}

/* The bits of the block's group; NULL: it has none, and make is false or there is no
 * room. */
static inline uint64_t *
sample_group(uint64_t block, bool make)
{
	uint64_t key = (block >> SAMPLE_GROUP) + 1;
	uint64_t at = sample_hash(key) & sample.mask;

	if (__builtin_expect(__atomic_load_n(&sample.keys[at], __ATOMIC_RELAXED) == key, 1))
		return sample.bits[at];
	return sample_group_far(key, make);
}

static uint64_t *
sample_word(uint64_t *group, uint64_t block)
{
	return &group[(block >> 9) % SAMPLE_WORDS];
}

static uint64_t
sample_bit(uint64_t block)
{
	return 1ULL << ((block >> 3) & 63);
}

static void
sample_count(uint64_t block, int by)
{
	uint8_t *page = sample_page(block);
	uint8_t old = __atomic_load_n(page, __ATOMIC_RELAXED);

	/* A count that reached its end stays there: it only costs time. */
	while (old != UINT8_MAX &&
	    !__atomic_compare_exchange_n(
		page, &old, (uint8_t)(old + by), true, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
		;
}

void
sample_watch(const void *block)
{
	if (sample_pages != NULL)
		__atomic_store_n(sample_page((uint64_t)block), UINT8_MAX, __ATOMIC_RELEASE);
}

bool
sample_add(uint64_t block)
{
	uint64_t *group = sample_group(block, true);

	if (group == NULL)
		return false;
	__atomic_fetch_or(sample_word(group, block), sample_bit(block), __ATOMIC_RELAXED);
	sample_count(block, 1);
	return true;
}

bool
sample_remove(uint64_t block)
{
	uint64_t *group = sample_group(block, false);

	if (group == NULL ||
	    (__atomic_load_n(sample_word(group, block), __ATOMIC_RELAXED) & sample_bit(block)) == 0)
		return false;
	if ((__atomic_fetch_and(sample_word(group, block), ~sample_bit(block), __ATOMIC_ACQ_REL) &
		sample_bit(block)) == 0)
		return false;
	sample_count(block, -1);
	return true;
}
