#define XXH_INLINE_ALL
#include "tests/model/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

/* Pieces, each once: id 0 stands for what the memory held at first. */
struct piece {
	uint64_t hash;
	const uint8_t *bytes;
	uint32_t len;
};

/* A piece of the private memory: the same places in each process. */
struct place {
	uint8_t *at;
	uint32_t len, live;
	bool dirty;
	uint8_t first[CHUNK];
};

/* The data of the shim's objects (build.sh renames the sections). */
extern uint8_t __start_procdata[], __stop_procdata[];

static struct {
	struct piece *pieces;
	uint32_t count, room;
	uint32_t *table;
	uint64_t mask, bytes;
	uint8_t *block;
	uint32_t block_left;
	uint8_t first[SHARED][CHUNK];
	uint32_t live[SHARED];
	bool dirty[SHARED];
	struct place places[PRIVATE];
	uint32_t place_count;
	uint16_t of_data[1024]; /* index of a place + 1 */
	uint16_t of_private[MODEL_PRIVATE_SIZE / CHUNK];
	uint16_t of_copy[MODEL_COPY_SIZE / CHUNK];
} memory;

static void *
memory_more(void *block, uint64_t size)
{
	block = realloc(block, size);
	if (block == NULL) {
		fprintf(stderr, "no memory\n");
		exit(99);
	}
	return block;
}

static void
memory_rehash(void)
{
	memory.mask = memory.mask == 0 ? (1 << 16) - 1 : memory.mask * 2 + 1;
	free(memory.table);
	memory.table = calloc(memory.mask + 1, sizeof(*memory.table));
	if (memory.table == NULL)
		exit(99);
	for (uint32_t id = 1; id <= memory.count; id++) {
		uint64_t at = memory.pieces[id].hash & memory.mask;

		while (memory.table[at] != 0)
			at = (at + 1) & memory.mask;
		memory.table[at] = id;
	}
}

static const uint8_t *
memory_keep(const void *bytes, uint32_t len)
{
	uint8_t *at;

	if (len > memory.block_left) {
		memory.block_left = 16 << 20;
		memory.block = memory_more(NULL, memory.block_left);
		memory.bytes += memory.block_left;
	}
	at = memory.block;
	memcpy(at, bytes, len);
	memory.block += len;
	memory.block_left -= len;
	return at;
}

uint32_t
memory_intern(const void *bytes, uint32_t len)
{
	uint64_t hash = XXH3_64bits(bytes, len), at;
	uint32_t id;

	if (memory.count * 2ULL >= memory.mask)
		memory_rehash();
	for (at = hash & memory.mask; (id = memory.table[at]) != 0; at = (at + 1) & memory.mask)
		if (memory.pieces[id].hash == hash && memory.pieces[id].len == len &&
		    memcmp(memory.pieces[id].bytes, bytes, len) == 0)
			return id;
	if (memory.count + 2 > memory.room) {
		memory.room = memory.room * 2 + 4096;
		memory.pieces = memory_more(memory.pieces, memory.room * sizeof(*memory.pieces));
	}
	id = ++memory.count;
	memory.pieces[id] = (struct piece){ hash, memory_keep(bytes, len), len };
	memory.table[at] = id;
	return id;
}

const void *
memory_piece(uint32_t id)
{
	return memory.pieces[id].bytes;
}

uint64_t
memory_bytes(void)
{
	return memory.bytes;
}

/* --- Where memory is --- */

static uint8_t *
memory_shared(unsigned int chunk)
{
	uint64_t at = chunk < 2 ? chunk * CHUNK : ESC_HEADER_SIZE + (chunk - 2) * CHUNK;

	return (uint8_t *)MODEL_TRACE + at;
}

static int
memory_shared_chunk(uint64_t addr)
{
	uint64_t at = addr - MODEL_TRACE;

	if (at < 2 * CHUNK)
		return (int)(at / CHUNK);
	if (at >= ESC_HEADER_SIZE && at < ESC_HEADER_SIZE + SEGMENTS * CHUNK)
		return (int)((at - ESC_HEADER_SIZE) / CHUNK) + 2;
	return -1;
}

bool
memory_is_shared(const void *addr)
{
	return (uint64_t)addr - MODEL_TRACE < ESC_HEADER_SIZE + SEGMENTS * CHUNK;
}

static uint16_t *
memory_index(uint64_t addr)
{
	if (addr - (uint64_t)__start_procdata < (uint64_t)(__stop_procdata - __start_procdata))
		return &memory.of_data[(addr - (uint64_t)__start_procdata) / CHUNK];
	if (addr - MODEL_PRIVATE < MODEL_PRIVATE_SIZE)
		return &memory.of_private[(addr - MODEL_PRIVATE) / CHUNK];
	if (addr - MODEL_COPY < MODEL_COPY_SIZE)
		return &memory.of_copy[(addr - MODEL_COPY) / CHUNK];
	return NULL;
}

bool
memory_is_private(const void *addr)
{
	return memory_index((uint64_t)addr) != NULL;
}

/* Before its first change. */
static void
memory_track(uint64_t addr, uint16_t *index)
{
	bool data = index >= memory.of_data && index < memory.of_data + 1024;
	uint64_t from = data    ? (uint64_t)__start_procdata
	    : addr < MODEL_COPY ? MODEL_PRIVATE
				: MODEL_COPY;
	uint64_t at = from + (addr - from) / CHUNK * CHUNK;
	uint64_t end = data ? (uint64_t)__stop_procdata : at + CHUNK;
	struct place *place = &memory.places[memory.place_count];

	if (memory.place_count == PRIVATE)
		model_fail("the model: too many places of private memory");
	*index = (uint16_t)++memory.place_count;
	place->at = (uint8_t *)at;
	place->len = end - at < CHUNK ? (uint32_t)(end - at) : CHUNK;
	memcpy(place->first, place->at, place->len);
}

/* Is called before the change. */
void
memory_dirty(const void *addr, uint64_t size, unsigned int process)
{
	uint64_t at = (uint64_t)addr, end = at + size;
	int chunk;

	(void)process;
	while (at < end) {
		uint16_t *index = memory_index(at);

		if (index != NULL) {
			if (*index == 0)
				memory_track(at, index);
			memory.places[*index - 1].dirty = true;
			at = (uint64_t)memory.places[*index - 1].at + CHUNK;
			continue;
		}
		if (!memory_is_shared((void *)at))
			return;
		chunk = memory_shared_chunk(at);
		if (chunk < 0)
			model_fail("a store into the header's texts");
		memory.dirty[chunk] = true;
		at = (uint64_t)memory_shared((unsigned int)chunk) + CHUNK;
	}
}

unsigned int
memory_place(const void *addr)
{
	uint16_t *index = memory_index((uint64_t)addr);

	if (*index == 0)
		memory_track((uint64_t)addr, index);
	return *index - 1U;
}

/* --- States --- */

void
memory_begin(struct state *state)
{
	(void)state;
	for (unsigned int i = 0; i < SHARED; i++) {
		memcpy(memory.first[i], memory_shared(i), CHUNK);
		memory.live[i] = 0;
		memory.dirty[i] = false;
	}
	for (unsigned int i = 0; i < memory.place_count; i++) {
		struct place *place = &memory.places[i];

		memcpy(place->first, place->at, place->len);
		place->live = 0;
		place->dirty = false;
	}
}

void
memory_load(const struct state *state, unsigned int process)
{
	for (unsigned int i = 0; i < SHARED; i++) {
		uint32_t id = state->shared[i];

		if (memory.live[i] == id)
			continue;
		memcpy(
		    memory_shared(i), id != 0 ? memory.pieces[id].bytes : memory.first[i], CHUNK);
		memory.live[i] = id;
	}
	for (unsigned int i = 0; i < memory.place_count; i++) {
		struct place *place = &memory.places[i];
		uint32_t id = state->private[process][i];

		if (place->live == id)
			continue;
		memcpy(place->at, id != 0 ? memory.pieces[id].bytes : place->first, place->len);
		place->live = id;
	}
}

void
memory_save(struct state *state, unsigned int process)
{
	for (unsigned int i = 0; i < SHARED; i++) {
		if (!memory.dirty[i])
			continue;
		memory.dirty[i] = false;
		memory.live[i] = memcmp(memory_shared(i), memory.first[i], CHUNK) == 0
		    ? 0
		    : memory_intern(memory_shared(i), CHUNK);
		state->shared[i] = memory.live[i];
	}
	for (unsigned int i = 0; i < memory.place_count; i++) {
		struct place *place = &memory.places[i];

		if (!place->dirty)
			continue;
		place->dirty = false;
		place->live = memcmp(place->at, place->first, place->len) == 0
		    ? 0
		    : memory_intern(place->at, place->len);
		state->private[process][i] = place->live;
	}
}
