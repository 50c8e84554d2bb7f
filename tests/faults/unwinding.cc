/*
 * Hazard: exceptions that leave frames whose return addresses are marks: thrown,
 * rethrown, carried to other threads, foreign, nested, through C's callbacks and
 * several libraries, into std::terminate. Argument: which. Expected: as natively.
 */
#include <cstdio>
#include <cstring>
#include <dlfcn.h>
#include <exception>
#include <memory>
#include <new>
#include <pthread.h>
#include <stdexcept>
#include <string>
#include <thread>
#include <unistd.h>
#include <unwind.h>
#include <vector>

#include "tests/faults/marks.h"
#include "tests/faults/unwinding_part.h"

static long destroyed;

struct guard {
	char *block;
	guard() : block((char *)malloc(40))
	{
	}
	~guard()
	{
		touch();
		free(block);
		destroyed++;
	}
};

struct big : std::runtime_error {
	std::string more;
	int depth;
	explicit big(int d)
	    : std::runtime_error("an error with a long text " + std::to_string(d)), more(200, 'x'),
	      depth(d)
	{
	}
};

static volatile int zero;

NOINLINE static int
thrower(int depth)
{
	guard g;

	touch();
	if (depth == zero)
		throw big(3);
	int r = thrower(depth - 1) + 1;
	touch();
	return r;
}

/* Catches and throws again at each level that the depth says. */
NOINLINE static int
rethrower(int depth, int every)
{
	guard g;

	touch();
	if (depth == zero)
		throw big(1);
	try {
		guard h;
		touch();
		return rethrower(depth - 1, every) + 1;
	} catch (big &e) {
		touch();
		e.depth++;
		if (every != 0 && depth % every == 0)
			throw;
		return e.depth;
	}
}

static int
plain()
{
	long sum = 0;

	for (int round = 0; round < 400; round++) {
		try {
			guard g;
			touch();
			sum += thrower(round % 40);
		} catch (const big &e) {
			touch();
			sum += (long)strlen(e.what()) + e.depth;
		}
		touch();
	}
	return printf("plain %ld destroyed %ld\n", sum, destroyed) < 0;
}

static int
rethrow()
{
	long sum = 0;

	for (int round = 0; round < 200; round++)
		try {
			sum += rethrower(round % 30, round % 4);
			touch();
		} catch (const big &e) {
			touch();
			sum += e.depth * 1000;
		}
	return printf("rethrow %ld destroyed %ld\n", sum, destroyed) < 0;
}

/* Thrown here, rethrown on another thread, there and back. */
static int
pointer()
{
	long sum = 0;

	for (int round = 0; round < 100; round++) {
		std::exception_ptr kept;

		try {
			thrower(round % 10);
		} catch (...) {
			touch();
			kept = std::current_exception();
		}
		std::exception_ptr second;
		std::thread([&] {
			guard g;
			try {
				touch();
				std::rethrow_exception(kept);
			} catch (const big &e) {
				touch();
				sum += e.depth;
				try {
					std::throw_with_nested(std::logic_error("outer"));
				} catch (...) {
					second = std::current_exception();
				}
			}
		}).join();
		try {
			touch();
			std::rethrow_exception(second);
		} catch (const std::logic_error &e) {
			try {
				touch();
				std::rethrow_if_nested(e);
			} catch (const std::runtime_error &inner) {
				sum += (long)strlen(inner.what());
			}
		}
	}
	return printf("pointer %ld destroyed %ld\n", sum, destroyed) < 0;
}

/* Not C++'s: raised by a C library of its own. */
static int
foreign()
{
	long caught = 0, cleaned = 0;

	for (int round = 0; round < 200; round++) {
		try {
			guard g;
			touch();
			try {
				guard h;
				part_raise(round % 12);
			} catch (const std::exception &) {
				return 1;
			} catch (...) {
				touch();
				caught++;
				if (round % 2 == 0)
					throw;
			}
			touch();
		} catch (...) {
			touch();
			cleaned++;
		}
	}
	return printf("foreign %ld %ld destroyed %ld deleted %ld\n", caught, cleaned, destroyed,
		   part_deleted()) < 0;
}

/* While one exception leaves, another is thrown and caught. */
struct thrower_inside {
	~thrower_inside()
	{
		guard g;
		try {
			touch();
			thrower(3);
		} catch (const big &e) {
			touch();
			destroyed += e.depth * 100 + std::uncaught_exceptions();
		}
	}
};

NOINLINE static int
nested_frame(int depth)
{
	thrower_inside t;

	touch();
	if (depth == zero)
		throw big(7);
	return nested_frame(depth - 1) + 1;
}

static int
nested()
{
	long sum = 0;

	for (int round = 0; round < 60; round++)
		try {
			nested_frame(round % 8);
		} catch (const big &e) {
			touch();
			try {
				guard g;
				thrower(2);
			} catch (const big &) {
				touch();
				try {
					nested_frame(2);
				} catch (const big &last) {
					sum += last.depth + e.depth;
				}
			}
		}
	return printf("nested %ld destroyed %ld\n", sum, destroyed) < 0;
}

struct member {
	guard g;
	explicit member(int depth)
	{
		touch();
		thrower(depth);
	}
};

struct with_block {
	guard g;
	member m;
	explicit with_block(int depth)
	try : m(depth) {
		touch();
	} catch (const big &e) {
		touch();
		throw std::out_of_range(e.what());
	}
};

NOINLINE static int
function_block(int depth)
try {
	guard g;
	touch();
	with_block b(depth);
	return 1;
} catch (const std::out_of_range &e) {
	touch();
	return (int)strlen(e.what());
}

static int
blocks()
{
	long sum = 0;

	for (int round = 0; round < 200; round++)
		sum += function_block(round % 9);
	return printf("blocks %ld destroyed %ld\n", sum, destroyed) < 0;
}

static int
compare(const void *a, const void *b)
{
	guard g;

	touch();
	if (*(const int *)a == 77 || *(const int *)b == 77)
		thrower(4);
	return *(const int *)a - *(const int *)b;
}

/* Frames of C and of the C library in between. */
static int
callbacks()
{
	long sum = 0;

	for (int round = 0; round < 100; round++) {
		int items[64];

		for (int i = 0; i < 64; i++)
			items[i] = round % 2 != 0 && i == 40 ? 77 : (i * 37) % 61;
		try {
			qsort(items, 64, sizeof(*items), compare);
			sum += items[5];
		} catch (const big &e) {
			touch();
			sum += 1000 + e.depth;
		}
		try {
			sum += bsearch(items, items, 64, sizeof(*items), compare) != NULL;
		} catch (const big &e) {
			sum += 5000;
		}
	}
	return printf("callbacks %ld destroyed %ld\n", sum, destroyed) < 0;
}

static int
back(int depth)
{
	guard g;

	touch();
	return thrower(depth);
}

static long
through(int (*call)(int (*)(int), int))
{
	long sum = 0;

	for (int round = 0; round < 100; round++)
		try {
			guard g;
			sum += call(back, round % 10);
			touch();
		} catch (const big &e) {
			touch();
			sum += e.depth + 10;
		}
	return sum;
}

static int
libraries()
{
	long sum = through(part_call);

	return printf("libraries %ld destroyed %ld\n", sum, destroyed) < 0;
}

/* The code that the marks return to comes and goes. */
static int
loaded()
{
	long sum = 0;

	for (int round = 0; round < 20; round++) {
		void *library = dlopen("./loaded.so", RTLD_NOW | RTLD_LOCAL);
		int (*call)(int (*)(int), int);

		if (library == NULL)
			return fprintf(stderr, "%s\n", dlerror()), 1;
		*(void **)&call = dlsym(library, "part_call");
		sum += through(call);
		dlclose(library);
		touch();
	}
	return printf("loaded %ld destroyed %ld\n", sum, destroyed) < 0;
}

NOINLINE static void
promises(int depth) noexcept
{
	guard g;

	touch();
	thrower(depth);
}

static void
on_terminate()
{
	touch();
	try {
		std::rethrow_exception(std::current_exception());
	} catch (const std::exception &e) {
		touch();
		printf("terminate: %s\n", e.what());
	}
	fflush(stdout);
	_exit(3);
}

static int
terminated()
{
	std::set_terminate(on_terminate);
	touch();
	promises(5);
	return 0;
}

static int
uncaught()
{
	touch();
	return thrower(6);
}

/* Out of main by exit, with destructors of statics. */
struct at_end {
	~at_end()
	{
		touch();
		printf("at the end, destroyed %ld\n", destroyed);
	}
};

static int
leaving()
{
	static at_end a;

	try {
		thrower(3);
	} catch (...) {
		touch();
		exit(5);
	}
	return 0;
}

static int
no_memory()
{
	long sum = 0;

	for (int round = 0; round < 50; round++)
		try {
			guard g;
			volatile size_t much = (size_t)1 << 60;
			touch();
			sum += (long)(size_t) new char[much];
		} catch (const std::bad_alloc &e) {
			touch();
			sum += (long)strlen(e.what());
		}
	return printf("no memory %ld destroyed %ld\n", sum, destroyed) < 0;
}

static void *
thrown_on(void *sum)
{
	for (int round = 0; round < 200; round++)
		try {
			thrower(round % 15);
		} catch (const big &e) {
			touch();
			*(long *)sum += e.depth;
		}
	return NULL;
}

static int
threads()
{
	pthread_t thread[8];
	long sums[8] = {}, sum = 0;

	for (int i = 0; i < 8; i++)
		pthread_create(&thread[i], NULL, thrown_on, &sums[i]);
	for (int i = 0; i < 8; i++) {
		pthread_join(thread[i], NULL);
		sum += sums[i];
	}
	return printf("threads %ld\n", sum) < 0;
}

static int
deep()
{
	long sum = 0;

	for (int round = 0; round < 3; round++)
		try {
			sum += thrower(20000);
		} catch (const big &e) {
			touch();
			sum += e.depth + 1;
		}
	return printf("deep %ld destroyed %ld\n", sum, destroyed) < 0;
}

int
main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)();
	} cases[] = {
		{ "plain", plain },
		{ "rethrow", rethrow },
		{ "pointer", pointer },
		{ "foreign", foreign },
		{ "nested", nested },
		{ "blocks", blocks },
		{ "callbacks", callbacks },
		{ "libraries", libraries },
		{ "loaded", loaded },
		{ "terminated", terminated },
		{ "uncaught", uncaught },
		{ "leaving", leaving },
		{ "memory", no_memory },
		{ "threads", threads },
		{ "deep", deep },
	};

	for (auto &c : cases)
		if (argc == 2 && strcmp(argv[1], c.name) == 0)
			return c.run();
	return 2;
}
