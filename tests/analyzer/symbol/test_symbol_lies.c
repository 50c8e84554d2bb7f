/* Processes that were taken over: in the place of symbol_serve.c, whose functions these
 * are, they answer with whatever they like. The resolver believes nothing of it, opens
 * nothing else for them, and is not hurt; and another module's process is not theirs. */
#include "analyzer/symbol/symbol_serve.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "analyzer/flow/flow.h"
#include "analyzer/symbol/symbol.h"
#include "analyzer/symbol/symbol_ask.h"
#include "analyzer/symbol/symbol_wire.h"
#include "analyzer/util/xalloc.h"
#include "tests/lib/check.h"

enum {
	LIARS = 400,
	QUESTIONS = 25,
	FLOODS = 10, /* modules that tell as much as they can */
	FLOOD_MAX = 500,
	FLOOD_TEXT = 250 * 1024,
};

/* What the processes tell us, in shared memory. */
static struct tell {
	unsigned answers;
	unsigned opened; /* files that they should not have got */
	unsigned refused;
} * tell;

static char directory[] = "/tmp/esc-liars-XXXXXX"; /* of the files that they read */
static uint64_t seed;

static uint64_t
next_random(uint64_t below)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (seed >> 20) % below;
}

/* ---- the liar ---- */

static uint64_t honesty; /* one of so many words makes no sense */

static bool
lies(void)
{
	return next_random(honesty) == 0;
}

static void
add_text(struct bytes *answer)
{
	static const char *const texts[] = { "main", "", "\x1b[2J", "a/../b", "\xff\xfe", "??" };

	if (lies())
		bytes_add_number(answer, next_random(4) == 0 ? UINT64_MAX : next_random(1 << 20));
	else
		symbol_wire_add_text(answer, lies() ? NULL : texts[next_random(6)]);
}

static void
add_number(struct bytes *answer)
{
	static const uint64_t numbers[] = { 0, 1, 2, 3, 128, 129, 4096, UINT32_MAX, 1ULL << 32,
		INT64_MAX, UINT64_MAX };

	bytes_add_number(answer, numbers[next_random(11)]);
}

static void
add_place(struct bytes *answer)
{
	size_t count = lies() ? next_random(200) : next_random(3);
	size_t i;

	bytes_add_number(answer, count);
	for (i = 0; i < count; i++) {
		add_text(answer);
		add_text(answer);
		add_text(answer);
		bytes_add_number(answer, next_random(1000));
		bytes_add_number(answer, 1);
		add_number(answer);
		add_number(answer);
		bytes_add_byte(answer, (uint8_t)next_random(lies() ? 256 : 2));
	}
	if (count > 0 || lies()) {
		add_number(answer);
		bytes_add_byte(answer, (uint8_t)next_random(4));
	}
}

static void
add_edges(struct bytes *answer)
{
	size_t count = lies() ? 1 << 28 : next_random(5);
	size_t i;

	bytes_add_number(answer, count);
	for (i = 0; i < count && i < 5; i++) {
		add_number(answer);
		bytes_add_byte(answer, (uint8_t)next_random(lies() ? 6 : 4));
		bytes_add_number(answer, next_random(3) == 0 ? next_random(64) : 0);
		add_text(answer);
	}
	bytes_add_byte(answer, (uint8_t)next_random(lies() ? 9 : 4));
}

/* Answers that all make sense, and are as long as they may be. */
static void
make_flood(struct bytes *answer, uint8_t kind)
{
	static char text[FLOOD_TEXT + 1];
	static unsigned count;

	switch (kind) {
	case SYMBOL_ASK_FILES:
		bytes_add_byte(answer, 1);
		symbol_wire_add_text(answer, NULL);
		symbol_wire_add_text(answer, NULL);
		break;
	case SYMBOL_ASK_STATE:
		bytes_add_number(answer, SYMBOL_DWARF);
		bytes_add_number(answer, SYMBOL_CODE_READ);
		bytes_add_byte(answer, 0);
		break;
	case SYMBOL_ASK_NAME:
		/* none that it told before */
		memset(text, 'a', FLOOD_TEXT);
		snprintf(text, 16, "%08u", ++count);
		text[8] = 'x';
		symbol_wire_add_text(answer, text);
		break;
	default: break;
	}
}

/* What has the form of an answer, more or less. */
static void
make_answer(struct bytes *answer, uint8_t kind)
{
	size_t i;

	switch (kind) {
	case SYMBOL_ASK_FILES:
		bytes_add_byte(answer, 1);
		add_text(answer);
		add_text(answer);
		break;
	case SYMBOL_ASK_STATE:
		bytes_add_number(answer, lies() ? 99 : SYMBOL_DWARF);
		bytes_add_number(answer, SYMBOL_CODE_READ);
		bytes_add_byte(answer, 0);
		break;
	case SYMBOL_ASK_PLACE: add_place(answer); break;
	case SYMBOL_ASK_EDGES: add_edges(answer); break;
	case SYMBOL_ASK_CALL:
		bytes_add_byte(answer, (uint8_t)(2 + next_random(2)));
		bytes_add_number(answer, next_random(64));
		add_text(answer);
		break;
	case SYMBOL_ASK_NAME:
	case SYMBOL_ASK_SLOT:
	case SYMBOL_ASK_PLAIN: add_text(answer); break;
	case SYMBOL_ASK_FUNCTION:
	case SYMBOL_ASK_EXPORT: bytes_add_number(answer, next_random(64)); break;
	case SYMBOL_ASK_DECLARED:
		add_text(answer);
		bytes_add_number(answer, lies() ? 1ULL << 32 : 7);
		bytes_add_number(answer, 1);
		break;
	default: break;
	}
	if ((kind == SYMBOL_ASK_FLOW && next_random(9) == 0) || lies()) {
		for (i = next_random(200); i > 0; i--)
			bytes_add_byte(answer, (uint8_t)next_random(next_random(2) ? 4 : 256));
	}
}

static void
ask_for(const struct symbol_wire *wire)
{
	static const char *const paths[] = { "/etc/passwd", "/proc/self/mem", "/bin/sh", "x.dwo",
		"/liars/../etc/shadow", "/dev/zero", "/proc/kcore" };
	const char *path = paths[next_random(7)];
	struct symbol_wire_head head;
	char rest[SYMBOL_WIRE_PATH_MAX];
	int fd;

	if (!symbol_wire_send(wire, SYMBOL_WIRE_OPEN, path, strlen(path), -1) ||
	    !symbol_wire_read_head(wire, &head, &fd) || head.size > sizeof(rest) ||
	    !symbol_wire_read(wire, rest, head.size))
		_exit(0);
	if (fd == -1)
		tell->refused++;
	else
		tell->opened++;
}

/* Something that is no message. */
static void
make_noise(const struct symbol_wire *wire)
{
	struct symbol_wire_head head = { SYMBOL_WIRE_ANSWER, 100 };
	char bytes[64] = "noise";

	switch (next_random(5)) {
	case 0: head.size = UINT32_MAX; break;
	case 1: head.type = 77; break;
	case 2: head.type = SYMBOL_WIRE_OPEN; break; /* and no path */
	case 3: (void)symbol_wire_send(wire, SYMBOL_WIRE_OPEN, "/a\0b", 4, -1); return;
	default: (void)symbol_wire_send(wire, SYMBOL_WIRE_ANSWER, bytes, 8, wire->fd); return;
	}
	(void)send(wire->fd, &head, sizeof(head), MSG_NOSIGNAL);
	(void)send(wire->fd, bytes, sizeof(bytes), MSG_NOSIGNAL);
	_exit(0);
}

void
symbol_serve_add_job(struct bytes *job, const struct symbol_module *module, const char *root)
{
	(void)root;
	bytes_add(job, module->path, strlen(module->path) + 1);
}

void
symbol_serve(int fd, const uint8_t *job, size_t size)
{
	struct symbol_wire wire = { .fd = fd };
	struct symbol_wire_head head;
	struct bytes answer = { 0 };
	uint8_t question[4096];
	const bool floods = strstr((const char *)job, "/flood") != NULL;

	CHECK(size > 0 && job[size - 1] == '\0');
	seed = (uint64_t)atoi(strrchr((const char *)job, '-') + 1);
	honesty = 4 + seed % 40 * 8;
	while (symbol_wire_read_head(&wire, &head, NULL) && head.size > 0 &&
	    head.size <= sizeof(question) && symbol_wire_read(&wire, question, head.size)) {
		answer.len = 0;
		if (floods) {
			make_flood(&answer, question[0]);
		} else {
			if (next_random(10) == 0)
				ask_for(&wire);
			if (next_random(honesty * 4) == 0)
				make_noise(&wire);
			make_answer(&answer, question[0]);
		}
		tell->answers++;
		if (!symbol_wire_send(&wire, SYMBOL_WIRE_ANSWER, answer.data, answer.len, -1))
			break;
	}
}

/* ---- who asks ---- */

static void
check_place(const struct symbol_place *place)
{
	size_t i;

	CHECK(place->count >= 1 && place->count <= SYMBOL_ASK_FRAMES);
	for (i = 0; i < place->count; i++) {
		CHECK(place->frames[i].function != NULL);
		CHECK(strlen(place->frames[i].function) <= SYMBOL_WIRE_TEXT_MAX);
	}
	CHECK(place->frames[place->count - 1].symbol != NULL);
}

static void
ask_all(struct symbol *symbol, uint32_t handle, uint64_t at)
{
	static const char *const names[] = { "free", NULL };
	struct symbol_callee hook = { .names = names };
	struct symbol_scope scope = { &handle, 1, 0 };
	struct symbol_chain chain;
	struct flow *flow;
	const uint64_t *sites;
	size_t count;
	size_t i;

	check_place(symbol_resolve(symbol, handle, at, false));
	symbol_tail_chain(symbol, handle, at + 1, &hook, &scope, &chain);
	CHECK(chain.count <= SYMBOL_CHAIN_MAX);
	for (i = 0; i < chain.count; i++)
		check_place(chain.places[i]);
	(void)symbol_callee_name(symbol, handle, at, at % 2 == 0);
	flow = symbol_flow(symbol, handle, at);
	if (flow == NULL)
		return;
	sites = flow_sites(flow, &count);
	if (count > 0)
		(void)flow_reaches(flow, sites[0], sites[count - 1]);
}

/* An empty file that is there, for else nobody is asked; to be freed. */
static char *
make_file(const char *what, unsigned number)
{
	char *path = xasprintf("%s/%s-%u", directory, what, number);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);

	CHECK(fd >= 0 && close(fd) == 0);
	return path;
}

static void
remove_file(char *path)
{
	CHECK(unlink(path) == 0);
	free(path);
}

static void
check_liars(const char *cache)
{
	struct symbol_cached cached;
	unsigned failed = 0;
	unsigned liar;
	uint64_t at;

	for (liar = 0; liar < LIARS; liar++) {
		struct symbol *symbol = symbol_new();
		char *path = make_file("liar", liar);
		struct symbol_module module = { path, (const uint8_t *)&liar, sizeof(liar) };
		uint32_t handle = symbol_add_module(symbol, &module);
		enum symbol_state state;

		symbol_set_cache(symbol, cache);
		for (at = 0; at < QUESTIONS; at++)
			ask_all(symbol, handle, at);
		state = symbol_module_state(symbol, handle);
		CHECK((state == SYMBOL_FAILED) == (symbol_module_failure(symbol, handle) != NULL));
		failed += state == SYMBOL_FAILED;
		symbol_save_cache(symbol, &cached);
		/* what no file stands for is not kept */
		CHECK_EQ(cached.written, 0);
		symbol_free(symbol);
		remove_file(path);
	}
	fprintf(stderr, "%u of %u failed, %u answers, %u files refused\n", failed, LIARS,
	    tell->answers, tell->refused);
	CHECK(failed > LIARS / 10);
	CHECK(tell->answers > LIARS * 5);
	CHECK(tell->refused > 100);
	CHECK_EQ(tell->opened, 0);
}

/* Megabytes that this process has by now, at most. */
static long
memory(void)
{
	struct rusage usage;

	CHECK(getrusage(RUSAGE_SELF, &usage) == 0);
	return usage.ru_maxrss >> 10;
}

/* How many answers of that module are taken. */
static unsigned
take_flood(struct symbol *symbol, unsigned number)
{
	char *path = make_file("flood", number);
	struct symbol_module module = { .path = path };
	uint32_t handle = symbol_add_module(symbol, &module);
	unsigned taken = 0;

	while (taken < FLOOD_MAX && symbol_callee_name(symbol, handle, taken, false) != NULL)
		taken++;
	CHECK_EQ(symbol_module_state(symbol, handle), SYMBOL_FAILED);
	CHECK_STR(symbol_module_failure(symbol, handle), "too much in its answers");
	remove_file(path);
	return taken;
}

/* One may tell 32 MiB, all together 256, and no more: they have no files. */
static void
check_floods(void)
{
	struct symbol *symbol = symbol_new();
	const long before = memory();
	unsigned taken;
	unsigned all = 0;
	unsigned i;

	for (i = 0; i < FLOODS; i++) {
		taken = take_flood(symbol, i);
		CHECK(taken <= 1 + (32U << 20) / FLOOD_TEXT);
		CHECK(i > 0 || taken >= (30U << 20) / FLOOD_TEXT);
		all += taken;
	}
	CHECK(all > (200U << 20) / FLOOD_TEXT && all < (260U << 20) / FLOOD_TEXT);
	/* growing blocks are copied */
	fprintf(stderr, "floods: %u answers taken, %ld MiB\n", all, memory() - before);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
	CHECK(memory() - before < 600);
#endif
	symbol_free(symbol);
}

int
main(void)
{
	char cache[] = "/tmp/esc-lies-XXXXXX";

	alarm(600);
	tell = mmap(NULL, sizeof(*tell), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(tell != MAP_FAILED && mkdtemp(cache) != NULL && mkdtemp(directory) != NULL);
	check_liars(cache);
	check_floods();
	CHECK(rmdir(cache) == 0 && rmdir(directory) == 0);
	return check_done();
}
