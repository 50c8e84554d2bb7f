/*
 * Hazard: everything that makes stacks hard: coroutines (swapcontext) whose
 * stacks are freed while remembered, C++ exceptions, longjmp, recursion, alloca,
 * callbacks through libc (qsort), signal handlers, threads (reliability 20, 21,
 * 69). Expected: with libesc-unwind.so and check=1 each captured stack equals
 * libunwind's.
 */
#include <csetjmp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <pthread.h>
#include <stdexcept>
#include <string>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>
#include <vector>

static unsigned long total;

struct node {
	node *left, *right;
	int key;
};

__attribute__((noinline)) static node *
grow(int depth, int key)
{
	if (depth == 0)
		return nullptr;
	node *n = new node;

	n->left = grow(depth - 1, key * 2);
	n->right = grow(depth - 1, key * 2 + 1);
	n->key = key;
	total += 1;
	return n;
}

__attribute__((noinline)) static void
cut(node *n)
{
	if (n == nullptr)
		return;
	cut(n->left);
	cut(n->right);
	delete n;
}

__attribute__((noinline)) static void
thrower(int depth)
{
	std::string text(40 + depth, 'x');

	if (depth == 0)
		throw std::runtime_error(text);
	thrower(depth - 1);
}

__attribute__((noinline)) static void
exceptions(int i)
{
	try {
		thrower(i % 12);
	} catch (const std::runtime_error &e) {
		std::string copy(e.what());

		total += copy.size() > 1000;
	}
}

static jmp_buf jump;

__attribute__((noinline)) static void
jumper(int depth)
{
	void *p = malloc(depth + 1);

	free(p);
	if (depth == 0)
		longjmp(jump, 1);
	jumper(depth - 1);
	total++;
}

__attribute__((noinline)) static void
jumps(int i)
{
	if (setjmp(jump) == 0)
		jumper(i % 9);
	free(malloc(20));
}

__attribute__((noinline)) static void
variable(int bytes)
{
	char *p = static_cast<char *>(__builtin_alloca(bytes));

	memset(p, 0, bytes);
	free(malloc(bytes));
	total += p[0];
}

static int
compare(const void *a, const void *b)
{
	free(malloc(16));
	return *static_cast<const int *>(a) - *static_cast<const int *>(b);
}

static void
sorts(int i)
{
	int numbers[20];

	for (int k = 0; k < 20; k++)
		numbers[k] = (k * 7919 + i * 104729) % 97;
	qsort(numbers, 20, sizeof(int), compare);
}

/* --- coroutines --- */

struct coroutine {
	ucontext_t context;
	char *stack;
	size_t size;
	bool mapped;
};

static ucontext_t scheduler;
static coroutine *running;

__attribute__((noinline)) static void
yields(int depth)
{
	void *p = malloc(depth + 8);

	if (depth == 0)
		swapcontext(&running->context, &scheduler);
	else
		yields(depth - 1);
	free(p);
}

static void
body(int id)
{
	for (int i = 0; i < 20; i++) {
		std::string text(30 + id, 'c');

		yields(i % 7);
		total += text.size() > 1000;
	}
}

static coroutine *
coroutine_new(int id)
{
	coroutine *c = new coroutine;

	c->size = 64 << 10;
	c->mapped = id % 2 != 0;
	c->stack = static_cast<char *>(c->mapped ? mmap(nullptr, c->size,
	    PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) :
	    malloc(c->size));
	getcontext(&c->context);
	c->context.uc_stack.ss_sp = c->stack;
	c->context.uc_stack.ss_size = c->size;
	c->context.uc_link = &scheduler;
	makecontext(&c->context, reinterpret_cast<void (*)()>(body), 1, id);
	return c;
}

static void
coroutine_free(coroutine *c)
{
	if (c->mapped)
		munmap(c->stack, c->size);
	else
		free(c->stack);
	delete c;
}

static void
coroutines(int round)
{
	enum { COUNT = 12 };
	coroutine *all[COUNT];

	for (int i = 0; i < COUNT; i++)
		all[i] = coroutine_new(round * COUNT + i);
	/* Some end, and some are thrown away in the middle. */
	for (int i = 0; i < 21; i++)
		for (int k = 0; k < COUNT; k++) {
			if (k % 3 == 0 && i > 10)
				continue;
			running = all[k];
			swapcontext(&scheduler, &running->context);
			free(malloc(24));
		}
	for (int i = 0; i < COUNT; i++)
		coroutine_free(all[i]);
}

/* --- signals --- */

static void
handler(int)
{
	int saved = total != 0;

	exceptions(3);
	free(malloc(33 + saved));
}

__attribute__((noinline)) static void
signals(int i)
{
	raise(i % 2 != 0 ? SIGUSR1 : SIGUSR2);
	free(malloc(44));
}

static void
handlers()
{
	struct sigaction action = {};
	static char alternative[128 << 10];
	stack_t stack = {};

	stack.ss_sp = alternative;
	stack.ss_size = sizeof(alternative);
	sigaltstack(&stack, nullptr);
	action.sa_handler = handler;
	sigaction(SIGUSR1, &action, nullptr);
	action.sa_flags = SA_ONSTACK;
	sigaction(SIGUSR2, &action, nullptr);
}

static void
containers(int i)
{
	std::map<std::string, std::vector<int>> map;
	std::function<int(int)> f = [&map, i](int k) {
		map["a long enough key number " + std::to_string(k % 5)]
		    .push_back(k);
		return k + i;
	};

	for (int k = 0; k < 20; k++)
		total += f(k) < 0;
}

static void *
thread(void *arg)
{
	for (int i = 0; i < 60; i++) {
		cut(grow(i % 5, 1));
		exceptions(i);
		containers(i);
		sorts(i);
		variable(100 + i * 8);
	}
	return arg;
}

int
main()
{
	pthread_t threads[4];

	handlers();
	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], nullptr, thread, nullptr);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], nullptr);
	for (int i = 0; i < 150; i++) {
		cut(grow(i % 7, 1));
		exceptions(i);
		jumps(i);
		variable(16 + i * 16);
		sorts(i);
		containers(i);
		signals(i);
		if (i % 10 == 0)
			coroutines(i);
	}
	printf("%d\n", total > 1000);
	return 0;
}
