/*
 * Hazard: all at once: threads that come and go, exceptions, coroutines,
 * libraries loaded and unloaded, children, signals, deep and shallow stacks.
 * Expected: no crash, no hang, exact counts, every recorded stack defined.
 * Arguments: seconds, a plugin.
 */
#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <dlfcn.h>
#include <pthread.h>
#include <stdexcept>
#include <string>
#include <sys/time.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>
#include <vector>

static std::atomic<bool> stop;
static const char *plugin;

static unsigned
next(unsigned &seed)
{
	seed = seed * 1664525u + 1013904223u;
	return seed >> 8;
}

__attribute__((noinline)) static int
dive(int depth, unsigned &seed)
{
	std::string text(next(seed) % 60, 'x');
	int below = 0;

	if (depth > 0)
		below = dive(depth - 1, seed);
	else if (next(seed) % 4 == 0)
		throw std::runtime_error(text);
	text += "more, and more, and more";
	return below + static_cast<int>(text.size());
}

static void
dives(unsigned &seed)
{
	try {
		dive(static_cast<int>(next(seed) % 40), seed);
	} catch (const std::exception &e) {
		free(strdup(e.what()));
	}
}

struct routine {
	ucontext_t context, back;
	std::vector<char> stack;
	unsigned seed;
};

static thread_local routine *current;

static void
routine_body()
{
	routine *self = current;

	for (int i = 0; i < 5; i++) {
		dives(self->seed);
		swapcontext(&self->context, &self->back);
	}
}

static void
routines(unsigned &seed)
{
	routine *r = new routine;

	r->stack.resize(64 << 10);
	r->seed = seed;
	getcontext(&r->context);
	r->context.uc_stack.ss_sp = r->stack.data();
	r->context.uc_stack.ss_size = r->stack.size();
	r->context.uc_link = nullptr;
	makecontext(&r->context, routine_body, 0);
	for (int i = 0; i < 4; i++) {
		current = r;
		swapcontext(&r->back, &r->context);
		dives(seed);
	}
	delete r;
}

static void
loads(unsigned &)
{
	void *library = dlopen(plugin, RTLD_NOW);
	void *(*make)(int);

	if (library == nullptr)
		return;
	*reinterpret_cast<void **>(&make) = dlsym(library, "plugin_make");
	free(make(3));
	dlclose(library);
}

static void
children(unsigned &seed)
{
	pid_t child = fork();

	if (child == 0) {
		for (int i = 0; i < 20; i++)
			dives(seed);
		_exit(0);
	}
	waitpid(child, nullptr, 0);
}

static void *
little(void *arg)
{
	unsigned seed = static_cast<unsigned>(reinterpret_cast<size_t>(arg));

	for (int i = 0; i < 5; i++)
		dives(seed);
	return nullptr;
}

static void
comers(unsigned &seed)
{
	pthread_t thread[4];

	for (auto &t : thread)
		pthread_create(&t, nullptr, little,
		    reinterpret_cast<void *>(static_cast<size_t>(next(seed))));
	for (auto &t : thread)
		pthread_join(t, nullptr);
}

static void *
work(void *arg)
{
	static void (*const what[])(unsigned &) = {dives, dives, dives, dives,
		routines, routines, loads, comers, children};
	unsigned seed = static_cast<unsigned>(reinterpret_cast<size_t>(arg));

	while (!stop)
		what[next(seed) % (sizeof(what) / sizeof(*what))](seed);
	return nullptr;
}

static void
tick(int)
{
}

int
main(int argc, char **argv)
{
	struct sigaction action = {};
	struct itimerval timer = {{0, 700}, {0, 700}};
	struct timespec end, now;
	pthread_t threads[6];

	if (argc != 3)
		return 99;
	plugin = argv[2];
	action.sa_handler = tick;
	action.sa_flags = SA_RESTART;
	sigaction(SIGALRM, &action, nullptr);
	setitimer(ITIMER_REAL, &timer, nullptr);
	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += atoi(argv[1]);
	for (size_t i = 0; i < 6; i++)
		pthread_create(&threads[i], nullptr, work,
		    reinterpret_cast<void *>(i + 1));
	do {
		usleep(1000);
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while (now.tv_sec < end.tv_sec ||
	    (now.tv_sec == end.tv_sec && now.tv_nsec < end.tv_nsec));
	stop = true;
	for (auto &t : threads)
		pthread_join(t, nullptr);
	puts("done");
	return 0;
}
