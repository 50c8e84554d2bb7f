/*
 * Hazard: a program that closes every descriptor and opens its own in their
 * place, or is started without some (reliability 51 to 53). Expected: its first
 * open gives the lowest number, as without the shim; what it writes is in its
 * files, and nothing else is.
 * Arguments: stdio descriptors to close before main does anything ("012"), or
 * "exec" and those: this program is run again without them.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static char report[4096];
static size_t used;

static void
say(const char *what, long value)
{
	used += (size_t)snprintf(report + used, sizeof(report) - used, "%s %ld\n", what, value);
}

static void
churn(void)
{
	for (int i = 0; i < 20000; i++)
		free(malloc((size_t)(i % 1000)));
}

static int
again(char **argv)
{
	int out = fcntl(1, F_DUPFD, 100);

	for (const char *c = argv[2]; *c != 0; c++)
		close(*c - '0');
	argv[1] = (char *)"sub";
	return execv("/proc/self/exe", argv) + out;
}

int
main(int argc, char **argv)
{
	char name[] = "faultXXXXXX";
	struct rlimit limit = { 64, 64 };
	struct stat status;
	char *text = malloc(10000);
	int fd;

	if (argc > 2 && strcmp(argv[1], "exec") == 0)
		return again(argv);
	setrlimit(RLIMIT_NOFILE, &limit);
	if (argc > 1)
		say("first open", open("/dev/null", O_RDWR));
	else
		say("next", fcntl(1, F_DUPFD, 0));
	churn();
	/* The report must still get out: keep a copy of stdout high up. */
	if (argc < 2)
		dup2(1, 60);
	else
		dup2(100, 60);
	close_range(0, 59, 0);
	close_range(61, ~0U, 0);
	for (int i = 0; i < 6; i++)
		say("open", mkstemp(strcpy(name, "faultXXXXXX")) == i ? unlink(name) + i : -1);
	churn();
	memset(text, 'x', 10000);
	for (fd = 0; fd < 6; fd++)
		say("write", write(fd, text, 100));
	churn();
	for (fd = 0; fd < 6; fd++) {
		fstat(fd, &status);
		say("size", (long)status.st_size);
		say("at", lseek(fd, 0, SEEK_CUR));
	}
	for (fd = 6; fd < 60; fd++)
		if (dup(0) < 0)
			break;
	say("all used", fd);
	churn();
	free(text);
	return write(60, report, used) != (ssize_t)used;
}
