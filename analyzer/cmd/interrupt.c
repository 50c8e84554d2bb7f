#include "analyzer/cmd/interrupt.h"

#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

static const int interrupt_signals[] = { SIGINT, SIGTERM, SIGHUP };

enum { INTERRUPT_COUNT = sizeof(interrupt_signals) / sizeof(interrupt_signals[0]) };

/* Changed while these signals are blocked; "": none. */
static char interrupt_file[PATH_MAX], interrupt_directory[PATH_MAX];

/* Not SA_RESETHAND: a second signal (timeout(1) sends two, and so do fingers) would end the
 * process by another thread, whose mask is its own, while this one removes. */
static void
interrupt_end(int number)
{
	struct sigaction usual = { .sa_flags = 0 };

	if (interrupt_file[0] != '\0')
		(void)unlink(interrupt_file);
	if (interrupt_directory[0] != '\0')
		(void)rmdir(interrupt_directory);
	usual.sa_handler = SIG_DFL;
	(void)sigaction(number, &usual, NULL);
	/* it ends the process when this returns */
	(void)raise(number);
}

/* Not where they are ignored, as by nohup. */
static void
interrupt_install(void)
{
	struct sigaction action = { .sa_flags = 0 }, was;
	size_t i;

	action.sa_handler = interrupt_end;
	sigfillset(&action.sa_mask);
	for (i = 0; i < INTERRUPT_COUNT; i++)
		if (sigaction(interrupt_signals[i], NULL, &was) == 0 && was.sa_handler == SIG_DFL)
			(void)sigaction(interrupt_signals[i], &action, NULL);
}

static void
interrupt_copy(char *to, const char *text)
{
	size_t len = text != NULL ? strlen(text) : 0;

	if (len >= PATH_MAX)
		len = 0;
	if (len > 0)
		memcpy(to, text, len);
	to[len] = '\0';
}

void
interrupt_remove(void *data, const char *path)
{
	sigset_t mine, before;
	size_t i;

	sigemptyset(&mine);
	for (i = 0; i < INTERRUPT_COUNT; i++)
		sigaddset(&mine, interrupt_signals[i]);
	sigprocmask(SIG_BLOCK, &mine, &before);
	interrupt_copy(interrupt_file, path);
	interrupt_copy(interrupt_directory, path != NULL ? data : NULL);
	if (path != NULL)
		interrupt_install();
	sigprocmask(SIG_SETMASK, &before, NULL);
}
