#include "preload/sample.h"

#include <sys/mman.h>

#include "preload/sys.h"
#include "preload/thread.h"

enum { SAMPLE_SLOTS = 1 << 20, SAMPLE_PROBES = 64 };

static const uint64_t SAMPLE_GONE = 1; /* no block has this address */

uint8_t *sample_pages;
static uint64_t *sample_blocks;
static uint64_t sample_interval;

bool
sample_start(uint64_t interval)
{
	sample_interval = interval;
	sample_pages = sys_mmap(SAMPLE_PAGES + SAMPLE_SLOTS * 8ULL, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1);
	sample_blocks = (uint64_t *)(void *)(sample_pages + SAMPLE_PAGES);
	return sample_pages != NULL;
}

/*
 * -ln(u) * interval for u uniform in (0, 1]: u = m 2^-k with m in [1/2, 1), so
 * -ln(u) = k ln 2 - ln(m); ln(m) by its atanh series, 1e-9 exact there.
 */
int64_t
sample_distance(struct thread *thread)
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

	return (int64_t)(((double)zeros * 0.69314718055994530942 - ln) * (double)sample_interval) +
	    1;
}

static uint64_t *
sample_slot(uint64_t block, unsigned int probe)
{
	uint64_t hash = (block >> 3) * 0x9e3779b97f4a7c15ULL >> 40;

	return &sample_blocks[(hash + probe) & (SAMPLE_SLOTS - 1)];
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

bool
sample_add(uint64_t block)
{
	for (unsigned int i = 0; i < SAMPLE_PROBES; i++) {
		uint64_t *slot = sample_slot(block, i);
		uint64_t old = __atomic_load_n(slot, __ATOMIC_RELAXED);

		if (old > SAMPLE_GONE)
			continue;
		if (__atomic_compare_exchange_n(
			slot, &old, block, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) {
			sample_count(block, 1);
			return true;
		}
	}
	return false;
}

bool
sample_remove(uint64_t block)
{
	for (unsigned int i = 0; i < SAMPLE_PROBES; i++) {
		uint64_t *slot = sample_slot(block, i);
		uint64_t old = __atomic_load_n(slot, __ATOMIC_ACQUIRE);

		if (old == 0)
			return false;
		if (old != block)
			continue;
		if (!__atomic_compare_exchange_n(
			slot, &old, SAMPLE_GONE, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
			return false;
		sample_count(block, -1);
		return true;
	}
	return false;
}
