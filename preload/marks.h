/*
 * Return marks (record --exact). A mark is an address in a row of cells
 * (arch/marks.S) that jump on to a return address; put in its slot it returns
 * where the address did. A call writes the address: a mark that still stands in
 * its slot is the sign that this activation has not returned.
 *
 * A mark belongs to one return address for ever, so that whatever became of a
 * stack - left by longjmp or an exception, copied, resumed twice, forked - every
 * mark on it goes where it must. Each return address has a few, drawn by lot:
 * the stacks of coroutines that are copied in and out of one place hold different ones.
 *
 * Nothing here makes a system call but marks_start; all is safe in signal
 * handlers. Written without locks, as rules.h.
 */
#ifndef PRELOAD_MARKS_H
#define PRELOAD_MARKS_H

#include <stdbool.h>
#include <stdint.h>

#include "arch/marks.h"
#include "preload/record.h"

struct thread;
struct region;
struct link_map;
struct module;

#define MARKS_VARIANTS 4U /* cells of one return address */

struct marks {
	bool on;        /* slots may hold marks: who reads one resolves it */
	bool setting;   /* new ones are set */
	uint32_t depth; /* innermost frames that get one */
};

extern struct marks marks __attribute__((visibility("hidden")));

/* Constructor, after modules_start and rules_start: begins to mark the innermost
 * depth frames, or says in the trace's header why not. loader: an address in the
 * dynamic linker, 0 unknown; image: the executable's program headers. */
void marks_start(uint32_t depth, uint64_t loader, const void *headers, uint32_t count);

/* No mark is set from now on; the first reason given goes into the trace. runtime:
 * its name, for that reason, else NULL. */
void marks_stop(enum esc_unmarked why, const char *runtime);

/* A module was seen for the first time: is it a runtime that must not be marked?
 * go: it has Go's note. */
void marks_module(const char *path, bool go);

/* The code at [start, end) is gone. */
void marks_forget(uint64_t start, uint64_t end);

/* Sets the marks of a stack that was just captured and is the thread's own. */
void marks_set(struct thread *thread, struct region *region);

/*
 * Whether exceptions that pass code of the object are unwound by what can be asked
 * for its state (marks_unwound.c). Else it may be a copy inside of the object.
 */
bool marks_unwinds(const struct link_map *map);

/* The number of the mark at pc, from 1; 0: it is none. */
static inline uint32_t
marks_cell(uint64_t pc)
{
	uint64_t at = pc - (uint64_t)arch_marks_code;

	if (__builtin_expect(at >= (uint64_t)ARCH_MARKS_CELLS * ARCH_MARKS_CELL, 1))
		return 0;
	return (uint32_t)(at / ARCH_MARKS_CELL) + 1;
}

static inline uint64_t
marks_address(uint32_t cell)
{
	return (uint64_t)arch_marks_code + (cell - 1ULL) * ARCH_MARKS_CELL;
}

/* Replaces a mark by its return address; returns its number, or 0. */
static inline uint32_t
marks_resolve(uint64_t *pc)
{
	uint32_t cell = marks_cell(*pc);

	if (cell != 0)
		*pc = arch_marks_targets[cell - 1];
	return cell;
}

#endif
