#include "preload/stacks.h"

#include <stddef.h>
#include <sys/mman.h>

#include "preload/modules.h"
#include "preload/ring.h"
#include "preload/sys.h"

/* STACKS_NEAR: entries behind its parent's where a node may be; else it is anywhere. */
enum { STACKS_FIRST = 2048, STACKS_MAX = 1 << 23, STACKS_NEAR = 8, STACKS_PROBES = 96 };

/* Additions to a full table after which another thread makes it grow, should the
 * first have been stopped in that. */
enum { STACKS_PATIENCE = 4096 };

/* Of a key, stacks_parent: without the flags. */
#define STACKS_PARENT (UINT32_MAX >> 3)

struct stacks stacks;

bool
stacks_start(void)
{
	stacks.entries = sys_mmap((uint64_t)STACKS_MAX * sizeof(*stacks.entries),
	    PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1);
	stacks.mask = STACKS_FIRST - 1;
	return stacks.entries != NULL;
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
stacks_look(uint64_t mask, uint64_t place, uint32_t parent, uint32_t key)
{
	for (unsigned int i = 0; i < STACKS_PROBES; i++) {
		const struct stacks_entry *entry =
		    &stacks.entries[stacks_try(place, parent, i) & mask];
		uint64_t ids = __atomic_load_n(&entry->ids, __ATOMIC_ACQUIRE);

		if (ids == 0)
			break;
		if (ids >> 32 == key && (uint32_t)ids != STACKS_BUSY && entry->place == place)
			return (uint32_t)ids;
	}
	return 0;
}

static void
stacks_insert(uint64_t mask, uint64_t place, uint32_t parent, uint32_t key, uint32_t id)
{
	for (unsigned int i = 0; i < STACKS_PROBES; i++) {
		struct stacks_entry *entry = &stacks.entries[stacks_try(place, parent, i) & mask];
		uint64_t ids = __atomic_load_n(&entry->ids, __ATOMIC_ACQUIRE);

		if (ids == 0 &&
		    __atomic_compare_exchange_n(&entry->ids, &ids,
			(uint64_t)key << 32 | STACKS_BUSY, false, __ATOMIC_ACQ_REL,
			__ATOMIC_ACQUIRE)) {
			entry->place = place;
			__atomic_store_n(&entry->ids, (uint64_t)key << 32 | id, __ATOMIC_RELEASE);
			__atomic_fetch_add(&stacks.count, 1, __ATOMIC_RELAXED);
			return;
		}
		/* One that stays busy has nobody any more who would end that: its thread
		 * left by longjmp, or is the parent's. */
		if (ids >> 32 == key && (uint32_t)ids != STACKS_BUSY && entry->place == place)
			return;
	}
}

/*
 * Half full: twice as large, in place. Few nodes would now be looked for elsewhere:
 * they get another entry. What others add meanwhile may be forgotten, and has
 * another id the next time.
 */
static __attribute__((noinline)) void
stacks_grow(uint64_t mask)
{
	uint64_t wide = mask * 2 + 1;

	if (wide >= STACKS_MAX ||
	    __atomic_fetch_add(&stacks.growing, 1, __ATOMIC_RELAXED) % STACKS_PATIENCE != 0)
		return;
	for (uint64_t i = 0; i <= mask; i++) {
		const struct stacks_entry *entry = &stacks.entries[i];
		uint64_t ids = __atomic_load_n(&entry->ids, __ATOMIC_ACQUIRE);
		uint32_t key = (uint32_t)(ids >> 32), parent = key & STACKS_PARENT;

		/* The place is there when the id is. */
		if (ids == 0 || (uint32_t)ids == STACKS_BUSY)
			continue;
		/* Near its parent's in both: what it stands behind is taken for ever. */
		if (((i - stacks_at(entry->place, parent)) & wide) < STACKS_NEAR)
			continue;
		if (stacks_look(wide, entry->place, parent, key) == 0)
			stacks_insert(wide, entry->place, parent, key, (uint32_t)ids);
	}
	if (__atomic_compare_exchange_n(
		&stacks.mask, &mask, wide, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		__atomic_store_n(&stacks.growing, 0, __ATOMIC_RELAXED);
}

static void
stacks_keep(const struct frame *frame, uint32_t parent)
{
	uint64_t mask = __atomic_load_n(&stacks.mask, __ATOMIC_ACQUIRE);

	if (__atomic_load_n(&stacks.count, __ATOMIC_RELAXED) * 2 > mask) {
		stacks_grow(mask);
		mask = __atomic_load_n(&stacks.mask, __ATOMIC_ACQUIRE);
	}
	stacks_insert(mask, stacks_place(frame), parent & STACKS_PARENT,
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
	nodes = ring_define(
	    (uint32_t)(sizeof(*nodes) + run * sizeof(*offsets) + ESC_SLOT - 1) / ESC_SLOT);
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
	uint64_t mask = __atomic_load_n(&stacks.mask, __ATOMIC_ACQUIRE);
	uint32_t known = count;
	uint32_t id;

	while (known > 0 && frames[known - 1].id == 0)
		known--;
	id = known > 0 ? frames[known - 1].id : 0;
	for (; known < count; known++) {
		struct frame *frame = &frames[known];

		frame->id = stacks_look(
		    mask, stacks_place(frame), id & STACKS_PARENT, stacks_parent(frame, id));
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
