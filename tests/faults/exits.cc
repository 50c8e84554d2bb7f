/*
 * Hazard: allocations of a process that ends: atexit, on_exit, static destructors,
 * thread_local of the first thread, destructors of libraries, and threads that go on
 * meanwhile (reliability 28). Expected: every event; each kind says that it ran.
 * Argument: how main ends: return, exit, quick or thread (pthread_exit).
 */
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <pthread.h>
#include <string>
#include <unistd.h>
#include <vector>

static void
some(const char *what)
{
	std::vector<std::string> words;

	for (int i = 0; i < 1000; i++)
		words.push_back(std::string(what) + " and more than fits into the object itself");
	dprintf(1, "%s %zu\n", what, words.size());
}

struct speaker {
	const char *name;
	char *block;
	explicit speaker(const char *n) : name(n), block(static_cast<char *>(malloc(100)))
	{
	}
	~speaker()
	{
		some(name);
		free(block);
	}
};

static speaker first("static object");
static thread_local speaker own("thread_local object");

static void
at_exit()
{
	static speaker late("object made while it ends");
	some("atexit");
}

static void
with_status(int status, void *)
{
	dprintf(1, "status %d\n", status);
	some("on_exit");
}

static void
at_quick()
{
	some("at_quick_exit");
}

__attribute__((destructor)) static void
at_fini()
{
	some("fini");
}

static void *
busy(void *arg)
{
	for (int i = 0;; i++)
		free(malloc(i % 100));
	return arg;
}

static void *
last(void *first_thread)
{
	/* Else it is chance which of the two is the last one. */
	pthread_join(*static_cast<pthread_t *>(first_thread), nullptr);
	some("last thread");
	return nullptr;
}

int
main(int, char **argv)
{
	static pthread_t self = pthread_self();
	pthread_t thread;

	own.block[0] = 1;
	atexit(at_exit);
	on_exit(with_status, nullptr);
	at_quick_exit(at_quick);
	if (strcmp(argv[1], "thread") == 0) {
		pthread_create(&thread, nullptr, last, &self);
		pthread_exit(nullptr);
	}
	pthread_create(&thread, nullptr, busy, nullptr);
	if (strcmp(argv[1], "exit") == 0)
		exit(3);
	if (strcmp(argv[1], "quick") == 0)
		quick_exit(4);
	return 5;
}
