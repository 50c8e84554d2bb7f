#include "analyzer/symbol/symbol_answers.h"

#include <string.h>
#include <sys/stat.h>

#include "config.h"

#include "analyzer/flow/flow.h"
#include "analyzer/symbol/symbol_debug.h"
#include "analyzer/symbol/symbol_module.h"

enum { STARTUP = 1, ONCE = 2 };

/* ---- what the answers depend on ---- */

static void
add_status(struct bytes *key, const struct stat *status)
{
	bytes_add_number(key, (uint64_t)status->st_size);
	bytes_add_number(key, (uint64_t)status->st_mtim.tv_sec);
	bytes_add_number(key, (uint64_t)status->st_mtim.tv_nsec);
}

static void
add_text(struct bytes *key, const char *text)
{
	bytes_add_number(key, strlen(text));
	bytes_add(key, text, strlen(text));
}

/* A file with the same build-id may have been stripped. */
static void
add_file(struct bytes *key, const struct symbol_elf *file)
{
	struct stat status;

	bytes_add_byte(key, file->elf != NULL);
	if (file->elf == NULL || fstat(file->fd, &status) != 0)
		return;
	add_text(key, file->path);
	add_status(key, &status);
}

/* Another esc may understand more. */
static void
add_ourselves(struct bytes *key)
{
	struct stat status;

	add_text(key, PACKAGE_VERSION);
	bytes_add_byte(key, flow_available());
	if (stat("/proc/self/exe", &status) == 0)
		add_status(key, &status);
}

static void
make_key(const struct symbol *symbol, const struct module *module, struct bytes *key)
{
	const struct symbol_elf *source =
	    module->debug.elf != NULL ? &module->debug : &module->main;
	struct symbol_elf shared = { 0 };

	add_ourselves(key);
	bytes_add_number(key, module->build_id_len);
	bytes_add(key, module->build_id, module->build_id_len);
	/* what has no name is called by it */
	add_text(key, module->path);
	add_file(key, &module->main);
	add_file(key, &module->debug);
	symbol_debug_find_shared(&shared, source, symbol->root);
	add_file(key, &shared);
	symbol_elf_close(&shared);
}

bool
symbol_answers_open(struct symbol *symbol, struct module *module)
{
	struct bytes_reader reader;
	struct bytes key = { 0 };

	if (symbol->cache == NULL || module->main.elf == NULL || module->build_id_len == 0)
		return false;
	make_key(symbol, module, &key);
	module->cache =
	    symbol_cache_open(symbol->cache, module->build_id, module->build_id_len, &key);
	bytes_release(&key);
	if (!symbol_cache_find(module->cache, SYMBOL_CACHE_MODULE, 0, &reader))
		return false;
	module->state = (enum symbol_state)bytes_take_limited(&reader, SYMBOL_UNREADABLE);
	module->code_state = (enum symbol_code_state)bytes_take_limited(&reader, SYMBOL_CODE_NONE);
	module->state_known = !reader.bad;
	if (reader.bad)
		symbol_cache_distrust(module->cache);
	return module->state_known;
}

bool
symbol_answers_save(struct module *module)
{
	struct bytes answer = { 0 };

	/* where units lie in files of their own, nobody knows whether these change */
	if (module->cache == NULL || !module->loaded ||
	    module->code_state == SYMBOL_CODE_UNREADABLE ||
	    (module->dwarf != NULL && symbol_dwarf_is_split(module->dwarf)))
		return false;
	if (!module->state_known) {
		bytes_add_number(&answer, module->state);
		bytes_add_number(&answer, module->code_state);
		symbol_cache_add(module->cache, SYMBOL_CACHE_MODULE, 0, &answer);
		bytes_release(&answer);
	}
	return symbol_cache_save(module->cache);
}

/* ---- the same for all answers ---- */

static bool
find(struct module *module, enum symbol_cache_kind kind, uint64_t question,
    struct bytes_reader *reader)
{
	return module->cache != NULL && symbol_cache_find(module->cache, kind, question, reader);
}

/* False, if the answer that was read is none. */
static bool
accept(struct module *module, const struct bytes_reader *reader)
{
	if (!reader->bad && reader->at == reader->end)
		return true;
	symbol_cache_distrust(module->cache);
	return false;
}

static void
keep(struct module *module, enum symbol_cache_kind kind, uint64_t question, struct bytes *answer)
{
	symbol_cache_add(module->cache, kind, question, answer);
	bytes_release(answer);
}

static void
add_name(struct symbol_cache *cache, struct bytes *answer, const char *name)
{
	bytes_add_number(answer, symbol_cache_text(cache, name));
}

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
    struct module *module, enum symbol_cache_kind kind, uint64_t question, uint64_t *number)
{
	struct bytes_reader reader;

	if (!find(module, kind, question, &reader))
		return false;
	*number = bytes_take_number(&reader);
	return accept(module, &reader);
}

void
symbol_answers_keep_number(
    struct module *module, enum symbol_cache_kind kind, uint64_t question, uint64_t number)
{
	struct bytes answer = { 0 };

	if (module->cache == NULL)
		return;
	bytes_add_number(&answer, number);
	keep(module, kind, question, &answer);
}

bool
symbol_answers_name(
    struct module *module, enum symbol_cache_kind kind, uint64_t question, const char **name)
{
	struct bytes_reader reader;

	if (!find(module, kind, question, &reader))
		return false;
	*name = take_name(module->cache, &reader, false);
	return accept(module, &reader);
}

void
symbol_answers_keep_name(
    struct module *module, enum symbol_cache_kind kind, uint64_t question, const char *name)
{
	struct bytes answer = { 0 };

	if (module->cache == NULL)
		return;
	add_name(module->cache, &answer, name);
	keep(module, kind, question, &answer);
}

/* ---- places ---- */

static void
add_frame(struct symbol_cache *cache, struct bytes *answer, const struct symbol_frame *frame)
{
	add_name(cache, answer, frame->function);
	add_name(cache, answer, frame->symbol);
	add_name(cache, answer, frame->file);
	bytes_add_number(answer, frame->line);
	bytes_add_number(answer, frame->column);
	bytes_add_number(answer, frame->instance);
	bytes_add_number(answer, frame->entry);
	bytes_add_byte(answer, frame->inlined);
}

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

void
symbol_answers_keep_place(struct module *module, uint64_t addr, const struct symbol_place *place)
{
	struct bytes answer = { 0 };
	size_t i;

	if (module->cache == NULL)
		return;
	bytes_add_number(&answer, place != NULL ? place->count : 0);
	for (i = 0; place != NULL && i < place->count; i++)
		add_frame(module->cache, &answer, &place->frames[i]);
	if (place != NULL) {
		bytes_add_number(&answer, place->function);
		bytes_add_byte(
		    &answer, (uint8_t)((place->startup ? STARTUP : 0) | (place->once ? ONCE : 0)));
	}
	keep(module, SYMBOL_CACHE_PLACE, addr, &answer);
}

bool
symbol_answers_place(
    struct symbol *symbol, struct module *module, uint64_t addr, const struct symbol_place **place)
{
	struct symbol_place made = { .frames = NULL };
	struct symbol_frame *frames;
	struct symbol_place *kept;
	struct bytes_reader reader;
	uint8_t flags;
	size_t i;

	if (!find(module, SYMBOL_CACHE_PLACE, addr, &reader))
		return false;
	made.count = (size_t)bytes_take_limited(&reader, SYMBOL_DWARF_FRAMES);
	*place = NULL;
	if (made.count == 0)
		return accept(module, &reader);
	frames = arena_alloc(&symbol->arena, made.count * sizeof(*frames));
	for (i = 0; i < made.count; i++)
		take_frame(module->cache, &reader, i + 1 == made.count, &frames[i]);
	made.frames = frames;
	made.function = bytes_take_number(&reader);
	flags = bytes_take_byte(&reader);
	made.startup = (flags & STARTUP) != 0;
	made.once = (flags & ONCE) != 0;
	kept = arena_alloc(&symbol->arena, sizeof(*kept));
	*kept = made;
	*place = kept;
	return accept(module, &reader);
}

/* ---- graphs ---- */

struct flow *
symbol_answers_flow(struct module *module, uint64_t entry)
{
	struct bytes_reader reader;
	struct flow *flow;

	if (!find(module, SYMBOL_CACHE_FLOW, entry, &reader))
		return NULL;
	flow = flow_unpack(reader.at, (size_t)(reader.end - reader.at));
	if (flow == NULL)
		symbol_cache_distrust(module->cache);
	return flow;
}

void
symbol_answers_keep_flow(struct module *module, uint64_t entry, const struct flow *flow)
{
	struct bytes answer = { 0 };

	if (module->cache == NULL)
		return;
	flow_pack(flow, &answer);
	keep(module, SYMBOL_CACHE_FLOW, entry, &answer);
}

/* ---- declarations ---- */

bool
symbol_answers_declared(struct module *module, uint64_t function, struct symbol_frame *frame)
{
	struct bytes_reader reader;
	struct symbol_frame read = *frame;

	if (!find(module, SYMBOL_CACHE_DECLARED, function, &reader))
		return false;
	read.file = take_name(module->cache, &reader, true);
	read.line = (uint32_t)bytes_take_limited(&reader, UINT32_MAX);
	read.column = (uint32_t)bytes_take_limited(&reader, UINT32_MAX);
	if (!accept(module, &reader))
		return false;
	*frame = read;
	return true;
}

void
symbol_answers_keep_declared(
    struct module *module, uint64_t function, const struct symbol_frame *frame)
{
	struct bytes answer = { 0 };

	if (module->cache == NULL)
		return;
	add_name(module->cache, &answer, frame->file);
	bytes_add_number(&answer, frame->line);
	bytes_add_number(&answer, frame->column);
	keep(module, SYMBOL_CACHE_DECLARED, function, &answer);
}

/* ---- targets ---- */

void
symbol_answers_add_target(
    struct symbol_cache *cache, struct bytes *bytes, const struct symbol_target *target)
{
	bytes_add_byte(bytes, (uint8_t)target->kind);
	bytes_add_number(bytes, target->address);
	add_name(cache, bytes, target->name);
}

struct symbol_target
symbol_answers_take_target(const struct symbol_cache *cache, struct bytes_reader *reader)
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

	if (!find(module, SYMBOL_CACHE_CALL, after, &reader))
		return false;
	*target = symbol_answers_take_target(module->cache, &reader);
	return accept(module, &reader);
}

void
symbol_answers_keep_call(struct module *module, uint64_t after, const struct symbol_target *target)
{
	struct bytes answer = { 0 };

	if (module->cache == NULL)
		return;
	symbol_answers_add_target(module->cache, &answer, target);
	keep(module, SYMBOL_CACHE_CALL, after, &answer);
}
