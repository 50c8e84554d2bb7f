/* Processes are started by a process that knows nothing; their ends are told, and where it
 * is killed another takes its place. */
#include "analyzer/symbol/symbol_nursery.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/lib/check.h"

extern char **environ;

static const char *secret = "nothing yet";

/* Tells what it finds, by the job's first letter. */
static void
work(int fd, const uint8_t *job, size_t size)
{
	char text[256] = "";
	int i;

	switch (size > 0 ? job[0] : 0) {
	case 'e': /* echo */ (void)send(fd, job, size, 0); break;
	case 'd': /* descriptors */
		for (i = 0; i < 256; i++)
			if (fcntl(i, F_GETFD) != -1)
				snprintf(text + strlen(text), 8, "%d ", i);
		(void)send(fd, text, strlen(text), 0);
		break;
	case 'v': /* environment, memory, a signal */
		raise(SIGINT);
		raise(SIGTERM);
		snprintf(text, sizeof(text), "%s %s",
		    environ == NULL || *environ == NULL ? "none" : *environ, secret);
		(void)send(fd, text, strlen(text), 0);
		break;
	case 'c': raise(SIGSEGV); break;
	case 'x': _exit(7);
	case 'w': /* waits until the other end is closed */
		(void)send(fd, "w", 1, 0);
		(void)recv(fd, text, 1, 0);
		break;
	default: break;
	}
}

/* What the process says; its status in *status. */
static const char *
say(struct symbol_nursery *nursery, const char *job, int *status)
{
	static char text[SYMBOL_NURSERY_JOB_MAX + 1];
	size_t len = 0;
	ssize_t got;
	pid_t pid;
	int fd;

	CHECK_EQ(symbol_nursery_start(nursery, job, strlen(job), &fd, &pid), 0);
	while ((got = recv(fd, text + len, sizeof(text) - 1 - len, 0)) > 0)
		len += (size_t)got;
	text[len] = '\0';
	*status = symbol_nursery_end(nursery, pid);
	close(fd);
	return text;
}

/* The child of ours that is the nursery: the only one. */
static pid_t
find_nursery(void)
{
	DIR *list = opendir("/proc");
	const struct dirent *entry;
	pid_t found = 0;

	while (list != NULL && (entry = readdir(list)) != NULL) {
		char path[300];
		int pid, parent;
		FILE *file;

		snprintf(path, sizeof(path), "/proc/%s/stat", entry->d_name);
		file =
		    entry->d_name[0] >= '1' && entry->d_name[0] <= '9' ? fopen(path, "re") : NULL;
		if (file == NULL)
			continue;
		if (fscanf(file, "%d (%*[^)]) %*c %d", &pid, &parent) == 2 && parent == getpid())
			found = pid;
		fclose(file);
	}
	if (list != NULL)
		closedir(list);
	return found;
}

static bool
is_gone(pid_t pid)
{
	int tries;

	for (tries = 0; tries < 1000; tries++) {
		if (kill(pid, 0) == -1 && errno == ESRCH)
			return true;
		usleep(10000);
	}
	return false;
}

static void
check_work(struct symbol_nursery *nursery)
{
	int status;

	CHECK_STR(say(nursery, "echo", &status), "echo");
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	CHECK_STR(say(nursery, "d", &status), "0 1 2 4 ");
	CHECK_STR(say(nursery, "v", &status), "none nothing yet");
	CHECK_STR(say(nursery, "c", &status), "");
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
	CHECK_STR(say(nursery, "x", &status), "");
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 7);
}

static void
check_jobs(struct symbol_nursery *nursery)
{
	char *job = malloc(SYMBOL_NURSERY_JOB_MAX + 2);
	int status;
	int fd;
	pid_t pid;

	memset(job, 'e', SYMBOL_NURSERY_JOB_MAX + 1);
	job[SYMBOL_NURSERY_JOB_MAX] = '\0';
	CHECK(strlen(say(nursery, job, &status)) == SYMBOL_NURSERY_JOB_MAX);
	CHECK_EQ(symbol_nursery_start(nursery, job, SYMBOL_NURSERY_JOB_MAX + 1, &fd, &pid), E2BIG);
	free(job);
}

/* Several at once; one that runs is killed. */
static void
check_end(struct symbol_nursery *nursery)
{
	char letter;
	int fds[5];
	pid_t pids[5];
	size_t i;
	int status;

	for (i = 0; i < 5; i++) {
		CHECK_EQ(symbol_nursery_start(nursery, "w", 1, &fds[i], &pids[i]), 0);
		CHECK(recv(fds[i], &letter, 1, 0) == 1);
	}
	for (i = 0; i < 5; i++) {
		status = symbol_nursery_end(nursery, pids[i]);
		CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
		CHECK(is_gone(pids[i]));
		close(fds[i]);
	}
	CHECK_EQ(symbol_nursery_end(nursery, getpid()), -1);
}

static void
check_killed(struct symbol_nursery *nursery)
{
	pid_t old = find_nursery();
	char letter;
	pid_t pid;
	int status;
	int fd;

	CHECK_EQ(symbol_nursery_start(nursery, "w", 1, &fd, &pid), 0);
	CHECK(recv(fd, &letter, 1, 0) == 1);
	CHECK(old > 0 && kill(old, SIGKILL) == 0);
	/* it goes with it */
	CHECK(recv(fd, &letter, 1, 0) <= 0);
	close(fd);
	CHECK_EQ(symbol_nursery_end(nursery, pid), -1);
	CHECK_STR(say(nursery, "echo", &status), "echo");
	CHECK(find_nursery() != old);
}

/* Not for ever. */
static void
check_bound(struct symbol_nursery *nursery)
{
	int killed;
	int status;
	int fd;
	pid_t pid;

	for (killed = 0; killed < 100; killed++) {
		pid_t old = find_nursery();

		if (old == 0)
			break;
		kill(old, SIGKILL);
		if (symbol_nursery_start(nursery, "w", 1, &fd, &pid) != 0)
			break;
		close(fd);
	}
	CHECK(killed > 2 && killed < 100);
	(void)status;
}

int
main(void)
{
	struct symbol_nursery *nursery;
	pid_t pid;

	alarm(300);
	setenv("SECRET", "1", 1);
	nursery = symbol_nursery_new(work);
	pid = find_nursery();
	CHECK(pid > 0);
	/* what it forked before does not show */
	secret = "the trace";
	check_work(nursery);
	check_jobs(nursery);
	check_end(nursery);
	CHECK(find_nursery() == pid);
	check_killed(nursery);
	check_bound(nursery);
	symbol_nursery_free(nursery);
	CHECK(find_nursery() == 0);
	symbol_nursery_free(NULL);
	return check_done();
}
