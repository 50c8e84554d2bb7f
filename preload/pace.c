#include "preload/pace.h"

#include "preload/ring.h"

/* Ticks of a microsecond, which are not known: as if at 3 GHz. Below half of its room
 * the interval doubles with each fourteenth of the rest, in quarters. */
enum {
	PACE_TICKS = 3000,
	PACE_NANOSECONDS = 1000,
	PACE_LEAST = 256,
	PACE_STEPS = 14 * 4,
};

static const uint64_t PACE_PATIENCE = 1 << 14; /* ticks between two fillings */

static struct {
	uint64_t budget;
	int64_t room;
	int64_t credit;  /* -room to room */
	uint64_t filled; /* when */
} pace __attribute__((aligned(64)));

void
pace_start(uint64_t budget, uint64_t room, uint64_t now)
{
	pace.budget = budget;
	pace.room = (int64_t)room * (ring.monotonic ? PACE_NANOSECONDS : PACE_TICKS);
	pace.credit = pace.room;
	pace.filled = now;
}

/* What time has filled since somebody asked; once for all threads. */
static uint64_t
pace_fill(uint64_t now)
{
	uint64_t since = __atomic_load_n(&pace.filled, __ATOMIC_RELAXED);

	if (now < since + PACE_PATIENCE ||
	    !__atomic_compare_exchange_n(
		&pace.filled, &since, now, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		return 0;
	since = now - since;
	/* a year: it is full by then, whatever the budget */
	return since < 1ULL << 48 ? since * pace.budget / 10000 : (uint64_t)pace.room * 2;
}

void
pace_spend(uint64_t ticks, uint64_t now)
{
	int64_t change = (int64_t)pace_fill(now) - (int64_t)ticks;
	int64_t old = __atomic_load_n(&pace.credit, __ATOMIC_RELAXED);
	int64_t credit;

	do {
		credit = old + change;
		credit = credit > pace.room ? pace.room : credit;
		credit = credit < -pace.room ? -pace.room : credit;
	} while (!__atomic_compare_exchange_n(
	    &pace.credit, &old, credit, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
	__atomic_fetch_add(&ring.header->spent, ticks, __ATOMIC_RELAXED);
}

uint64_t
pace_interval(void)
{
	int64_t credit = __atomic_load_n(&pace.credit, __ATOMIC_RELAXED);
	int64_t half = pace.room / 2;
	uint64_t step;

	if (credit >= half)
		return 1;
	if (credit <= 0)
		step = PACE_STEPS - 1;
	else
		step = (uint64_t)((half - credit) * PACE_STEPS / (half + 1));
	return (PACE_LEAST / 4 * (4 + step % 4)) << step / 4;
}
