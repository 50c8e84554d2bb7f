/* Stacks with the frames put back that tail calls left, by tests/lib/fake_symbol.c. */
#include "analyzer/escape/putback.h"

#include <string.h>

#include "analyzer/escape/logical.h"
#include "analyzer/escape/wrappers.h"
#include "analyzer/symbol/symbol.h"
#include "analyzer/trace/decode.h"
#include "analyzer/util/err.h"
#include "tests/lib/check.h"

#define TAIL(function) ((uint64_t)(function) << 32)
#define LAST(function) ((uint64_t)(function) << 40)

enum { ROOT = 1, BODY, WORK, FREES, POINTER, INNER, SIGNAL, HANDLER, NODES };

static struct definitions_module modules[2] = { { 0 }, { .path = (char *)"/bin/app" } };
static struct definitions_pc pcs[NODES] = {
	[ROOT] = { .offset = 0x101, .module = 1 },
	/* calls 0x30, which jumps to what runs: 0x20, or a hook */
	[BODY] = { .offset = 0x1005 | TAIL(0x30), .module = 1 },
	[WORK] = { .offset = 0x2001, .module = 1 },
	[FREES] = { .offset = 0x1009 | TAIL(0x31) | LAST(0x32), .module = 1 },
	[POINTER] = { .offset = 0x100a | TAIL(255), .module = 1 },
	[INNER] = { .offset = 0x2002, .module = 1 },
	[SIGNAL] = { .offset = 0x2003 | TAIL(0x30), .module = 1, .signal = true },
	[HANDLER] = { .offset = 0x4001, .module = 1 },
};
static struct definitions_node nodes[NODES] = {
	[ROOT] = { .pc = ROOT, .depth = 1 },
	[BODY] = { .parent = ROOT, .pc = BODY, .depth = 2 },
	[WORK] = { .parent = BODY, .pc = WORK, .depth = 3 },
	[FREES] = { .parent = ROOT, .pc = FREES, .depth = 2 },
	[POINTER] = { .parent = ROOT, .pc = POINTER, .depth = 2 },
	[INNER] = { .parent = BODY, .pc = INNER, .depth = 3 },
	[SIGNAL] = { .parent = ROOT, .pc = SIGNAL, .depth = 2 },
	[HANDLER] = { .parent = SIGNAL, .pc = HANDLER, .depth = 3 },
};
static uint32_t canonical[NODES + 1] = { 0, 1, 2, 3, 4, 5, 6, 7, 8 };
static struct definitions in = {
	.modules = modules,
	.pcs = pcs,
	.nodes = nodes,
	.canonical = canonical,
	.module_count = 1,
	.pc_count = NODES - 1,
	.node_count = NODES - 1,
	.canonical_count = NODES - 1,
};

static struct logical logical;
static struct putback putback;

/* The functions and lines of the stack of an event, outermost first; tails in (). */
static const char *
shape(uint32_t stack, uint8_t kind, struct event *event)
{
	static char text[256];
	uint32_t path[16], node, count = 0;
	const struct definitions *out = &putback.out;

	*event = (struct event){ .stack = stack, .kind = kind, .proved = UINT16_MAX };
	putback_event(&putback, event, event);
	node = definitions_node(out, event->stack);
	text[0] = '\0';
	for (; node != 0 && count < 16; node = out->nodes[node].parent)
		path[count++] = node;
	if (count > 0)
		CHECK_EQ(out->nodes[path[0]].depth, count);
	while (count-- > 0) {
		const struct definitions_pc *pc = &out->pcs[out->nodes[path[count]].pc];
		size_t at = strlen(text);

		snprintf(text + at, sizeof(text) - at, pc->tail ? "(%x)" : "%x ",
		    (unsigned)(pc->offset & 0xffff));
	}
	return text;
}

static void
check_shapes(void)
{
	struct event event, other;

	CHECK_STR(shape(ROOT, ESC_EVENT_MALLOC, &event), "101 ");
	/* between two frames */
	CHECK_STR(shape(WORK, ESC_EVENT_MALLOC, &event), "101 1005 (3063)2001 ");
	CHECK_STR(shape(INNER, ESC_EVENT_FREE, &other), "101 1005 (3063)2002 ");
	/* before the hook, two of them */
	CHECK_STR(shape(FREES, ESC_EVENT_FREE, &event), "101 1009 (3163)(3263)");
	CHECK_STR(shape(FREES, ESC_EVENT_FREE, &other), "101 1009 (3163)(3263)");
	CHECK_EQ(event.stack, other.stack);
	CHECK(!event.vague);
	/* both halves of a realloc have one stack */
	shape(FREES, ESC_EVENT_GIVE_UP, &event);
	shape(FREES, ESC_EVENT_REALLOC, &other);
	CHECK_EQ(event.stack, other.stack);
	CHECK_STR(shape(POINTER, ESC_EVENT_MALLOC, &event), "101 100a ");
	CHECK(event.vague && event.pointer);
	CHECK_STR(shape(POINTER, ESC_EVENT_MALLOC, &event), "101 100a ");
	CHECK(event.vague);
	/* what a signal interrupted called nothing */
	CHECK_STR(shape(HANDLER, ESC_EVENT_MALLOC, &event), "101 2003 4001 ");
	/* not in the trace */
	CHECK_STR(shape(0, ESC_EVENT_MALLOC, &event), "");
	CHECK_STR(shape(NODES, ESC_EVENT_MALLOC, &event), "");
	CHECK_STR(shape(NODES + 3, ESC_EVENT_MALLOC, &event), "");
	CHECK_STR(shape(UINT32_MAX, ESC_EVENT_MALLOC, &event), "");
}

static void
check_kept(uint32_t stack, int said, uint16_t proved, int wanted, uint16_t wanted_proved)
{
	struct event event = { .stack = stack,
		.kind = ESC_EVENT_FREE,
		.has_kept = said >= 0,
		.kept = said >= 0 ? (uint16_t)said : 0,
		.proved = proved };

	putback_event(&putback, &event, &event);
	CHECK_EQ(event.has_kept, wanted >= 0);
	if (wanted >= 0)
		CHECK_EQ(event.kept, wanted);
	CHECK_EQ(event.proved, wanted_proved);
}

/* Numbers of recorded frames become numbers of frames. */
static void
check_counts(void)
{
	check_kept(WORK, -1, UINT16_MAX, -1, UINT16_MAX);
	check_kept(WORK, 2, UINT16_MAX, 3, UINT16_MAX);
	check_kept(WORK, 3, 2, 4, 3);
	check_kept(WORK, 9, 3, 4, 4);
	check_kept(WORK, 0, 0, 0, 0);
	/* the writer takes the innermost call for the hook's; but it called a function */
	check_kept(FREES, 1, UINT16_MAX, -1, UINT16_MAX);
	check_kept(FREES, 0, UINT16_MAX, 0, UINT16_MAX);
	/* it stands, as what it jumped to does */
	check_kept(FREES, 2, UINT16_MAX, 3, UINT16_MAX);
	/* with marks it would know better */
	putback.marks = true;
	check_kept(FREES, -1, UINT16_MAX, 1, UINT16_MAX);
	check_kept(FREES, 1, UINT16_MAX, 1, UINT16_MAX);
	check_kept(FREES, 2, UINT16_MAX, 3, UINT16_MAX);
	check_kept(FREES, 0, 0, 0, 0);
	check_kept(ROOT, -1, UINT16_MAX, -1, UINT16_MAX);
	putback.marks = false;
}

static void
check_places(void)
{
	struct logical_places places;
	struct event event;
	uint32_t node, stack, frame;

	shape(FREES, ESC_EVENT_FREE, &event);
	node = definitions_node(&putback.out, event.stack);
	logical_places_init(&places, &logical, &putback.out);
	logical_places_give(&places, in.pc_count + 1, putback.tails);
	stack = logical_places_stack(&places, node);
	frame = logical.stacks[stack].frame;
	CHECK_STR(logical.frames[frame].function, "f50");
	CHECK(logical.frames[frame].tail);
	CHECK_EQ(logical.frames[frame].line, 50 * 1000 + 99);
	node = putback.out.nodes[putback.out.nodes[node].parent].parent;
	stack = logical_places_stack(&places, node);
	frame = logical.stacks[stack].frame;
	CHECK_STR(logical.frames[frame].function, "f16");
	CHECK(!logical.frames[frame].tail);
	logical_places_release(&places);
}

int
main(void)
{
	struct err err = { "" };
	struct symbol *symbol = symbol_new();
	struct wrappers *wrappers = wrappers_new(NULL, 0, NULL, 0, &err);

	logical_init(&logical, symbol, wrappers);
	putback_init(&putback, &logical, &in);
	check_shapes();
	check_counts();
	check_places();
	putback_release(&putback);
	logical_release(&logical);
	wrappers_free(wrappers);
	symbol_free(symbol);
	return check_done();
}
