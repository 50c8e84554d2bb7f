/*
 * Hazard: what a shell does with a job, and a terminal with its foreground
 * (reliability 32). Appends a line to the file LOG for whatever happens to it.
 * Expected: what it notes does not depend on who stands between it and the shell.
 * Arguments: LOG, then in this order what to do:
 *   handle   a handler for each signal that can have one; SIGRTMIN ends it with 7
 *   default  no handler, waits to be ended
 *   ignore   SIGTSTP is ignored
 *   stop     stops itself
 *   read     reads a line from the terminal
 *   look     notes what it was given: signals, descriptors, terminal
 *   raw      sets modes of the terminal, and leaves them set
 *   N        exits with N
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

static int job_log;

static void
note(const char *text)
{
	char line[256];
	int len = snprintf(line, sizeof(line), "%s\n", text);

	if (write(job_log, line, (size_t)len) != len)
		_exit(99);
}

static void
handle(int number)
{
	char text[32];

	snprintf(text, sizeof(text), "got %s", sigabbrev_np(number));
	note(text);
}

static void
finish(int number)
{
	(void)number;
	_exit(7);
}

static void
handle_all(void)
{
	static const int numbers[] = { SIGHUP, SIGINT, SIGTERM, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH,
		SIGCONT, SIGTSTP };
	struct sigaction action = { .sa_handler = handle, .sa_flags = SA_RESTART };
	size_t i;

	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		struct sigaction was;

		sigaction(numbers[i], NULL, &was);
		if (was.sa_handler != SIG_IGN)
			sigaction(numbers[i], &action, NULL);
	}
	action.sa_handler = finish;
	sigaction(SIGRTMIN, &action, NULL);
}

static void
look_status(void)
{
	FILE *in = fopen("/proc/self/status", "r");
	char line[256];

	while (in != NULL && fgets(line, sizeof(line), in) != NULL)
		if (strncmp(line, "Sig", 3) == 0 && strncmp(line, "SigQ", 4) != 0) {
			line[strcspn(line, "\n")] = 0;
			note(line);
		}
	if (in != NULL)
		fclose(in);
}

/* But the log, which is our own, and what opendir opens. */
static void
look_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *entry;

	while ((entry = readdir(dir)) != NULL) {
		int fd = atoi(entry->d_name);
		char text[64];

		if (entry->d_name[0] == '.' || fd == job_log || fd == dirfd(dir))
			continue;
		snprintf(text, sizeof(text), "fd %d tty %d flags %x", fd, isatty(fd),
		    fcntl(fd, F_GETFL));
		note(text);
	}
	closedir(dir);
}

static void
look(void)
{
	struct winsize size = { 0 };
	char text[128];

	look_status();
	look_descriptors();
	snprintf(text, sizeof(text), "first fd %d", job_log);
	note(text);
	if (ioctl(0, TIOCGWINSZ, &size) != 0)
		return;
	snprintf(text, sizeof(text), "window %d x %d, in front %d, session's %d", size.ws_col,
	    size.ws_row, tcgetpgrp(0) == getpgrp(), tcgetsid(0) == getsid(0));
	note(text);
}

static void
do_one(const char *what)
{
	char line[64] = "nothing";
	struct termios modes;

	if (strcmp(what, "handle") == 0)
		handle_all();
	else if (strcmp(what, "ignore") == 0)
		signal(SIGTSTP, SIG_IGN);
	else if (strcmp(what, "stop") == 0)
		raise(SIGSTOP);
	else if (strcmp(what, "look") == 0)
		look();
	if (strcmp(what, "read") == 0) {
		ssize_t got = read(0, line, sizeof(line) - 1);

		line[got > 0 ? got : 0] = 0;
		line[strcspn(line, "\n")] = 0;
		note(line);
	}
	if (strcmp(what, "raw") == 0 && tcgetattr(0, &modes) == 0) {
		cfmakeraw(&modes);
		tcsetattr(0, TCSANOW, &modes);
	}
	if (what[0] >= '0' && what[0] <= '9')
		exit(atoi(what));
}

int
main(int argc, char **argv)
{
	char text[64];

	free(malloc(10));
	job_log = open(argv[1], O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	snprintf(text, sizeof(text), "pid %d", getpid());
	note(text);
	for (int i = 2; i < argc; i++)
		do_one(argv[i]);
	note("ready");
	for (;;)
		pause();
}
