/*
 * The real reader, and what must hold of what it reads while it is written: all that
 * was written when it took the time, nothing that was stamped later, each with its
 * stack, and no complaint.
 */
#include "tests/model/hook.h"
#include "tests/model/model.h"

#include <string.h>

#define event decoded
#include "analyzer/trace/streams.h"
#undef event
#include "analyzer/trace/definitions.h"
#include "analyzer/trace/reader.h"
#include "analyzer/util/err.h"

struct view {
	uint32_t present[ACTORS];
	uint64_t from;
};

static void
view_event(struct view *view, const struct definitions *definitions, const struct decoded *event)
{
	unsigned int actor = (unsigned int)(event->address >> 16) - 1;
	unsigned int n = event->address >> 8 & 0xff, node;
	uint32_t bit = 1U << (n - 1);

	if (actor >= ACTORS || n == 0 || n > 32 || event->address != hook_address(actor, n) ||
	    event->size != HOOK_SIZE + n)
		model_fail("a reader sees an event of address %#llx, size %llu",
		    (unsigned long long)event->address, (unsigned long long)event->size);
	if ((now.actors[actor].local.begun & bit) == 0)
		model_fail("a reader sees event %u of actor %u before it is written", n, actor);
	if (view->present[actor] & bit)
		model_fail("a reader sees event %u of actor %u twice", n, actor);
	view->present[actor] |= bit;
	if (scene->stacks == 0)
		return;
	node = definitions_node(definitions, event->stack);
	if (node == 0 || definitions->pcs[definitions->nodes[node].pc].offset != hook_inner(n) ||
	    definitions->nodes[node].depth != 2 || definitions->nodes[node].state != 0)
		model_fail("a reader does not know stack %u of event %u", event->stack, n);
}

static void
view_streams(struct view *view, struct reader *reader, const struct definitions *definitions)
{
	struct streams streams;
	struct cursor cursor;
	struct decoded event;

	streams_init(&streams, reader, definitions);
	for (size_t i = 0; i < streams.count; i++) {
		cursor_init(&cursor, reader, &streams, &streams.list[i], ESC_SEGMENT_MAX);
		while (cursor_next(&cursor, &event))
			view_event(view, definitions, &event);
		cursor_release(&cursor);
	}
	streams_release(&streams);
}

/* Of what a flight recorder has overwritten, all is from before `from`. */
static bool
view_may_miss(const struct view *view)
{
	return view->from >= MODEL_TIME;
}

void
view_reader(void)
{
	const struct local *local = &now.actors[acting].local;
	struct view view = { .from = 0 };
	struct definitions *definitions;
	struct err err = { "" };
	struct reader *reader;

	if (scene->late)
		model_stop(PENDING_WAIT, SIGHT_ALL, NULL, 0);
	reader = reader_open("trace", &err);
	if (reader == NULL)
		model_fail("a reader cannot read it: %s", err.text);
	definitions = definitions_new(reader, NULL);
	view.from = reader->head.ring_from;
	view_streams(&view, reader, definitions);
	if (reader->partial && reader->running && scene->kills == 0)
		model_fail("a reader says: %s", reader->note_count > 0 ? reader->notes[0] : "?");
	if (reader->partial && reader->summed)
		model_fail("a reader of a closed trace says: %s",
		    reader->note_count > 0 ? reader->notes[0] : "?");
	for (unsigned int i = 0; i < ACTORS; i++) {
		uint32_t must = local->took ? local->at_cut[i] : now.actors[i].local.wrote;
		uint32_t may = local->took ? now.actors[i].local.early : UINT32_MAX;

		if ((must & ~view.present[i]) != 0 && !view_may_miss(&view))
			model_fail("a reader does not see events %#x of actor %u",
			    must & ~view.present[i], i);
		if ((view.present[i] & ~may) != 0)
			model_fail("a reader sees events %#x of actor %u, which are later",
			    view.present[i] & ~may, i);
	}
	if (scene->order && view.present[1] != 0 && (view.present[0] & 1) == 0 &&
	    !view_may_miss(&view))
		model_fail("a reader sees what came behind an event, without that");
	definitions_free(definitions);
	reader_free(reader);
}
