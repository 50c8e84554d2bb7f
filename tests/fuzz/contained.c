#define _GNU_SOURCE
#include "tests/fuzz/contained.h"

#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"

enum {
	CONTAINED_SECONDS = 10,
	CONTAINED_FRAMES = 256,
	CONTAINED_TOLD = 5,
	CONTAINED_EXIT = 76, /* a child that ended inside of a library */
	CONTAINED_OURS = 75,
};

static const char *const *contained_libraries; /* set in the child alone */

/* One of the libraries is among the callers of where we are. What they call of ours
 * (malloc, memchr) does not count as ours: they called it. */
static bool
contained_by_library(void)
{
	void *frames[CONTAINED_FRAMES];
	int count = backtrace(frames, CONTAINED_FRAMES);
	const char *const *library;
	Dl_info info;

	for (int i = 0; i < count; i++) {
		if (dladdr(frames[i], &info) == 0 || info.dli_fname == NULL)
			continue;
		for (library = contained_libraries; *library != NULL; library++)
			if (strstr(info.dli_fname, *library) != NULL)
				return true;
	}
	return false;
}

static void
contained_signal(int number)
{
	(void)number;
	_exit(contained_by_library() ? CONTAINED_EXIT : CONTAINED_OURS);
}

/* AddressSanitizer calls it before it says what is wrong. */
void __asan_on_error(void);
void
__asan_on_error(void)
{
	if (contained_libraries != NULL)
		_exit(contained_by_library() ? CONTAINED_EXIT : CONTAINED_OURS);
}

/* It is for the parent to tell, and to keep findings. */
static void
contained_silence(void)
{
	struct rlimit none = { 0, 0 };
	int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);

	if (nowhere >= 0)
		dup2(nowhere, STDERR_FILENO);
	setrlimit(RLIMIT_FSIZE, &none);
	setrlimit(RLIMIT_CORE, &none);
}

/* Runs ask for each byte that comes, and answers with one. */
static void
contained_child(int channel, void (*ask)(void))
{
	static const int signals[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGALRM };
	static char stack[1 << 16];
	stack_t other = { .ss_sp = stack, .ss_size = sizeof(stack) };
	struct sigaction action = { .sa_handler = contained_signal, .sa_flags = SA_ONSTACK };
	char go;

	contained_silence();
	sigaltstack(&other, NULL);
	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++)
		sigaction(signals[i], &action, NULL);
	while (read(channel, &go, 1) == 1) {
		alarm(CONTAINED_SECONDS);
		ask();
		alarm(0);
		if (write(channel, &go, 1) != 1)
			break;
	}
	_exit(0);
}

static pid_t
contained_fork(const char *const *libraries, void (*ask)(void), int *channel)
{
	int pair[2];
	pid_t child;

	FUZZ_CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
	fflush(NULL);
	child = fork();
	FUZZ_CHECK(child >= 0);
	if (child == 0) {
		close(pair[0]);
		contained_libraries = libraries;
		contained_child(pair[1], ask);
	}
	close(pair[1]);
	*channel = pair[0];
	return child;
}

bool
contained_in(const char *const *libraries, void (*ask)(void))
{
	static unsigned told;
	static pid_t child;
	static int channel;
	char go = 0;
	int status;

	if (child == 0)
		child = contained_fork(libraries, ask, &channel);
	FUZZ_CHECK(send(channel, &go, 1, MSG_NOSIGNAL) == 1);
	if (read(channel, &go, 1) == 1)
		return false;
	close(channel);
	while (waitpid(child, &status, 0) < 0)
		FUZZ_CHECK(errno == EINTR);
	child = 0;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != CONTAINED_EXIT)
		return false;
	if (told++ < CONTAINED_TOLD)
		fprintf(stderr, "contained: ended inside of a library that is not ours\n");
	return true;
}
