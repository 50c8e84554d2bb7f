/* What the real reader must see of a trace that is being written, and of one that is
 * closed. */
#include "tests/race/race.h"

#include <stdlib.h>
#include <string.h>

#include "analyzer/trace/definitions.h"
#include "analyzer/trace/reader.h"
#include "analyzer/trace/streams.h"
#include "analyzer/util/err.h"

/* What was done when the reader took the time, at least; and what it saw. */
struct seen {
	uint32_t begun;
	uint32_t *wrote;
	uint8_t *events;
	uint64_t count;
};

static void
race_read_event(struct seen *seen, const struct definitions *definitions, const struct event *event)
{
	uint64_t life = (event->address >> 20) - 1, n = event->address >> 4 & 0xffff;
	uint32_t node, parent;
	uint8_t *once;

	if (life >= RACE_LIVES || n >= RACE_EVENTS || event->size != RACE_SIZE + n)
		race_fail("an event of address %#llx, size %llu",
		    (unsigned long long)event->address, (unsigned long long)event->size);
	once = &seen->events[life * RACE_EVENTS + n];
	if (*once)
		race_fail("event %u of thread %u is there twice", (unsigned)n, (unsigned)life);
	*once = 1;
	seen->count++;
	node = definitions_node(definitions, event->stack);
	parent = node != 0 ? definitions->nodes[node].parent : 0;
	if (parent == 0 || definitions->nodes[node].depth != 2 ||
	    definitions->pcs[definitions->nodes[node].pc].offset !=
		race_pc((uint32_t)life, (uint32_t)n))
		race_fail("event %u of thread %u has not its stack", (unsigned)n, (unsigned)life);
}

static void
race_read_streams(struct seen *seen, struct reader *reader, const struct definitions *definitions)
{
	struct streams streams;
	struct cursor cursor;
	struct event event;

	streams_init(&streams, reader, definitions);
	for (size_t i = 0; i < streams.count; i++) {
		cursor_init(&cursor, reader, &streams, &streams.list[i], ESC_SEGMENT_MAX);
		while (cursor_next(&cursor, &event))
			race_read_event(seen, definitions, &event);
		cursor_release(&cursor);
	}
	streams_release(&streams);
}

/* All that was written, but what a flight recorder has overwritten. */
static void
race_read_missing(const struct seen *seen, uint64_t from)
{
	for (uint32_t life = 0; life < seen->begun; life++)
		for (uint32_t n = 0; n < seen->wrote[life]; n++) {
			uint64_t time = race_lives[life].times[n];

			if (time > from && !seen->events[(size_t)life * RACE_EVENTS + n])
				race_fail("event %u of thread %u is lost", n, life);
		}
}

uint64_t
race_read(const char *path, bool last)
{
	struct seen seen = { .begun = __atomic_load_n(&race_begun, __ATOMIC_ACQUIRE) };
	struct definitions *definitions;
	struct err err = { "" };
	struct reader *reader;

	if (seen.begun > RACE_LIVES)
		seen.begun = RACE_LIVES;
	seen.wrote = calloc(RACE_LIVES, sizeof(*seen.wrote));
	seen.events = calloc(RACE_LIVES, RACE_EVENTS);
	for (uint32_t life = 0; life < seen.begun; life++)
		seen.wrote[life] = __atomic_load_n(&race_lives[life].wrote, __ATOMIC_ACQUIRE);
	reader = reader_open(path, &err);
	if (reader == NULL)
		race_fail("%s", err.text);
	if (reader->running == last)
		race_fail("the trace is said to be %s", last ? "running" : "closed");
	definitions = definitions_new(reader, NULL);
	race_read_streams(&seen, reader, definitions);
	race_read_missing(&seen, reader->head.ring_from);
	if (reader->partial && reader->head.ring_size == 0)
		race_fail("the reader says: %s", reader->note_count > 0 ? reader->notes[0] : "?");
	definitions_free(definitions);
	reader_free(reader);
	free(seen.wrote);
	free(seen.events);
	return seen.count;
}
