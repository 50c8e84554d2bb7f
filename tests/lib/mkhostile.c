/*
 * mkhostile DIR: traces that nobody's shim would write, a file each, for the tests
 * and as seeds of the fuzzers. Each has good sums where sums would stop the reader
 * early. What a name says first is what must become of it (tests/cli/hostile.test):
 * refused-* is no trace, never-* has nothing, noted-* is read in part and said
 * so, read-* is read.
 */
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "analyzer/trace/packed.h"
#include "analyzer/util/crc32c.h"
#include "analyzer/util/err.h"
#include "analyzer/util/xalloc.h"
#include "tests/lib/mktrace.h"

enum { SEGMENT = 8192, FIRST = ESC_HEADER_SIZE, ROOM = 1 << 22 };

static const char *directory;
static uint8_t *bytes; /* of the trace that is hurt */
static size_t len;
static struct mktrace *trace;
static uint64_t now;

static struct esc_header *
head(void)
{
	return (struct esc_header *)(void *)bytes;
}

static struct esc_segment *
segment(unsigned number)
{
	return (struct esc_segment *)(void *)(bytes + FIRST + (size_t)number * SEGMENT);
}

static uint8_t *
payload(unsigned number)
{
	return (uint8_t *)(segment(number) + 1);
}

static char *
file_name(const char *name)
{
	return xasprintf("%s/%s.esc", directory, name);
}

static void
put(const char *name, const void *from, size_t size)
{
	char *path = file_name(name);
	FILE *out = fopen(path, "wb");

	if (out == NULL || fwrite(from, 1, size, out) != size || fclose(out) != 0)
		exit(99);
	free(path);
}

/* Good sums of what is there, as far as it is there. */
static void
sum(void)
{
	struct esc_segment *at;
	uint32_t room = SEGMENT - (uint32_t)sizeof(*at);
	unsigned i;

	for (i = 0; FIRST + (size_t)(i + 1) * SEGMENT <= len; i++) {
		at = segment(i);
		at->payload_sum = crc32c(0, at + 1, at->used < room ? at->used : room);
		at->sum = 0;
		at->sum = crc32c(0, at, sizeof(*at));
	}
	head()->sum = 0;
	head()->sum = crc32c(0, bytes, FIRST);
}

static void
put_sum(const char *name)
{
	sum();
	put(name, bytes, len);
}

/* --- A trace to be hurt: definitions, then the events of two threads --- */

static void
event(uint32_t thread, uint8_t kind, uint64_t address, uint64_t size, uint32_t stack)
{
	struct event one = { .kind = kind, .time = now++, .address = address, .size = size };

	one.stack = stack;
	one.proved = UINT16_MAX;
	mktrace_event(trace, 1, thread, 0, &one);
}

static void
begin(void)
{
	trace = mktrace_new();
	now = 2000;
}

static void
end(void)
{
	char *path = file_name("tmp");
	FILE *in;

	if (mktrace_write(trace, path) != 0)
		exit(99);
	mktrace_free(trace);
	in = fopen(path, "rb");
	memset(bytes, 0, ROOM);
	len = in != NULL ? fread(bytes, 1, ROOM, in) : 0;
	if (in != NULL)
		fclose(in);
	unlink(path);
	free(path);
}

static void
make(void)
{
	uint32_t module, node;
	int i;

	begin();
	module = mktrace_module(trace, "/bin/app");
	node = mktrace_node(trace, 0, module, 0x1000, 0);
	node = mktrace_node(trace, node, module, 0x2000, 0);
	for (i = 0; i < 3000; i++) {
		event(1 + (uint32_t)i % 2, ESC_EVENT_MALLOC, 4096 + (uint64_t)i * 64, 40, node);
		event(1 + (uint32_t)i % 2, ESC_EVENT_FREE, 4096 + (uint64_t)i * 64, 0, node);
	}
	end();
}

/* --- Headers --- */

#define FIELD(name, field, value)      \
	do {                           \
		make();                \
		head()->field = value; \
		put_sum(name);         \
	} while (0)

static void
headers(void)
{
	make();
	put("refused-empty", "", 0);
	put("refused-one-byte", bytes, 1);
	put("refused-only-magic", bytes, 8);
	put("refused-half-header", bytes, 8000);
	put("noted-only-header", bytes, FIRST);
	put("refused-sqlite", "SQLite format 3\0\x10\0\1\1\0\x40\x20\x20", 24);
	FIELD("refused-magic", magic, ESC_MAGIC ^ 1);
	FIELD("refused-version-0", version, 0);
	FIELD("refused-version-1", version, 1);
	FIELD("refused-version-next", version, ESC_VERSION + 1);
	FIELD("refused-version-max", version, UINT32_MAX);
	FIELD("refused-endian", endian, 0x04030201);
	FIELD("refused-header-0", header_size, 0);
	FIELD("refused-header-32bit", header_size, 4096);
	FIELD("refused-header-max", header_size, UINT32_MAX);
	FIELD("refused-header-odd", header_size, ESC_HEADER_SIZE + 1);
	FIELD("noted-header-long", header_size, 1 << 20);
	FIELD("refused-mode", mode, 255);
	FIELD("refused-clock", clock, 0);
	FIELD("refused-shift", time_shift, 33);
	FIELD("noted-claimed-max", claimed, UINT64_MAX);
	FIELD("noted-claimed-beyond", claimed, 1ULL << 63);
	FIELD("read-claimed-0", claimed, 0);
	FIELD("read-command", command_len, UINT32_MAX);
	FIELD("read-interval-0", sample_interval, 0);
	FIELD("read-interval-max", sample_interval, UINT64_MAX);
	FIELD("read-bias-max", sample_bias, UINT64_MAX);
	FIELD("read-nodes-max", nodes, UINT32_MAX);
	FIELD("noted-nodes-0", nodes, 0);
	FIELD("read-modules-max", modules, UINT32_MAX);
	FIELD("read-threads-max", threads, UINT32_MAX);
	FIELD("read-clock-back", last.ticks, 1);
	FIELD("read-clock-max", last.monotonic, UINT64_MAX);
	FIELD("read-start-max", start.ticks, UINT64_MAX);
	FIELD("read-overflow-max", overflow.bytes, UINT64_MAX);
	/* its launcher died before the program ran */
	begin();
	mktrace_header(trace)->flags = 0;
	end();
	len = FIRST;
	head()->flags = 0;
	put_sum("never-started");
	/* as the launcher leaves it */
	head()->mode = head()->clock = 0;
	put_sum("never-filled");
	make();
	head()->ring_size = 1 << 20;
	head()->ring_slot = 4097;
	put_sum("refused-ring-slot");
	make();
	head()->ring_size = UINT64_MAX;
	head()->ring_slot = SEGMENT;
	head()->ring_from = UINT64_MAX;
	put_sum("read-ring-all-gone");
	make();
	head()->ring_size = UINT64_MAX;
	head()->ring_slot = SEGMENT;
	head()->flags &= ~(uint32_t)ESC_FLAG_COMPLETE;
	put_sum("noted-ring-killed");
	make();
	head()->flags &= ~(uint32_t)ESC_FLAG_COMPLETE;
	put_sum("noted-not-closed");
	make();
	head()->sum ^= 1;
	put("noted-header-sum", bytes, len);
	make();
	memset(head()->exe, '\x1b', sizeof(head()->exe));
	memset(head()->allocator, 0xff, sizeof(head()->allocator));
	memset(head()->command, '"', sizeof(head()->command));
	head()->command_len = sizeof(head()->command);
	put_sum("read-texts");
}

/* --- Segments --- */

#define SEGMENT_FIELD(name, number, field, value) \
	do {                                      \
		make();                           \
		segment(number)->field = value;   \
		put_sum(name);                    \
	} while (0)

static void
sizes(void)
{
	static const uint32_t values[] = { 0, 1, 127, 4095, 4097, 0x7fffffff, 0x80000000,
		ESC_SEGMENT_MAX + ESC_PAGE, 0xfffff000, UINT32_MAX };
	char name[64];
	size_t i;

	for (i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		snprintf(name, sizeof(name), "noted-size-%u", values[i]);
		SEGMENT_FIELD(name, 1, size, values[i]);
	}
	SEGMENT_FIELD("noted-used-max", 1, used, UINT32_MAX);
	SEGMENT_FIELD("noted-used-room", 1, used, SEGMENT - 127);
	SEGMENT_FIELD("noted-used-negative", 1, used, 0x80000000);
	SEGMENT_FIELD("read-used-0", 2, used, 0);
	SEGMENT_FIELD("noted-used-short", 1, used, 3);
}

static void
copy_segment(unsigned to, unsigned from)
{
	memcpy(segment(to), segment(from), SEGMENT);
}

static void
orders(void)
{
	static uint8_t kept[SEGMENT];

	SEGMENT_FIELD("noted-kind", 1, kind, 9);
	SEGMENT_FIELD("noted-level", 1, level, 255);
	SEGMENT_FIELD("noted-seq", 1, seq, UINT32_MAX);
	SEGMENT_FIELD("noted-process", 2, process, UINT32_MAX);
	SEGMENT_FIELD("read-base-max", 1, base, UINT64_MAX);
	SEGMENT_FIELD("read-base-back", 3, base, 1);
	SEGMENT_FIELD("read-counters", 1, counters.bytes, UINT64_MAX);
	SEGMENT_FIELD("read-interval", 1, interval, UINT64_MAX);
	/* together 2^64, which is nothing where it wraps */
	make();
	segment(1)->counters.bytes = segment(2)->counters.bytes = 1ULL << 63;
	segment(1)->counters.allocations = segment(2)->counters.allocations = 1ULL << 63;
	put_sum("read-counters-wrap");
	make();
	copy_segment(3, 1);
	put_sum("noted-twice");
	make();
	memset(segment(1), 0, SEGMENT);
	put("noted-hole", bytes, len);
	make();
	memcpy(kept, segment(1), SEGMENT);
	copy_segment(1, 3);
	memcpy(segment(3), kept, SEGMENT);
	put_sum("read-swapped");
	/* one in another's payload, and in its own */
	make();
	memcpy(payload(1) + ESC_PAGE - sizeof(struct esc_segment), segment(2), 2000);
	put_sum("noted-inside");
	make();
	segment(1)->size = 3 * ESC_PAGE;
	put_sum("noted-overlap");
	make();
	copy_segment(0, 1);
	put_sum("noted-no-definitions");
}

/* --- Definitions --- */

/* What stands in them: process, module, node, node. */
static struct esc_def_node *
node(unsigned number)
{
	return (struct esc_def_node *)(void *)(payload(0) + sizeof(struct esc_def_process) + 88 +
	    number * sizeof(struct esc_def_node));
}

static struct esc_def_module *
module_def(void)
{
	return (struct esc_def_module *)(void *)(payload(0) + sizeof(struct esc_def_process));
}

#define NODE_FIELD(name, number, field, value) \
	do {                                   \
		make();                        \
		node(number)->field = value;   \
		put_sum(name);                 \
	} while (0)

#define MODULE_FIELD(name, field, value)     \
	do {                                 \
		make();                      \
		module_def()->field = value; \
		put_sum(name);               \
	} while (0)

static void
definitions(void)
{
	make();
	if (node(0)->def.type != ESC_DEF_NODE || node(1)->def.type != ESC_DEF_NODE)
		exit(99);
	NODE_FIELD("read-self-parent", 1, parent, 2);
	NODE_FIELD("read-cycle", 0, parent, 2);
	NODE_FIELD("read-forward", 0, parent, 77);
	NODE_FIELD("read-parent-max", 1, parent, UINT32_MAX);
	NODE_FIELD("read-module-max", 1, module, UINT32_MAX);
	NODE_FIELD("read-offset-max", 1, offset, UINT64_MAX);
	NODE_FIELD("noted-id-0", 1, def.id, 0);
	NODE_FIELD("noted-id-max", 1, def.id, UINT32_MAX);
	NODE_FIELD("read-id-twice", 1, def.id, 1);
	NODE_FIELD("noted-slots-0", 0, def.slots, 0);
	NODE_FIELD("noted-slots-max", 1, def.slots, UINT16_MAX);
	NODE_FIELD("noted-type", 1, def.type, 77);
	NODE_FIELD("read-type-nodes", 1, def.type, ESC_DEF_NODES);
	NODE_FIELD("noted-type-module", 1, def.type, ESC_DEF_MODULE);
	MODULE_FIELD("noted-path-max", path_len, UINT16_MAX);
	MODULE_FIELD("noted-build-id", build_id_len, 255);
	MODULE_FIELD("noted-module-0", def.id, 0);
	MODULE_FIELD("read-range-back", end, 1);
	MODULE_FIELD("read-range-wraps", bias, UINT64_MAX);
	MODULE_FIELD("read-range-all", end, UINT64_MAX);
}

static void
paths(void)
{
	static const char *const names[] = { "../../../../etc/passwd", "/dev/zero", "/dev/stdin",
		"/proc/self/mem", "/dev/tty", "\x1b]0;x\a\x1b[2J\n\r", "\xff\xfe\xc0\xaf", "a\0b",
		"\xe2\x80\xae<script>alert(1)</script>", "" };
	char name[32];
	uint32_t one;
	size_t i;

	begin();
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		one = mktrace_node(trace, 0, mktrace_module(trace, names[i]), 0x1234 + i, 0);
		event(1, ESC_EVENT_MALLOC, 4096 + i * 64, 10, one);
	}
	end();
	put("read-paths", bytes, len);
	for (i = 0; i < 3; i++) {
		begin();
		one = mktrace_node(
		    trace, 0, mktrace_module(trace, i == 0 ? "fifo" : names[i]), 0x100, 0);
		event(1, ESC_EVENT_MALLOC, 4096, 10, one);
		end();
		snprintf(name, sizeof(name), "read-path-%zu", i);
		put(name, bytes, len);
	}
}

/* A stack as deep as there is room, and every node its own child in the end. */
static void
deep(void)
{
	uint32_t module, one = 0, i;

	begin();
	module = mktrace_module(trace, "/bin/app");
	for (i = 0; i < 50000; i++) {
		one = mktrace_node(trace, one, module, i, 0);
		if (i % 5000 == 0)
			event(1, ESC_EVENT_MALLOC, 4096 + i * 64, 8, one);
	}
	event(1, ESC_EVENT_MALLOC, 64, 8, one);
	end();
	put("read-deep", bytes, len);
}

/* --- Events --- */

static void
events(void)
{
	uint64_t i;

	begin();
	for (i = 0; i < 1000; i++)
		event(1, ESC_EVENT_FREE, i * 4096, 0, 0);
	end();
	put("read-free-without", bytes, len);
	begin();
	for (i = 0; i < 1000; i++)
		event(1, ESC_EVENT_MALLOC, 4096, i, 0);
	end();
	put("read-live-again", bytes, len);
	begin();
	for (i = 0; i < 1000; i++) {
		event(1, ESC_EVENT_GIVE_UP, 4096 + i * 8, 0, 0);
		event(1, i % 3 != 0 ? ESC_EVENT_REALLOC : ESC_EVENT_FREE, 4104 + i * 8, i, 0);
	}
	end();
	put("read-reallocs", bytes, len);
	begin();
	for (i = 0; i < 500; i++)
		event(1 + (uint32_t)i % 3, ESC_EVENT_MALLOC, i * 8, UINT64_MAX >> i % 3, 0);
	for (i = 0; i < 500; i++)
		event(1, ESC_EVENT_FREE, i * 8, 0, UINT32_MAX);
	end();
	put("read-sums", bytes, len);
	begin();
	now = UINT64_MAX - 100;
	for (i = 0; i < 300; i++)
		event(1, ESC_EVENT_MALLOC, i * 8, 8, 0);
	end();
	put("read-times-wrap", bytes, len);
	/* any bytes are some events */
	make();
	for (i = 0; i < SEGMENT - sizeof(struct esc_segment); i++)
		payload(1)[i] = (uint8_t)(i * 2654435761U >> 13);
	put_sum("noted-noise");
	make();
	/* all ones, but for what events of pools must have */
	memset(payload(1), 0xdf, 2000);
	put_sum("noted-ones");
}

/* Addresses and places that a table without a seed would put into one place. */
static void
collisions(void)
{
	uint32_t module, one = 0, i;

	begin();
	module = mktrace_module(trace, "/bin/app");
	for (i = 0; i < 20000; i++) {
		one = mktrace_node(trace, i % 100 == 0 ? 0 : one, module, (uint64_t)i << 44, 0);
		event(1, ESC_EVENT_MALLOC, (uint64_t)i << 42, 8, one);
	}
	end();
	put("read-collisions", bytes, len);
}

/* --- Files that are larger than they are --- */

static void
giants(void)
{
	struct pack_options options = { .level = 1 };
	char *path = file_name("noted-sparse"), *packed = file_name("noted-bomb");
	struct err err;
	int fd, to;

	make();
	head()->claimed = 1ULL << 40;
	sum();
	put("noted-sparse", bytes, len);
	if (truncate(path, 1LL << 40) != 0) {
		fprintf(stderr, "no files of 1 TiB here\n");
		unlink(path);
	}
	fd = memfd_create("bomb", 0);
	head()->claimed = 1ULL << 28;
	sum();
	to = open(packed, O_RDWR | O_CREAT | O_TRUNC, 0600);
	if (fd < 0 || to < 0 || write(fd, bytes, len) != (ssize_t)len ||
	    ftruncate(fd, 1 << 28) != 0)
		exit(99);
	if (pack_write(fd, 1 << 28, to, &options, &err) != 0)
		unlink(packed);
	close(fd);
	close(to);
	free(path);
	free(packed);
}

int
main(int argc, char **argv)
{
	if (argc != 2)
		return 99;
	directory = argv[1];
	bytes = xmalloc(ROOM);
	headers();
	sizes();
	orders();
	definitions();
	paths();
	deep();
	events();
	collisions();
	giants();
	free(bytes);
	return 0;
}
