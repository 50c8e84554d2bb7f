#include "preload/stacks.h"

#include <stddef.h>
#include <sys/mman.h>

#include "preload/modules.h"
#include "preload/ring.h"
#include "preload/sys.h"

enum { STACKS_LEVELS = 11, STACKS_FIRST = 4096, STACKS_PROBES = 96 };

struct stacks_entry {
	uint64_t hash; /* 0: free */
	uint64_t id;   /* 0: not in place yet */
};

struct stacks_table {
	struct stacks_entry *entries;
	uint64_t mask;
	uint64_t count;
};

static struct stacks_table stacks_tables[STACKS_LEVELS];
static struct stacks_table *stacks_now = stacks_tables;

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

static uint32_t
stacks_look(const struct stacks_table *table, uint64_t hash)
{
	for (unsigned int i = 0; i < STACKS_PROBES; i++) {
		const struct stacks_entry *entry = &table->entries[(hash + i) & table->mask];
		uint64_t key = __atomic_load_n(&entry->hash, __ATOMIC_ACQUIRE);

		if (key == hash)
			return (uint32_t)__atomic_load_n(&entry->id, __ATOMIC_ACQUIRE);
		if (key == 0)
			break;
	}
	return 0;
}

static void
stacks_insert(uint64_t hash, uint32_t id)
{
	struct stacks_table *table = __atomic_load_n(&stacks_now, __ATOMIC_ACQUIRE);

	if (table->count * 2 > table->mask && table < stacks_tables + STACKS_LEVELS - 1) {
		__atomic_compare_exchange_n(
		    &stacks_now, &table, table + 1, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
		table = __atomic_load_n(&stacks_now, __ATOMIC_ACQUIRE);
	}
	for (unsigned int i = 0; i < STACKS_PROBES; i++) {
		struct stacks_entry *entry = &table->entries[(hash + i) & table->mask];
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

/* Newest table first; what an older one knows moves up. */
static uint32_t
stacks_find(uint64_t hash)
{
	struct stacks_table *table = __atomic_load_n(&stacks_now, __ATOMIC_ACQUIRE);
	uint32_t id = stacks_look(table, hash);

	while (__builtin_expect(id == 0, 0) && table > stacks_tables) {
		id = stacks_look(--table, hash);
		if (id != 0)
			stacks_insert(hash, id);
	}
	return id;
}

static uint32_t
stacks_add(const struct frame *frame, uint32_t parent)
{
	const struct module *module = modules_get(frame->module & FRAME_MODULE);
	struct esc_def_node *node = ring_define(1);
	uint32_t id;

	if (node == NULL)
		return 0;
	id = __atomic_add_fetch(&ring.header->nodes, 1, __ATOMIC_RELAXED);
	node->def.id = id;
	node->def.flags = (frame->module >> FRAME_FLAGS_SHIFT) & 7;
	node->parent = parent;
	node->module = module->id;
	node->offset = module->id != 0 ? frame->pc - module->bias : frame->pc;
	node->slot = frame->slot;
	ring_defined(&node->def, ESC_DEF_NODE);
	stacks_insert(frame->hash, id);
	return id;
}

uint32_t
stacks_id(struct frame *frames, uint32_t count)
{
	uint32_t known = count;
	uint32_t id;

	if (frames[count - 1].id != 0)
		return frames[count - 1].id;
	while (known > 0 && frames[known - 1].id == 0) {
		frames[known - 1].id = stacks_find(frames[known - 1].hash);
		if (frames[known - 1].id != 0)
			break;
		known--;
	}
	id = known > 0 ? frames[known - 1].id : 0;
	for (; known < count; known++) {
		id = stacks_add(&frames[known], id);
		if (id == 0)
			return 0;
		frames[known].id = id;
	}
	return id;
}
