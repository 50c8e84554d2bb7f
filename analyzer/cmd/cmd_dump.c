/* esc dump: a trace as text, a record a line. */
#include <getopt.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/cmd/cmd.h"
#include "analyzer/cmd/options.h"
#include "analyzer/trace/reader.h"
#include "analyzer/trace/streams.h"
#include "analyzer/util/crc32c.h"
#include "analyzer/util/err.h"
#include "analyzer/util/names.h"
#include "analyzer/util/term.h"

extern const struct cmd cmd_dump;

enum { DUMP_NO_EVENTS = OPTIONS_KEY, DUMP_BUFFER = 1 << 16 };

static const struct option_def dump_options[] = {
	{ "no-events", DUMP_NO_EVENTS, NULL, "leave the events out" },
	{ NULL, 0, NULL, NULL },
};

/* --- The header --- */

static void
dump_flags(uint32_t flags)
{
	static const char *const names[] = { "complete", "started", "full-disk", "own-malloc",
		"allocator", "checked", "libunwind", "command-cut", "marks", "unmarked", "refused",
		"tasks" };
	unsigned i;

	fputs("flags", stdout);
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if ((flags >> i & 1) != 0)
			printf(" %s", names[i]);
	putchar('\n');
}

static void
dump_moment(const char *name, const struct esc_moment *moment)
{
	printf("%s ticks=%" PRIu64 " monotonic=%" PRIu64 " realtime=%" PRIu64 "\n", name,
	    moment->ticks, moment->monotonic, moment->realtime);
}

static void
dump_counters(const struct esc_counters *counters)
{
	printf(" allocations=%" PRIu64 " frees=%" PRIu64 " bytes=%" PRIu64 " dropped=%" PRIu64
	       " cut=%" PRIu64 " broken=%" PRIu64 " nested_lost=%" PRIu64 " marked=%" PRIu64 "\n",
	    counters->allocations, counters->frees, counters->bytes, counters->dropped,
	    counters->cut, counters->broken, counters->nested_lost, counters->marked);
}

/* Bytes of the program's: escaped, so that they can be restored. */
static void
dump_name(const char *name)
{
	char *escaped = names_escaped(name);

	term_puts(stdout, escaped);
	free(escaped);
}

/* Arguments end with a NUL each. */
static void
dump_command(const struct esc_header *header)
{
	const char *at = header->command;
	size_t left = header->command_len;
	size_t len;

	if (left > sizeof(header->command))
		left = sizeof(header->command);
	fputs("command", stdout);
	while (left > 0) {
		len = strnlen(at, left);
		if (len == left)
			break;
		putchar(' ');
		dump_name(at);
		at += len + 1;
		left -= len + 1;
	}
	putchar('\n');
}

static void
dump_header(const struct esc_header *header)
{
	printf("trace version=%" PRIu32 " arch=%u mode=%u clock=%u pid=%" PRIu32 "\n",
	    header->version, header->arch, header->mode, header->clock, header->pid);
	dump_flags(header->flags);
	printf("limits sample_interval=%" PRIu64 " sample_bias=%" PRIu64 " depth=%" PRIu32
	       " cost_interval=%" PRIu32 " time_shift=%" PRIu32 "\n",
	    header->sample_interval, header->sample_bias, header->depth_limit,
	    header->cost_interval, header->time_shift);
	if (header->ring_size != 0)
		printf("recorder size=%" PRIu64 " slot=%" PRIu32 " from=%" PRIu64
		       " definitions=%" PRIu64 "\n",
		    header->ring_size, header->ring_slot, header->ring_from, header->ring_defs);
	dump_moment("start", &header->start);
	dump_moment("last", &header->last);
	printf("room reserved_end=%" PRIu64 " claimed=%" PRIu64 " heartbeat=%" PRIu64 "\n",
	    header->reserved_end, header->claimed, header->heartbeat);
	printf("given processes=%" PRIu32 " threads=%" PRIu32 " nodes=%" PRIu32 " modules=%" PRIu32
	       "\n",
	    header->processes, header->threads, header->nodes, header->modules);
	printf("checks checked=%" PRIu64 " differed=%" PRIu64 " early_lost=%" PRIu64
	       " missing=%" PRIu64 "\n",
	    header->checked, header->differed, header->early_lost, header->missing);
	printf("session=%012" PRIx64 " parent=%" PRIu32 "\n", header->session, header->parent);
	printf("gate closed=%" PRIu32 " begin=%" PRIu64 " end=%" PRIu64 " pauses=%" PRIu32
	       " paused=%" PRIu64 " passed=%" PRIu64 " own_pauses=%" PRIu32 " own_closed=%" PRIu32
	       "\n",
	    header->gate.closed, header->gate.begin_at, header->gate.end_at, header->gate.pauses,
	    header->gate.paused, header->gate.passed, header->gate.own_pauses,
	    header->gate.own_closed);
	printf("lost from=%" PRIu64 " until=%" PRIu64 " refused=%" PRIu32 "\n", header->lost_from,
	    header->lost_until, header->refused);
	printf("auto budget=%" PRIu64 " spent=%" PRIu64 " whole_until=%" PRIu64 "\n",
	    header->budget, header->spent, header->whole_until);
	printf("marks depth=%" PRIu32 " given=%" PRIu64 " missing=%" PRIu64 " unmarked=%" PRIu32
	       " runtime=",
	    header->marks_depth, header->marks, header->marks_missing, header->unmarked);
	dump_name(header->runtime);
	fputs("\noverflow", stdout);
	dump_counters(&header->overflow);
	fputs("allocator ", stdout);
	dump_name(header->allocator);
	fputs("\nexe ", stdout);
	dump_name(header->exe);
	putchar('\n');
	dump_command(header);
}

/* --- Segments and definitions --- */

static void
dump_segment(const struct reader_segment *segment)
{
	const struct esc_segment *head = &segment->head;

	printf("segment offset=%" PRIu64 " kind=%s size=%" PRIu32 " used=%" PRIu32
	       " process=%" PRIu32,
	    segment->offset, head->kind == ESC_SEGMENT_DEFS ? "defs" : "events", head->size,
	    head->used, head->process);
	if (head->kind == ESC_SEGMENT_EVENTS)
		printf(" thread=%" PRIu32 " tid=%" PRIu32 " level=%u seq=%" PRIu32 " base=%" PRIu64
		       " interval=%" PRIu64,
		    head->thread, head->tid, head->level, head->seq, head->base, head->interval);
	if (head->kind == ESC_SEGMENT_EVENTS && head->seq == 0 && head->level == 0)
		dump_counters(&head->counters);
	else
		putchar('\n');
}

static void
dump_one_node(uint32_t id, uint32_t parent, uint32_t module, uint64_t offset, unsigned flags)
{
	printf("node id=%" PRIu32 " parent=%" PRIu32 " module=%" PRIu32 " offset=%#" PRIx64
	       "%s%s%s\n",
	    id, parent, module, offset, (flags & ESC_NODE_CUT) != 0 ? " cut" : "",
	    (flags & ESC_NODE_BROKEN) != 0 ? " broken" : "",
	    (flags & ESC_NODE_SIGNAL) != 0 ? " signal" : "");
}

static void
dump_node(const void *bytes, size_t len)
{
	struct esc_def_node node;

	(void)len;
	memcpy(&node, bytes, sizeof(node));
	dump_one_node(node.def.id, node.parent, node.module, node.offset, node.def.flags);
}

static void
dump_nodes(const void *bytes, size_t len)
{
	struct esc_def_nodes nodes;
	size_t i;

	memcpy(&nodes, bytes, sizeof(nodes));
	for (i = 0; i < nodes.count && i < (len - sizeof(nodes)) / 4; i++) {
		uint32_t offset;

		memcpy(&offset, (const char *)bytes + sizeof(nodes) + i * 4, sizeof(offset));
		dump_one_node(nodes.def.id++, nodes.parent, nodes.module, offset, nodes.def.flags);
		nodes.parent = nodes.def.id - 1;
		nodes.def.flags = 0;
	}
}

static void
dump_module(const void *bytes, size_t len)
{
	struct esc_def_module module;
	char path[4096 + 1];
	size_t room = len - sizeof(module);
	unsigned i;

	memcpy(&module, bytes, sizeof(module));
	printf("module id=%" PRIu32 " process=%" PRIu32 " bias=%#" PRIx64 " start=%#" PRIx64
	       " end=%#" PRIx64 " loaded=%" PRIu64 " build_id=",
	    module.def.id, module.process, module.bias, module.start, module.end, module.loaded);
	for (i = 0; i < module.build_id_len && i < sizeof(module.build_id); i++)
		printf("%02x", module.build_id[i]);
	if (room > module.path_len)
		room = module.path_len;
	if (room > sizeof(path) - 1)
		room = sizeof(path) - 1;
	memcpy(path, (const char *)bytes + sizeof(module), room);
	path[room] = '\0';
	fputs(" path=", stdout);
	dump_name(path);
	putchar('\n');
}

static void
dump_thread(const void *bytes, size_t len)
{
	struct esc_def_thread thread;

	(void)len;
	memcpy(&thread, bytes, sizeof(thread));
	printf("thread id=%" PRIu32 " process=%" PRIu32 " tid=%" PRIu32, thread.def.id,
	    thread.process, thread.tid);
	dump_counters(&thread.counters);
}

static void
dump_process(const void *bytes, size_t len)
{
	struct esc_def_process process;

	(void)len;
	memcpy(&process, bytes, sizeof(process));
	printf("process id=%" PRIu32 " pid=%" PRIu32 " parent=%" PRIu32 " started=%" PRIu64 "\n",
	    process.def.id, process.pid, process.parent, process.started);
}

/* What stands behind a definition of `size` bytes. */
static void
dump_given_name(const void *bytes, size_t len, size_t size, uint16_t name_len)
{
	char name[ESC_NAME_MAX + 1];
	size_t room = len - size < name_len ? len - size : name_len;

	if (room > ESC_NAME_MAX)
		room = ESC_NAME_MAX;
	memcpy(name, (const char *)bytes + size, room);
	name[room] = '\0';
	fputs(" name=", stdout);
	dump_name(name);
	putchar('\n');
}

static void
dump_phase(const void *bytes, size_t len)
{
	struct esc_def_phase phase;

	memcpy(&phase, bytes, sizeof(phase));
	printf("phase process=%" PRIu32 " at=%" PRIu64, phase.process, phase.at);
	dump_given_name(bytes, len, sizeof(phase), phase.name_len);
}

static void
dump_thread_name(const void *bytes, size_t len)
{
	struct esc_def_thread_name name;

	memcpy(&name, bytes, sizeof(name));
	printf("thread_name id=%" PRIu32 " process=%" PRIu32, name.def.id, name.process);
	dump_given_name(bytes, len, sizeof(name), name.name_len);
}

static void
dump_pool(const void *bytes, size_t len)
{
	struct esc_def_pool pool;

	memcpy(&pool, bytes, sizeof(pool));
	printf("pool id=%" PRIu32 " process=%" PRIu32, pool.def.id, pool.process);
	dump_given_name(bytes, len, sizeof(pool), pool.name_len);
}

struct dump_definition {
	size_t size; /* of what is always there; 0: no such kind */
	void (*dump)(const void *bytes, size_t len);
};

static const struct dump_definition dump_definitions[] = {
#define X(NAME, name, number) [number] = { sizeof(struct esc_def_##name), dump_##name },
	ESC_DEFS(X)
#undef X
};

/* Prints the definition at `bytes`; returns the slots that it takes. */
static size_t
dump_def(const uint8_t *bytes, size_t left)
{
	const struct dump_definition *kind;
	struct esc_def def;
	size_t len;

	memcpy(&def, bytes, sizeof(def));
	len = (size_t)def.slots * ESC_SLOT;
	if (def.type == ESC_DEF_NONE || len == 0 || len > left)
		return 1;
	kind = &dump_definitions[def.type < sizeof(dump_definitions) / sizeof(*dump_definitions)
		? def.type
		: 0];
	if (kind->size == 0)
		printf("unfinished type=%u slots=%u\n", def.type, def.slots);
	else if (len >= kind->size)
		kind->dump(bytes, len);
	return def.slots;
}

static void
dump_defs(struct reader *reader, struct reader_segment *segment)
{
	size_t size = (size_t)segment->head.used / ESC_SLOT * ESC_SLOT;
	uint8_t *payload = size != 0 ? malloc(segment->head.used) : NULL;
	size_t at = 0;

	if (payload != NULL &&
	    reader_read(
		reader, segment->offset + sizeof(segment->head), payload, segment->head.used) &&
	    reader_check(reader, segment, crc32c(0, payload, segment->head.used)))
		while (at < size)
			at += dump_def(payload + at, size - at) * ESC_SLOT;
	free(payload);
}

static void
dump_segments(struct reader *reader)
{
	size_t i;

	for (i = 0; i < reader->segment_count; i++) {
		dump_segment(&reader->segments[i]);
		if (reader->segments[i].head.kind == ESC_SEGMENT_DEFS)
			dump_defs(reader, &reader->segments[i]);
	}
}

/* --- Events --- */

static const char *
dump_kind(unsigned kind)
{
	static const char *const names[] = { "none", "malloc", "calloc", "realloc", "reallocarray",
		"memalign", "posix_memalign", "aligned_alloc", "valloc", "pvalloc", "free",
		"give_up", "step", "rate", "pool_allocate", "pool_free" };

	return kind < sizeof(names) / sizeof(names[0]) ? names[kind] : "?";
}

static void
dump_event(const struct event *event)
{
	printf("%s time=%" PRIu64 " stack=%" PRIu32, dump_kind(event->kind), event->time,
	    event->stack);
	if (decode_is_pools(event->kind))
		printf(" pool=%" PRIu32, event->pool);
	if (decode_resets(event))
		printf(" all");
	else if (decode_is_pools(event->kind))
		printf(" address=%#" PRIx64, event->address >> 3 & (((uint64_t)1 << 48) - 1));
	else if (event->kind != ESC_EVENT_STEP)
		printf(" address=%#" PRIx64, event->address);
	if (decode_allocates(event->kind))
		printf(" size=%" PRIu64, event->size);
	if (decode_allocates(event->kind) && event->interval != 1)
		printf(" interval=%" PRIu64, event->interval);
	if (event->kind == ESC_EVENT_GIVE_UP && event->has_cost)
		fputs(" freed", stdout);
	else if (event->has_cost)
		printf(" cost=%u", event->cost);
	if (event->has_kept)
		printf(" kept=%u", event->kept);
	if (event->proved != UINT16_MAX)
		printf(" proved=%u", event->proved);
	if (event->region != 0)
		printf(" region=%u", event->region);
	puts(event->gap ? " gap" : "");
}

static void
dump_stream(struct reader *reader, const struct streams *streams, const struct stream *stream)
{
	struct cursor cursor;
	struct event event;

	printf("stream process=%" PRIu32 " thread=%" PRIu32 " tid=%" PRIu32 " level=%u\n",
	    stream->process, stream->thread, stream->tid, stream->level);
	cursor_init(&cursor, reader, streams, stream, DUMP_BUFFER);
	while (cursor_next(&cursor, &event))
		dump_event(&event);
	cursor_release(&cursor);
}

static void
dump_events(struct reader *reader)
{
	struct streams streams;
	size_t i;

	streams_init(&streams, reader, NULL);
	for (i = 0; i < streams.count; i++)
		dump_stream(reader, &streams, &streams.list[i]);
	streams_release(&streams);
}

static int
dump_main(int argc, char **argv)
{
	struct reader *reader;
	bool events = true;
	struct err err;
	int status = CMD_OK;
	size_t i;
	int key;

	while ((key = options_next(&cmd_dump, argc, argv)) != OPTIONS_END)
		events = key != DUMP_NO_EVENTS;
	if (argc - optind != 1)
		options_usage(&cmd_dump, "one trace, please");
	reader = reader_open(argv[optind], &err);
	if (reader == NULL)
		return cmd_fail(&err);
	dump_header(&reader->head);
	dump_segments(reader);
	if (events)
		dump_events(reader);
	for (i = 0; i < reader->note_count; i++)
		cmd_note("%s: %s", argv[optind], reader->notes[i]);
	if (reader->notes_left_out != 0)
		cmd_note("%s: %" PRIu64 " more", argv[optind], reader->notes_left_out);
	if (reader_same(reader, &err) != 0)
		status = cmd_fail(&err);
	reader_free(reader);
	return status == CMD_OK ? cmd_finish() : status;
}

const struct cmd cmd_dump = {
	.name = "dump",
	.usage = "[OPTION...] TRACE",
	.summary = "print a trace, a record a line",
	.options = dump_options,
	.run = dump_main,
};
