/* What gcc's -fsanitize=thread calls before each access, and in place of atomics. */
#include "tests/model/model.h"

#include <string.h>

#include "preload/stacks.h"

/* The store that the compiled code is about to make, and what it overwrites. */
static struct {
	bool any, release;
	uint8_t size;
	uint64_t addr, old;
} access_plain;

/* What the actor's own stores, which memory does not have yet, have hidden. */
static struct {
	uint64_t addr, old;
	uint8_t size;
} access_hidden[BUFFER + 1];
static unsigned int access_hides;

/* --- Stores ahead of memory --- */

static bool
access_is_buffered(uint64_t addr, unsigned int size)
{
	return acting != ACTORS && scene->buffer != 0 && size <= 8 &&
	    memory_is_shared((void *)addr);
}

static void
access_hide(uint64_t addr, unsigned int size, uint64_t old)
{
	access_hidden[access_hides].addr = addr;
	access_hidden[access_hides].size = (uint8_t)size;
	access_hidden[access_hides++].old = old;
}

/* The actor goes on: it sees its own stores. */
void
access_apply(struct actor *actor)
{
	access_hides = 0;
	access_plain.any = false;
	for (unsigned int i = 0; i < actor->buffered; i++) {
		const struct store *store = &actor->buffer[i];
		uint64_t old = 0;

		memcpy(&old, (void *)store->addr, store->size);
		access_hide(store->addr, store->size, old);
		memcpy((void *)store->addr, &store->value, store->size);
	}
}

static void
access_take(void)
{
	struct actor *actor = &now.actors[acting];
	struct store *store = &actor->buffer[actor->buffered++];

	access_plain.any = false;
	memset(store, 0, sizeof(*store));
	store->addr = access_plain.addr;
	store->size = access_plain.size;
	store->release = access_plain.release;
	store->fenced = actor->fenced != 0;
	actor->fenced = 0;
	memcpy(&store->value, (void *)store->addr, store->size);
	access_hide(store->addr, store->size, access_plain.old);
}

/* The actor stops: nobody else sees them. */
void
access_flush(void)
{
	if (access_plain.any)
		access_take();
	while (access_hides > 0) {
		access_hides--;
		memcpy((void *)access_hidden[access_hides].addr, &access_hidden[access_hides].old,
		    access_hidden[access_hides].size);
	}
}

/* Bits: the stores that may reach memory next. */
unsigned int
access_next(const struct actor *actor)
{
	unsigned int may = actor->buffered > 0 ? 1 : 0;

	for (unsigned int i = 1; scene->weak && i < actor->buffered; i++) {
		bool first = !actor->buffer[i].release;

		for (unsigned int before = 0; before < i; before++)
			if (actor->buffer[before].addr / 8 == actor->buffer[i].addr / 8)
				first = false;
		for (unsigned int before = 1; before <= i; before++)
			if (actor->buffer[before].fenced)
				first = false;
		may |= (unsigned int)first << i;
	}
	return may;
}

void
access_drain(struct actor *actor, unsigned int at)
{
	const struct store *store = &actor->buffer[at];

	memory_dirty((void *)store->addr, store->size, actor->process);
	memcpy((void *)store->addr, &store->value, store->size);
	actor->buffered--;
	memmove(
	    &actor->buffer[at], &actor->buffer[at + 1], (actor->buffered - at) * sizeof(*store));
	memset(&actor->buffer[actor->buffered], 0, sizeof(*store));
	if (actor->buffered == 0)
		actor->local.landed = actor->local.wrote;
}

/* --- Who sees what --- */

/* The segment that addr is in, as it was claimed, and the index of its first chunk. */
static struct esc_segment *
access_segment(uint64_t addr, unsigned int *index)
{
	uint64_t at = (addr - MODEL_TRACE - ESC_HEADER_SIZE) / CHUNK;

	*index = (unsigned int)at - now.world.behind[at];
	return (struct esc_segment *)(MODEL_TRACE + ESC_HEADER_SIZE + (uint64_t)*index * CHUNK);
}

static enum sight
access_sight_segment(uint64_t addr, bool write, bool atomic)
{
	const struct esc_segment *segment;
	unsigned int index;

	segment = access_segment(addr, &index);
	if (!write && !atomic)
		return SIGHT_NONE;
	if (scene->plain)
		return SIGHT_ALL;
	if (scene->slots == 0 && segment->kind == ESC_SEGMENT_EVENTS)
		return SIGHT_DEATH;
	return atomic ? SIGHT_ALL : SIGHT_DEATH;
}

static enum sight
access_sight_private(uint64_t addr, bool atomic)
{
	uint64_t at = addr - (uint64_t)&ring;

	/* The constructor has written the rest of it. */
	if (at < sizeof(ring) && at != offsetof(struct ring, stalled) &&
	    at != offsetof(struct ring, parent))
		return SIGHT_NONE;
	if (addr - (uint64_t)&threads < sizeof(threads))
		return SIGHT_NONE;
	if (scene->seen_self && (atomic || addr < MODEL_PRIVATE))
		return SIGHT_ALL;
	return SIGHT_SELF;
}

static enum sight
access_sight(uint64_t addr, bool write, bool atomic)
{
	enum sight sight = SIGHT_NONE;

	if (acting == ACTORS)
		return SIGHT_NONE;
	if (memory_is_shared((void *)addr)) {
		if (addr - MODEL_TRACE >= ESC_HEADER_SIZE)
			sight = access_sight_segment(addr, write, atomic);
		else if (atomic || (write && scene->reader))
			sight = SIGHT_ALL;
	} else if (memory_is_private((void *)addr)) {
		sight = access_sight_private(addr, atomic);
	} else if (addr - (uint64_t)&thread_tls < sizeof(thread_tls)) {
		sight = SIGHT_SELF;
	}
	if (sight == SIGHT_SELF && now.world.signals == 0)
		sight = SIGHT_NONE;
	if (sight == SIGHT_DEATH && now.world.signals == 0 && now.world.kills == 0)
		sight = SIGHT_NONE;
	return sight;
}

/* --- What nobody may do --- */

static void
access_owner(uint64_t addr)
{
	unsigned int index, owner;
	const struct esc_segment *segment = access_segment(addr, &index);
	const struct actor *actor = &now.actors[acting], *of;

	owner = now.world.owner[index];
	if (owner == 0)
		model_fail("actor %u writes into segment %u, which is nobody's", acting, index);
	of = &now.actors[owner - 1];
	if (owner - 1 == acting ||
	    (segment->kind == ESC_SEGMENT_DEFS &&
		(of->process == actor->process || scene->slots != 0)))
		return;
	if (actor->process == KEEPER_PROCESS && of->status != STATUS_READY)
		return;
	model_fail(
	    "actor %u writes into segment %u, which is actor %u's", acting, index, owner - 1);
}

/* Before a change of `size` bytes there. */
static void
access_change(uint64_t addr, uint64_t size, bool claims)
{
	if (acting == ACTORS)
		return;
	if (memory_is_shared((void *)addr)) {
		uint64_t at = addr - MODEL_TRACE;

		if (at + size > now.world.file_size)
			model_fail("actor %u writes behind the end of the file, at %llu", acting,
			    (unsigned long long)at);
		if (at >= ESC_HEADER_SIZE && !claims)
			access_owner(addr);
	}
	memory_dirty((void *)addr, size, now.actors[acting].process);
}

static void
access_read(const void *addr, unsigned int size, bool atomic)
{
	enum sight sight = access_sight((uint64_t)addr, false, atomic);

	if (access_plain.any)
		access_take();
	if (sight != SIGHT_NONE)
		model_stop(PENDING_READ, sight, addr, size);
}

static void
access_write(void *addr, unsigned int size, bool atomic, bool release)
{
	enum sight sight = access_sight((uint64_t)addr, true, atomic);
	bool buffered = access_is_buffered((uint64_t)addr, size);

	if (access_plain.any)
		access_take();
	if (buffered && sight == SIGHT_NONE)
		sight = SIGHT_ALL;
	if (sight != SIGHT_NONE)
		model_stop(PENDING_WRITE, sight, addr, size);
	access_change((uint64_t)addr, size, atomic);
	if (!buffered)
		return;
	access_plain.any = true;
	access_plain.release = release;
	access_plain.size = (uint8_t)size;
	access_plain.addr = (uint64_t)addr;
	access_plain.old = 0;
	memcpy(&access_plain.old, addr, size);
}

static void
access_swap(void *addr, unsigned int size)
{
	enum sight sight = access_sight((uint64_t)addr, true, true);

	if (access_plain.any)
		access_take();
	if (scene->buffer != 0 && acting != ACTORS && now.actors[acting].buffered > 0 &&
	    sight == SIGHT_NONE)
		sight = SIGHT_ALL;
	if (sight != SIGHT_NONE)
		model_stop(PENDING_CHANGE, sight, addr, size);
	access_change((uint64_t)addr, size, true);
}

static void
access_slot(const void *addr, uint32_t was, uint32_t is)
{
	unsigned int index;

	(void)access_segment((uint64_t)addr, &index);
	if (was == ESC_SLOT_RETIRED && is != ESC_SLOT_RETIRED) {
		if (now.world.owner[index] != 0)
			model_fail("slot %u is taken from its writer", index);
		now.world.owner[index] = (uint8_t)(acting + 1);
	} else if (is == ESC_SLOT_RETIRED) {
		access_owner((uint64_t)addr);
		now.world.owner[index] = 0;
	}
}

/* A segment was claimed, or taken again (with its generation, in a word of both), or left. */
static void
access_claimed(const void *addr, uint64_t was, uint64_t is)
{
	const struct esc_header *header = (const struct esc_header *)MODEL_TRACE;
	unsigned int index;

	if (addr == &header->claimed) {
		if (is > header->reserved_end)
			model_fail("claimed %llu is behind reserved_end %llu",
			    (unsigned long long)is, (unsigned long long)header->reserved_end);
		for (uint64_t at = was; at < is; at += CHUNK) {
			index = (unsigned int)(at - ESC_HEADER_SIZE) / CHUNK;
			if (now.world.owner[index] != 0)
				model_fail("segment %u is claimed twice", index);
			now.world.owner[index] = (uint8_t)(acting + 1);
			now.world.behind[index] = (uint8_t)((at - was) / CHUNK);
		}
	} else if (scene->slots != 0 && memory_is_shared(addr) &&
	    (uint64_t)addr - MODEL_TRACE >= ESC_HEADER_SIZE) {
		const struct esc_segment *segment = access_segment((uint64_t)addr, &index);

		if (addr == &segment->state)
			access_slot(addr, (uint32_t)was, (uint32_t)is);
		else if (addr == &segment->generation)
			access_slot(addr, was >> 32, is >> 32);
	}
}

void __tsan_init(void);
void
__tsan_init(void)
{
}

#define PLAIN(name, size)                               \
	void __tsan_read##name(void *addr);             \
	void __tsan_write##name(void *addr);            \
	void __tsan_read##name(void *addr)              \
	{                                               \
		access_read(addr, size, false);         \
	}                                               \
	void __tsan_write##name(void *addr)             \
	{                                               \
		access_write(addr, size, false, false); \
	}

PLAIN(1, 1)
PLAIN(2, 2)
PLAIN(4, 4)
PLAIN(8, 8)
PLAIN(16, 16)

#define UNALIGNED(size)                                 \
	void __tsan_unaligned_read##size(void *addr);   \
	void __tsan_unaligned_write##size(void *addr);  \
	void __tsan_unaligned_read##size(void *addr)    \
	{                                               \
		access_read(addr, size, false);         \
	}                                               \
	void __tsan_unaligned_write##size(void *addr)   \
	{                                               \
		access_write(addr, size, false, false); \
	}

UNALIGNED(2)
UNALIGNED(4)
UNALIGNED(8)
UNALIGNED(16)

void __tsan_read_range(void *addr, unsigned long size);
void
__tsan_read_range(void *addr, unsigned long size)
{
	access_read(addr, size < 8 ? (unsigned int)size : 16, false);
}

void __tsan_write_range(void *addr, unsigned long size);
void
__tsan_write_range(void *addr, unsigned long size)
{
	/* Small ones are single stores that are not aligned. */
	access_write(addr, size <= 8 ? (unsigned int)size : 16, false, false);
	access_change((uint64_t)addr, size, false);
}

/* build.sh has the real code call these. */
void *model_memset(void *to, int byte, size_t size);
void *
model_memset(void *to, int byte, size_t size)
{
	if (memory_is_shared(to) || memory_is_private(to))
		__tsan_write_range(to, size);
	return memset(to, byte, size);
}

void *model_memcpy(void *to, const void *from, size_t size);
void *
model_memcpy(void *to, const void *from, size_t size)
{
	if (memory_is_shared(to) || memory_is_private(to))
		__tsan_write_range(to, size);
	return memcpy(to, from, size);
}

/* Whether a store with that order comes after all before it. */
static bool
access_releases(int order)
{
	return order == __ATOMIC_RELEASE || order == __ATOMIC_ACQ_REL || order == __ATOMIC_SEQ_CST;
}

#define CHANGE(bits, name, expression)                            \
	uint##bits##_t __tsan_atomic##bits##_##name(              \
	    uint##bits##_t *at, uint##bits##_t value, int order); \
	uint##bits##_t __tsan_atomic##bits##_##name(              \
	    uint##bits##_t *at, uint##bits##_t value, int order)  \
	{                                                         \
		uint##bits##_t was;                               \
		(void)order;                                      \
		access_swap(at, bits / 8);                        \
		was = *at;                                        \
		*at = (uint##bits##_t)(expression);               \
		access_claimed(at, was, *at);                     \
		return was;                                       \
	}

#define ATOMIC(bits)                                                                           \
	uint##bits##_t __tsan_atomic##bits##_load(const uint##bits##_t *at, int order);        \
	uint##bits##_t __tsan_atomic##bits##_load(const uint##bits##_t *at, int order)         \
	{                                                                                      \
		(void)order;                                                                   \
		access_read(at, bits / 8, true);                                               \
		return *at;                                                                    \
	}                                                                                      \
	void __tsan_atomic##bits##_store(uint##bits##_t *at, uint##bits##_t value, int order); \
	void __tsan_atomic##bits##_store(uint##bits##_t *at, uint##bits##_t value, int order)  \
	{                                                                                      \
		uint##bits##_t was = *at;                                                      \
		access_write(at, bits / 8, true, access_releases(order));                      \
		*at = value;                                                                   \
		access_claimed(at, was, value);                                                \
	}                                                                                      \
	CHANGE(bits, exchange, value)                                                          \
	CHANGE(bits, fetch_add, was + value)                                                   \
	CHANGE(bits, fetch_sub, was - value)                                                   \
	CHANGE(bits, fetch_or, was | value)                                                    \
	CHANGE(bits, fetch_and, was &value)                                                    \
	int __tsan_atomic##bits##_compare_exchange_strong(uint##bits##_t *at,                  \
	    uint##bits##_t *expected, uint##bits##_t value, int order, int failed);            \
	int __tsan_atomic##bits##_compare_exchange_strong(uint##bits##_t *at,                  \
	    uint##bits##_t *expected, uint##bits##_t value, int order, int failed)             \
	{                                                                                      \
		uint##bits##_t was;                                                            \
		(void)order;                                                                   \
		(void)failed;                                                                  \
		access_swap(at, bits / 8);                                                     \
		was = *at;                                                                     \
		if (was != *expected) {                                                        \
			*expected = was;                                                       \
			return 0;                                                              \
		}                                                                              \
		*at = value;                                                                   \
		access_claimed(at, was, value);                                                \
		return 1;                                                                      \
	}                                                                                      \
	int __tsan_atomic##bits##_compare_exchange_weak(uint##bits##_t *at,                    \
	    uint##bits##_t *expected, uint##bits##_t value, int order, int failed);            \
	int __tsan_atomic##bits##_compare_exchange_weak(uint##bits##_t *at,                    \
	    uint##bits##_t *expected, uint##bits##_t value, int order, int failed)             \
	{                                                                                      \
		return __tsan_atomic##bits##_compare_exchange_strong(                          \
		    at, expected, value, order, failed);                                       \
	}

ATOMIC(8)
ATOMIC(16)
ATOMIC(32)
ATOMIC(64)

void __tsan_atomic_signal_fence(int order);
void
__tsan_atomic_signal_fence(int order)
{
	(void)order;
}

void __tsan_atomic_thread_fence(int order);
void
__tsan_atomic_thread_fence(int order)
{
	if (access_plain.any)
		access_take();
	if (access_releases(order) && acting != ACTORS && scene->weak)
		now.actors[acting].fenced = now.actors[acting].buffered != 0;
}

/* --- arch --- */

void
arch_add(uint64_t *to, uint64_t n)
{
	access_write(to, 8, false, false);
	*to += n;
}

uint64_t
arch_thread_pointer(void)
{
	return MODEL_STACKS + (now.actors[acting].region + 1ULL) * STACK - KERNEL_TP;
}

uint64_t
arch_ticks(void)
{
	uint64_t far = now.actors[acting].local.jump;

	now.actors[acting].local.jump = 0;
	if (scene->reader)
		model_stop(PENDING_READ, SIGHT_ALL, NULL, 0);
	return MODEL_TIME + (now.world.clock << 16) + (far << 30);
}

void
arch_pause(void)
{
	if (model_stop(PENDING_PAUSE, SIGHT_ALL, NULL, 0) == WAY_TIMEOUT)
		now.actors[acting].local.jump = 1;
}
