/*
 * Place -> how to leave its frame. A table in address space of its own, filled
 * from .eh_frame on first use. Written without locks: an entry's rule is in
 * place before its pc is; two threads may write the same entry twice.
 */
#ifndef PRELOAD_RULES_H
#define PRELOAD_RULES_H

#include <stdbool.h>
#include <stdint.h>

/*
 * How a frame is left, rsp being that behind the return address. What a rule of the
 * first kind reads needs no check but against the stack's end: offset >= 8, and rbp
 * is between rsp and the return address. The second: the same, below the cfa.
 */
enum rule_kind {
	RULE_RSP = 0,   /* cfa = rsp + offset, rbp unchanged or at cfa + rbp_offset */
	RULE_RBP = 1,   /* cfa = rbp + offset, the same */
	RULE_DEREF = 2, /* cfa = *(rbp + offset), rbp at rbp + rbp_offset: a frame that
	                   realigned its stack */
	RULE_SLOW = 3,  /* anything else: cfi.h must do it */
	RULE_END = 4,   /* the outermost frame */
	RULE_NONE = 5,  /* no unwind information: the stack ends broken */
};

/*
 * One word: bits 0-2 kind, 3 in a signal frame, 4-19 rbp_offset / 8 (signed; not
 * of RULE_DEREF: 0, unchanged), 20-39 offset / 8 (signed), 40-63 module index.
 */
struct rule {
	uint64_t word;
};

#define RULE_RBP_KEPT 0

static inline enum rule_kind
rule_kind(struct rule rule)
{
	return (enum rule_kind)(rule.word & 7);
}

static inline int64_t
rule_offset(struct rule rule)
{
	return ((int64_t)(rule.word << 24) >> 44) * 8;
}

static inline bool
rule_saves_rbp(struct rule rule)
{
	return (rule.word & 0xffff0) != 0;
}

static inline int64_t
rule_rbp_offset(struct rule rule)
{
	return (int64_t)(int16_t)(rule.word >> 4) * 8;
}

static inline bool
rule_signal(struct rule rule)
{
	return (rule.word >> 3) & 1;
}

static inline uint32_t
rule_module(struct rule rule)
{
	return (uint32_t)(rule.word >> 40);
}

/* Constructor. False: no memory. */
bool rules_start(void);

/* The rule of a return address (exact: a signal's pc). */
static inline struct rule rules_get(uint64_t pc);

/* Drops the rules of [start, end): that code is gone. */
void rules_forget(uint64_t start, uint64_t end);

/* --- Private --- */
struct rules_entry {
	uint64_t pc; /* 0: free, 1: forgotten */
	struct rule rule;
};

struct rules_table {
	struct rules_entry *entries;
	uint64_t mask;
	uint64_t count;
};

extern struct rules_table *rules_now;

struct rule rules_miss(uint64_t pc);

static inline uint64_t
rules_hash(uint64_t pc)
{
	return (pc * 0x9e3779b97f4a7c15ULL) >> 24;
}

static inline struct rule
rules_get(uint64_t pc)
{
	const struct rules_table *table = __atomic_load_n(&rules_now, __ATOMIC_ACQUIRE);
	const struct rules_entry *entry = &table->entries[rules_hash(pc) & table->mask];

	if (__builtin_expect(__atomic_load_n(&entry->pc, __ATOMIC_ACQUIRE) == pc, 1))
		return entry->rule;
	return rules_miss(pc);
}

#endif
