#include "analyzer/symbol/symbol_serve.h"

#include <stdlib.h>
#include <string.h>

#include "analyzer/flow/flow.h"
#include "analyzer/symbol/demangle.h"
#include "analyzer/symbol/resolver.h"
#include "analyzer/symbol/symbol_ask.h"
#include "analyzer/symbol/symbol_guard.h"
#include "analyzer/symbol/symbol_wire.h"
#include "analyzer/util/strbuf.h"
#include "analyzer/util/xalloc.h"

struct serve {
	struct symbol_wire wire;
	struct resolver *resolver;
	struct bytes question;
	struct bytes answer;
	bool confined;
};

void
symbol_serve_add_job(struct bytes *job, const struct symbol_module *module, const char *root)
{
	symbol_wire_add_text(job, module->path);
	symbol_wire_add_text(job, root);
	bytes_add_number(job, module->build_id_len);
	bytes_add(job, module->build_id, module->build_id_len);
}

/* ---- answers ---- */

static void
add_frame(struct bytes *answer, const struct symbol_frame *frame)
{
	symbol_wire_add_text(answer, frame->function);
	symbol_wire_add_text(answer, frame->symbol);
	symbol_wire_add_text(answer, frame->file);
	bytes_add_number(answer, frame->line);
	bytes_add_number(answer, frame->column);
	bytes_add_number(answer, frame->instance);
	bytes_add_number(answer, frame->entry);
	bytes_add_byte(answer, frame->inlined);
}

static void
add_place(struct bytes *answer, const struct symbol_place *place)
{
	size_t i;

	bytes_add_number(answer, place != NULL ? place->count : 0);
	if (place == NULL)
		return;
	for (i = 0; i < place->count; i++)
		add_frame(answer, &place->frames[i]);
	bytes_add_number(answer, place->function);
	bytes_add_byte(answer,
	    (uint8_t)((place->startup ? SYMBOL_ASK_STARTUP : 0) |
		(place->once ? SYMBOL_ASK_ONCE : 0) | (place->lacking ? SYMBOL_ASK_LACKING : 0)));
}

static void
add_target(struct bytes *answer, const struct symbol_target *target)
{
	bytes_add_byte(answer, (uint8_t)target->kind);
	bytes_add_number(answer, target->address);
	symbol_wire_add_text(answer, target->name);
}

static void
add_edges(struct serve *serve, uint64_t function)
{
	struct resolver_edges edges = { 0 };
	size_t i;

	resolver_find_edges(serve->resolver, function, &edges);
	bytes_add_number(&serve->answer, edges.count);
	for (i = 0; i < edges.count; i++) {
		bytes_add_number(&serve->answer, edges.list[i].pc);
		add_target(&serve->answer, &edges.list[i].target);
	}
	bytes_add_byte(&serve->answer,
	    (uint8_t)((edges.whole ? SYMBOL_ASK_WHOLE : 0) | (edges.lax ? SYMBOL_ASK_LAX : 0)));
	free(edges.list);
}

/* Whether there is one, then where it is declared. */
static void
add_declared(struct serve *serve, uint64_t function)
{
	struct symbol_frame frame = { .file = "" };

	resolver_declared(serve->resolver, function, &frame);
	symbol_wire_add_text(&serve->answer, frame.file);
	bytes_add_number(&serve->answer, frame.line);
	bytes_add_number(&serve->answer, frame.column);
}

static void
add_files(struct serve *serve)
{
	resolver_open(serve->resolver);
	bytes_add_byte(&serve->answer, serve->confined);
	symbol_wire_add_text(&serve->answer, resolver_debug(serve->resolver));
	symbol_wire_add_text(&serve->answer, resolver_refused(serve->resolver));
}

static void
add_state(struct serve *serve)
{
	bytes_add_number(&serve->answer, resolver_state(serve->resolver));
	bytes_add_number(&serve->answer, resolver_code_state(serve->resolver));
	bytes_add_byte(&serve->answer, resolver_is_split(serve->resolver));
}

static void
add_flow(struct serve *serve, uint64_t entry)
{
	const struct flow *flow = resolver_flow(serve->resolver, entry);

	if (flow != NULL)
		flow_pack(flow, &serve->answer);
}

static void
add_plain(struct serve *serve, const char *linkage)
{
	struct strbuf text = { 0 };

	demangle_plain(linkage, &text);
	symbol_wire_add_text(&serve->answer, text.len > 0 ? text.text : NULL);
	strbuf_release(&text);
}

/* False if there is no such question. */
static bool
answer(struct serve *serve, uint8_t kind, uint64_t number, const char *text)
{
	struct resolver *resolver = serve->resolver;
	struct bytes *answer = &serve->answer;
	struct symbol_target target;

	switch (kind) {
	case SYMBOL_ASK_FILES: add_files(serve); break;
	case SYMBOL_ASK_STATE: add_state(serve); break;
	case SYMBOL_ASK_PLACE: add_place(answer, resolver_place(resolver, number)); break;
	case SYMBOL_ASK_FUNCTION:
		bytes_add_number(answer, resolver_function(resolver, number));
		break;
	case SYMBOL_ASK_FLOW: add_flow(serve, number); break;
	case SYMBOL_ASK_EDGES: add_edges(serve, number); break;
	case SYMBOL_ASK_CALL:
		target = resolver_call(resolver, number);
		add_target(answer, &target);
		break;
	case SYMBOL_ASK_NAME:
	case SYMBOL_ASK_SLOT:
		symbol_wire_add_text(
		    answer, resolver_callee(resolver, number, kind == SYMBOL_ASK_SLOT));
		break;
	case SYMBOL_ASK_DECLARED: add_declared(serve, number); break;
	case SYMBOL_ASK_EXPORT:
		bytes_add_number(answer, text != NULL ? resolver_export(resolver, text) : 0);
		break;
	case SYMBOL_ASK_PLAIN: add_plain(serve, text != NULL ? text : ""); break;
	default: return false;
	}
	return true;
}

/* ---- questions ---- */

static bool
serve_one(struct serve *serve)
{
	struct bytes_reader reader;
	struct symbol_wire_head head;
	const char *text;
	uint64_t number;
	uint8_t kind;

	if (!symbol_wire_read_head(&serve->wire, &head, NULL) || head.type != SYMBOL_WIRE_ASK)
		return false;
	serve->question.data =
	    xgrow(serve->question.data, &serve->question.cap, (size_t)head.size + 1, 1);
	if (!symbol_wire_read(&serve->wire, serve->question.data, head.size))
		return false;
	reader =
	    (struct bytes_reader){ serve->question.data, serve->question.data + head.size, false };
	kind = bytes_take_byte(&reader);
	number = bytes_take_number(&reader);
	text = symbol_wire_take_text(&reader);
	serve->answer.len = 0;
	return !reader.bad && answer(serve, kind, number, text) &&
	    symbol_wire_send(
		&serve->wire, SYMBOL_WIRE_ANSWER, serve->answer.data, serve->answer.len, -1);
}

void
symbol_serve(int fd, const uint8_t *job, size_t size)
{
	struct bytes_reader reader = { job, job + size, false };
	struct serve serve = { .wire = { .fd = fd } };
	struct symbol_module module;
	const char *root;
	bool more;

	module.path = symbol_wire_take_text(&reader);
	root = symbol_wire_take_text(&reader);
	module.build_id_len = bytes_take_count(&reader);
	module.build_id = bytes_take(&reader, module.build_id_len);
	if (reader.bad || module.path == NULL)
		return;
	serve.resolver = resolver_new(&module, root);
	symbol_guard_ask_for_files(fd);
	serve.confined = symbol_guard_enter();
	do
		more = serve_one(&serve);
	while (more);
	resolver_free(serve.resolver);
	bytes_release(&serve.question);
	bytes_release(&serve.answer);
}
