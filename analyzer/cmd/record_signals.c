/*
 * Signals are the program's: what is sent to us is handed on to it, and we stop when
 * it stops, so that a shell sees the job that it would see without us.
 *
 * What goes to the whole group (a terminal's keys, `kill %1`, a service manager) the
 * program has got already, and a second SIGTERM means something else to many. The
 * kernel does not say which it was. So a witness, another process of our group that
 * takes no signal, is asked whether it got one, too. The kernel serves a group's
 * youngest first: it has it before us.
 */
#include "analyzer/cmd/record.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	SIGNALS_PATIENCE_MS = 1000, /* for the witness's answer */
	SIGNALS_LATE_MS = 10,       /* who is sent the same one by one, gets it within */
};

static struct signals {
	sigset_t before; /* our mask, once */
	pid_t program;
	pid_t witness; /* 0: none */
	int ask;       /* its socket; -1: none */
	bool taken;
	const struct record *paused; /* whose `pause` is ours; NULL: nobody's */
	pid_t keeper;                /* of its trace */
} signals = { .ask = -1 };

/* --- The witness --- */

/* Not found by our name or arguments, as pkill looks: only who means the group. */
static void
signals_hide(const struct record *record)
{
	char *first = program_invocation_name, *last = first;
	char **arg;

	for (arg = record->argv; *arg != NULL; arg++)
		last = *arg;
	if (last > first)
		memset(first, 0, (size_t)(last + strlen(last) - first));
	(void)prctl(PR_SET_NAME, "signal-witness");
}

/* Every signal is blocked; ends with us, who have the other end. */
static _Noreturn void
signals_witness(const struct record *record, int fd)
{
	const struct timespec now = { .tv_sec = 0 };
	unsigned char number;
	sigset_t asked;

	signals_hide(record);
	if (dup2(fd, 0) == 0)
		(void)close_range(1, ~0U, 0);
	while (recv(0, &number, 1, 0) == 1) {
		(void)sigemptyset(&asked);
		(void)sigaddset(&asked, number);
		number = sigtimedwait(&asked, NULL, &now) == number;
		if (send(0, &number, 1, MSG_NOSIGNAL) != 1)
			break;
	}
	_exit(0);
}

static void
signals_call_witness(const struct record *record)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
		return;
	signals.witness = fork();
	if (signals.witness == 0)
		signals_witness(record, pair[1]);
	(void)close(pair[1]);
	signals.ask = pair[0];
	if (signals.witness > 0)
		return;
	signals.witness = 0;
	(void)close(signals.ask);
	signals.ask = -1;
}

static void
signals_dismiss(void)
{
	if (signals.ask >= 0)
		(void)close(signals.ask);
	signals.ask = -1;
	if (signals.witness > 0) {
		(void)kill(signals.witness, SIGKILL);
		while (waitpid(signals.witness, NULL, 0) < 0 && errno == EINTR)
			;
	}
	signals.witness = 0;
}

/* Whether the witness got it too, since it was last asked. */
static bool
signals_witnessed(int number)
{
	struct pollfd answer = { .fd = signals.ask, .events = POLLIN };
	unsigned char byte = (unsigned char)number;

	if (signals.ask < 0)
		return false;
	if (send(signals.ask, &byte, 1, MSG_NOSIGNAL) == 1 &&
	    poll(&answer, 1, SIGNALS_PATIENCE_MS) > 0 && recv(signals.ask, &byte, 1, 0) == 1)
		return byte != 0;
	signals_dismiss();
	return false;
}

/* --- The program --- */

static void
signals_forward(const siginfo_t *info)
{
	const struct timespec late = { .tv_nsec = SIGNALS_LATE_MS * 1000000L };
	int number = info->si_signo;

	/* asked in any case: it shall not remember what came from a terminal */
	if (signals_witnessed(number) || info->si_code > 0 || info->si_pid == signals.program)
		return;
	(void)nanosleep(&late, NULL);
	if (signals_witnessed(number))
		return;
	if (info->si_code == SI_QUEUE)
		(void)sigqueue(signals.program, number, info->si_value);
	else
		(void)kill(signals.program, number);
}

/* As the program has stopped, until we are continued. */
static void
signals_stop(int number)
{
	sigset_t pending, own;

	(void)signals_witnessed(number);
	/* continued already: that is handed on next */
	if (sigpending(&pending) == 0 && sigismember(&pending, SIGCONT))
		return;
	if (number != SIGSTOP)
		(void)signal(number, SIG_DFL);
	(void)sigemptyset(&own);
	(void)sigaddset(&own, number);
	/* Sent while it is blocked, and to the process as the terminal does: one with what
	 * that sent. raise() is to the thread, which would be another one. */
	(void)kill(getpid(), number);
	(void)sigprocmask(SIG_UNBLOCK, &own, NULL);
	(void)sigprocmask(SIG_BLOCK, &own, NULL);
}

/* Whether it has ended, with its status; -1 and errno: nobody can tell. */
static bool
signals_look(int *status, struct record_usage *usage)
{
	siginfo_t info = { 0 };
	pid_t pid;

	/* as long as it is there to be looked at */
	if (waitid(P_PID, (id_t)signals.program, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
	    info.si_pid != 0)
		record_children_look(signals.program, usage);
	do
		pid = waitpid(signals.program, status, WNOHANG | WUNTRACED);
	while (pid < 0 && errno == EINTR);
	if (pid < 0) {
		*status = -1;
		return true;
	}
	if (pid == 0)
		return false;
	if (!WIFSTOPPED(*status))
		return true;
	signals_stop(WSTOPSIG(*status));
	return false;
}

void
record_signals_take(const struct record *record, pid_t program)
{
	sigset_t all;

	signals.program = program;
	(void)sigfillset(&all);
	(void)sigprocmask(SIG_BLOCK, &all, &signals.before);
	/* who ignores its children is not told how they ended */
	(void)signal(SIGCHLD, SIG_DFL);
	signals.taken = true;
	signals_call_witness(record);
}

void
record_signals_pause(const struct record *record, pid_t keeper)
{
	signals.paused = record->pause != 0 ? record : NULL;
	signals.keeper = keeper;
}

static void
signals_receive(const siginfo_t *info)
{
	if (signals.paused != NULL && info->si_signo == signals.paused->pause)
		record_pause_toggle(signals.paused, signals.keeper);
	else if (info->si_signo != SIGCHLD)
		signals_forward(info);
}

int
record_signals_wait(struct record_usage *usage)
{
	siginfo_t info;
	sigset_t all;
	int status, error;

	(void)sigfillset(&all);
	while (!signals_look(&status, usage))
		if (sigwaitinfo(&all, &info) > 0)
			signals_receive(&info);
	error = errno;
	signals_dismiss();
	errno = error;
	return status;
}

void
record_signals_release(void)
{
	const struct timespec now = { .tv_sec = 0 };
	sigset_t all;

	if (!signals.taken)
		return;
	signals_dismiss();
	/* what was meant for a program that is gone */
	(void)sigfillset(&all);
	while (sigtimedwait(&all, NULL, &now) > 0)
		;
	(void)sigprocmask(SIG_SETMASK, &signals.before, NULL);
	signals.taken = false;
	signals.paused = NULL;
}
