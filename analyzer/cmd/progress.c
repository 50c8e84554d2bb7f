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

void
progress_show(void *data, uint64_t done, uint64_t total)
{
	struct progress *progress = data;
	uint64_t now;

	if (!progress->terminal || total == 0)
		return;
	now = progress_now();
	if (now - progress->started < PROGRESS_AFTER || now - progress->shown < PROGRESS_EACH)
		return;
	progress->shown = now;
	if (done > total)
		done = total;
	fprintf(stderr, "\resc: %s: %3u %% of %llu MB\033[K", progress->what,
	    (unsigned)((double)done * 100.0 / (double)total),
	    (unsigned long long)(total / 1000000U));
	(void)fflush(stderr);
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
