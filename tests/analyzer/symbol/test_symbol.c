/* Places in this very program and in libc, with damaged copies of the former. */
#include "analyzer/symbol/symbol.h"

#include <dlfcn.h>
#include <link.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "analyzer/flow/flow.h"
#include "tests/lib/check.h"

enum { COPY_MAX = 64 * 1024 * 1024, MUTATIONS = 200 };

static char exe[4096];
static uint64_t exe_bias;
static struct symbol *resolver;
static uint32_t exe_handle;
static void *exit_caller;
static uint64_t seed = 1;

static uint32_t
next_random(void)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(seed >> 33);
}

static int
find_bias(struct dl_phdr_info *info, size_t size, void *data)
{
	(void)size;
	(void)data;
	exe_bias = info->dlpi_addr;
	return 1; /* the program itself comes first */
}

__attribute__((noinline)) static uint64_t
own_place(void)
{
	__asm__ volatile("" ::: "memory");
	return (uint64_t)(uintptr_t)__builtin_extract_return_addr(__builtin_return_address(0));
}

static void
check_own(void)
{
	uint64_t offset = own_place() - exe_bias;
	const struct symbol_place *place;
	const struct symbol_frame *last;

	place = symbol_resolve(resolver, exe_handle, offset, true);
	CHECK(place->count >= 1);
	CHECK(place->function != 0);
	CHECK(!place->startup);
	last = &place->frames[place->count - 1];
	CHECK(!last->inlined);
	CHECK(last->instance == place->function);
	/* check_own itself, or main if it is inlined there */
	CHECK(strcmp(last->function, "check_own") == 0 || strcmp(last->function, "main") == 0 ||
	    strcmp(last->function, "??") == 0);
	if (symbol_module_state(resolver, exe_handle) == SYMBOL_DWARF) {
		CHECK_STR(place->frames[0].function, "check_own");
		CHECK(strstr(place->frames[0].file, "test_symbol.c") != NULL);
		CHECK(place->frames[0].line > 40);
	}
	CHECK(symbol_resolve(resolver, exe_handle, offset, true) == place);
	CHECK(symbol_resolve(resolver, exe_handle, offset - 1, false) == place);
	place =
	    symbol_resolve(resolver, exe_handle, (uint64_t)(uintptr_t)own_place - exe_bias, false);
	if (symbol_module_state(resolver, exe_handle) == SYMBOL_DWARF)
		CHECK_STR(place->frames[0].function, "own_place");
}

static void
check_unknown(const char *path, enum symbol_state state)
{
	const char *slash = strrchr(path, '/');
	char name[128] = "[anon exec]"; /* what has no name */
	struct symbol_module module = { .path = path };
	const struct symbol_place *place;
	uint32_t handle = symbol_add_module(resolver, &module);

	CHECK_EQ(symbol_module_state(resolver, handle), SYMBOL_UNUSED);
	place = symbol_resolve(resolver, handle, 0x1234, true);
	CHECK_EQ(place->count, 1);
	/* the byte before a return address */
	if (*path != '\0')
		snprintf(name, sizeof(name), "%s+0x1233", slash != NULL ? slash + 1 : path);
	CHECK_STR(place->frames[0].function, name);
	CHECK_STR(place->frames[0].symbol, name);
	CHECK_STR(place->frames[0].file, "");
	CHECK_EQ(place->function, 0);
	CHECK(!place->startup);
	CHECK_EQ(symbol_module_state(resolver, handle), state);
}

static void
check_files(void)
{
	char directory[] = "/tmp/esc-symbol-XXXXXX";
	char path[64];

	CHECK(mkdtemp(directory) != NULL);
	snprintf(path, sizeof(path), "%s/fifo", directory);
	CHECK(mkfifo(path, 0600) == 0);
	check_unknown("", SYMBOL_MISSING);
	check_unknown("[vdso]", SYMBOL_MISSING);
	check_unknown("/nonexistent/lib.so", SYMBOL_MISSING);
	check_unknown("/dev/null", SYMBOL_UNREADABLE);
	check_unknown("/dev/zero", SYMBOL_UNREADABLE);
	check_unknown("/etc/passwd", SYMBOL_UNREADABLE);
	check_unknown(directory, SYMBOL_UNREADABLE);
	check_unknown(path, SYMBOL_UNREADABLE);
	unlink(path);
	rmdir(directory);
}

static void
check_mismatch(void)
{
	static const uint8_t id[20] = { 1, 2, 3 };
	struct symbol_module module = { .path = exe, .build_id = id, .build_id_len = 20 };
	uint32_t handle = symbol_add_module(resolver, &module);
	const struct symbol_place *place;

	place = symbol_resolve(resolver, handle, 0x1234, true);
	CHECK_STR(place->frames[0].function, "test_symbol+0x1233");
	CHECK_EQ(place->function, 0);
	CHECK_EQ(symbol_module_state(resolver, handle), SYMBOL_MISMATCH);
	CHECK_EQ(symbol_add_module(resolver, &module), handle + 1);
	CHECK_EQ(symbol_module_state(resolver, handle + 1), SYMBOL_MISMATCH);
}

/* True if addr, in libc, is start-up code; own: without separate debug files. */
static bool
is_startup(void *addr, bool own)
{
	struct symbol *symbol = symbol_new();
	struct symbol_module module = { 0 };
	const struct symbol_place *place;
	Dl_info info;
	bool startup;

	if (dladdr(addr, &info) == 0)
		return false;
	module.path = info.dli_fname;
	if (own)
		symbol_set_debug_root(symbol, NULL);
	place = symbol_resolve(symbol, symbol_add_module(symbol, &module),
	    (uint64_t)((const char *)addr - (const char *)info.dli_fbase), true);
	startup = place->startup;
	symbol_free(symbol);
	return startup;
}

static void *
run_thread(void *data)
{
	*(void **)data = __builtin_extract_return_addr(__builtin_return_address(0));
	return NULL;
}

static void
check_startup(void *caller)
{
	void *thread_caller = NULL;
	pthread_t thread;

	CHECK(pthread_create(&thread, NULL, run_thread, &thread_caller) == 0);
	CHECK(pthread_join(thread, NULL) == 0);
	CHECK(is_startup(caller, false));
	CHECK(is_startup(caller, true));
#ifndef __SANITIZE_THREAD__ /* whose library calls a thread's function itself */
	CHECK(is_startup(thread_caller, false));
	CHECK(is_startup(thread_caller, true));
#endif
	CHECK(!is_startup((char *)(uintptr_t)qsort + 1, false));
	CHECK(!is_startup((char *)(uintptr_t)qsort + 1, true));
	CHECK(!is_startup((char *)(uintptr_t)pthread_create + 1, true));
}

static void
at_exit(void)
{
	exit_caller = __builtin_extract_return_addr(__builtin_return_address(0));
#ifndef __SANITIZE_THREAD__ /* nor is it libc that calls this then */
	CHECK(is_startup(exit_caller, false));
	CHECK(is_startup(exit_caller, true));
#endif
	_exit(check_done());
}

static void
mutate(uint8_t *bytes, size_t *size)
{
	uint32_t count = 1 + next_random() % 40;
	uint32_t i;

	if (next_random() % 4 == 0)
		*size = next_random() % *size;
	for (i = 0; i<count && * size> 64; i++) {
		/* the header, the tables at the end, anywhere */
		size_t third = *size / 3;
		size_t at = next_random() % 3 == 0 ? next_random() % 64
		    : next_random() % 2 == 0       ? *size - 1 - next_random() % third
						   : next_random() % *size;

		bytes[at] = (uint8_t)next_random();
	}
}

/* Whatever the graph is made of, its questions have answers. */
static void
build_damaged(struct symbol *symbol, uint32_t handle, uint64_t at)
{
	uint64_t function = symbol_resolve(symbol, handle, at, false)->function;
	struct flow *flow = symbol_flow(symbol, handle, function);
	const uint64_t *sites;
	size_t count;

	if (flow == NULL)
		return;
	sites = flow_sites(flow, &count);
	if (count > 0)
		CHECK(flow_reaches(flow, sites[0], sites[count - 1]) != FLOW_UNKNOWN);
	/* made once */
	CHECK(symbol_flow(symbol, handle, function) == flow);
}

/* The answer is of no interest. */
static void
chain_damaged(struct symbol *symbol, uint32_t handle, uint64_t from, uint64_t to)
{
	static const char *const names[] = { "free", NULL };
	struct symbol_callee hook = { .names = names };
	struct symbol_callee place = { .module = handle, .offset = to, .is_return = true };
	struct symbol_scope scope = { &handle, 1, 0 };
	struct symbol_chain chain;

	symbol_tail_chain(symbol, handle, from, &hook, &scope, &chain);
	CHECK(chain.count <= SYMBOL_CHAIN_MAX);
	symbol_tail_chain(symbol, handle, from, &place, &scope, &chain);
	CHECK(chain.count <= SYMBOL_CHAIN_MAX);
}

static void
resolve_damaged(const char *path)
{
	struct symbol *symbol = symbol_new();
	struct symbol_module module = { .path = path };
	uint32_t handle = symbol_add_module(symbol, &module);
	uint64_t at = (uint64_t)(uintptr_t)own_place - exe_bias;
	uint64_t i;

	for (i = 0; i < 40; i++)
		CHECK(symbol_resolve(symbol, handle, at + i * 37, true)->count > 0);
	for (i = 0; i < 8; i++)
		build_damaged(symbol, handle, at + i * 173);
	for (i = 0; i < 200; i++)
		chain_damaged(symbol, handle, at + i * 3, at + i * 37);
	symbol_free(symbol);
}

static void
check_damaged(void)
{
	char path[] = "/tmp/esc-symbol-XXXXXX";
	FILE *file = fopen(exe, "rb");
	int fd = mkstemp(path);
	uint8_t *bytes = malloc(COPY_MAX);
	uint8_t *copy = malloc(COPY_MAX);
	size_t size;
	int i;

	CHECK(file != NULL && fd != -1 && bytes != NULL && copy != NULL);
	if (file == NULL || fd == -1 || bytes == NULL || copy == NULL)
		return;
	size = fread(bytes, 1, COPY_MAX, file);
	for (i = 0; i < MUTATIONS && size > 0; i++) {
		size_t damaged = size;

		memcpy(copy, bytes, size);
		mutate(copy, &damaged);
		CHECK(ftruncate(fd, 0) == 0);
		CHECK(pwrite(fd, copy, damaged, 0) == (ssize_t)damaged);
		resolve_damaged(path);
	}
	fclose(file);
	close(fd);
	unlink(path);
	free(bytes);
	free(copy);
}

int
main(void)
{
	void *caller = __builtin_extract_return_addr(__builtin_return_address(0));
	struct symbol_module module = { .path = exe };
	ssize_t len = readlink("/proc/self/exe", exe, sizeof(exe) - 1);

	CHECK(len > 0);
	dl_iterate_phdr(find_bias, NULL);
	resolver = symbol_new();
	exe_handle = symbol_add_module(resolver, &module);
	CHECK_EQ(exe_handle, 0);
	check_own();
	check_files();
	check_mismatch();
	check_startup(caller);
	check_damaged();
	symbol_free(resolver);
	atexit(at_exit);
	exit(1);
}
