#include "analyzer/symbol/symbol_child.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "analyzer/symbol/symbol.h"
#include "analyzer/symbol/symbol_nursery.h"
#include "analyzer/symbol/symbol_serve.h"
#include "analyzer/symbol/symbol_wire.h"
#include "analyzer/util/xalloc.h"

enum {
	RUNNING_MAX = 64,
	LOSSES_MAX = 2,     /* not by its own fault, of one module's */
	OPENS_MAX = 262144, /* of one process */
	IDLE_MAX = 30,      /* seconds */
	SECONDS = 60,       /* of work, and more by the files' size: */
	BYTES_PER_SECOND = 4 << 20,
	GRACE = 5,
	MEMORY_PER_BYTE = 4,
};

static const uint64_t nanosecond = UINT64_C(1000000000);

struct symbol_children {
	struct symbol_nursery *nursery;
	struct symbol_child *running[RUNNING_MAX];
	size_t count;
	uint64_t questions;
};

struct symbol_children *
symbol_children_new(void)
{
	struct symbol_children *children = xcalloc(1, sizeof(*children));

	children->nursery = symbol_nursery_new(symbol_serve);
	return children;
}

void
symbol_children_free(struct symbol_children *children)
{
	if (children == NULL)
		return;
	symbol_nursery_free(children->nursery);
	free(children);
}

/* ---- beginning and end ---- */

/* How it ended; see symbol_nursery_end. */
static int
stop(struct symbol_child *child)
{
	struct symbol_children *children = child->children;
	size_t i;

	for (i = 0; i < children->count; i++) {
		if (children->running[i] == child) {
			children->running[i] = children->running[--children->count];
			break;
		}
	}
	close(child->fd);
	child->running = false;
	return symbol_nursery_end(children->nursery, child->pid);
}

static void
make_room(struct symbol_children *children)
{
	struct symbol_child *oldest = children->running[0];
	size_t i;

	for (i = 1; i < children->count; i++) {
		if (children->running[i]->asked < oldest->asked)
			oldest = children->running[i];
	}
	stop(oldest);
}

static void
set_patience(int fd)
{
	static const struct timeval second = { .tv_sec = 1 };

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &second, sizeof(second));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &second, sizeof(second));
}

/* False if it has failed. */
static bool
start(struct symbol_child *child)
{
	struct symbol_children *children = child->children;
	struct symbol_module module = { child->broker.path, child->broker.build_id,
		child->broker.build_id_len };
	struct bytes job = { 0 };
	int error;

	if (children->count == RUNNING_MAX)
		make_room(children);
	symbol_serve_add_job(&job, &module, child->broker.root);
	/* where others must not be so many, one is enough */
	while ((error = symbol_nursery_start(
		    children->nursery, job.data, job.len, &child->fd, &child->pid)) != 0 &&
	    children->count > 0)
		make_room(children);
	bytes_release(&job);
	if (error != 0) {
		snprintf(child->failure, sizeof(child->failure), "cannot be started: %s",
		    strerror(error));
		child->failed = true;
		return false;
	}
	set_patience(child->fd);
	child->running = true;
	child->files = 0;
	children->running[children->count++] = child;
	return true;
}

void
symbol_child_fail(struct symbol_child *child, const char *why)
{
	if (child->running)
		stop(child);
	child->failed = true;
	snprintf(child->failure, sizeof(child->failure), "%s", why);
}

/* It is gone, or we gave up on it. True if it is worth another try. */
static bool
lost(struct symbol_child *child)
{
	int status = stop(child);

	if (child->gave_up != NULL) {
		symbol_child_fail(child, child->gave_up);
		return false;
	}
	/* somebody killed it, or the nursery */
	if ((status == -1 || (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)) &&
	    child->losses++ < LOSSES_MAX)
		return true;
	child->failed = true;
	if (status == -1)
		snprintf(child->failure, sizeof(child->failure), "lost");
	else if (WIFSIGNALED(status))
		snprintf(child->failure, sizeof(child->failure), "signal %d (%s)", WTERMSIG(status),
		    strsignal(WTERMSIG(status)));
	else
		snprintf(child->failure, sizeof(child->failure), "%s (exit status %d)",
		    WEXITSTATUS(status) == 1 ? "out of memory" : "ended", WEXITSTATUS(status));
	return false;
}

void
symbol_child_release(struct symbol_child *child)
{
	if (child->running)
		stop(child);
	bytes_release(&child->opened);
	bytes_release(&child->message);
	map_release(&child->seen);
}

/* ---- patience ---- */

static uint64_t
budget(const struct symbol_child *child)
{
	return SECONDS + child->file_bytes / BYTES_PER_SECOND;
}

/* Nanoseconds that it worked; 0: not known. */
static uint64_t
work_of(const struct symbol_child *child)
{
	struct timespec time;
	clockid_t clock;

	if (clock_getcpuclockid(child->pid, &clock) != 0 || clock_gettime(clock, &time) != 0)
		return 0;
	return (uint64_t)time.tv_sec * nanosecond + (uint64_t)time.tv_nsec;
}

/* After a second without an answer. What works is limited by its processor time, what
 * does not by seconds: on a busy machine neither hits who is only slow. */
static bool
wait_on(void *data)
{
	struct symbol_child *child = data;
	uint64_t worked = work_of(child);

	child->idle = worked > child->worked ? 0 : child->idle + 1;
	child->worked = worked;
	if (child->idle >= IDLE_MAX)
		child->gave_up = "no answer";
	/* the kernel ends it before, unless it has found a way around */
	else if (worked / nanosecond > budget(child) + GRACE)
		child->gave_up = "too much processor time";
	return child->gave_up == NULL;
}

/* ---- its files ---- */

/* Of a file: a hole holds nothing, however long it is. */
static uint64_t
held(const struct stat *status)
{
	const uint64_t blocks = (uint64_t)status->st_blocks * 512;

	return blocks < (uint64_t)status->st_size ? blocks : (uint64_t)status->st_size;
}

/* More files, more to read, and more memory for it. */
static void
raise_limits(const struct symbol_child *child, uint64_t size)
{
	struct rlimit limit;

	if (prlimit(child->pid, RLIMIT_AS, NULL, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) {
		limit.rlim_cur += size * MEMORY_PER_BYTE;
		if (limit.rlim_cur > limit.rlim_max)
			limit.rlim_cur = limit.rlim_max;
		prlimit(child->pid, RLIMIT_AS, &limit, NULL);
	}
	if (prlimit(child->pid, RLIMIT_CPU, NULL, &limit) == 0) {
		limit.rlim_cur = budget(child);
		if (limit.rlim_cur > limit.rlim_max)
			limit.rlim_cur = limit.rlim_max;
		prlimit(child->pid, RLIMIT_CPU, &limit, NULL);
	}
}

static void
note_file(struct symbol_child *child, const char *name, int fd)
{
	struct stat status;
	struct map_key key;
	bool fresh;

	if (fstat(fd, &status) != 0)
		return;
	key = (struct map_key){ status.st_dev, status.st_ino };
	map_insert(&child->seen, key, &fresh);
	if (fresh)
		child->file_bytes += held(&status);
	raise_limits(child, fresh ? held(&status) : 0);
	if (!child->recording)
		return;
	symbol_wire_add_text(&child->opened, name);
	bytes_add_number(&child->opened, (uint64_t)status.st_size);
	bytes_add_number(&child->opened, (uint64_t)status.st_mtim.tv_sec);
	bytes_add_number(&child->opened, (uint64_t)status.st_mtim.tv_nsec);
}

/* Opens what the child asks for; false if it is gone, or asks for nonsense. */
static bool
open_for(struct symbol_child *child, const struct symbol_wire *wire, uint32_t size)
{
	char path[SYMBOL_WIRE_PATH_MAX];
	struct bytes reply = { 0 };
	char *served = NULL;
	int32_t error = 0;
	bool sent;
	int fd;

	if (size >= sizeof(path) || !symbol_wire_read(wire, path, size) ||
	    memchr(path, '\0', size) != NULL || child->files++ >= OPENS_MAX)
		return false;
	path[size] = '\0';
	fd = size > 0 ? symbol_broker_open(&child->broker, path)
		      : symbol_broker_fetch(&child->broker, &served);
	if (fd == -1)
		error = errno;
	else
		note_file(child, served != NULL ? served : path, fd);
	bytes_add(&reply, &error, sizeof(error));
	if (served != NULL)
		bytes_add(&reply, served, strnlen(served, SYMBOL_WIRE_PATH_MAX - 1));
	sent = symbol_wire_send(wire, SYMBOL_WIRE_OPENED, reply.data, reply.len, fd);
	if (fd != -1)
		close(fd);
	bytes_release(&reply);
	free(served);
	return sent;
}

/* ---- questions ---- */

/* Waits for the answer. False if the child is gone; gave_up says why if it is not. */
static bool
receive(struct symbol_child *child, const struct symbol_wire *wire)
{
	struct symbol_wire_head head;

	for (;;) {
		if (!symbol_wire_read_head(wire, &head, NULL))
			return false;
		if (head.type == SYMBOL_WIRE_ANSWER)
			break;
		if (head.type != SYMBOL_WIRE_OPEN) {
			child->gave_up = "no sense in its answer";
			return false;
		}
		if (!open_for(child, wire, head.size))
			return false;
	}
	child->message.data = xgrow(child->message.data, &child->message.cap, head.size, 1);
	child->message.len = head.size;
	return symbol_wire_read(wire, child->message.data, head.size);
}

bool
symbol_child_ask(struct symbol_child *child, enum symbol_ask_kind kind, uint64_t number,
    const char *text, struct bytes_reader *answer)
{
	struct symbol_wire wire = { .wait = wait_on, .data = child };
	bool done = false;

	do {
		if (child->failed || (!child->running && !start(child)))
			return false;
		wire.fd = child->fd;
		child->asked = ++child->children->questions;
		child->idle = 0;
		child->gave_up = NULL;
		child->recording = kind == SYMBOL_ASK_FILES;
		if (child->recording)
			child->opened.len = 0;
		child->message.len = 0;
		bytes_add_byte(&child->message, (uint8_t)kind);
		bytes_add_number(&child->message, number);
		symbol_wire_add_text(&child->message, text);
		done = symbol_wire_send(
			   &wire, SYMBOL_WIRE_ASK, child->message.data, child->message.len, -1) &&
		    receive(child, &wire);
	} while (!done && lost(child));
	*answer = (struct bytes_reader){ child->message.data,
		child->message.data + child->message.len, false };
	return done;
}
