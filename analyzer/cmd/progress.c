#include "analyzer/cmd/progress.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "analyzer/cmd/cmd.h"

static const uint64_t PROGRESS_AFTER = 1000000000; /* ns */
static const uint64_t PROGRESS_EACH = 100000000;

static uint64_t
progress_now(void)
{
	struct timespec now;

	if (clock_gettime(CLOCK_MONOTONIC, &now) != 0)
		return 0;
	return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

void
progress_start(struct progress *progress, const char *what)
{
	*progress = (struct progress){
		.what = what,
		.started = progress_now(),
		.terminal = isatty(STDERR_FILENO) == 1,
	};
}

/* How long that is, in few characters: what is left may be a guess of hours. */
static void
progress_time(double seconds, char *to, size_t room)
{
	if (seconds < 100)
		snprintf(to, room, "%.0f s", seconds);
	else if (seconds < 6000)
		snprintf(to, room, "%.0f min", seconds / 60);
	else
		snprintf(to, room, "%.0f h", seconds / 3600);
}

/* Whether it is time for a line. */
static bool
progress_due(struct progress *progress)
{
	uint64_t now;

	if (!progress->terminal)
		return false;
	now = progress_now();
	if (now < progress->started + PROGRESS_AFTER || now < progress->shown + PROGRESS_EACH)
		return false;
	progress->shown = now;
	return true;
}

/* Of millions of some unit. */
static void
progress_line(const struct progress *progress, double share, double millions, const char *unit)
{
	double took = (double)(progress->shown - progress->started) / 1e9;
	char left[32];

	share = share < 0.001 ? 0.001 : share > 1 ? 1 : share;
	progress_time(took / share * (1 - share), left, sizeof(left));
	fprintf(stderr, "\resc: %s: %3.0f %%, %.1f M%s, %.1f M%s/s, %s left\033[K", progress->what,
	    share * 100, millions, unit, millions / took, unit, left);
	(void)fflush(stderr);
}

void
progress_show(void *data, uint64_t done, uint64_t total)
{
	if (total > 0 && progress_due(data))
		progress_line(data, (double)done / (double)total, (double)done / 1e6, "B");
}

void
progress_events(void *data, double share, uint64_t events)
{
	if (progress_due(data))
		progress_line(data, share, (double)events / 1e6, " events");
}

void
progress_end(struct progress *progress)
{
	if (progress->shown == 0)
		return;
	fputs("\r\033[K", stderr);
	(void)fflush(stderr);
	progress->shown = 0;
}

void
progress_note(void *data, const char *trace, const char *text)
{
	progress_end(data);
	cmd_note("%s: %s", trace, text);
}
