/*
 * The files that the stacks run through. A module is one loading of one file;
 * unloaded and loaded again, it is another. dlclose frees the loader's
 * link_map through our own free: that is how an unload is noticed, without
 * asking the loader anything.
 */
#ifndef PRELOAD_MODULES_H
#define PRELOAD_MODULES_H

#include <stdbool.h>
#include <stdint.h>

struct link_map;

struct module {
	const struct link_map *map;
	uint64_t start, end;
	uint64_t bias;
	uint32_t id; /* in the trace; 0: could not be written */
	uint32_t dead;
	uint32_t unwinds; /* 0: not known yet, 1: marks_unwinds, 2: not */
};

#define MODULES_MAX (1U << 17)

/* Constructor. exe: the path of the executable, directory: the working one, ""
 * if unknown (both kept); vdso: where the kernel mapped it, 0: nowhere. False: no memory. */
bool modules_start(const char *exe, const char *directory, uint64_t vdso);

/* The index of the module loaded at [start, end), made known if it is new; 0: none. */
uint32_t modules_find(const struct link_map *map, uint64_t start, uint64_t end);

static inline const struct module *modules_get(uint32_t index);

/* marks_unwinds of a module, asked once. */
bool modules_unwinds(uint32_t index);

/* A block that is freed: is it the link_map of a module? */
static inline bool modules_suspect(const void *block);
/* Then its module is dead, and the rules of its code are forgotten. */
void modules_unload(const void *block);

/* The child of a fork: its parent's modules are its own. */

/* Grows by one with each unload. */
extern uint32_t modules_epoch __attribute__((visibility("hidden")));
/* Whether pc was in a module unloaded after epoch; *all: too long ago to tell. */
bool modules_gone(uint32_t epoch, uint64_t pc, bool *all);

/* --- Private --- */
extern struct module *modules_table __attribute__((visibility("hidden")));
#define MODULES_FILTER 4096U
extern uint64_t modules_filter[MODULES_FILTER / 64] __attribute__((visibility("hidden")));

static inline uint32_t
modules_hash(const void *block)
{
	return (uint32_t)(((uint64_t)block >> 4) * 0x9e3779b97f4a7c15ULL >> 52);
}

static inline bool
modules_suspect(const void *block)
{
	uint32_t hash = modules_hash(block);

	return (modules_filter[hash / 64] >> (hash % 64)) & 1;
}

static inline const struct module *
modules_get(uint32_t index)
{
	return &modules_table[index];
}

#endif
