/*
 * runner FIGURES LIMIT [NAME=VALUE...] -- COMMAND [ARG...]: runs a command, in an
 * environment with these variables, and tells what it and all that it started cost,
 * daemons too: as a subreaper it inherits them, and it waits until the last is gone.
 * Writes one JSON object to FIGURES; a command that takes more than LIMIT seconds is
 * killed, with all of its children, and so is one that takes all memory.
 *
 * In C, and as small as this, because an exec keeps the peak memory of the process
 * that called it: a child of an interpreter could not show less than that.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { POLL_NS = 4000000, POLL_OFTEN = 25, TREE_MOST = 256, MEMORY_MOST = 4 << 20 /* KiB */ };

/* What one look at the tree found, in KiB. */
struct memory {
	long anonymous, file;
};

static double
runner_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static double
runner_seconds(struct timeval t)
{
	return (double)t.tv_sec + 1e-6 * (double)t.tv_usec;
}

/* The children of all threads of a process, appended to PIDS. */
static int
runner_children(pid_t pid, pid_t *pids, int count)
{
	char path[64];
	DIR *tasks;
	struct dirent *entry;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	tasks = opendir(path);
	if (tasks == NULL)
		return count;
	while ((entry = readdir(tasks)) != NULL) {
		char name[400];
		FILE *file;
		int child;

		if (entry->d_name[0] == '.')
			continue;
		snprintf(name, sizeof(name), "%s/%s/children", path, entry->d_name);
		file = fopen(name, "r");
		while (file != NULL && count < TREE_MOST && fscanf(file, "%d", &child) == 1)
			pids[count++] = child;
		if (file != NULL)
			fclose(file);
	}
	closedir(tasks);
	return count;
}

static int
runner_tree(pid_t *pids)
{
	int count = runner_children(getpid(), pids, 0);

	for (int i = 0; i < count; i++)
		count = runner_children(pids[i], pids, count);
	return count;
}

static void
runner_memory_of(pid_t pid, struct memory *memory)
{
	char line[256];
	FILE *file;
	long kib;

	snprintf(line, sizeof(line), "/proc/%d/status", (int)pid);
	file = fopen(line, "r");
	if (file == NULL)
		return;
	while (fgets(line, sizeof(line), file) != NULL) {
		if (sscanf(line, "RssAnon: %ld", &kib) == 1)
			memory->anonymous += kib;
		else if (sscanf(line, "RssFile: %ld", &kib) == 1 ||
		    sscanf(line, "RssShmem: %ld", &kib) == 1)
			memory->file += kib;
	}
	fclose(file);
}

static void
runner_look(struct memory *peak)
{
	pid_t pids[TREE_MOST];
	struct memory memory = { 0, 0 };
	int count = runner_tree(pids);

	for (int i = 0; i < count; i++)
		runner_memory_of(pids[i], &memory);
	if (memory.anonymous > peak->anonymous)
		peak->anonymous = memory.anonymous;
	if (memory.file > peak->file)
		peak->file = memory.file;
}

static void
runner_kill(void)
{
	pid_t pids[TREE_MOST];
	int count = runner_tree(pids);

	for (int i = 0; i < count; i++)
		kill(pids[i], SIGKILL);
}

static void
runner_exec(char **words, const sigset_t *mask)
{
	char **command = words;

	/* Not in ours: what is preloaded is for the command alone. */
	for (; *command != NULL && strcmp(*command, "--") != 0; command++)
		putenv(*command);
	if (*command == NULL || *++command == NULL)
		_exit(127);
	sigprocmask(SIG_SETMASK, mask, NULL);
	execvp(command[0], command);
	fprintf(stderr, "%s: %s\n", command[0], strerror(errno));
	_exit(127);
}

int
main(int argc, char **argv)
{
	struct timespec poll = { 0, POLL_NS };
	struct memory peak = { 0, 0 };
	struct rusage own = { 0 }, tree;
	sigset_t chld, before;
	double began, limit, ended = 0;
	bool timeout = false, greedy = false;
	int status = 0, looks = 0;
	FILE *figures;
	pid_t child;

	if (argc < 5 || (figures = fopen(argv[1], "we")) == NULL)
		return 99;
	limit = atof(argv[2]);
	if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0)
		return 99;
	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	sigprocmask(SIG_BLOCK, &chld, &before);
	began = runner_now();
	child = fork();
	if (child < 0)
		return 99;
	if (child == 0)
		runner_exec(argv + 3, &before);
	for (;;) {
		struct rusage usage;
		int how;
		pid_t pid = wait4(-1, &how, WNOHANG | __WALL, &usage);

		if (pid < 0)
			break;
		if (pid == child) {
			status = how;
			own = usage;
			ended = runner_now();
		}
		if (pid > 0)
			continue;
		runner_look(&peak);
		if (runner_now() - began > limit) {
			timeout = true;
			runner_kill();
		} else if (peak.anonymous > MEMORY_MOST) {
			greedy = true;
			runner_kill();
		}
		/* A look at a long run need not cost what a short one's does. */
		if (++looks == POLL_OFTEN)
			poll.tv_nsec = 4L * POLL_NS;
		sigtimedwait(&chld, NULL, &poll);
	}
	getrusage(RUSAGE_CHILDREN, &tree);
	fprintf(figures,
	    "{\"status\": %d, \"timeout\": %s, \"greedy\": %s, \"wall\": %.6f, \"wall_all\": %.6f, "
	    "\"own_user\": %.6f, \"own_sys\": %.6f, \"user\": %.6f, \"sys\": %.6f, "
	    "\"maxrss_kib\": %ld, \"anonymous_kib\": %ld, \"file_kib\": %ld}\n",
	    WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
	    timeout ? "true" : "false", greedy ? "true" : "false", ended - began,
	    runner_now() - began, runner_seconds(own.ru_utime), runner_seconds(own.ru_stime),
	    runner_seconds(tree.ru_utime), runner_seconds(tree.ru_stime), tree.ru_maxrss,
	    peak.anonymous, peak.file);
	return fclose(figures) == 0 ? 0 : 99;
}
