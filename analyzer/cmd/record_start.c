/* Starts the program and its keeper, waits for both. */
#include "analyzer/cmd/record.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "analyzer/util/err.h"
#include "analyzer/util/strbuf.h"
#include "analyzer/util/xalloc.h"
#include "keeper/keeper.h"

/* What the child is told before it execs: all but the trace is in record. */
struct start_message {
	uint32_t len; /* of the trace's path; 0: not profiled */
	char path[4096];
};

enum {
	START_UNKNOWN = 125 << 8,  /* wait status of who cannot be waited for */
	START_PATIENCE_MS = 10000, /* for the keeper's last work */
};

/* --- In the child --- */

/* A value of ESC_OPTIONS may hold ':' and '%' only so. */
static void
start_escape(struct strbuf *options, const char *value)
{
	for (; *value != '\0'; value++)
		if (*value == ':' || *value == '%')
			strbuf_addf(options, "%%%02x", (unsigned char)*value);
		else
			strbuf_add(options, value, 1);
}

/* Nothing where nothing was asked for: what the user's own options say holds. */
static void
start_mode(struct strbuf *options, const struct record *record)
{
	if (record->full)
		strbuf_adds(options, ":mode=full");
	else if (record->sample != 0)
		strbuf_addf(
		    options, ":mode=sampled:sample=%llu", (unsigned long long)record->sample);
	else if (record->budget != NULL)
		strbuf_addf(options, ":mode=auto:budget=%s", record->budget);
}

/* ":key=text", NULL: nothing. */
static void
start_text(struct strbuf *options, const char *key, const char *text)
{
	if (text == NULL)
		return;
	strbuf_addf(options, ":%s=", key);
	start_escape(options, text);
}

/* ":key=number", 0: nothing. */
static void
start_number(struct strbuf *options, const char *key, uint64_t number)
{
	if (number != 0)
		strbuf_addf(options, ":%s=%llu", key, (unsigned long long)number);
}

static void
start_options(const struct record *record, const char *trace)
{
	const char *given = getenv("ESC_OPTIONS");
	struct strbuf options = { 0 };

	if (given != NULL && given[0] != '\0')
		strbuf_addf(&options, "%s:", given);
	strbuf_adds(&options, "file=");
	start_escape(&options, trace);
	start_mode(&options, record);
	start_number(&options, "ring", record->ring);
	start_number(&options, "depth", record->depth);
	start_number(&options, "cost", record->cost);
	start_text(&options, "keeper", record->keeper);
	strbuf_addf(&options, ":follow=%d:root=%d", record->follow ? 1 : 0, (int)getpid());
	strbuf_addf(&options, ":session=%llu", (unsigned long long)record->session);
	start_text(&options, "child", record->child);
	start_text(&options, "exclude_child", record->exclude);
	if (record->exact)
		strbuf_adds(&options, ":marks=16");
	if (record->check)
		strbuf_adds(&options, ":check=1");
	xsetenv("ESC_OPTIONS", options.text);
	strbuf_release(&options);
}

/* Before what the user preloads: it stays, behind us. */
static void
start_preload(const struct record *record)
{
	const char *given = getenv("LD_PRELOAD");
	const char *own = record->usual && record->lib_any != NULL ? record->lib_any : record->lib;
	char *value;

	if (given != NULL && given[0] != '\0')
		value = xasprintf("%s:%s", own, given);
	else
		value = xstrdup(own);
	xsetenv("LD_PRELOAD", value);
	free(value);
}

static ssize_t
start_read(int fd, void *to, size_t size)
{
	size_t done = 0;
	ssize_t got;

	while (done < size) {
		got = read(fd, (char *)to + done, size - done);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		done += (size_t)got;
	}
	return (ssize_t)done;
}

/* Into a pipe that has room: 0, or the errno. */
static int
start_write(int fd, const void *from, size_t size)
{
	ssize_t wrote;

	do
		wrote = write(fd, from, size);
	while (wrote < 0 && errno == EINTR);
	if (wrote >= 0)
		errno = EIO;
	return wrote == (ssize_t)size ? 0 : errno;
}

static _Noreturn void
start_child(const struct record *record, int go, int failed)
{
	struct start_message message;
	int error;

	errno = 0;
	if (start_read(go, &message, sizeof(message)) != (ssize_t)sizeof(message)) {
		error = errno; /* 0: cancelled */
		if (error != 0)
			(void)start_write(failed, &error, sizeof(error));
		_exit(125);
	}
	if (message.len != 0) {
		start_options(record, message.path);
		start_preload(record);
	}
	/* the path, not the name: PATH was searched already; execvp for files
	 * without any header, which the shell runs */
	(void)execvp(record->program, record->argv);
	error = errno;
	(void)start_write(failed, &error, sizeof(error));
	_exit(125);
}

/* --- Its start --- */

int
record_start_fork(struct record *record, struct record_child *child, struct err *err)
{
	int go[2], failed[2];

	*child = (struct record_child){ .gone = -1, .go = -1, .failed = -1 };
	if (pipe2(go, O_CLOEXEC) != 0)
		return err_set(err, "pipe: %s", strerror(errno));
	if (pipe2(failed, O_CLOEXEC) != 0) {
		(void)close(go[0]);
		(void)close(go[1]);
		return err_set(err, "pipe: %s", strerror(errno));
	}
	child->pid = fork();
	if (child->pid == 0) {
		(void)close(go[1]);
		(void)close(failed[0]);
		start_child(record, go[0], failed[1]);
	}
	(void)close(go[0]);
	(void)close(failed[1]);
	child->go = go[1];
	child->failed = failed[0];
	if (child->pid > 0)
		return 0;
	(void)close(go[1]);
	(void)close(failed[0]);
	return err_set(err, "fork: %s", strerror(errno));
}

int
record_start_keeper(const struct record *record, struct record_child *child, struct err *err)
{
	int gone[2];

	if (pipe2(gone, O_CLOEXEC) != 0)
		return err_set(err, "pipe: %s", strerror(errno));
	child->keeper = fork();
	if (child->keeper == 0) {
		keeper_detach(record->trace_fd, gone[0]);
		_exit(keeper_run(record->trace_fd, gone[0], NULL) == 0 ? 0 : 1);
	}
	(void)close(gone[0]);
	child->gone = gone[1];
	if (child->keeper > 0)
		return 0;
	(void)close(gone[1]);
	child->gone = -1;
	child->keeper = 0;
	return err_set(err, "fork: %s", strerror(errno));
}

int
record_start_go(const struct record *record, struct record_child *child)
{
	struct start_message message = { .len = 0 };
	int error, exec_error = 0;

	if (record->trace != NULL) {
		message.len = (uint32_t)strlen(record->trace);
		memcpy(message.path, record->trace, message.len + 1);
	}
	/* at once: it fits the pipe */
	error = start_write(child->go, &message, sizeof(message));
	(void)close(child->go);
	if (start_read(child->failed, &exec_error, sizeof(exec_error)) != 0)
		error = exec_error;
	(void)close(child->failed);
	return error;
}

/* What waitpid answers, which no signal interrupts. */
static pid_t
start_reap(pid_t pid, int *status, int options)
{
	pid_t ended;

	do
		ended = waitpid(pid, status, options);
	while (ended < 0 && errno == EINTR);
	return ended;
}

void
record_start_cancel(struct record_child *child)
{
	int status;

	(void)close(child->go);
	(void)close(child->failed);
	(void)start_reap(child->pid, &status, 0);
	if (child->gone >= 0)
		(void)close(child->gone);
	if (child->keeper > 0)
		(void)start_reap(child->keeper, &status, 0);
}

/* --- Its end --- */

int
record_start_wait(struct record *record, struct record_child *child, struct err *err)
{
	int ended = record_signals_wait(&record->usage);

	record->pid = child->pid;
	if (ended >= 0) {
		record->wait_status = ended;
		return 0;
	}
	record->wait_status = START_UNKNOWN;
	return err_set(err, "%s: how it ended is not known: %s", record->argv[0], strerror(errno));
}

static bool
start_lock(int fd, int how)
{
	int result;

	do
		result = flock(fd, how | LOCK_NB);
	while (result != 0 && errno == EINTR);
	return result == 0;
}

/* The trace, on a description of its own; whatever became of its name. To read: that is
 * all the keeper leaves us, and enough for a lock. */
static int
start_reopen(const struct record *record)
{
	char path[32];
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", record->trace_fd);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd >= 0 ? fd : open(record->trace, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
}

/* Does a process still have the trace mapped? */
static bool
start_is_mapped(const struct record *record)
{
	int fd = start_reopen(record);
	bool mapped;

	if (fd < 0)
		return false;
	/* a shared lock beside others: programs; none at all: the keeper's */
	mapped = !start_lock(fd, LOCK_EX) && errno == EWOULDBLOCK && start_lock(fd, LOCK_SH);
	(void)close(fd);
	return mapped;
}

static void
start_sign_end(struct record_child *child)
{
	if (child->gone >= 0)
		(void)close(child->gone);
	child->gone = -1;
}

/* Whether the keeper has ended. Where one was killed, a second does its work, once. */
static bool
start_is_kept(const struct record *record, struct record_child *child)
{
	struct err err;
	int status = 0;

	if (start_reap(child->keeper, &status, WNOHANG) == 0)
		return false;
	if (!WIFSIGNALED(status) || child->again || record_start_keeper(record, child, &err) != 0)
		return true;
	child->again = true;
	start_sign_end(child);
	return false;
}

void
record_start_finish(struct record *record, struct record_child *child)
{
	struct timespec tick = { .tv_nsec = 1000000 };
	int ms;

	start_sign_end(child);
	for (ms = 0; child->keeper > 0 && ms < START_PATIENCE_MS; ms++) {
		if (start_is_kept(record, child))
			return;
		if (ms % 16 == 15 && start_is_mapped(record)) {
			record->running = true;
			return;
		}
		(void)nanosleep(&tick, NULL);
	}
}
