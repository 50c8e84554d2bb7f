/* Modules whose processes are lost: each costs its own module, at most, and nothing waits
 * for ever. Of this very program, under many names. */
#include "analyzer/symbol/symbol_child.h"

#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "analyzer/symbol/symbol.h"
#include "analyzer/symbol/symbol_module.h"
#include "analyzer/util/strbuf.h"
#include "analyzer/util/xalloc.h"
#include "tests/lib/check.h"

enum { MANY = 150 };

static char directory[] = "/tmp/esc-child-XXXXXX";
static char exe[4096];
static uint64_t bias;

static int
find_bias(struct dl_phdr_info *info, size_t size, void *data)
{
	(void)size;
	(void)data;
	bias = info->dlpi_addr;
	return 1; /* the program itself comes first */
}

/* Another name of this program. */
static uint32_t
add_link(struct symbol *symbol, unsigned number)
{
	char *path = xasprintf("%s/%u", directory, number);
	struct symbol_module module = { .path = path };
	uint32_t handle;

	CHECK(symlink(exe, path) == 0 || errno == EEXIST);
	handle = symbol_add_module(symbol, &module);
	free(path);
	return handle;
}

static const char *
name_at(struct symbol *symbol, uint32_t handle, uint64_t address)
{
	const struct symbol_place *place = symbol_resolve(symbol, handle, address, false);

	return place->frames[place->count - 1].function;
}

static const char *
name_of(struct symbol *symbol, uint32_t handle, int (*function)(void))
{
	return name_at(symbol, handle, (uint64_t)(uintptr_t)function - bias);
}

__attribute__((noinline)) static int
first(void)
{
	return 1;
}

__attribute__((noinline)) static int
second(void)
{
	__asm__ volatile("nop");
	return 2;
}

static struct symbol_child *
child_of(struct symbol *symbol, uint32_t handle)
{
	return &symbol_module_of(symbol, handle)->child;
}

/* Killed by signal: it has failed, and its neighbour has not. */
static void
check_killed(int signal)
{
	struct symbol *symbol = symbol_new();
	uint32_t a = add_link(symbol, 0);
	uint32_t b = add_link(symbol, 1);
	struct strbuf bare = { 0 };
	struct strbuf why = { 0 };

	CHECK_STR(name_of(symbol, a, first), "first");
	CHECK_STR(name_of(symbol, b, first), "first");
	CHECK(symbol_module_failure(symbol, a) == NULL);
	CHECK(kill(child_of(symbol, a)->pid, signal) == 0);
	strbuf_addf(&bare, "0+0x%" PRIx64, (uint64_t)(uintptr_t)second - bias);
	strbuf_addf(&why, "signal %d ", signal);
	CHECK_STR(name_of(symbol, a, second), bare.text);
	CHECK_STR(name_of(symbol, b, second), "second");
	/* what was said stays */
	CHECK_STR(name_of(symbol, a, first), "first");
	CHECK_EQ(symbol_module_state(symbol, a), SYMBOL_FAILED);
	CHECK_EQ(symbol_code_state(symbol, a), SYMBOL_CODE_FAILED);
	CHECK_STR(symbol_code_word(symbol_code_state(symbol, a)), "failed");
	CHECK(strncmp(symbol_module_failure(symbol, a), why.text, why.len) == 0);
	CHECK_EQ(symbol_resolve(symbol, a, 4321, false)->function, 0);
	CHECK(symbol_flow(symbol, a, (uint64_t)(uintptr_t)second - bias) == NULL);
	CHECK(symbol_callee_name(symbol, a, 1234, false) == NULL);
	CHECK(symbol_module_state(symbol, b) != SYMBOL_FAILED);
	strbuf_release(&bare);
	strbuf_release(&why);
	symbol_free(symbol);
}

/* SIGKILL is somebody else's doing: it gets another one. Not always. */
static void
check_again(void)
{
	struct symbol *symbol = symbol_new();
	uint32_t handle = add_link(symbol, 0);
	unsigned tries;

	CHECK_STR(name_of(symbol, handle, first), "first");
	CHECK(kill(child_of(symbol, handle)->pid, SIGKILL) == 0);
	CHECK_STR(name_of(symbol, handle, second), "second");
	for (tries = 0; tries < 10 && child_of(symbol, handle)->running; tries++) {
		kill(child_of(symbol, handle)->pid, SIGKILL);
		name_at(symbol, handle, (uint64_t)(uintptr_t)second - bias + 1 + tries);
	}
	CHECK(tries > 0 && tries < 10);
	CHECK_EQ(symbol_module_state(symbol, handle), SYMBOL_FAILED);
	symbol_free(symbol);
}

/* More modules than processes; then with few of these, and none. */
static void
check_many(void)
{
	struct symbol *symbol = symbol_new();
	uint32_t handles[MANY];
	struct rlimit old;
	struct rlimit few;
	unsigned round;
	size_t i;

	for (round = 0; round < 2; round++) {
		for (i = 0; i < MANY; i++) {
			if (round == 0)
				handles[i] = add_link(symbol, (unsigned)i);
			CHECK_STR(name_of(symbol, handles[i], round == 0 ? first : second),
			    round == 0 ? "first" : "second");
		}
	}
	for (i = 0; i < MANY; i++)
		CHECK(symbol_module_state(symbol, handles[i]) != SYMBOL_FAILED);
	/* no descriptor left for another socket */
	CHECK(getrlimit(RLIMIT_NOFILE, &old) == 0);
	few = old;
	few.rlim_cur = 3;
	CHECK(setrlimit(RLIMIT_NOFILE, &few) == 0);
	name_at(symbol, add_link(symbol, MANY), (uint64_t)(uintptr_t)first - bias);
	CHECK(setrlimit(RLIMIT_NOFILE, &old) == 0);
	CHECK(strncmp(symbol_module_failure(symbol, MANY), "cannot be started: ", 19) == 0);
	symbol_free(symbol);
}

/* One that says nothing, for whatever reason, is given up. */
static void
check_stopped(void)
{
	struct symbol *symbol = symbol_new();
	uint32_t a = add_link(symbol, 0);
	uint32_t b = add_link(symbol, 1);
	struct timespec begin;
	struct timespec end;

	CHECK_STR(name_of(symbol, a, first), "first");
	CHECK(kill(child_of(symbol, a)->pid, SIGSTOP) == 0);
	clock_gettime(CLOCK_MONOTONIC, &begin);
	name_of(symbol, a, second);
	clock_gettime(CLOCK_MONOTONIC, &end);
	CHECK(end.tv_sec - begin.tv_sec > 10);
	CHECK_STR(symbol_module_failure(symbol, a), "no answer");
	CHECK_STR(name_of(symbol, b, second), "second");
	symbol_free(symbol);
}

/* A file that goes on changing: cut, and longer again. */
static void
check_cut(void)
{
	char *path = xasprintf("%s/cut", directory);
	char *command = xasprintf("cp %s %s", exe, path);
	struct symbol *symbol = symbol_new();
	struct symbol_module module = { .path = path };
	uint32_t handle = symbol_add_module(symbol, &module);
	unsigned i;

	CHECK(system(command) == 0);
	CHECK_STR(name_of(symbol, handle, first), "first");
	for (i = 0; i < 200; i++) {
		CHECK(truncate(path, i % 2 == 0 ? i * 64 : 1 << 20) == 0);
		CHECK(symbol_resolve(symbol, handle, 0x1000 + i * 61, false)->count > 0);
		(void)symbol_flow(symbol, handle, 0x1000 + i * 61);
	}
	symbol_free(symbol);
	free(command);
	free(path);
}

static void
check_words(void)
{
	struct symbol *symbol = symbol_new();
	uint32_t handle = add_link(symbol, 0);

	CHECK(symbol_module_failure(symbol, handle) == NULL);
	CHECK(symbol_module_failure(symbol, handle + 1) == NULL);
	CHECK_STR(name_of(symbol, handle, first), "first");
	CHECK_EQ(symbol_module_guard(symbol, handle), SYMBOL_GUARD_SECCOMP);
	CHECK_EQ(symbol_module_guard(symbol, handle + 1), SYMBOL_GUARD_NONE);
	CHECK(symbol_module_refused(symbol, handle) == NULL);
	/* each only as much as its files need */
	CHECK(child_of(symbol, handle)->file_bytes > 100000);
	symbol_free(symbol);
}

int
main(void)
{
	ssize_t len = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	char *command;

	alarm(600);
	CHECK(len > 0 && mkdtemp(directory) != NULL);
	CHECK(first() + second() == 3);
	dl_iterate_phdr(find_bias, NULL);
	check_words();
	check_killed(SIGSEGV);
	check_killed(SIGBUS);
	check_killed(SIGXCPU);
	check_again();
	check_many();
	check_cut();
	check_stopped();
	command = xasprintf("rm -rf %s", directory);
	CHECK(system(command) == 0);
	free(command);
	return check_done();
}
