/*
 * tracecount [-k N] [-m] [-c COUNT_FILE] TRACE...
 *
 * An independent reader of traces, for tests: walks header, segments and events
 * by preload/record.h alone, and prints in lines `name value` the exact
 * counters, what is recorded and what was dropped, summed over the traces. Given
 * the counting shim's file (tests/lib/count.c) it prints its sums as well, with
 * -m the allocations of each module (by the innermost frame). Exit 1, with lines
 * `bad ...`, when the trace is malformed, when an event's stack is not defined,
 * when exact != recorded + dropped by more than N a stream (default 0; full mode
 * only), or when it and the counting shim differ by more than N a thread.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "preload/record.h"

enum { KINDS = 16 };

struct stream {
	struct stream *next;
	uint32_t process, thread;
	uint32_t next_seq[ESC_LEVELS];
	struct esc_counters exact;
	uint64_t kinds[KINDS];
	uint64_t gaps;
};

struct module {
	const struct esc_def_module *def;
	uint64_t allocations;
};

static const uint8_t *file;
static uint64_t file_size;
static struct stream *streams[4096];
static uint64_t stream_count, process_count, module_count, node_count;
static uint64_t segment_count, event_bytes, gaps, early_lost, claimed;
static uint64_t empty_stacks, total_size, checked, differed, marks;
static uint32_t flags, unmarked;
static struct esc_counters exact;
static uint64_t kinds[KINDS];
static bool malformed;
static uint64_t tolerance;
static bool print_modules;
static bool recorder; /* its segments are overwritten */

/* By id. */
static struct esc_def_node *nodes;
static struct module *modules;
static uint32_t nodes_end, modules_end;

static void
bad(const char *what, uint64_t at)
{
	printf("bad %s at %llu\n", what, (unsigned long long)at);
	malformed = true;
}

static void
line(const char *name, uint64_t value)
{
	printf("%s %llu\n", name, (unsigned long long)value);
}

static struct stream *
stream_get(uint32_t process, uint32_t thread)
{
	struct stream **at = &streams[thread % 4096];

	for (; *at != NULL; at = &(*at)->next)
		if ((*at)->process == process && (*at)->thread == thread)
			return *at;
	*at = calloc(1, sizeof(**at));
	if (*at == NULL)
		exit(99);
	(*at)->process = process;
	(*at)->thread = thread;
	stream_count++;
	return *at;
}

static void
add(struct esc_counters *to, const struct esc_counters *from)
{
	to->allocations += from->allocations;
	to->frees += from->frees;
	to->bytes += from->bytes;
	to->dropped += from->dropped;
	to->cut += from->cut;
	to->broken += from->broken;
	to->nested_lost += from->nested_lost;
	to->marked += from->marked;
}

/* The stack that the event names must be there, down to its outermost frame. */
static void
resolve(uint32_t id, uint16_t control, uint64_t offset)
{
	uint32_t kind = control & ESC_CONTROL_KIND;
	uint32_t module;

	if (id >= nodes_end || nodes[id].def.id != id) {
		bad("stack", offset);
		return;
	}
	module = nodes[id].module;
	if (module >= modules_end || (module != 0 && modules[module].def == NULL)) {
		bad("module", offset);
		return;
	}
	if (kind < ESC_EVENT_FREE)
		modules[module].allocations++;
}

/* The zigzag difference of the stack, which stands behind time and address. */
static uint32_t
stack_step(const uint8_t *at, uint16_t control)
{
	static const uint32_t address[] = { 0, 2, 3, 7 };
	uint32_t length = (1U << (control >> ESC_CONTROL_STACK_SHIFT & 3)) / 2;
	uint32_t value = 0;

	at += 2 + (1U << (control >> ESC_CONTROL_TIME_SHIFT & 3));
	at += address[control >> ESC_CONTROL_ADDRESS_SHIFT & 3];
	memcpy(&value, at, length);
	return (value >> 1) ^ (0 - (value & 1));
}

/* Of pools it is the pool's number, which is always there. */
static uint32_t
cost_length(uint16_t control)
{
	if ((control & ESC_CONTROL_COST) == 0)
		return 0;
	return (control & ESC_CONTROL_KIND) > ESC_EVENT_RATE ? 4 : 2;
}

/* Length of the event at `at`, of which `room` bytes are whole; 0: malformed. */
static uint32_t
event_length(const uint8_t *at, uint32_t room, uint16_t *control)
{
	static const uint32_t address[] = { 0, 2, 3, 7 };
	static const uint32_t stack[] = { 0, 1, 2, 4 };
	static const uint32_t size[] = { 0, 1, 2, 8 };
	uint32_t length = 2, kind;

	if (room < 2)
		return 0;
	memcpy(control, at, 2);
	kind = *control & ESC_CONTROL_KIND;
	length += 1U << (*control >> ESC_CONTROL_TIME_SHIFT & 3);
	length += address[*control >> ESC_CONTROL_ADDRESS_SHIFT & 3];
	length += stack[*control >> ESC_CONTROL_STACK_SHIFT & 3];
	if (kind < ESC_EVENT_FREE || kind == ESC_EVENT_GIVE_UP || kind >= ESC_EVENT_RATE)
		length += size[*control >> ESC_CONTROL_SIZE_SHIFT & 3];
	if ((*control & ESC_CONTROL_KEPT) != 0) {
		uint32_t kept = length + cost_length(*control);

		if (kept + 2 > room)
			return 0;
		length += (at[kept + 1] & ESC_KEPT_PROVED >> 8) != 0 ? 4 : 2;
	}
	length += cost_length(*control);
	length += (*control & ESC_CONTROL_REGION) != 0 ? 2 : 0;
	if (kind == 0 || (kind > ESC_EVENT_RATE && cost_length(*control) == 0) || length > room ||
	    length > ESC_EVENT_MAX)
		return 0;
	return length;
}

static void
events(const struct esc_segment *segment, uint64_t offset)
{
	struct stream *stream = stream_get(segment->process, segment->thread);
	const uint8_t *at = (const uint8_t *)(segment + 1);
	uint32_t used = segment->used, stack = 0;

	if (segment->level >= ESC_LEVELS) {
		bad("level", offset);
		return;
	}
	if (segment->seq != stream->next_seq[segment->level]++ && !recorder)
		bad("sequence", offset);
	if (segment->seq == 0 && segment->level == 0 && !recorder)
		add(&stream->exact, &segment->counters);
	event_bytes += used;
	for (uint32_t done = 0; done < used;) {
		uint16_t control = 0;
		uint32_t length = event_length(at + done, used - done, &control);

		if (length == 0) {
			bad("event", offset + sizeof(*segment) + done);
			return;
		}
		stream->kinds[control & ESC_CONTROL_KIND]++;
		stream->gaps += (control & ESC_CONTROL_GAP) != 0;
		stack += stack_step(at + done, control);
		if (stack != 0)
			resolve(stack, control, offset + sizeof(*segment) + done);
		else
			empty_stacks++;
		done += length;
	}
}

/* A run of nodes, one of them an id. */
static void
run(const uint8_t *at)
{
	struct esc_def_nodes def;
	uint32_t offset;

	memcpy(&def, at, sizeof(def));
	for (uint32_t i = 0; i < def.count; i++) {
		uint32_t id = def.def.id + i;

		node_count++;
		memcpy(&offset, at + sizeof(def) + i * sizeof(offset), sizeof(offset));
		if (id < nodes_end)
			nodes[id] = (struct esc_def_node){
				.def = { .type = ESC_DEF_NODE, .id = id },
				.parent = i == 0 ? def.parent : id - 1,
				.module = def.module,
				.offset = offset,
			};
	}
}

static void
definitions(const struct esc_segment *segment, uint64_t offset)
{
	const uint8_t *slots = (const uint8_t *)(segment + 1);

	for (uint32_t at = 0; at + ESC_SLOT <= segment->used;) {
		struct esc_def def;

		memcpy(&def, slots + at, sizeof(def));
		switch (def.type) {
		case ESC_DEF_NONE: at += ESC_SLOT; continue;
		case ESC_DEF_PENDING: break;
		case ESC_DEF_NODE:
			node_count++;
			if (def.id < nodes_end)
				memcpy(&nodes[def.id], slots + at, sizeof(*nodes));
			break;
		case ESC_DEF_NODES: run(slots + at); break;
		case ESC_DEF_MODULE:
			module_count++;
			if (def.id < modules_end)
				modules[def.id].def = (const void *)(slots + at);
			break;
		case ESC_DEF_PROCESS: process_count++; break;
		case ESC_DEF_THREAD: {
			const struct esc_def_thread *thread = (const void *)(slots + at);

			add(&stream_get(thread->process, thread->def.id)->exact, &thread->counters);
			break;
		}
		default: bad("definition", offset + sizeof(*segment) + at); return;
		}
		if (def.slots == 0) {
			bad("definition's length", offset + sizeof(*segment) + at);
			return;
		}
		at += def.slots * ESC_SLOT;
	}
}

static void
segments(const struct esc_header *header, enum esc_segment_kind kind)
{
	uint64_t at = header->header_size;

	while (at < header->claimed) {
		const struct esc_segment *segment = (const void *)(file + at);

		if (file_size - at < sizeof(*segment)) {
			bad("segment beyond the end", at);
			return;
		}
		/* A claim that was never completed: its size may be there. */
		if (segment->magic != ESC_SEGMENT_MAGIC) {
			at += segment->size != 0 ? segment->size
			    : recorder           ? header->ring_slot
						 : ESC_PAGE;
			continue;
		}
		if (segment->size % ESC_PAGE != 0 || segment->size == 0 ||
		    segment->size > file_size - at ||
		    segment->used > segment->size - sizeof(*segment)) {
			bad("segment", at);
			return;
		}
		if (segment->kind != ESC_SEGMENT_EVENTS && segment->kind != ESC_SEGMENT_DEFS)
			bad("kind", at);
		segment_count += segment->kind == kind;
		if (segment->kind == kind && kind == ESC_SEGMENT_EVENTS)
			events(segment, at);
		else if (segment->kind == kind)
			definitions(segment, at);
		at += segment->size;
	}
}

static uint64_t
off(uint64_t a, uint64_t b)
{
	return a > b ? a - b : b - a;
}

static void
check_stream(const struct stream *stream, bool full)
{
	uint64_t allocations = 0, frees = 0;

	for (unsigned int i = 1; i < KINDS; i++) {
		kinds[i] += stream->kinds[i];
		if (i < ESC_EVENT_FREE)
			allocations += stream->kinds[i];
		else if (i < ESC_EVENT_STEP)
			frees += stream->kinds[i];
	}
	add(&exact, &stream->exact);
	if (full &&
	    off(stream->exact.allocations + stream->exact.frees,
		allocations + frees + stream->exact.dropped) > tolerance) {
		printf("bad stream %u/%u: exact %llu + %llu, recorded %llu + "
		       "%llu, dropped %llu\n",
		    stream->process, stream->thread, (unsigned long long)stream->exact.allocations,
		    (unsigned long long)stream->exact.frees, (unsigned long long)allocations,
		    (unsigned long long)frees, (unsigned long long)stream->exact.dropped);
		malformed = true;
	}
}

static void
check_streams(const struct esc_header *header)
{
	for (unsigned int i = 0; i < 4096; i++)
		for (const struct stream *s = streams[i]; s != NULL; s = s->next) {
			check_stream(s, header->mode == ESC_MODE_FULL && header->ring_from == 0);
			gaps += s->gaps;
		}
	add(&exact, &header->overflow);
	early_lost += header->early_lost;
	claimed += header->claimed;
	total_size += file_size;
	flags |= header->flags;
	checked += header->checked;
	differed += header->differed;
	marks += header->marks;
	unmarked |= header->unmarked;
}

static void
print(void)
{
	uint64_t allocations = 0;

	for (unsigned int i = 1; i < ESC_EVENT_FREE; i++)
		allocations += kinds[i];
	line("allocations", exact.allocations);
	line("frees", exact.frees);
	line("bytes", exact.bytes);
	line("dropped", exact.dropped);
	line("cut", exact.cut);
	line("broken", exact.broken);
	line("nested_lost", exact.nested_lost);
	line("marked", exact.marked);
	line("marks", marks);
	line("unmarked", unmarked);
	line("early_lost", early_lost);
	line("recorded_allocations", allocations);
	line("recorded_frees", kinds[ESC_EVENT_FREE] + kinds[ESC_EVENT_GIVE_UP]);
	line("steps", kinds[ESC_EVENT_STEP]);
	line("gaps", gaps);
	for (unsigned int i = 1; i < KINDS; i++) {
		char name[16];

		if (kinds[i] == 0)
			continue;
		snprintf(name, sizeof(name), "kind_%u", i);
		line(name, kinds[i]);
	}
	line("processes", process_count);
	line("streams", stream_count);
	line("modules", module_count);
	line("nodes", node_count);
	line("empty_stacks", empty_stacks);
	line("segments", segment_count);
	line("event_bytes", event_bytes);
	line("claimed", claimed);
	line("size", total_size);
	line("flags", flags);
	line("checked", checked);
	line("differed", differed);
}

static const void *
map(const char *path, uint64_t *size)
{
	struct stat status;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	void *at;

	if (fd < 0 || fstat(fd, &status) != 0 || status.st_size == 0) {
		perror(path);
		exit(99);
	}
	*size = (uint64_t)status.st_size;
	at = mmap(NULL, *size, PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	if (at == MAP_FAILED) {
		perror(path);
		exit(99);
	}
	return at;
}

static void
differ(const char *name, uint64_t ours, uint64_t theirs)
{
	if (off(ours, theirs) > tolerance * stream_count) {
		printf("bad %s: %llu, the counting shim says %llu\n", name,
		    (unsigned long long)ours, (unsigned long long)theirs);
		malformed = true;
	}
}

static void
compare(const char *path)
{
	uint64_t size, sum[3] = { 0 };
	const uint64_t *words = map(path, &size);
	uint64_t slots = words[0];

	for (uint64_t i = 1; i <= slots && (i + 1) * 64 <= size; i++)
		for (int j = 0; j < 3; j++)
			sum[j] += words[i * 8 + (uint64_t)j];
	line("count_images", slots);
	line("count_allocations", sum[0]);
	line("count_frees", sum[1]);
	line("count_bytes", sum[2]);
	differ("allocations", exact.allocations, sum[0]);
	differ("frees", exact.frees, sum[1]);
	if (tolerance == 0)
		differ("bytes", exact.bytes, sum[2]);
}

static void
drop_streams(void)
{
	for (unsigned int i = 0; i < 4096; i++)
		while (streams[i] != NULL) {
			struct stream *next = streams[i]->next;

			free(streams[i]);
			streams[i] = next;
		}
}

/* module ALLOCATIONS BUILD-ID PATH */
static void
list_modules(void)
{
	for (uint32_t i = 1; i < modules_end; i++) {
		const struct esc_def_module *def = modules[i].def;

		if (def == NULL)
			continue;
		printf("module %llu ", (unsigned long long)modules[i].allocations);
		for (unsigned int k = 0; k < def->build_id_len && k < 4; k++)
			printf("%02x", def->build_id[k]);
		printf(" %.*s\n", def->path_len, (const char *)(def + 1));
	}
}

static void
trace(const char *path)
{
	const struct esc_header *header;

	file = map(path, &file_size);
	header = (const void *)file;
	if (file_size < ESC_HEADER_SIZE || header->magic != ESC_MAGIC ||
	    header->version != ESC_VERSION || header->endian != ESC_ENDIAN) {
		bad("header", 0);
		return;
	}
	recorder = header->ring_size != 0;
	nodes_end = header->nodes + 1;
	modules_end = header->modules + 1;
	nodes = calloc(nodes_end, sizeof(*nodes));
	modules = calloc(modules_end, sizeof(*modules));
	if (nodes == NULL || modules == NULL)
		exit(99);
	segments(header, ESC_SEGMENT_DEFS);
	segments(header, ESC_SEGMENT_EVENTS);
	check_streams(header);
	if (print_modules)
		list_modules();
	drop_streams();
	free(nodes);
	free(modules);
}

int
main(int argc, char **argv)
{
	const char *count = NULL;
	int option;

	while ((option = getopt(argc, argv, "k:c:m")) != -1)
		if (option == 'k')
			tolerance = strtoull(optarg, NULL, 10);
		else if (option == 'c')
			count = optarg;
		else if (option == 'm')
			print_modules = true;
		else
			return 99;
	if (optind == argc)
		return 99;
	for (; optind < argc; optind++)
		trace(argv[optind]);
	print();
	if (count != NULL)
		compare(count);
	return malformed ? 1 : 0;
}
