#include "analyzer/trace/definitions.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/trace/budget.h"
#include "analyzer/trace/reader.h"
#include "analyzer/trace/settle.h"
#include "analyzer/util/crc32c.h"
#include "analyzer/util/map.h"
#include "analyzer/util/xalloc.h"

/* No stack of a shim's has more frames (`depth` of libesc(7)). */
enum { DEFINITIONS_DEPTH = 16384 };

struct load_node {
	uint64_t offset;
	uint32_t parent; /* recorded ids */
	uint32_t module;
	uint8_t flags;
	bool known;
};

/* While reading: what was written, by recorded id. */
struct load {
	struct definitions *out;
	struct reader *reader;
	struct budget *budget;
	struct load_node *nodes;
	uint32_t node_limit; /* highest id taken */
	uint32_t *modules;   /* recorded id -> module */
	uint32_t module_limit;
	uint32_t process_limit;
	size_t module_cap;
	size_t process_cap;
	size_t pc_cap;
	size_t node_cap;
	size_t thread_cap;
	size_t phase_cap;
	size_t name_cap;
	struct map pcs;
	struct map interned;
	uint64_t too_deep;
	struct map same_modules; /* key of path and build-id -> module */
};

/* Takes ownership of module->path. 0, where there is no room for it. */
static uint32_t
definitions_add_module(struct load *load, struct definitions_module *module)
{
	struct definitions *out = load->out;
	struct map_key key = { 0, module->build_id_len };
	uint64_t *number = NULL;
	bool known = module->path[0] != '\0' || module->build_id_len != 0;

	/* what nothing is known of is like nothing else */
	if (known) {
		key = map_key_of(key, module->path, strlen(module->path));
		key = map_key_of(key, module->build_id, module->build_id_len);
		number = map_find(&load->same_modules, key);
	}
	if (number != NULL || !budget_take(load->budget, BUDGET_MODULE)) {
		free(module->path);
		return number != NULL ? (uint32_t)*number : 0;
	}
	out->modules = xgrow(
	    out->modules, &load->module_cap, (size_t)out->module_count + 2, sizeof(*out->modules));
	if (out->module_count == 0)
		out->modules[0] = (struct definitions_module){ 0 };
	out->modules[++out->module_count] = *module;
	if (known)
		*map_insert(&load->same_modules, key, NULL) = out->module_count;
	return out->module_count;
}

/* Whether a definition is of later than what is read: numbered since. */
static bool
definitions_is_later(const struct load *load, uint64_t last, uint32_t limit)
{
	return load->reader->running && last > limit;
}

static bool
definitions_load_module(struct load *load, const uint8_t *at, size_t len)
{
	struct definitions_module module = { 0 };
	struct esc_def_module def;

	if (len < sizeof(def))
		return false;
	memcpy(&def, at, sizeof(def));
	if (definitions_is_later(load, def.def.id, load->module_limit))
		return true;
	if (def.path_len > len - sizeof(def) || def.path_len > 4096 ||
	    def.build_id_len > sizeof(def.build_id) || def.def.id == 0 ||
	    def.def.id > load->module_limit)
		return false;
	module.path = xstrndup((const char *)at + sizeof(def), def.path_len);
	module.build_id_len = def.build_id_len;
	memcpy(module.build_id, def.build_id, sizeof(def.build_id));
	load->modules[def.def.id] = definitions_add_module(load, &module);
	return true;
}

static bool
definitions_load_process(struct load *load, const uint8_t *at, size_t len)
{
	struct definitions *out = load->out;
	struct esc_def_process def;
	uint32_t number;

	if (len < sizeof(def))
		return false;
	memcpy(&def, at, sizeof(def));
	number = def.def.id;
	if (definitions_is_later(load, number, load->process_limit))
		return true;
	if (number == 0 || number > load->process_limit)
		return false;
	if (number > out->process_count) {
		out->processes = xgrow(out->processes, &load->process_cap, (size_t)number + 1,
		    sizeof(*out->processes));
		memset(&out->processes[out->process_count + 1], 0,
		    (number - out->process_count) * sizeof(*out->processes));
		out->process_count = number;
	}
	out->processes[number] = (struct definitions_process){
		.number = number,
		.pid = def.pid,
		.parent = def.parent,
		.started = def.started,
		.phase_at = def.phase_at != 0 ? def.phase_at : def.started,
	};
	return true;
}

static bool
definitions_load_node(struct load *load, const uint8_t *at, size_t len)
{
	struct esc_def_node def;

	if (len < sizeof(def))
		return false;
	memcpy(&def, at, sizeof(def));
	if (definitions_is_later(load, def.def.id, load->node_limit))
		return true;
	if (def.def.id == 0 || def.def.id > load->node_limit)
		return false;
	load->nodes[def.def.id] =
	    (struct load_node){ def.offset, def.parent, def.module, def.def.flags, true };
	return true;
}

static bool
definitions_load_nodes(struct load *load, const uint8_t *at, size_t len)
{
	struct esc_def_nodes def;
	uint32_t i, id, offset;

	if (len < sizeof(def))
		return false;
	memcpy(&def, at, sizeof(def));
	id = def.def.id;
	if (definitions_is_later(load, (uint64_t)id + def.count - 1, load->node_limit))
		return true;
	if (def.count > (len - sizeof(def)) / sizeof(offset) || def.count > ESC_NODES_MAX ||
	    id == 0 || id > load->node_limit || def.count > load->node_limit - id + 1)
		return false;
	for (i = 0; i < def.count; i++, id++) {
		memcpy(&offset, at + sizeof(def) + i * sizeof(offset), sizeof(offset));
		load->nodes[id] =
		    (struct load_node){ offset, def.parent, def.module, def.def.flags, true };
		def.parent = id;
		def.def.flags = 0;
	}
	return true;
}

static bool
definitions_load_thread(struct load *load, const uint8_t *at, size_t len)
{
	struct definitions *out = load->out;
	struct esc_def_thread def;

	if (len < sizeof(def))
		return false;
	memcpy(&def, at, sizeof(def));
	out->threads =
	    xgrow(out->threads, &load->thread_cap, out->thread_count + 1, sizeof(*out->threads));
	out->threads[out->thread_count++] =
	    (struct definitions_thread){ def.process, def.def.id, def.tid, def.counters };
	return true;
}

/* The number of that name, of which there are at most so many. */
static uint32_t
definitions_name(struct definitions_names *names, uint32_t most, const char *name, size_t len)
{
	uint64_t *number;
	bool is_fresh;

	/* esc.h writes none with a NUL: two that end in different ones are one */
	len = strnlen(name, len);
	if (names->count == most)
		return most;
	number =
	    map_insert(&names->map, map_key_of((struct map_key){ 0, len }, name, len), &is_fresh);
	if (is_fresh) {
		names->list =
		    xgrow(names->list, &names->cap, (size_t)names->count + 2, sizeof(*names->list));
		names->list[0] = NULL;
		names->count++;
		names->list[names->count] =
		    names->count == most ? xstrdup("others") : xstrndup(name, len);
		*number = names->count;
	}
	return (uint32_t)*number;
}

static void
definitions_names_free(struct definitions_names *names)
{
	for (uint32_t i = 1; i <= names->count; i++)
		free(names->list[i]);
	free(names->list);
	map_release(&names->map);
}

static bool
definitions_load_phase(struct load *load, const uint8_t *at, size_t len)
{
	struct definitions *out = load->out;
	struct esc_def_phase def;
	uint32_t name = 0;

	if (len < sizeof(def))
		return false;
	memcpy(&def, at, sizeof(def));
	if (def.name_len > len - sizeof(def) || def.name_len > ESC_NAME_MAX)
		return false;
	if (!budget_take(load->budget, BUDGET_MARK))
		return true;
	if (strnlen((const char *)at + sizeof(def), def.name_len) != 0)
		name = definitions_name(&out->phase_names, DEFINITIONS_PHASES,
		    (const char *)at + sizeof(def), def.name_len);
	out->phases =
	    xgrow(out->phases, &load->phase_cap, out->phase_count + 1, sizeof(*out->phases));
	out->phases[out->phase_count++] = (struct definitions_phase){ def.process, name, def.at };
	return true;
}

static bool
definitions_load_pool(struct load *load, const uint8_t *at, size_t len)
{
	struct esc_def_pool def;

	if (len < sizeof(def))
		return false;
	memcpy(&def, at, sizeof(def));
	if (def.name_len > len - sizeof(def) || def.name_len > ESC_NAME_MAX)
		return false;
	if (!budget_take(load->budget, BUDGET_MARK))
		return true;
	*map_insert(&load->out->pools, (struct map_key){ 0, def.def.id }, NULL) =
	    definitions_name(&load->out->pool_names, DEFINITIONS_POOLS,
		(const char *)at + sizeof(def), def.name_len);
	return true;
}

static bool
definitions_load_thread_name(struct load *load, const uint8_t *at, size_t len)
{
	struct definitions *out = load->out;
	struct esc_def_thread_name def;
	struct map_key key;
	uint64_t *index;
	bool is_fresh;

	if (len < sizeof(def))
		return false;
	memcpy(&def, at, sizeof(def));
	if (def.name_len > len - sizeof(def) || def.name_len > ESC_NAME_MAX)
		return false;
	/* One for each thread, however often it is renamed. */
	at += sizeof(def);
	key = (struct map_key){ def.process, def.def.id };
	if (map_find(&out->named, key) == NULL && !budget_take(load->budget, BUDGET_NAME))
		return true;
	index = map_insert(&out->named, key, &is_fresh);
	if (is_fresh) {
		*index = out->name_count++;
		out->names =
		    xgrow(out->names, &load->name_cap, out->name_count, sizeof(*out->names));
	} else {
		free(out->names[*index]);
	}
	out->names[*index] = xstrndup((const char *)at, def.name_len);
	return true;
}

static bool
definitions_load_one(struct load *load, const uint8_t *at, size_t len)
{
	switch ((enum esc_def_type)at[0]) {
	case ESC_DEF_NODE: return definitions_load_node(load, at, len);
	case ESC_DEF_NODES: return definitions_load_nodes(load, at, len);
	case ESC_DEF_MODULE: return definitions_load_module(load, at, len);
	case ESC_DEF_PROCESS: return definitions_load_process(load, at, len);
	case ESC_DEF_THREAD: return definitions_load_thread(load, at, len);
	case ESC_DEF_PHASE: return definitions_load_phase(load, at, len);
	case ESC_DEF_THREAD_NAME: return definitions_load_thread_name(load, at, len);
	case ESC_DEF_POOL: return definitions_load_pool(load, at, len);
	case ESC_DEF_PENDING:
	case ESC_DEF_NONE: return true;
	default: return false;
	}
}

static void
definitions_load_segment(struct load *load, struct reader_segment *segment, uint8_t *buf)
{
	uint64_t offset = segment->offset + sizeof(struct esc_segment);
	size_t used = (size_t)segment->head.used / ESC_SLOT * ESC_SLOT;
	struct esc_def def;
	size_t at = 0, len;

	if (!reader_read(load->reader, offset, buf, segment->head.used) ||
	    !reader_check(load->reader, segment, crc32c(0, buf, segment->head.used)))
		return;
	/* A flight recorder's are a copy, which was settled when it was made. */
	if (load->reader->running && load->reader->head.ring_size == 0)
		settle_definitions(load->reader->fd, offset, buf, used);
	while (at < used) {
		len = ESC_SLOT;
		memcpy(&def, &buf[at], sizeof(def));
		if (def.type != ESC_DEF_NONE && def.slots > 1)
			len = (size_t)def.slots * ESC_SLOT;
		if (len > used - at) {
			/* where the file is cut, it was noted */
			if (!segment->cut)
				reader_note(load->reader,
				    "byte %" PRIu64 ": a definition is longer than its segment",
				    offset + at);
			break;
		}
		if (!definitions_load_one(load, &buf[at], len))
			reader_note(
			    load->reader, "byte %" PRIu64 ": damaged definition", offset + at);
		at += len;
	}
}

/* 0, where there is no room for another. */
static uint32_t
definitions_intern_pc(struct load *load, const struct load_node *def)
{
	struct definitions *out = load->out;
	struct definitions_pc pc = { .offset = def->offset };
	struct map_key key;
	uint64_t *number;

	if (def->module <= load->module_limit)
		pc.module = load->modules[def->module];
	pc.signal = (def->flags & ESC_NODE_SIGNAL) != 0;
	key = (struct map_key){ (uint64_t)pc.module << 1 | pc.signal, pc.offset };
	number = map_find(&load->pcs, key);
	if (number != NULL)
		return (uint32_t)*number;
	if (!budget_take(load->budget, BUDGET_PC))
		return 0;
	*map_insert(&load->pcs, key, NULL) = ++out->pc_count;
	out->pcs = xgrow(out->pcs, &load->pc_cap, (size_t)out->pc_count + 1, sizeof(*out->pcs));
	out->pcs[out->pc_count] = pc;
	return out->pc_count;
}

/* 0, where there is no room for another. */
static uint32_t
definitions_intern_node(struct load *load, uint32_t id, uint32_t parent)
{
	struct definitions *out = load->out;
	const struct load_node *def = &load->nodes[id];
	uint32_t own = def->flags & (ESC_NODE_CUT | ESC_NODE_BROKEN);
	struct definitions_node node = { .parent = parent };
	struct map_key key;
	uint64_t *number;

	/* its parent was lost: outer frames are missing, whatever it says */
	if (def->parent != 0 && parent == 0)
		own = ESC_NODE_BROKEN;
	node.pc = definitions_intern_pc(load, def);
	if (node.pc == 0)
		return 0;
	/* deeper than any shim goes: what is outside is not known */
	if (parent != 0 && out->nodes[parent].depth == DEFINITIONS_DEPTH) {
		node.parent = parent = 0;
		own = ESC_NODE_CUT;
		load->too_deep++;
	}
	node.depth = parent != 0 ? out->nodes[parent].depth + 1 : 1;
	node.state = parent != 0 ? out->nodes[parent].state : own;
	key = (struct map_key){ parent, (uint64_t)node.pc << 8 | node.state };
	number = map_find(&load->interned, key);
	if (number != NULL)
		return (uint32_t)*number;
	if (!budget_take(load->budget, BUDGET_NODE))
		return 0;
	*map_insert(&load->interned, key, NULL) = ++out->node_count;
	out->nodes =
	    xgrow(out->nodes, &load->node_cap, (size_t)out->node_count + 1, sizeof(*out->nodes));
	out->nodes[out->node_count] = node;
	return out->node_count;
}

/* No numbers of nodes, but what is known of an id. */
#define DEFINITIONS_BUSY UINT32_MAX
#define DEFINITIONS_LEFT_OUT (UINT32_MAX - 1)

static bool
definitions_known(const struct load *load, uint32_t id)
{
	return id != 0 && id <= load->node_limit && load->nodes[id].known;
}

/* Goes out to the first ancestor that has its number (or none), then in. A
 * cycle, which only damage makes, ends at the node that closes it. */
static void
definitions_resolve(struct load *load, uint32_t id, uint32_t *todo)
{
	uint32_t *canonical = load->out->canonical;
	uint32_t parent = 0;
	size_t count = 0;

	while (definitions_known(load, id) && canonical[id] == 0) {
		canonical[id] = DEFINITIONS_BUSY;
		todo[count++] = id;
		id = load->nodes[id].parent;
	}
	if (definitions_known(load, id) && canonical[id] != DEFINITIONS_BUSY)
		parent = canonical[id];
	while (count > 0 && parent != DEFINITIONS_LEFT_OUT) {
		id = todo[--count];
		parent = definitions_intern_node(load, id, parent);
		if (parent == 0)
			parent = DEFINITIONS_LEFT_OUT;
		canonical[id] = parent;
	}
	/* a stack of which a part is left out is left out */
	while (count > 0) {
		canonical[todo[--count]] = DEFINITIONS_LEFT_OUT;
		load->budget->left_out[BUDGET_NODE]++;
	}
}

static void
definitions_resolve_all(struct load *load)
{
	size_t room = (size_t)load->node_limit + 1;
	uint32_t *todo = xcalloc(room, sizeof(*todo));
	uint32_t *canonical = xcalloc(room, sizeof(*canonical));
	uint32_t id;

	load->out->canonical = canonical;
	load->out->canonical_count = load->node_limit;
	for (id = 1; id <= load->node_limit; id++)
		if (definitions_known(load, id))
			definitions_resolve(load, id, todo);
	for (id = 1; id <= load->node_limit; id++)
		if (canonical[id] == DEFINITIONS_LEFT_OUT)
			canonical[id] = 0;
	free(todo);
}

/* No id can be higher than there is room for definitions (and a margin for
 * those that were numbered and never written). */
static uint32_t
definitions_limit(const struct reader *reader, uint32_t said)
{
	uint64_t slots = 0;
	size_t i;

	for (i = 0; i < reader->segment_count; i++)
		if (reader->segments[i].head.kind == ESC_SEGMENT_DEFS)
			slots += reader->segments[i].head.size / ESC_SLOT;
	slots = slots * 2 + 1024;
	return said < slots ? said : (uint32_t)slots;
}

/* Room for the largest segment of definitions. */
static uint8_t *
definitions_buffer(const struct reader *reader)
{
	size_t most = ESC_SLOT, i;

	for (i = 0; i < reader->segment_count; i++)
		if (reader->segments[i].head.kind == ESC_SEGMENT_DEFS &&
		    reader->segments[i].head.used > most)
			most = reader->segments[i].head.used;
	return xmalloc(most);
}

/* Ties as they stand in the trace: the later one is the last. */
static int
definitions_compare_phases(const void *left, const void *right)
{
	const struct definitions_phase *a = left, *b = right;

	if (a->process != b->process)
		return a->process < b->process ? -1 : 1;
	if (a->at != b->at)
		return a->at < b->at ? -1 : 1;
	return 0;
}

/* The last of the process that is not later; NULL: there is none. */
static const struct definitions_phase *
definitions_phase_last(const struct definitions *definitions, uint32_t process, uint64_t time)
{
	size_t low = 0, high = definitions->phase_count, middle;
	const struct definitions_phase *phase;

	while (low < high) {
		middle = low + (high - low) / 2;
		phase = &definitions->phases[middle];
		if (phase->process < process || (phase->process == process && phase->at <= time))
			low = middle + 1;
		else
			high = middle;
	}
	phase = low > 0 ? &definitions->phases[low - 1] : NULL;
	return phase != NULL && phase->process == process ? phase : NULL;
}

/* Phases by time, and where processes begin: each where its parent was when it was forked,
 * once for all, as a chain of forks may be long. Parents have smaller numbers; what has not
 * is damaged. */
static void
definitions_order_phases(struct definitions *out)
{
	const struct definitions_phase *phase;

	if (out->phase_count == 0)
		return;
	qsort(out->phases, out->phase_count, sizeof(*out->phases), definitions_compare_phases);
	for (uint32_t i = 1; i <= out->process_count; i++) {
		struct definitions_process *process = &out->processes[i];

		if (process->parent == 0 || process->parent >= i)
			continue;
		phase = definitions_phase_last(out, process->parent, process->phase_at);
		process->phase =
		    phase != NULL ? phase->name : out->processes[process->parent].phase;
	}
}

struct definitions *
definitions_new(struct reader *reader, struct budget *budget)
{
	struct load load = { .reader = reader, .budget = budget };
	uint8_t *buf = definitions_buffer(reader);
	uint32_t said;
	size_t i;

	load.out = xcalloc(1, sizeof(*load.out));
	/* Again: it may have grown since, and so have the definitions. */
	if (reader_read(reader, offsetof(struct esc_header, nodes), &said, sizeof(said)))
		load.node_limit = definitions_limit(reader, said);
	if (reader_read(reader, offsetof(struct esc_header, processes), &said, sizeof(said)))
		load.process_limit = definitions_limit(reader, said);
	if (reader_read(reader, offsetof(struct esc_header, modules), &said, sizeof(said)))
		load.module_limit = definitions_limit(reader, said);
	load.nodes = xcalloc((size_t)load.node_limit + 1, sizeof(*load.nodes));
	load.modules = xcalloc((size_t)load.module_limit + 1, sizeof(*load.modules));
	load.out->processes = xcalloc(1, sizeof(*load.out->processes));
	load.process_cap = 1;
	for (i = 0; i < reader->segment_count; i++)
		if (reader->segments[i].head.kind == ESC_SEGMENT_DEFS)
			definitions_load_segment(&load, &reader->segments[i], buf);
	free(buf);
	definitions_resolve_all(&load);
	if (load.too_deep > 0)
		reader_note(reader, "stacks deeper than %d frames: cut", DEFINITIONS_DEPTH);
	free(load.nodes);
	free(load.modules);
	definitions_order_phases(load.out);
	map_release(&load.out->phase_names.map);
	map_release(&load.out->pool_names.map);
	map_release(&load.same_modules);
	map_release(&load.pcs);
	map_release(&load.interned);
	return load.out;
}

void
definitions_free(struct definitions *definitions)
{
	uint32_t i;

	if (definitions == NULL)
		return;
	for (i = 1; i <= definitions->module_count; i++)
		free(definitions->modules[i].path);
	free(definitions->modules);
	free(definitions->processes);
	free(definitions->pcs);
	free(definitions->nodes);
	free(definitions->canonical);
	free(definitions->threads);
	definitions_names_free(&definitions->phase_names);
	definitions_names_free(&definitions->pool_names);
	map_release(&definitions->pools);
	for (size_t at = 0; at < definitions->name_count; at++)
		free(definitions->names[at]);
	free(definitions->phases);
	free(definitions->names);
	map_release(&definitions->named);
	free(definitions);
}

uint32_t
definitions_phase_at(const struct definitions *definitions, uint32_t process, uint64_t time)
{
	const struct definitions_phase *phase;

	if (definitions->phase_count == 0 || process == 0 || process > definitions->process_count)
		return 0;
	phase = definitions_phase_last(definitions, process, time);
	return phase != NULL ? phase->name : definitions->processes[process].phase;
}

uint32_t
definitions_pool(const struct definitions *definitions, uint32_t number)
{
	const uint64_t *name = map_find(&definitions->pools, (struct map_key){ 0, number });

	return name != NULL ? (uint32_t)*name : 0;
}

const char *
definitions_thread_name(const struct definitions *definitions, uint32_t process, uint32_t thread)
{
	const uint64_t *index = map_find(&definitions->named, (struct map_key){ process, thread });

	return index != NULL ? definitions->names[*index] : "";
}
