#include "preload/stacks.h"

#include <stddef.h>
#include <sys/mman.h>

#include "preload/modules.h"
#include "preload/ring.h"
#include "preload/sys.h"

/* STACKS_NEAR: entries behind its parent's where a node may be; else it is anywhere. */
enum { STACKS_LEVELS = 12, STACKS_FIRST = 2048, STACKS_NEAR = 8, STACKS_PROBES = 96 };

/* Additions to a full table after which another thread fills the next one, should
 * the first have been stopped in that. */
enum { STACKS_PATIENCE = 4096 };

/* Of a key, stacks_parent: without the flags. */
#define STACKS_PARENT (UINT32_MAX >> 3)

static struct stacks_table stacks_tables[STACKS_LEVELS];
struct stacks_table *stacks_now = stacks_tables;

bool
stacks_start(void)
{
	uint64_t total = ((uint64_t)STACKS_FIRST << STACKS_LEVELS) - STACKS_FIRST;
	struct stacks_entry *at = sys_mmap(total * sizeof(*at), PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1);

	if (at == NULL)
		return false;
	for (unsigned int i = 0; i < STACKS_LEVELS; i++) {
		stacks_tables[i].entries = at;
		stacks_tables[i].mask = ((uint64_t)STACKS_FIRST << i) - 1;
		at += stacks_tables[i].mask + 1;
	}
	return true;
}

/* Where the node may be, at the given try. */
static uint64_t
stacks_try(uint64_t place, uint32_t parent, unsigned int tried)
{
	uint64_t hash;

	if (tried < STACKS_NEAR)
		return stacks_at(place, parent) + tried;
	hash = (place ^ (uint64_t)parent << 32) * 0x9fb21c651e98df25ULL;
	/* Parents of many may be neighbours: no slot next to another's is free there. */
	return (hash >> 32) + tried * 0x9e3779b1ULL;
}

static uint32_t
stacks_look(const struct stacks_table *table, uint64_t place, uint32_t parent, uint32_t key)
{
	for (unsigned int i = 0; i < STACKS_PROBES; i++) {
		const struct stacks_entry *entry =
		    &table->entries[stacks_try(place, parent, i) & table->mask];
		uint64_t ids = __atomic_load_n(&entry->ids, __ATOMIC_ACQUIRE);

		if (ids == 0)
			break;
		if (ids >> 32 == key && (uint32_t)ids != STACKS_BUSY && entry->place == place)
			return (uint32_t)ids;
	}
	return 0;
}

static void
stacks_insert(
    struct stacks_table *table, uint64_t place, uint32_t parent, uint32_t key, uint32_t id)
{
	for (unsigned int i = 0; i < STACKS_PROBES; i++) {
		struct stacks_entry *entry =
		    &table->entries[stacks_try(place, parent, i) & table->mask];
		uint64_t ids = 0;

		if (__atomic_compare_exchange_n(&entry->ids, &ids,
			(uint64_t)key << 32 | STACKS_BUSY, false, __ATOMIC_ACQ_REL,
			__ATOMIC_ACQUIRE)) {
			entry->place = place;
			__atomic_store_n(&entry->ids, (uint64_t)key << 32 | id, __ATOMIC_RELEASE);
			__atomic_fetch_add(&table->count, 1, __ATOMIC_RELAXED);
			return;
		}
		if (ids >> 32 == key && entry->place == place)
			return;
	}
}

/* Half full: all move to the next table. What others add to this one meanwhile is
 * forgotten, and gets another id the next time. */
static __attribute__((noinline)) struct stacks_table *
stacks_grow(struct stacks_table *table)
{
	struct stacks_table *next = table + 1;

	if (next == stacks_tables + STACKS_LEVELS ||
	    __atomic_fetch_add(&next->filling, 1, __ATOMIC_RELAXED) % STACKS_PATIENCE != 0)
		return table;
	for (uint64_t i = 0; i <= table->mask; i++) {
		const struct stacks_entry *entry = &table->entries[i];
		uint64_t ids = __atomic_load_n(&entry->ids, __ATOMIC_ACQUIRE);
		uint32_t key = (uint32_t)(ids >> 32);

		if (ids != 0 && (uint32_t)ids != STACKS_BUSY)
			stacks_insert(next, entry->place, key & STACKS_PARENT, key, (uint32_t)ids);
	}
	__atomic_compare_exchange_n(
	    &stacks_now, &table, next, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
	return __atomic_load_n(&stacks_now, __ATOMIC_ACQUIRE);
}

static void
stacks_keep(const struct frame *frame, uint32_t parent)
{
	struct stacks_table *table = __atomic_load_n(&stacks_now, __ATOMIC_ACQUIRE);

	if (table->count * 2 > table->mask)
		table = stacks_grow(table);
	stacks_insert(table, stacks_place(frame), parent & STACKS_PARENT,
	    stacks_parent(frame, parent), frame->id);
}

/* A node that no run can hold. */
static uint32_t
stacks_add_far(const struct frame *frame, uint32_t parent)
{
	const struct module *module = modules_get(frame->module & FRAME_MODULE);
	struct esc_def_node *node = ring_define(sizeof(*node) / ESC_SLOT);

	if (node == NULL)
		return 0;
	node->def.id = __atomic_add_fetch(&ring.header->nodes, 1, __ATOMIC_RELAXED);
	node->def.flags = (frame->module >> FRAME_FLAGS_SHIFT) & 7;
	node->parent = parent;
	node->module = module->id;
	node->offset = module->id != 0 ? frame->pc - module->bias : frame->pc;
	ring_defined(&node->def, ESC_DEF_NODE);
	return node->def.id;
}

/* How many frames from here on are one run of nodes; 0: not even the first. */
static uint32_t
stacks_run(const struct frame *frames, uint32_t count)
{
	uint32_t index = frames[0].module & FRAME_MODULE;
	const struct module *module = modules_get(index);
	uint32_t run = 0;

	if (module->id == 0 || module->id > UINT16_MAX)
		return 0;
	if (count > ESC_NODES_MAX)
		count = ESC_NODES_MAX;
	while (run < count && (frames[run].module & FRAME_MODULE) == index &&
	    frames[run].pc - module->bias <= UINT32_MAX &&
	    (run == 0 || (frames[run].module >> FRAME_FLAGS_SHIFT & 7) == 0))
		run++;
	return run;
}

/* Writes nodes for the first few of the frames: how many; 0: no room. */
static uint32_t
stacks_add(struct frame *frames, uint32_t count, uint32_t parent)
{
	const struct module *module = modules_get(frames[0].module & FRAME_MODULE);
	uint32_t run = stacks_run(frames, count);
	struct esc_def_nodes *nodes;
	uint32_t *offsets, id;

	if (run == 0) {
		frames[0].id = stacks_add_far(&frames[0], parent);
		if (frames[0].id == 0)
			return 0;
		stacks_keep(&frames[0], parent);
		return 1;
	}
	nodes = ring_define((uint32_t)(sizeof(*nodes) + run * 4 + ESC_SLOT - 1) / ESC_SLOT);
	if (nodes == NULL)
		return 0;
	id = __atomic_fetch_add(&ring.header->nodes, run, __ATOMIC_RELAXED) + 1;
	nodes->def.id = id;
	nodes->def.flags = (frames[0].module >> FRAME_FLAGS_SHIFT) & 7;
	nodes->parent = parent;
	nodes->module = (uint16_t)module->id;
	nodes->count = (uint16_t)run;
	offsets = (uint32_t *)(nodes + 1);
	for (uint32_t i = 0; i < run; i++)
		offsets[i] = (uint32_t)(frames[i].pc - module->bias);
	ring_defined(&nodes->def, ESC_DEF_NODES);
	for (uint32_t i = 0; i < run; i++) {
		frames[i].id = id + i;
		stacks_keep(&frames[i], i > 0 ? id + i - 1 : parent);
	}
	return run;
}

uint32_t
stacks_new(struct frame *frames, uint32_t count)
{
	const struct stacks_table *table = __atomic_load_n(&stacks_now, __ATOMIC_ACQUIRE);
	uint32_t known = count;
	uint32_t id;

	while (known > 0 && frames[known - 1].id == 0)
		known--;
	id = known > 0 ? frames[known - 1].id : 0;
	for (; known < count; known++) {
		struct frame *frame = &frames[known];

		frame->id = stacks_look(
		    table, stacks_place(frame), id & STACKS_PARENT, stacks_parent(frame, id));
		if (frame->id == 0)
			break;
		id = frame->id;
	}
	while (known < count) {
		uint32_t added = stacks_add(&frames[known], count - known, id);

		if (added == 0)
			return 0;
		known += added;
		id = frames[known - 1].id;
	}
	return id;
}
