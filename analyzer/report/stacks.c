#include "analyzer/report/stacks.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/format/rows.h"
#include "analyzer/report/report.h"
#include "analyzer/store/query.h"
#include "analyzer/util/map.h"
#include "analyzer/util/xalloc.h"

enum { STACKS_SMALL = 4 }; /* up to here the outer end is looked at as a whole */

/* A frame in its place, and what is outside of it. */
struct stacks_node {
	struct cell_link link; /* first: a node is what a link of the cell is */
	uint64_t text;         /* bytes of all names that are shown */
	uint16_t depth;        /* frames up to the outermost */
	uint16_t shown;        /* of them; the others are start-up code */
	bool is_startup;
};

struct stacks_frame {
	const char *function;
	bool is_startup;
};

struct stacks {
	struct query_db *db;
	struct rows *owner;
	struct query *stack;
	struct query *frame;
	struct map nodes;  /* stack(id): struct stacks_node */
	struct map frames; /* frame(id): struct stacks_frame; 0: it is not there */
};

struct stacks *
stacks_new(struct query_db *db, struct rows *owner, struct err *err)
{
	struct stacks *stacks = xcalloc(1, sizeof(*stacks));

	stacks->db = db;
	stacks->owner = owner;
	stacks->stack = query_prepare(db, "SELECT parent, frame FROM stack WHERE id = ?1", err);
	stacks->frame = query_prepare(db, "SELECT function, startup FROM frame WHERE id = ?1", err);
	if (stacks->stack && stacks->frame)
		return stacks;
	stacks_free(stacks);
	return NULL;
}

void
stacks_free(struct stacks *stacks)
{
	if (!stacks)
		return;
	query_finish(stacks->stack);
	query_finish(stacks->frame);
	map_release(&stacks->nodes);
	map_release(&stacks->frames);
	free(stacks);
}

static struct map_key
stacks_key(int64_t id)
{
	return (struct map_key){ 0, (uint64_t)id };
}

/* *frame NULL: there is none of that number. */
static int
stacks_frame(struct stacks *stacks, int64_t id, const struct stacks_frame **frame, struct err *err)
{
	bool is_fresh;
	uint64_t *value = map_insert(&stacks->frames, stacks_key(id), &is_fresh);
	int rc = 0;

	if (is_fresh) {
		query_reset(stacks->frame);
		query_bind_int(stacks->frame, 1, id);
		rc = query_next(stacks->frame, err);
		if (rc > 0) {
			const char *text = query_text(stacks->frame, 0);
			size_t size = strlen(text) + 1;
			struct stacks_frame *made = rows_keep(stacks->owner, sizeof(*made));
			char *name = rows_keep(stacks->owner, size);

			memcpy(name, text, size);
			*made = (struct stacks_frame){ name, query_int(stacks->frame, 1) != 0 };
			*value = (uintptr_t)made;
		}
		query_reset(stacks->frame);
	}
	/* NOLINTNEXTLINE(performance-no-int-to-ptr): the map has numbers */
	*frame = (const struct stacks_frame *)(uintptr_t)*value;
	return rc < 0 ? -1 : 0;
}

/* What report_stack_main says, of the innermost frames of a short stack. */
static uint16_t
stacks_main(const struct stacks_node *node)
{
	struct report_frame frames[STACKS_SMALL];
	const struct stacks_node *at = node;
	size_t count = 0;

	for (; at && count < STACKS_SMALL; at = (const struct stacks_node *)at->link.next) {
		/* it only reads it */
		frames[count++] =
		    (struct report_frame){ .function = (char *)(uintptr_t)at->link.text,
			    .is_startup = at->is_startup };
	}
	return (uint16_t)report_stack_main(frames, count);
}

static struct stacks_node *
stacks_add(struct stacks *stacks, const struct stacks_frame *frame, const struct stacks_node *outer)
{
	struct stacks_node *node = rows_keep(stacks->owner, sizeof(*node));
	uint64_t len = strlen(frame->function);

	*node = (struct stacks_node){
		.link = { frame->function, outer ? &outer->link : NULL },
		.depth = (uint16_t)(outer ? outer->depth + 1 : 1),
		.is_startup = frame->is_startup,
	};
	/* beyond a few frames what is outside is the same with one more inside */
	if (node->depth <= STACKS_SMALL)
		node->shown = stacks_main(node);
	else if (outer->shown > 1)
		node->shown = (uint16_t)(outer->shown + 1);
	else
		node->shown = outer->is_startup ? 1 : 2;
	node->text = len;
	if (outer && node->shown > 1)
		node->text += outer->text;
	return node;
}

/* 0: there is no such stack, or its frame is not there. */
static int
stacks_read(struct stacks *stacks, int64_t id, int64_t *parent, const struct stacks_frame **frame,
    struct err *err)
{
	int64_t place = 0;
	int rc;

	query_reset(stacks->stack);
	query_bind_int(stacks->stack, 1, id);
	rc = query_next(stacks->stack, err);
	if (rc > 0) {
		*parent = query_int(stacks->stack, 0);
		place = query_int(stacks->stack, 1);
	}
	query_reset(stacks->stack);
	if (rc <= 0)
		return rc;
	rc = stacks_frame(stacks, place, frame, err);
	return rc < 0 ? rc : *frame != NULL;
}

/* 1: too deep. 0 and the node, NULL where there is nothing. */
static int
stacks_find(struct stacks *stacks, int64_t id, const struct stacks_node **found, struct err *err)
{
	int64_t ids[STACKS_DEPTH];
	const struct stacks_frame *frames[STACKS_DEPTH];
	const struct stacks_node *outer = NULL;
	size_t count = 0;

	while (id > 0) {
		const uint64_t *known = map_find(&stacks->nodes, stacks_key(id));
		int64_t parent = 0;
		int rc;

		if (known) {
			/* NOLINTNEXTLINE(performance-no-int-to-ptr): the map has numbers */
			outer = (const struct stacks_node *)(uintptr_t)*known;
			break;
		}
		if (count == STACKS_DEPTH)
			return 1;
		rc = stacks_read(stacks, id, &parent, &frames[count], err);
		if (rc < 0)
			return -1;
		if (rc == 0)
			break;
		ids[count++] = id;
		id = parent;
	}
	if (count + (outer ? outer->depth : 0) > STACKS_DEPTH)
		return 1;
	while (count > 0) {
		count--;
		outer = stacks_add(stacks, frames[count], outer);
		*map_insert(&stacks->nodes, stacks_key(ids[count]), NULL) = (uintptr_t)outer;
	}
	*found = outer;
	return 0;
}

int
stacks_set(struct stacks *stacks, struct cell *cell, int64_t id, struct err *err)
{
	const struct stacks_node *node = NULL;
	int rc = stacks_find(stacks, id, &node, err);

	if (rc != 0)
		return rc;
	if (node)
		query_count_text(stacks->db, node->text);
	cell_set_chain(cell, node ? &node->link : NULL, node ? node->shown : 0);
	return 0;
}
