#include "preload/rules.h"

#include <stddef.h>
#include <sys/mman.h>

#include "preload/cfi.h"
#include "preload/modules.h"
#include "preload/sys.h"

enum { RULES_LEVELS = 9, RULES_FIRST = 4096, RULES_PROBES = 96 };

static struct rules_table rules_tables[RULES_LEVELS];
struct rules_table *rules_now = rules_tables;

bool
rules_start(void)
{
	uint64_t total = ((uint64_t)RULES_FIRST << RULES_LEVELS) - RULES_FIRST;
	struct rules_entry *at = sys_mmap(total * sizeof(*at), PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1);

	if (at == NULL)
		return false;
	for (unsigned int i = 0; i < RULES_LEVELS; i++) {
		rules_tables[i].entries = at;
		rules_tables[i].mask = ((uint64_t)RULES_FIRST << i) - 1;
		at += rules_tables[i].mask + 1;
	}
	return true;
}

static struct rule
rule_make(enum rule_kind kind, int64_t offset, int64_t rbp, bool signal, uint32_t module)
{
	return (struct rule){ (uint64_t)kind | ((uint64_t)signal << 3) |
		(((uint64_t)(rbp / 8) & 0xffff) << 4) | (((uint64_t)(offset / 8) & 0xfffff) << 20) |
		((uint64_t)module << 40) };
}

static bool
rules_fits(int64_t offset, int64_t limit)
{
	return (offset & 7) == 0 && offset / 8 > -limit && offset / 8 < limit;
}

/* breg6 (rbp) n [deref], all that gcc's realigned frames use */
static bool
rules_breg_rbp(struct cfi_rule rule, bool deref, int64_t *offset)
{
	uint64_t length;
	const uint8_t *at = cfi_expression(rule, &length);
	int64_t value = 0;
	unsigned int shift = 0;
	uint32_t i = 1;

	if (length < 2 || at[0] != 0x76)
		return false;
	for (; i < length && shift < 28; i++, shift += 7) {
		value |= (int64_t)(at[i] & 127) << shift;
		if ((at[i] & 128) == 0)
			break;
	}
	if (i == length || (at[i] & 128) != 0)
		return false;
	if ((at[i] & 64) != 0)
		value -= (int64_t)1 << (shift + 7);
	*offset = value;
	return deref ? i + 2 == length && at[i + 1] == 0x06 : i + 1 == length;
}

static struct rule
rules_deref(const struct cfi_row *row, uint32_t module)
{
	int64_t offset, rbp;

	if (rules_breg_rbp(row->cfa, true, &offset) &&
	    cfi_how(row->rules[ARCH_RBP]) == CFI_EXPRESSION &&
	    rules_breg_rbp(row->rules[ARCH_RBP], false, &rbp) && rules_fits(offset, 0x7ffff) &&
	    rules_fits(rbp, 0x7fff))
		return rule_make(RULE_DEREF, offset, rbp, false, module);
	return rule_make(RULE_SLOW, 0, RULE_RBP_KEPT, false, module);
}

static struct rule
rules_plain(const struct cfi_plain *row, uint32_t module)
{
	if (!rules_fits(row->cfa, 0x7ffff) ||
	    (row->rbp != RULE_RBP_KEPT && (row->rbp > -16 || !rules_fits(row->rbp, 0x7fff))))
		return rule_make(RULE_SLOW, 0, RULE_RBP_KEPT, false, module);
	if (row->of == ARCH_RBP)
		return rule_make(RULE_RBP, row->cfa, row->rbp, false, module);
	/* No frame: outward is upward. */
	if (row->cfa < 8)
		return rule_make(RULE_NONE, 0, RULE_RBP_KEPT, false, module);
	return rule_make(
	    row->rbp + row->cfa < 0 ? RULE_SLOW : RULE_RSP, row->cfa, row->rbp, false, module);
}

static struct rule
rules_compress(const struct cfi_row *row, uint32_t module)
{
	struct cfi_rule rbp = row->rules[ARCH_RBP];
	int64_t saved = RULE_RBP_KEPT;

	if (cfi_how(row->rules[ARCH_RA]) == CFI_UNDEFINED)
		return rule_make(RULE_END, 0, RULE_RBP_KEPT, false, module);
	if (cfi_how(row->rules[ARCH_RA]) != CFI_OFFSET || cfi_offset(row->rules[ARCH_RA]) != -8 ||
	    cfi_how(row->rules[ARCH_RSP]) != CFI_SAME)
		return rule_make(RULE_SLOW, 0, RULE_RBP_KEPT, false, module);
	if (cfi_how(row->cfa) == CFI_EXPRESSION)
		return rules_deref(row, module);
	if (cfi_how(rbp) == CFI_OFFSET && cfi_offset(rbp) != 0)
		saved = cfi_offset(rbp);
	else if (cfi_how(rbp) != CFI_SAME)
		return rule_make(RULE_SLOW, 0, RULE_RBP_KEPT, false, module);
	if (row->cfa_register != ARCH_RSP && row->cfa_register != ARCH_RBP)
		return rule_make(RULE_SLOW, 0, RULE_RBP_KEPT, false, module);
	return rules_plain(
	    &(struct cfi_plain){ cfi_offset(row->cfa), saved, row->cfa_register }, module);
}

/*
 * No code is before pc, but a function begins at it: a signal's trampoline, or
 * what makecontext lets a coroutine return to, which is where its stack ends.
 */
static __attribute__((noinline)) bool
rules_entry(uint64_t pc, struct rule *rule)
{
	struct cfi_fde fde;

	if (cfi_find(pc, &fde) != CFI_FOUND || (!fde.signal && fde.begin != pc))
		return false;
	*rule = rule_make(fde.signal ? RULE_SLOW : RULE_END, 0, RULE_RBP_KEPT, fde.signal,
	    modules_find(fde.map, fde.map_start, fde.map_end));
	return true;
}

static __attribute__((noinline)) struct rule
rules_full(const struct cfi_fde *fde, uint64_t pc, uint32_t module)
{
	struct cfi_row row;

	if (!cfi_row(fde, pc, &row))
		return rule_make(RULE_NONE, 0, RULE_RBP_KEPT, false, module);
	return rules_compress(&row, module);
}

/*
 * A return address names its call, the byte before: a call that never returns
 * may be the last of its function. Only what begins at it is looked up itself.
 */
static struct rule
rules_decode(uint64_t pc)
{
	struct cfi_fde fde;
	struct cfi_plain plain;
	enum cfi_found found = cfi_find(pc - 1, &fde);
	uint32_t module;

	if (found != CFI_FOUND) {
		struct rule rule;

		if (rules_entry(pc, &rule))
			return rule;
		if (found == CFI_NO_MODULE)
			return rule_make(RULE_NONE, 0, RULE_RBP_KEPT, false, 0);
		module = modules_find(fde.map, fde.map_start, fde.map_end);
		return rule_make(RULE_NONE, 0, RULE_RBP_KEPT, false, module);
	}
	module = modules_find(fde.map, fde.map_start, fde.map_end);
	if (fde.signal)
		return rule_make(RULE_SLOW, 0, RULE_RBP_KEPT, true, module);
	if (cfi_plain(&fde, pc - 1, &plain))
		return rules_plain(&plain, module);
	return rules_full(&fde, pc - 1, module);
}

static bool
rules_find(const struct rules_table *table, uint64_t pc, struct rule *rule)
{
	uint64_t at = rules_hash(pc);

	for (unsigned int i = 0; i < RULES_PROBES; i++) {
		const struct rules_entry *entry = &table->entries[(at + i) & table->mask];
		uint64_t key = __atomic_load_n(&entry->pc, __ATOMIC_ACQUIRE);

		if (key == pc) {
			*rule = entry->rule;
			return true;
		}
		if (key == 0)
			return false;
	}
	return false;
}

/* A writer claims the slot by its own, odd mark of the pc; pcs are even enough:
 * bit 63 is never set in one. */
static void
rules_insert(struct rules_table *table, uint64_t pc, struct rule rule)
{
	uint64_t at = rules_hash(pc);

	for (unsigned int i = 0; i < RULES_PROBES; i++) {
		struct rules_entry *entry = &table->entries[(at + i) & table->mask];
		uint64_t free = __atomic_load_n(&entry->pc, __ATOMIC_ACQUIRE);

		if (free == 0 &&
		    __atomic_compare_exchange_n(&entry->pc, &free, pc | (1ULL << 63), false,
			__ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
			entry->rule = rule;
			__atomic_store_n(&entry->pc, pc, __ATOMIC_RELEASE);
			__atomic_fetch_add(&table->count, 1, __ATOMIC_RELAXED);
			return;
		}
		if (free == pc)
			return;
	}
}

/* A quarter full: the next table takes over; what is still used moves by and by. */
static struct rules_table *
rules_room(void)
{
	struct rules_table *table = __atomic_load_n(&rules_now, __ATOMIC_ACQUIRE);

	if (table->count * 4 > table->mask && table < rules_tables + RULES_LEVELS - 1) {
		struct rules_table *next = table + 1;

		__atomic_compare_exchange_n(
		    &rules_now, &table, next, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
		table = __atomic_load_n(&rules_now, __ATOMIC_ACQUIRE);
	}
	return table;
}

struct rule
rules_miss(uint64_t pc)
{
	struct rules_table *table = rules_room();
	struct rule rule;

	if (rules_find(table, pc, &rule))
		return rule;
	if (table == rules_tables || !rules_find(table - 1, pc, &rule))
		rule = rules_decode(pc);
	rules_insert(table, pc, rule);
	return rule;
}

void
rules_forget(uint64_t start, uint64_t end)
{
	/* Return addresses: the one behind the last call may equal end. */
	for (struct rules_table *table = rules_tables; table <= rules_now; table++)
		for (uint64_t i = 0; i <= table->mask; i++)
			if (table->entries[i].pc > start && table->entries[i].pc <= end)
				__atomic_store_n(&table->entries[i].pc, 1, __ATOMIC_RELEASE);
}
