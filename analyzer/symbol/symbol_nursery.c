#include "analyzer/symbol/symbol_nursery.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "analyzer/util/xalloc.h"

enum {
	FORKS_MAX = 16, /* of nurseries */
	FD = 3,         /* a nursery's socket */
	CHILD_FD = 4,   /* its child's */
};

/* An order, then the job; a descriptor comes with it. pid 0: to start. */
struct order {
	pid_t pid;
};

/* What came of it: an errno, or the process; how it ended. */
struct outcome {
	int error;
	pid_t pid;
	int status;
};

struct symbol_nursery {
	symbol_nursery_work *work;
	int fd; /* -1: there is none */
	pid_t pid;
	unsigned forks;
};

union control {
	char bytes[CMSG_SPACE(sizeof(int))];
	struct cmsghdr align;
};

/* ---- the nursery ---- */

/* The signals that end or stop a program from outside are its starter's affair. */
static void
ignore_signals(void)
{
	static const int ignored[] = { SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGPIPE, SIGUSR1, SIGUSR2,
		SIGALRM };
	static const int usual[] = { SIGCHLD, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGXCPU,
		SIGSYS, SIGTSTP, SIGCONT, SIGWINCH };
	sigset_t none;
	size_t i;

	for (i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		signal(ignored[i], SIG_IGN);
	for (i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
		signal(usual[i], SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Ends when its parent does, which was `parent`. */
static void
end_with(pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(0);
}

/* Of all descriptors only this one, which becomes `to`. */
static void
keep_descriptor(int fd, int to)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int i;

	for (i = 0; null != -1 && i <= STDERR_FILENO; i++)
		dup2(null, i);
	if (fd != to)
		dup2(fd, to);
	for (i = STDERR_FILENO + 1; i < to; i++)
		close(i);
	closefrom(to + 1);
}

static void
start(const struct symbol_nursery *nursery, struct outcome *outcome, int fd, const uint8_t *job,
    size_t size)
{
	const pid_t parent = getpid();

	outcome->pid = fd != -1 ? fork() : -1;
	outcome->error = outcome->pid == -1 ? errno : 0;
	if (outcome->pid != 0)
		return;
	end_with(parent);
	keep_descriptor(fd, CHILD_FD);
	nursery->work(CHILD_FD, job, size);
	_exit(0);
}

static void
end(struct outcome *outcome, pid_t pid)
{
	pid_t ended;

	outcome->pid = pid;
	/* only one of ours */
	ended = waitpid(pid, &outcome->status, WNOHANG);
	if (ended == 0)
		kill(pid, SIGKILL);
	while (ended == 0 || (ended == -1 && errno == EINTR))
		ended = waitpid(pid, &outcome->status, 0);
	outcome->error = ended == -1 ? errno : 0;
}

static ssize_t
receive(uint8_t *bytes, size_t size, int *fd)
{
	union control control;
	struct iovec part = { bytes, size };
	struct msghdr message = { .msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes) };
	const struct cmsghdr *head;
	ssize_t got;

	*fd = -1;
	do
		got = recvmsg(FD, &message, MSG_CMSG_CLOEXEC);
	while (got == -1 && errno == EINTR);
	head = got > 0 ? CMSG_FIRSTHDR(&message) : NULL;
	if (head != NULL && head->cmsg_type == SCM_RIGHTS)
		memcpy(fd, CMSG_DATA(head), sizeof(*fd));
	return got;
}

static void
run(const struct symbol_nursery *nursery)
{
	uint8_t bytes[sizeof(struct order) + SYMBOL_NURSERY_JOB_MAX];
	struct order order;
	ssize_t got;
	int fd;

	while ((got = receive(bytes, sizeof(bytes), &fd)) >= (ssize_t)sizeof(order)) {
		struct outcome outcome = { 0 };

		memcpy(&order, bytes, sizeof(order));
		if (order.pid > 0)
			end(&outcome, order.pid);
		else
			start(nursery, &outcome, fd, bytes + sizeof(order),
			    (size_t)got - sizeof(order));
		if (fd != -1)
			close(fd);
		if (send(FD, &outcome, sizeof(outcome), MSG_NOSIGNAL) == -1)
			break;
	}
}

/* ---- its starter ---- */

static void
forget(struct symbol_nursery *nursery)
{
	pid_t ended;

	if (nursery->fd == -1)
		return;
	close(nursery->fd);
	kill(nursery->pid, SIGKILL);
	do
		ended = waitpid(nursery->pid, NULL, 0);
	while (ended == -1 && errno == EINTR);
	nursery->fd = -1;
}

/* False, and errno, if there is none and none can be made. */
static bool
ensure(struct symbol_nursery *nursery)
{
	static const struct timeval patience = { .tv_sec = 60 };
	const pid_t parent = getpid();
	int pair[2];

	if (nursery->fd != -1)
		return true;
	if (nursery->forks == FORKS_MAX) {
		errno = EAGAIN;
		return false;
	}
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == -1)
		return false;
	nursery->forks++;
	nursery->pid = fork();
	if (nursery->pid == 0) {
		ignore_signals();
		end_with(parent);
		keep_descriptor(pair[1], FD);
		clearenv();
		run(nursery);
		_exit(0);
	}
	close(pair[1]);
	if (nursery->pid == -1) {
		close(pair[0]);
		return false;
	}
	nursery->fd = pair[0];
	/* one that was stopped is given up */
	setsockopt(nursery->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	return true;
}

struct symbol_nursery *
symbol_nursery_new(symbol_nursery_work *work)
{
	struct symbol_nursery *nursery = xcalloc(1, sizeof(*nursery));

	nursery->work = work;
	nursery->fd = -1;
	ensure(nursery);
	return nursery;
}

void
symbol_nursery_free(struct symbol_nursery *nursery)
{
	if (nursery == NULL)
		return;
	forget(nursery);
	free(nursery);
}

/* Sends an order, and waits for what came of it. */
static bool
give(struct symbol_nursery *nursery, const struct order *order, const struct iovec *job, int passed,
    struct outcome *outcome)
{
	union control control = { .bytes = { 0 } };
	struct iovec parts[2] = { { (void *)(uintptr_t)order, sizeof(*order) }, *job };
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = 2 };
	struct cmsghdr *head;
	ssize_t done;

	if (passed != -1) {
		message.msg_control = control.bytes;
		message.msg_controllen = sizeof(control.bytes);
		head = CMSG_FIRSTHDR(&message);
		head->cmsg_level = SOL_SOCKET;
		head->cmsg_type = SCM_RIGHTS;
		head->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(head), &passed, sizeof(passed));
	}
	do
		done = sendmsg(nursery->fd, &message, MSG_NOSIGNAL);
	while (done == -1 && errno == EINTR);
	if (done == -1)
		return false;
	do
		done = recv(nursery->fd, outcome, sizeof(*outcome), 0);
	while (done == -1 && errno == EINTR);
	return done == (ssize_t)sizeof(*outcome);
}

int
symbol_nursery_start(
    struct symbol_nursery *nursery, const void *job, size_t size, int *fd, pid_t *pid)
{
	struct iovec part = { (void *)(uintptr_t)job, size };
	struct order order = { 0 };
	struct outcome outcome = { 0 };
	int pair[2];
	bool done = false;

	if (size > SYMBOL_NURSERY_JOB_MAX)
		return E2BIG;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == -1)
		return errno;
	while (!done && ensure(nursery)) {
		done = give(nursery, &order, &part, pair[1], &outcome);
		if (!done)
			forget(nursery);
	}
	if (!done)
		outcome.error = errno != 0 ? errno : EAGAIN;
	close(pair[1]);
	if (outcome.error != 0) {
		close(pair[0]);
		return outcome.error;
	}
	*fd = pair[0];
	*pid = outcome.pid;
	return 0;
}

int
symbol_nursery_end(struct symbol_nursery *nursery, pid_t pid)
{
	struct iovec none = { NULL, 0 };
	struct order order = { pid };
	struct outcome outcome;

	if (nursery->fd == -1)
		return -1;
	if (!give(nursery, &order, &none, -1, &outcome)) {
		/* it went, and with it all that it started */
		forget(nursery);
		return -1;
	}
	return outcome.error == 0 ? outcome.status : -1;
}
