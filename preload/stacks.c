#include "preload/stacks.h"

#include <stddef.h>
#include <sys/mman.h>

#include "preload/modules.h"
#include "preload/ring.h"
#include "preload/sys.h"

enum { STACKS_LEVELS = 11, STACKS_FIRST = 4096, STACKS_PROBES = 96 };

/* Additions to a full table after which another thread fills the next one, should
 * the first have been stopped in that. */
enum { STACKS_PATIENCE = 4096 };

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
		stacks_tables[i].shift = 64 - (unsigned int)__builtin_ctz(STACKS_FIRST) - i;
		at += stacks_tables[i].mask + 1;
	}
	return true;
}

static uint32_t
stacks_look(const struct stacks_table *table, uint64_t hash)
{
	uint64_t at = hash >> table->shift;

	for (unsigned int i = 0; i < STACKS_PROBES; i++) {
		const struct stacks_entry *entry = &table->entries[(at + i) & table->mask];
		uint64_t key = __atomic_load_n(&entry->hash, __ATOMIC_ACQUIRE);

		if (key == hash)
			return (uint32_t)__atomic_load_n(&entry->id, __ATOMIC_ACQUIRE);
		if (key == 0)
			break;
	}
	return 0;
}

static void
stacks_insert(struct stacks_table *table, uint64_t hash, uint64_t id)
{
	uint64_t at = hash >> table->shift;

	for (unsigned int i = 0; i < STACKS_PROBES; i++) {
		struct stacks_entry *entry = &table->entries[(at + i) & table->mask];
		uint64_t free = 0;

		if (__atomic_compare_exchange_n(
			&entry->hash, &free, hash, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
			__atomic_store_n(&entry->id, id, __ATOMIC_RELEASE);
			__atomic_fetch_add(&table->count, 1, __ATOMIC_RELAXED);
			return;
		}
		if (free == hash)
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
		uint64_t hash = __atomic_load_n(&entry->hash, __ATOMIC_ACQUIRE);
		uint64_t id = __atomic_load_n(&entry->id, __ATOMIC_ACQUIRE);

		if (hash != 0 && id != 0)
			stacks_insert(next, hash, id);
	}
	__atomic_compare_exchange_n(
	    &stacks_now, &table, next, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
	return __atomic_load_n(&stacks_now, __ATOMIC_ACQUIRE);
}

static void
stacks_keep(uint64_t hash, uint32_t id)
{
	struct stacks_table *table = __atomic_load_n(&stacks_now, __ATOMIC_ACQUIRE);

	if (table->count * 2 > table->mask)
		table = stacks_grow(table);
	stacks_insert(table, hash, id);
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
		stacks_keep(frames[0].hash, frames[0].id);
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
		stacks_keep(frames[i].hash, id + i);
	}
	return run;
}

uint32_t
stacks_new(struct frame *frames, uint32_t count)
{
	const struct stacks_table *table = __atomic_load_n(&stacks_now, __ATOMIC_ACQUIRE);
	uint32_t known = count;
	uint32_t id = 0;

	for (; known > 0; known--) {
		struct frame *frame = &frames[known - 1];

		if (frame->id == 0)
			frame->id = stacks_look(table, frame->hash);
		id = frame->id;
		if (id != 0)
			break;
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
