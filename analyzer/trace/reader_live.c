#include "analyzer/trace/reader_live.h"

#include <errno.h>
#include <stddef.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "preload/record.h"

enum {
	LIVE_STEP_NS = 5000000,
	LIVE_CLOSING_STEPS = 400,     /* while a keeper closes it */
	LIVE_BEAT_STEPS = 40,         /* until a keeper that lives must have beaten */
	LIVE_FIRST_STEPS = 400,       /* until one has begun */
	LIVE_MOMENT_STEPS = 40,       /* until it has told the time */
	LIVE_SPAN_NS = 20000000,      /* between two moments, to know the clock's rate */
	LIVE_SPAN_LEAST_NS = 1000000, /* at the worst */
};

static const uint64_t LIVE_KEPT_NS = 2000000000; /* keepers tell the time more often */

static void
reader_live_sleep(void)
{
	const struct timespec step = { .tv_nsec = LIVE_STEP_NS };

	(void)nanosleep(&step, NULL);
}

static bool
reader_live_flags(int fd, uint32_t *flags)
{
	return pread(fd, flags, sizeof(*flags), offsetof(struct esc_header, flags)) ==
	    (ssize_t)sizeof(*flags);
}

static uint64_t
reader_live_clock(clockid_t clock)
{
	struct timespec now;

	if (clock_gettime(clock, &now) != 0)
		return 0;
	return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

static bool
reader_live_beat(int fd, uint64_t *beat)
{
	return pread(fd, beat, sizeof(*beat), offsetof(struct esc_header, heartbeat)) ==
	    (ssize_t)sizeof(*beat);
}

/* Whether a keeper lives that will close it: it told the time lately, and beats, or has just
 * closed it. */
static bool
reader_live_kept(int fd)
{
	uint64_t now = reader_live_clock(CLOCK_REALTIME), before, beat;
	struct esc_moment last;
	unsigned i, steps;
	uint32_t flags;

	if (pread(fd, &last, sizeof(last), offsetof(struct esc_header, last)) !=
		(ssize_t)sizeof(last) ||
	    last.realtime + LIVE_KEPT_NS < now || last.realtime > now + LIVE_KEPT_NS ||
	    !reader_live_beat(fd, &before))
		return false;
	/* A short program is over before its keeper runs, on a busy machine. */
	steps = before == 0 ? LIVE_FIRST_STEPS : LIVE_BEAT_STEPS;
	for (i = 0; i < steps; i++) {
		reader_live_sleep();
		if (!reader_live_beat(fd, &beat) || !reader_live_flags(fd, &flags))
			return false;
		if (beat != before || (flags & ESC_FLAG_COMPLETE) != 0)
			return true;
	}
	return false;
}

/*
 * Who has it mapped holds a shared lock, with its mapping; a keeper that closes
 * it, an exclusive one. Nothing is tried before the shim has its own: it would have
 * to wait for ours. Where nobody holds one, its keeper may be about to take it.
 */
bool
reader_live_wait(int fd, uint32_t flags)
{
	unsigned i;

	for (i = 0; i < LIVE_CLOSING_STEPS; i++) {
		if ((flags & ESC_FLAG_COMPLETE) != 0 || (flags & ESC_FLAG_STARTED) == 0)
			return false;
		if (flock(fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) {
			(void)flock(fd, LOCK_UN);
			if (!reader_live_kept(fd))
				return false;
		} else if (flock(fd, LOCK_SH | LOCK_NB) == 0) {
			(void)flock(fd, LOCK_UN);
			return true;
		} else {
			reader_live_sleep();
		}
		if (!reader_live_flags(fd, &flags))
			return false;
	}
	return false;
}

static bool
reader_live_moments(int fd, struct esc_moment *start, struct esc_moment *last)
{
	return pread(fd, start, sizeof(*start), offsetof(struct esc_header, start)) ==
	    (ssize_t)sizeof(*start) &&
	    pread(fd, last, sizeof(*last), offsetof(struct esc_header, last)) ==
	    (ssize_t)sizeof(*last);
}

static bool
reader_live_span(const struct esc_moment *start, const struct esc_moment *last, uint64_t least)
{
	return last->ticks > start->ticks && last->monotonic > start->monotonic &&
	    last->monotonic - start->monotonic >= least;
}

/*
 * The rate of its clock is that between two moments. A moment that is half
 * written has older ticks than it should: the result is then a bit early, which
 * does no harm.
 */
bool
reader_live_now(int fd, struct esc_moment *now)
{
	struct esc_moment start, last;
	unsigned __int128 passed;
	unsigned i;

	for (i = 0; i < LIVE_MOMENT_STEPS; i++) {
		if (!reader_live_moments(fd, &start, &last))
			return false;
		if (reader_live_span(&start, &last, LIVE_SPAN_NS))
			break;
		reader_live_sleep();
	}
	if (!reader_live_span(&start, &last, LIVE_SPAN_LEAST_NS))
		return false;
	now->monotonic = reader_live_clock(CLOCK_MONOTONIC);
	now->realtime = reader_live_clock(CLOCK_REALTIME);
	if (now->monotonic < last.monotonic) {
		*now = last;
		return true;
	}
	passed = now->monotonic - last.monotonic;
	passed = passed * (last.ticks - start.ticks) / (last.monotonic - start.monotonic);
	now->ticks = last.ticks + (uint64_t)passed;
	return true;
}
