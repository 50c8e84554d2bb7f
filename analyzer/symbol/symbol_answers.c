#include "analyzer/symbol/symbol_answers.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "config.h"

#include "analyzer/flow/flow.h"
#include "analyzer/symbol/symbol_module.h"
#include "analyzer/symbol/symbol_wire.h"
#include "analyzer/util/xalloc.h"

/* What is kept grows with the files, not with what their processes may tell: of a module,
 * and of all of them. */
enum { KEPT = 32 << 20, KEPT_ALL = 256 << 20, KEPT_PER_BYTE = 4 };

/* ---- what the answers depend on ---- */

static void
add_text(struct bytes *key, const char *text)
{
	bytes_add_number(key, strlen(text));
	bytes_add(key, text, strlen(text));
}

/* Another esc may understand more. */
static void
add_ourselves(struct bytes *key)
{
	struct stat status;

	add_text(key, PACKAGE_VERSION);
	bytes_add_byte(key, flow_available());
	if (stat("/proc/self/exe", &status) != 0)
		return;
	bytes_add_number(key, (uint64_t)status.st_size);
	bytes_add_number(key, (uint64_t)status.st_mtim.tv_sec);
	bytes_add_number(key, (uint64_t)status.st_mtim.tv_nsec);
}

/* All files that were opened, also those that turned out to be others': a file with the
 * same build-id may have been stripped. */
static void
make_key(const struct module *module, struct bytes *key)
{
	add_ourselves(key);
	bytes_add_number(key, module->build_id_len);
	bytes_add(key, module->build_id, module->build_id_len);
	/* what has no name is called by it */
	add_text(key, module->path);
	bytes_add(key, module->child.opened.data, module->child.opened.len);
}

static void
open_cache(const struct symbol *symbol, struct module *module)
{
	struct bytes key = { 0 };
	bool kept = symbol->cache != NULL && module->build_id_len > 0 && !module->child.failed &&
	    module->child.opened.len > 0;

	make_key(module, &key);
	module->cache = symbol_cache_open(
	    kept ? symbol->cache : NULL, module->build_id, module->build_id_len, &key);
	bytes_release(&key);
}

/* ---- from what is told to what is kept ---- */

/* Takes from reader, of which it is not sure, and adds to what is kept. */
struct transfer {
	struct symbol_cache *cache;
	struct bytes_reader reader;
	struct bytes bytes;
};

static void
move_text(struct transfer *transfer, bool needed)
{
	const char *text = symbol_wire_take_text(&transfer->reader);

	if (text == NULL && needed)
		transfer->reader.bad = true;
	bytes_add_number(&transfer->bytes, symbol_cache_text(transfer->cache, text));
}

static uint64_t
move_number(struct transfer *transfer, uint64_t most)
{
	uint64_t number = bytes_take_limited(&transfer->reader, most);

	bytes_add_number(&transfer->bytes, number);
	return number;
}

static uint8_t
move_byte(struct transfer *transfer, uint8_t most)
{
	uint8_t byte = bytes_take_byte(&transfer->reader);

	transfer->reader.bad = transfer->reader.bad || byte > most;
	bytes_add_byte(&transfer->bytes, byte);
	return byte;
}

static void
move_frame(struct transfer *transfer, bool last)
{
	move_text(transfer, true);
	move_text(transfer, last);
	move_text(transfer, false);
	move_number(transfer, UINT32_MAX);
	move_number(transfer, UINT32_MAX);
	move_number(transfer, UINT64_MAX);
	move_number(transfer, UINT64_MAX);
	move_byte(transfer, 1);
}

static void
move_place(struct transfer *transfer)
{
	uint64_t count = move_number(transfer, SYMBOL_ASK_FRAMES);
	uint64_t i;

	for (i = 0; i < count && !transfer->reader.bad; i++)
		move_frame(transfer, i + 1 == count);
	if (count == 0)
		return;
	move_number(transfer, UINT64_MAX);
	move_byte(transfer, SYMBOL_ASK_STARTUP | SYMBOL_ASK_ONCE | SYMBOL_ASK_LACKING);
}

static void
move_target(struct transfer *transfer)
{
	uint8_t kind = move_byte(transfer, SYMBOL_TARGET_NAME);

	move_number(transfer, UINT64_MAX);
	move_text(transfer, kind == SYMBOL_TARGET_NAME);
}

static void
move_edges(struct transfer *transfer)
{
	size_t count = bytes_take_count(&transfer->reader);

	bytes_add_number(&transfer->bytes, count);
	for (; count > 0 && !transfer->reader.bad; count--) {
		move_number(transfer, UINT64_MAX);
		move_target(transfer);
	}
	move_byte(transfer, SYMBOL_ASK_WHOLE | SYMBOL_ASK_LAX);
}

static void
move_rest(struct transfer *transfer)
{
	size_t size = (size_t)(transfer->reader.end - transfer->reader.at);

	bytes_add(&transfer->bytes, bytes_take(&transfer->reader, size), size);
}

/* False, if that is no answer. */
static bool
move(struct transfer *transfer, enum symbol_ask_kind kind)
{
	switch (kind) {
	case SYMBOL_ASK_PLACE: move_place(transfer); break;
	case SYMBOL_ASK_FUNCTION: move_number(transfer, UINT64_MAX); break;
	case SYMBOL_ASK_FLOW: move_rest(transfer); break;
	case SYMBOL_ASK_EDGES: move_edges(transfer); break;
	case SYMBOL_ASK_CALL: move_target(transfer); break;
	case SYMBOL_ASK_NAME:
	case SYMBOL_ASK_SLOT: move_text(transfer, false); break;
	case SYMBOL_ASK_DECLARED:
		move_text(transfer, true);
		move_number(transfer, UINT32_MAX);
		move_number(transfer, UINT32_MAX);
		break;
	case SYMBOL_ASK_STATE:
		move_number(transfer, SYMBOL_UNREADABLE);
		move_number(transfer, SYMBOL_CODE_NONE);
		move_byte(transfer, 1);
		break;
	case SYMBOL_ASK_EXPORT:
	case SYMBOL_ASK_FILES:
	case SYMBOL_ASK_PLAIN:
	default: return false;
	}
	return !transfer->reader.bad && transfer->reader.at == transfer->reader.end;
}

static void
fail(struct module *module, const char *why)
{
	symbol_child_fail(&module->child, why);
	symbol_module_lost(module);
}

static bool
is_too_much(const struct module *module)
{
	const struct symbol *symbol = module->symbol;
	uint64_t most = KEPT_ALL;
	size_t i;

	if (symbol_cache_size(module->cache) > KEPT + KEPT_PER_BYTE * module->child.file_bytes)
		return true;
	if (symbol->kept <= most)
		return false;
	for (i = 0; i < symbol->module_count; i++)
		most += KEPT_PER_BYTE * symbol->modules[i]->child.file_bytes;
	return symbol->kept > most;
}

static bool
ask(struct module *module, enum symbol_ask_kind kind, uint64_t question)
{
	struct transfer transfer = { .cache = module->cache };
	const uint64_t before = symbol_cache_size(module->cache);
	bool good;

	if (module->nowhere)
		return false;
	if (!symbol_child_ask(&module->child, kind, question, NULL, &transfer.reader)) {
		symbol_module_lost(module);
		return false;
	}
	good = move(&transfer, kind);
	if (!good)
		fail(module, "no sense in its answer");
	else
		symbol_cache_add(module->cache, kind, question, &transfer.bytes);
	bytes_release(&transfer.bytes);
	module->symbol->kept += symbol_cache_size(module->cache) - before;
	if (is_too_much(module))
		fail(module, "too much in its answers");
	return good;
}

/* The answer as it is kept; false if the module has failed. */
static bool
find(struct module *module, enum symbol_ask_kind kind, uint64_t question,
    struct bytes_reader *reader)
{
	if (module->senseless)
		return false;
	return symbol_cache_find(module->cache, kind, question, reader) ||
	    (ask(module, kind, question) &&
		symbol_cache_find(module->cache, kind, question, reader));
}

/* What is kept made no sense. An old answer may do so: none of these is used any more, and
 * it can be asked for once more. A fresh one that does costs the module. */
static void
distrust(struct module *module)
{
	if (symbol_cache_distrust(module->cache))
		return;
	module->senseless = true;
	fail(module, "no sense in its answer");
}

/* True, if the answer that was read makes sense; else it may be looked for again. */
static bool
accept(struct module *module, const struct bytes_reader *reader)
{
	if (!reader->bad && reader->at == reader->end)
		return true;
	distrust(module);
	return false;
}

/* ---- the module itself ---- */

static bool
ask_files(struct module *module)
{
	struct bytes_reader reader;
	const char *debug;
	const char *refused;

	if (!symbol_child_ask(&module->child, SYMBOL_ASK_FILES, 0, NULL, &reader))
		return false;
	module->guard = bytes_take_byte(&reader) != 0 ? SYMBOL_GUARD_SECCOMP : SYMBOL_GUARD_LIMITS;
	debug = symbol_wire_take_text(&reader);
	module->debug = debug != NULL ? xstrdup(debug) : NULL;
	refused = symbol_wire_take_text(&reader);
	module->refused = refused != NULL ? xstrdup(refused) : NULL;
	if (!reader.bad && reader.at == reader.end)
		return true;
	symbol_child_fail(&module->child, "no sense in its answer");
	return false;
}

static bool
take_state(struct module *module)
{
	struct bytes_reader reader;

	if (!find(module, SYMBOL_ASK_STATE, 0, &reader))
		return false;
	module->state = (enum symbol_state)bytes_take_limited(&reader, SYMBOL_UNREADABLE);
	module->code_state = (enum symbol_code_state)bytes_take_limited(&reader, SYMBOL_CODE_NONE);
	module->split = bytes_take_byte(&reader) != 0;
	if (module->state == SYMBOL_UNUSED)
		reader.bad = true;
	return accept(module, &reader);
}

void
symbol_answers_open(struct symbol *symbol, struct module *module)
{
	struct bytes_reader reader;
	bool good;

	module->nowhere = !symbol_broker_offers(&module->child.broker);
	good = !module->nowhere && ask_files(module);
	open_cache(symbol, module);
	if (module->nowhere) {
		module->state = SYMBOL_MISSING;
		module->code_state = SYMBOL_CODE_MISSING;
	}
	module->state_known =
	    good && symbol_cache_find(module->cache, SYMBOL_ASK_STATE, 0, &reader);
	if (good && !take_state(module) && !module->child.failed) {
		module->state_known = false;
		if (!take_state(module))
			symbol_child_fail(&module->child, "no sense in its answer");
	}
	if (module->child.failed)
		symbol_module_lost(module);
}

bool
symbol_answers_save(struct module *module)
{
	/* where units lie in files of their own, nobody knows whether these change */
	if (module->child.failed || module->code_state == SYMBOL_CODE_UNREADABLE || module->split)
		return false;
	return symbol_cache_save(module->cache);
}

/* ---- numbers and names ---- */

/* NULL, and bad, where there must be one. */
static const char *
take_name(const struct symbol_cache *cache, struct bytes_reader *reader, bool needed)
{
	uint64_t number = bytes_take_number(reader);
	const char *text = symbol_cache_text_of(cache, number);

	if (text == NULL && (needed || number != SYMBOL_CACHE_NO_TEXT))
		reader->bad = true;
	return text;
}

bool
symbol_answers_number(
    struct module *module, enum symbol_ask_kind kind, uint64_t question, uint64_t *number)
{
	struct bytes_reader reader;

	while (find(module, kind, question, &reader)) {
		*number = bytes_take_number(&reader);
		if (accept(module, &reader))
			return true;
	}
	return false;
}

bool
symbol_answers_name(
    struct module *module, enum symbol_ask_kind kind, uint64_t question, const char **name)
{
	struct bytes_reader reader;

	while (find(module, kind, question, &reader)) {
		*name = take_name(module->cache, &reader, false);
		if (accept(module, &reader))
			return true;
	}
	return false;
}

/* ---- places ---- */

static void
take_frame(const struct symbol_cache *cache, struct bytes_reader *reader, bool last,
    struct symbol_frame *frame)
{
	frame->function = take_name(cache, reader, true);
	frame->symbol = take_name(cache, reader, last);
	frame->file = take_name(cache, reader, false);
	frame->line = (uint32_t)bytes_take_limited(reader, UINT32_MAX);
	frame->column = (uint32_t)bytes_take_limited(reader, UINT32_MAX);
	frame->instance = bytes_take_number(reader);
	frame->entry = bytes_take_number(reader);
	frame->inlined = bytes_take_byte(reader) != 0;
}

static const struct symbol_place *
take_place(struct symbol *symbol, const struct symbol_cache *cache, struct bytes_reader *reader)
{
	struct symbol_frame *frames;
	struct symbol_place *place;
	size_t count = (size_t)bytes_take_limited(reader, SYMBOL_ASK_FRAMES);
	uint8_t flags;
	size_t i;

	if (count == 0)
		return NULL;
	frames = arena_alloc(&symbol->arena, count * sizeof(*frames));
	for (i = 0; i < count; i++)
		take_frame(cache, reader, i + 1 == count, &frames[i]);
	place = arena_alloc(&symbol->arena, sizeof(*place));
	place->frames = frames;
	place->count = count;
	place->function = bytes_take_number(reader);
	flags = bytes_take_byte(reader);
	place->startup = (flags & SYMBOL_ASK_STARTUP) != 0;
	place->once = (flags & SYMBOL_ASK_ONCE) != 0;
	place->lacking = (flags & SYMBOL_ASK_LACKING) != 0;
	return place;
}

bool
symbol_answers_place(
    struct symbol *symbol, struct module *module, uint64_t addr, const struct symbol_place **place)
{
	struct bytes_reader reader;

	while (find(module, SYMBOL_ASK_PLACE, addr, &reader)) {
		*place = take_place(symbol, module->cache, &reader);
		if (!accept(module, &reader))
			continue;
		module->lacking = module->lacking || (*place != NULL && (*place)->lacking);
		return true;
	}
	return false;
}

bool
symbol_answers_declared(struct module *module, uint64_t function, struct symbol_frame *frame)
{
	struct bytes_reader reader;
	struct symbol_frame read = *frame;

	while (find(module, SYMBOL_ASK_DECLARED, function, &reader)) {
		read.file = take_name(module->cache, &reader, true);
		read.line = (uint32_t)bytes_take_limited(&reader, UINT32_MAX);
		read.column = (uint32_t)bytes_take_limited(&reader, UINT32_MAX);
		if (!accept(module, &reader))
			continue;
		*frame = read;
		return true;
	}
	return false;
}

/* ---- graphs ---- */

struct flow *
symbol_answers_flow(struct module *module, uint64_t entry)
{
	struct bytes_reader reader;
	struct flow *flow;

	while (find(module, SYMBOL_ASK_FLOW, entry, &reader)) {
		if (reader.at == reader.end) {
			/* its code turned out to be none */
			module->code_state = SYMBOL_CODE_UNREADABLE;
			return NULL;
		}
		flow = flow_unpack(reader.at, (size_t)(reader.end - reader.at));
		if (flow != NULL)
			return flow;
		distrust(module);
	}
	return NULL;
}

/* ---- calls and jumps ---- */

static struct symbol_target
take_target(const struct symbol_cache *cache, struct bytes_reader *reader)
{
	struct symbol_target target;

	target.kind = (enum symbol_target_kind)bytes_take_limited(reader, SYMBOL_TARGET_NAME);
	target.address = bytes_take_number(reader);
	target.name = take_name(cache, reader, target.kind == SYMBOL_TARGET_NAME);
	return target;
}

bool
symbol_answers_call(struct module *module, uint64_t after, struct symbol_target *target)
{
	struct bytes_reader reader;

	while (find(module, SYMBOL_ASK_CALL, after, &reader)) {
		*target = take_target(module->cache, &reader);
		if (accept(module, &reader))
			return true;
	}
	return false;
}

static void
take_edges(
    const struct symbol_cache *cache, struct bytes_reader *reader, struct symbol_edges *edges)
{
	size_t count = bytes_take_count(reader);
	uint8_t flags;

	*edges = (struct symbol_edges){ .list = xcalloc(count + 1, sizeof(*edges->list)) };
	for (; edges->count < count && !reader->bad; edges->count++) {
		edges->list[edges->count].pc = bytes_take_number(reader);
		edges->list[edges->count].target = take_target(cache, reader);
	}
	flags = bytes_take_byte(reader);
	edges->whole = (flags & SYMBOL_ASK_WHOLE) != 0;
	edges->lax = (flags & SYMBOL_ASK_LAX) != 0;
}

bool
symbol_answers_edges(struct module *module, uint64_t function, struct symbol_edges *edges)
{
	struct bytes_reader reader;

	while (find(module, SYMBOL_ASK_EDGES, function, &reader)) {
		take_edges(module->cache, &reader, edges);
		if (accept(module, &reader))
			return true;
		free(edges->list);
	}
	*edges = (struct symbol_edges){ 0 };
	return false;
}

/* ---- texts ---- */

/* False if the module has failed. */
static bool
ask_text(
    struct module *module, enum symbol_ask_kind kind, const char *text, struct bytes_reader *reader)
{
	if (symbol_child_ask(&module->child, kind, 0, text, reader))
		return true;
	symbol_module_lost(module);
	return false;
}

/* As accept(), of what is not kept: it is the process that makes no sense. */
static bool
accept_text(struct module *module, const struct bytes_reader *reader)
{
	if (!reader->bad && reader->at == reader->end)
		return true;
	fail(module, "no sense in its answer");
	return false;
}

bool
symbol_answers_export(struct module *module, const char *name, uint64_t *address)
{
	struct bytes_reader reader;

	if (!ask_text(module, SYMBOL_ASK_EXPORT, name, &reader))
		return false;
	*address = bytes_take_number(&reader);
	return accept_text(module, &reader);
}

bool
symbol_answers_plain(struct module *module, const char *linkage, const char **plain)
{
	struct bytes_reader reader;

	if (!ask_text(module, SYMBOL_ASK_PLAIN, linkage, &reader))
		return false;
	*plain = symbol_wire_take_text(&reader);
	return accept_text(module, &reader);
}
