/* The line on the terminal, on a pseudo-terminal; cmd_note is ours. */
#include "analyzer/cmd/progress.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include "analyzer/cmd/cmd.h"
#include "tests/lib/check.h"

static int terminal = -1; /* the other end of stderr */
static int saved;         /* the true one */
static int notes;

void
cmd_note(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	notes++;
}

/* What was written to the terminal since the last call. The kernel brings it there
 * in its own time, so a byte behind it tells the end. */
static const char *
shown(void)
{
	static char text[4096];
	size_t count = 0;

	fputc('\1', stderr);
	fflush(stderr);
	while (
	    count < sizeof(text) - 1 && read(terminal, &text[count], 1) == 1 && text[count] != '\1')
		count++;
	text[count] = '\0';
	return text;
}

static bool
open_terminal(void)
{
	int slave;

	terminal = posix_openpt(O_RDWR | O_NOCTTY);
	if (terminal < 0 || grantpt(terminal) != 0 || unlockpt(terminal) != 0)
		return false;
	slave = open(ptsname(terminal), O_RDWR | O_NOCTTY);
	saved = dup(STDERR_FILENO);
	return slave >= 0 && saved >= 0 && dup2(slave, STDERR_FILENO) == STDERR_FILENO;
}

/* As if it had begun two seconds ago. */
static void
start(struct progress *progress)
{
	progress_start(progress, "analyzing");
	CHECK(progress->terminal);
	progress->started -= 2000000000U;
}

/* Two seconds have gone by, or more where the machine is busy: as fast or slower. */
static void
check_line(double share, double done, double left_least)
{
	double got_share, got_done, rate, left;
	const char *text = shown();

	CHECK(strncmp(text, "\resc: analyzing: ", 17) == 0);
	CHECK(strstr(text, "\n") == NULL);
	CHECK(strstr(text, " left\033[K") != NULL);
	CHECK(sscanf(text, "\resc: analyzing: %lf %%, %lf M%*[a-zA-Z ], %lf M%*[a-zA-Z ]/s, %lf",
		  &got_share, &got_done, &rate, &left) == 4);
	CHECK_EQ((uint64_t)got_share, (uint64_t)share);
	CHECK_EQ((uint64_t)(got_done * 10), (uint64_t)(done * 10));
	CHECK(rate <= done / 2);
	CHECK(left >= left_least);
}

static void
test_line(void)
{
	struct progress progress;

	start(&progress);
	progress_events(&progress, 0.25, 30000000);
	check_line(25, 30, 6);
	/* not again so soon: as if the last one were of the future */
	progress.shown += 3600000000000U;
	progress_events(&progress, 0.5, 60000000);
	CHECK_STR(shown(), "");
	progress.shown -= 3600000000000U + 200000000U;
	progress_show(&progress, 50000000, 100000000);
	check_line(50, 50, 2);
	/* it leaves nothing behind */
	progress_end(&progress);
	CHECK_STR(shown(), "\r\033[K");
	progress_end(&progress);
	CHECK_STR(shown(), "");
}

static void
test_note(void)
{
	struct progress progress;

	start(&progress);
	progress_events(&progress, 0, 1);
	check_line(0, 0, 33); /* minutes */
	/* a note stands on a line of its own */
	progress_note(&progress, "a.esc", "damaged");
	CHECK_STR(shown(), "\r\033[Ka.esc: damaged\r\n");
	CHECK_EQ(notes, 1);
}

static void
test_silent(void)
{
	struct progress progress;

	/* it has just begun, or will */
	progress_start(&progress, "analyzing");
	progress.started += 3600000000000U;
	progress_events(&progress, 0.5, 1000);
	progress_show(&progress, 1, 2);
	progress_end(&progress);
	CHECK_STR(shown(), "");
	/* no terminal */
	start(&progress);
	progress.terminal = false;
	progress_events(&progress, 0.5, 1000);
	progress_end(&progress);
	CHECK_STR(shown(), "");
}

int
main(void)
{
	if (!open_terminal())
		return 77;
	test_line();
	test_note();
	test_silent();
	/* what failed was told to the terminal */
	fputs(shown(), stdout);
	dup2(saved, STDERR_FILENO);
	return check_done();
}
