#include "analyzer/cmd/pager.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t pager_pid;

static const char *
pager_command(void)
{
	const char *pager = getenv("ESC_PAGER");

	if (!pager)
		pager = getenv("PAGER");
	return pager ? pager : "less -FRX";
}

static _Noreturn void
pager_run(const char *command, const int ends[2])
{
	dup2(ends[0], STDIN_FILENO);
	close(ends[0]);
	close(ends[1]);
	setenv("LESS", "FRX", 0);
	execl("/bin/sh", "sh", "-c", command, (char *)NULL);
	_exit(127);
}

void
pager_start(void)
{
	const char *command = pager_command();
	int ends[2];

	if (!isatty(STDOUT_FILENO) || *command == '\0' || strcmp(command, "cat") == 0 ||
	    pipe2(ends, O_CLOEXEC) < 0)
		return;
	fflush(stdout);
	pager_pid = fork();
	if (pager_pid == 0)
		pager_run(command, ends);
	if (pager_pid > 0) {
		/* leaving it early is no error of ours */
		signal(SIGPIPE, SIG_IGN);
		dup2(ends[1], STDOUT_FILENO);
	}
	close(ends[0]);
	close(ends[1]);
}

void
pager_end(void)
{
	if (pager_pid <= 0)
		return;
	fflush(stdout);
	clearerr(stdout);
	close(STDOUT_FILENO);
	/* whatever is printed by mistake must have somewhere to go */
	open("/dev/null", O_WRONLY | O_CLOEXEC);
	waitpid(pager_pid, NULL, 0);
	pager_pid = 0;
}
