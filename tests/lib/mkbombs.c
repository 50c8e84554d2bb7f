/*
 * mkbombs DIR MIB FILE: traces that take as much of memory and time for their size as we
 * know how to make, of about MIB each (tests/cli/bombs.test). None is damaged. FILE is
 * a program or library that one of them names.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "analyzer/trace/decode.h"
#include "analyzer/util/crc32c.h"
#include "analyzer/util/xalloc.h"
#include "preload/record.h"
#include "tests/lib/mktrace.h"

enum { SEGMENT = 65536, RUN = ESC_NODES_MAX, DEEP = 1024 };

/* What is written, in segments of one size, and the two that are written to. */
static uint8_t *bytes;
static const char *file; /* that `named` names */
static size_t len, room;
static struct esc_segment *defs, *events;
static struct decode state;
static uint32_t sequence, segments_size;
static uint64_t now;

static struct esc_header *
head(void)
{
	return (struct esc_header *)(void *)bytes;
}

static struct esc_segment *
segment(uint32_t kind, uint32_t process, uint32_t thread)
{
	struct esc_segment *made = (struct esc_segment *)(void *)(bytes + len);

	len += segments_size;
	if (len > room)
		exit(99);
	*made = (struct esc_segment){
		.magic = ESC_SEGMENT_MAGIC,
		.size = segments_size,
		.kind = (uint8_t)kind,
		.process = process,
		.thread = thread,
		.base = now,
	};
	return made;
}

/* Room for as much as MIB says, less a margin: segments that are begun are whole. */
static bool
is_full(void)
{
	return len + 3 * (size_t)SEGMENT > room;
}

static void *
define(uint8_t type, uint32_t id, size_t size)
{
	size_t slots = (size + ESC_SLOT - 1) / ESC_SLOT;
	struct esc_def *def;

	if (defs == NULL || defs->used + slots * ESC_SLOT > segments_size - sizeof(*defs))
		defs = segment(ESC_SEGMENT_DEFS, 1, 0);
	def = (struct esc_def *)(void *)((uint8_t *)(defs + 1) + defs->used);
	*def = (struct esc_def){ .type = type, .slots = (uint16_t)slots, .id = id };
	defs->used += (uint32_t)(slots * ESC_SLOT);
	return def;
}

static uint32_t
process(void)
{
	struct esc_def_process *def = define(ESC_DEF_PROCESS, ++head()->processes, sizeof(*def));

	def->pid = 100 + def->def.id;
	def->started = 1000;
	return def->def.id;
}

static uint32_t
module(const char *path, uint32_t number)
{
	struct esc_def_module *def =
	    define(ESC_DEF_MODULE, ++head()->modules, sizeof(*def) + strlen(path));

	def->process = 1;
	def->path_len = (uint16_t)strlen(path);
	def->build_id_len = number != 0 ? 20 : 0;
	memcpy(def->build_id, &number, sizeof(number));
	memcpy(def + 1, path, strlen(path));
	return def->def.id;
}

static uint32_t
node(uint32_t parent, uint32_t of, uint64_t offset)
{
	struct esc_def_node *def = define(ESC_DEF_NODE, ++head()->nodes, sizeof(*def));

	def->parent = parent;
	def->module = of;
	def->offset = offset;
	return def->def.id;
}

static uint32_t
any(void)
{
	static uint64_t random = 1;

	random = random * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(random >> 33);
}

/* A run of nodes at places below `places`: the id of the last. */
static uint32_t
run(uint32_t parent, uint32_t of, uint16_t count, uint32_t places)
{
	struct esc_def_nodes *def =
	    define(ESC_DEF_NODES, head()->nodes + 1, sizeof(*def) + count * sizeof(uint32_t));
	uint32_t *offsets = (uint32_t *)(void *)(def + 1), i;

	def->parent = parent;
	def->module = (uint16_t)of;
	def->count = count;
	for (i = 0; i < count; i++)
		offsets[i] = 4096 + any() % places;
	return head()->nodes += count;
}

static void
write_event(uint32_t thread, struct event *one)
{
	uint8_t *to;

	if (events == NULL || events->thread != thread ||
	    events->used + ESC_EVENT_MAX > segments_size - sizeof(*events)) {
		sequence = events != NULL && events->thread == thread ? sequence + 1 : 0;
		events = segment(ESC_SEGMENT_EVENTS, 1, thread);
		events->seq = sequence;
		state = (struct decode){ .time = now };
	}
	one->time = ++now;
	one->size = 8;
	one->proved = UINT16_MAX;
	to = (uint8_t *)(events + 1) + events->used;
	events->used += (uint32_t)mktrace_encode(&state, one, to);
}

static void
event_in(uint32_t thread, uint8_t kind, uint64_t address, uint32_t stack, uint16_t region)
{
	struct event one = { .kind = kind, .address = address, .stack = stack, .region = region };

	write_event(thread, &one);
}

static void
event(uint8_t kind, uint64_t address, uint32_t stack)
{
	event_in(1, kind, address, stack, 0);
}

/* --- The bombs --- */

/* Nodes of four bytes, each another place. */
static void
nodes(void)
{
	uint32_t of = module("/bin/app", 0), i;

	for (i = 0; !is_full(); i++)
		event(ESC_EVENT_MALLOC, 4096 + i * 16, run(0, of, RUN, UINT32_MAX - 4096));
}

/* The same, but at few places. */
static void
edges(void)
{
	uint32_t of = module("/bin/app", 0), i;

	for (i = 0; !is_full(); i++)
		event(ESC_EVENT_MALLOC, 4096 + i * 16, run(0, of, RUN, 1000));
}

/* One stack of all nodes, and as many events behind it. */
static void
chain(void)
{
	uint32_t of = module("/bin/app", 0), last = 0, i, half = (uint32_t)(room / 2);

	while (len < half)
		last = run(last, of, RUN, UINT32_MAX - 4096);
	for (i = 0; !is_full(); i++) {
		event(ESC_EVENT_MALLOC, 4096, last - i % 2);
		event(ESC_EVENT_FREE, 4096, last - i % 3);
	}
}

/* Stacks as deep as a shim would write them, that share nothing, in turn. */
static void
deep(void)
{
	uint32_t of = module("/bin/app", 0), last[256] = { 0 }, i, j;
	uint32_t stacks = room >> 14 < 256 ? (uint32_t)(room >> 14) : 256;

	for (i = 0; i < stacks; i++)
		for (j = 0, last[i] = 0; j < DEEP / RUN; j++)
			last[i] = run(last[i], of, RUN, UINT32_MAX - 4096);
	for (i = 0; !is_full(); i++) {
		event(ESC_EVENT_MALLOC, 4096, last[any() % stacks]);
		event(ESC_EVENT_FREE, 4096, last[any() % stacks]);
	}
}

/* Events all over the deepest stack that there can be. */
static void
tower(void)
{
	uint32_t of = module("/bin/app", 0), last = 0, i;

	for (i = 0; i < 16384 / RUN; i++)
		last = run(last, of, RUN, UINT32_MAX - 4096);
	for (i = 0; !is_full(); i++) {
		event(ESC_EVENT_MALLOC, 4096, 1 + any() % last);
		event(ESC_EVENT_FREE, 4096, i % 2 == 0 ? last : 1 + any() % last);
	}
}

/* Everything is new with each event. */
static void
mixed(void)
{
	uint32_t i, one, of = 0;

	for (i = 0; !is_full(); i++) {
		if (i % 64 == 0)
			of = module("/bin/app", i / 64 + 1);
		one = run(0, of, 8, UINT32_MAX - 4096);
		event_in(1, ESC_EVENT_MALLOC, 4096 + (uint64_t)i * 16, one, (uint16_t)i);
		event_in(1, ESC_EVENT_MALLOC, 4104 + (uint64_t)i * 16, one - 1, 0);
		event_in(1, ESC_EVENT_FREE, 4104 + (uint64_t)i * 16, one - 2, (uint16_t)(i / 2));
	}
}

/* Places all over a file that is there, each of which has a name, and may have inlined
 * functions. */
static void
named(void)
{
	uint32_t of = module(file, 0), i;

	for (i = 0; !is_full(); i++)
		event(ESC_EVENT_MALLOC, 4096 + i * 16, run(0, of, RUN, 1 << 20));
}

static void
modules(void)
{
	char path[32];
	uint32_t i;

	for (i = 0; !is_full(); i++) {
		snprintf(path, sizeof(path), "/lib/%u", i);
		event(ESC_EVENT_MALLOC, 4096 + i * 16, node(0, module(path, i / 2), 0x1000));
	}
}

static void
processes(void)
{
	uint32_t of = module("/bin/app", 0), one = node(0, of, 0x1000);

	while (!is_full())
		process();
	event(ESC_EVENT_MALLOC, 4096, one);
}

/* Threads of one event. */
static void
threads(void)
{
	uint32_t of = module("/bin/app", 0), one = node(0, of, 0x1000), i;

	segments_size = ESC_SEGMENT_MIN;
	for (i = 1; !is_full(); i++)
		event_in(i, ESC_EVENT_MALLOC, 4096 + i * 16, one, (uint16_t)~i);
}

/* A phase begins, in turns in two processes, with a short name of many. */
static void
phases(void)
{
	uint32_t of = module("/bin/app", 0), one = node(0, of, 0x1000), other = process(), i;

	for (i = 0; !is_full(); i++) {
		struct esc_def_phase *def = define(ESC_DEF_PHASE, 0, sizeof(*def) + 2);

		now += any() % 64;
		def->process = i % 2 != 0 ? other : 1;
		def->name_len = 2;
		def->at = now;
		((uint8_t *)(def + 1))[0] = (uint8_t)('a' + any() % 26);
		((uint8_t *)(def + 1))[1] = (uint8_t)('a' + any() % 26);
		if (i % 8 == 0)
			event(ESC_EVENT_MALLOC, 4096 + i * 16, one);
	}
}

/* Threads that have names, and nothing else. */
static void
names(void)
{
	uint32_t of = module("/bin/app", 0), one = node(0, of, 0x1000), i;

	for (i = 1; !is_full(); i++) {
		struct esc_def_thread_name *def = define(ESC_DEF_THREAD_NAME, i, sizeof(*def) + 1);

		def->process = 1;
		def->name_len = 1;
		*(uint8_t *)(def + 1) = 'a';
	}
	head()->threads = i;
	event(ESC_EVENT_MALLOC, 4096, one);
}

/* Each allocation at another site. */
static void
sites(void)
{
	uint32_t of = module("/bin/app", 0), i, last = 0;

	for (i = 0; !is_full(); i++) {
		if (i % RUN == 0)
			last = run(0, of, RUN, UINT32_MAX - 4096) - RUN;
		event(ESC_EVENT_MALLOC, 4096, last + 1 + i % RUN);
		event(ESC_EVENT_FREE, 4096, last + 1);
	}
}

/* Each allocated and freed by two stacks that never met. */
static void
pairs(void)
{
	uint32_t of = module("/bin/app", 0), i, last = run(0, of, RUN, 1 << 20);

	for (i = 1; i < 64; i++)
		last = run(0, of, RUN, 1 << 20);
	for (i = 0; !is_full(); i++) {
		event(ESC_EVENT_MALLOC, 4096, 1 + any() % last);
		event(ESC_EVENT_FREE, 4096, 1 + any() % last);
	}
}

static void
live(void)
{
	uint32_t of = module("/bin/app", 0), one = node(0, of, 0x1000), i;

	for (i = 0; !is_full(); i++)
		event(ESC_EVENT_MALLOC, 4096 + (uint64_t)i * 16, one);
}

/* The same in a pool each, of as many names as there may be. */
static void
pools(void)
{
	uint32_t of = module("/bin/app", 0), one = node(0, of, 0x1000), i;
	struct event event = { .kind = ESC_EVENT_POOL_ALLOCATE, .stack = one };
	struct esc_def_pool *def;

	for (i = 0; !is_full(); i++) {
		event.pool = i % 2 == 0 ? ++head()->pools : i;
		event.address = ESC_POOL_ADDRESS(event.pool, 4096 + (uint64_t)i);
		if (i % 2 == 0) {
			def = define(ESC_DEF_POOL, event.pool, sizeof(*def) + sizeof(i));
			def->process = 1;
			def->name_len = sizeof(i);
			memcpy(def + 1, &i, sizeof(i));
		}
		write_event(1, &event);
	}
}

/* Each event on another stack of the thread, that is deep. */
static void
regions(void)
{
	uint32_t of = module("/bin/app", 0), last = 0, i;

	for (i = 0; i < DEEP / RUN; i++)
		last = run(last, of, RUN, UINT32_MAX - 4096);
	for (i = 0; !is_full(); i++)
		event_in(1, ESC_EVENT_MALLOC, 4096 + (uint64_t)i * 16, last, (uint16_t)i);
}

/* Sizes and times that have all values. */
static void
values(void)
{
	uint32_t of = module("/bin/app", 0), one = node(0, of, 0x1000), i;

	for (i = 0; !is_full(); i++) {
		now += any();
		event(ESC_EVENT_MALLOC, 4096, one + i % 1);
		now += any() >> any() % 24;
		event(ESC_EVENT_FREE, 4096, one);
	}
}

static void
make(const char *directory, const char *name, void (*bomb)(void))
{
	char *path = xasprintf("%s/%s.esc", directory, name);
	struct esc_segment *at;
	size_t offset;
	FILE *out;

	memset(bytes, 0, room);
	*head() = (struct esc_header){
		.magic = ESC_MAGIC,
		.version = ESC_VERSION,
		.endian = ESC_ENDIAN,
		.header_size = ESC_HEADER_SIZE,
		.arch = ESC_ARCH_X86_64,
		.mode = ESC_MODE_FULL,
		.clock = ESC_CLOCK_MONOTONIC,
		.flags = ESC_FLAG_COMPLETE | ESC_FLAG_STARTED,
		.pid = 100,
		.sample_interval = 1,
		.depth_limit = DEEP,
		.start = { 1000, 1000, 1700000000000000000ULL },
		.exe = "/bin/app",
	};
	len = ESC_HEADER_SIZE;
	defs = events = NULL;
	segments_size = SEGMENT;
	now = 1000;
	(void)process();
	bomb();
	head()->last = (struct esc_moment){ now, now, 1700000000000000000ULL + now };
	head()->claimed = len;
	for (offset = ESC_HEADER_SIZE; offset < len; offset += at->size) {
		at = (struct esc_segment *)(void *)(bytes + offset);
		at->payload_sum = crc32c(0, at + 1, at->used);
		at->sum = crc32c(0, at, sizeof(*at));
	}
	head()->sum = crc32c(0, bytes, ESC_HEADER_SIZE);
	out = fopen(path, "wb");
	if (out == NULL || fwrite(bytes, 1, len, out) != len || fclose(out) != 0)
		exit(99);
	free(path);
}

int
main(int argc, char **argv)
{
#define BOMB(name)          \
	{                   \
#name, name \
	}
	static const struct {
		const char *name;
		void (*bomb)(void);
	} bombs[] = { BOMB(nodes), BOMB(edges), BOMB(chain), BOMB(deep), BOMB(tower), BOMB(mixed),
		BOMB(named), BOMB(modules), BOMB(processes), BOMB(threads), BOMB(sites),
		BOMB(pairs), BOMB(live), BOMB(pools), BOMB(regions), BOMB(values), BOMB(phases),
		BOMB(names) };
	size_t i;

	if (argc != 4)
		return 99;
	room = strtoul(argv[2], NULL, 10) << 20;
	file = argv[3];
	bytes = xmalloc(room);
	for (i = 0; i < sizeof(bombs) / sizeof(bombs[0]); i++)
		make(argv[1], bombs[i].name, bombs[i].bomb);
	free(bytes);
	return 0;
}
