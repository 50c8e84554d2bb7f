/*
 * An open-addressing map from a 128-bit key to 64 bits. The hash is seeded per
 * process (xxHash), so that no input can make it collide. Iteration is in slot
 * order: sort before anything is shown.
 */
#ifndef UTIL_MAP_H
#define UTIL_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct map_key {
	uint64_t hi;
	uint64_t lo;
};

struct map_slot; /* private */

struct map {
	struct map_slot *slots; /* zero-initialised: empty */
	size_t count;
	size_t mask;
};

/* The key of bytes of any length: 128 bits of the seeded hash, so that no input can
 * make two of them the same, nor say what they are in the next process. Continues
 * `of`, the key of what is in front of them; {0, 0}: nothing. */
struct map_key map_key_of(struct map_key of, const void *bytes, size_t len);

/* A hash of the key, seeded as well: for tables of other kinds. */
uint64_t map_hash(struct map_key key);

/* The value of key, or NULL. Valid until the next insertion or removal. */
uint64_t *map_find(const struct map *map, struct map_key key);
/* The value of key, made 0 if it was not there; *fresh tells (may be NULL). */
uint64_t *map_insert(struct map *map, struct map_key key, bool *fresh);
/* Removes key; true if it was there, *value then holds what it had (may be NULL). */
bool map_remove(struct map *map, struct map_key key, uint64_t *value);
/* Next occupied slot from *at on (start with 0): true, and fills key and value. */
bool map_next(const struct map *map, size_t *at, struct map_key *key, uint64_t *value);
void map_release(struct map *map);

#endif
