/*
 * The modules, processes and stack nodes of a trace, each once: the shim may
 * write one node under several ids, and a file mapped twice is two modules to it.
 *
 * Nodes, pcs and modules are numbered from 1 here; 0 is none. A node's parent
 * has a smaller number.
 */
#ifndef TRACE_DEFINITIONS_H
#define TRACE_DEFINITIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyzer/util/map.h"
#include "preload/record.h"

struct budget;
struct reader;

struct definitions_module {
	char *path; /* "" unknown; not NULL */
	uint8_t build_id[32];
	uint8_t build_id_len;
};

struct definitions_process {
	uint32_t number; /* 0: not defined */
	uint32_t pid;
	uint32_t parent;   /* number; 0: the first one */
	uint64_t started;  /* ticks */
	uint64_t phase_at; /* ticks: it was at first in its parent's phase of then */
	uint32_t phase;    /* number; that one */
};

/* A place in code. */
struct definitions_pc {
	uint64_t offset;
	uint32_t module; /* 0: outside every module, offset absolute */
	bool signal;     /* offset is the pc itself, not a return address */
	bool tail;       /* never in a trace: offset is a jump by which a function left, or
	                    that function if the jump is not known (escape/putback.h) */
};

struct definitions_node {
	uint32_t parent; /* 0: outermost */
	uint32_t pc;
	uint32_t depth; /* 1: outermost */
	uint32_t state; /* of the outermost: 0 whole, ESC_NODE_CUT, _BROKEN */
};

/* Of a flight recorder. */
struct definitions_thread {
	uint32_t process; /* numbers */
	uint32_t number;
	uint32_t tid;
	struct esc_counters counters;
};

/* From a time on a process is in a phase. */
struct definitions_phase {
	uint32_t process; /* number */
	uint32_t name;    /* number in phase_names; 0: in none */
	uint64_t at;      /* ticks */
};

/* Names of phases and of pools; what has a later one is called by the last. */
enum { DEFINITIONS_PHASES = 255, DEFINITIONS_POOLS = 4095 };

struct definitions_names {
	char **list; /* from the second on; the first is NULL */
	uint32_t count;
	size_t cap;
	struct map map; /* key of the name -> number; until all are read */
};

struct definitions {
	struct definitions_module *modules;
	struct definitions_process *processes; /* index = number */
	struct definitions_pc *pcs;
	struct definitions_node *nodes;
	uint32_t *canonical; /* recorded id -> node */
	struct definitions_thread *threads;
	size_t thread_count;
	struct definitions_phase *phases; /* by process, then time */
	size_t phase_count;
	struct definitions_names phase_names;
	struct definitions_names pool_names;
	struct map pools; /* number of a pool -> of its name */
	char **names;     /* of threads */
	size_t name_count;
	struct map named;      /* (process, thread) -> index of names */
	uint32_t module_count; /* highest number, as all counts here */
	uint32_t process_count;
	uint32_t pc_count;
	uint32_t node_count;
	uint32_t canonical_count;
};

/* Reads all DEFS segments. What is damaged is noted in reader; what the budget (NULL: there
 * is none) does not pay for is left out. */
struct definitions *definitions_new(struct reader *reader, struct budget *budget);
void definitions_free(struct definitions *definitions); /* takes NULL */
/* The phase (of phase_names) that a process was in; 0: in none. */
uint32_t definitions_phase_at(
    const struct definitions *definitions, uint32_t process, uint64_t time);
/* The name (its number in pool_names) of the pool of that number; 0: it is not known. */
uint32_t definitions_pool(const struct definitions *definitions, uint32_t number);
/* What a thread was called, "" nothing. */
const char *definitions_thread_name(
    const struct definitions *definitions, uint32_t process, uint32_t thread);

/* The node of a recorded stack id; 0 for the empty and the undefined stack. */
static inline uint32_t
definitions_node(const struct definitions *definitions, uint32_t id)
{
	return id <= definitions->canonical_count ? definitions->canonical[id] : 0;
}

#endif
