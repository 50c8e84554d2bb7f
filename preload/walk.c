#include "preload/walk.h"

#include <string.h>

#include "preload/cfi.h"
#include "preload/load.h"
#include "preload/marks.h"
#include "preload/modules.h"
#include "preload/rules.h"
#include "preload/task.h"

/* How far a frame may reach on a stack whose end is not known. */
static const uint64_t WALK_REACH = 1ULL << 20;

/* Marks that must stand outside of one that does: copies of a stack could have one
 * in common by chance, not so many. */
enum { WALK_MARKS = 8 };

/* Stacks that are walked again, from one that is remembered to the next. */
enum { WALK_KEEP = 3 };

/* Numbers of the regions that stacks are copied to. */
enum { WALK_COPIES = 0xff00, WALK_COPIES_MAX = 0x80 };

/* The walk's state: frames[0..count) innermost first; pc, sp, rbp of the next. */
struct walk_state {
	struct frame *frames;
	uint32_t *cells; /* marks in their slots, where there may be any */
	uint32_t count;
	uint32_t limit;
	struct region *region;
	uint32_t candidates; /* remembered frames that may still be met */
	uint32_t joined;     /* remembered frames that stand */
	uint32_t proved;     /* of these, by a mark */
	uint64_t high;       /* the stack's end, */
	bool bounded;        /* if it is known */
	bool plain;          /* all was done by RULE_RSP and RULE_RBP */
};

enum walk_end { WALK_ON, WALK_JOINED, WALK_OUTERMOST, WALK_BROKEN, WALK_CUT, WALK_SLOW };

/* Drops what was remembered of unloaded code: other code has its place now. */
static void
walk_forget(struct thread *thread)
{
	uint32_t now = __atomic_load_n(&modules_epoch, __ATOMIC_ACQUIRE);

	for (unsigned int r = 0; r < THREAD_REGIONS; r++) {
		struct region *region = &thread->regions[r];

		for (uint32_t i = 0; i < region->depth; i++) {
			bool all;

			if (!modules_gone(thread->epoch, region->frames[i].pc, &all))
				continue;
			region->depth = i;
			region->forgot = true;
			break;
		}
	}
	thread_stamp(thread, now);
}

/* What a signal interrupted stands where its pc and its stack pointer do: a handler
 * that runs again may have interrupted the same place on another stack. */
static inline bool
walk_interrupted(const struct frame *frame)
{
	return (frame->module & (uint32_t)ESC_NODE_SIGNAL << FRAME_FLAGS_SHIFT) == 0 ||
	    (frame->rbp != 0 && *(const volatile uint64_t *)(frame->slot - 8) == frame->rbp);
}

__attribute__((noinline, cold)) bool
walk_verify_signals(const struct region *region, uint32_t *count)
{
	const struct frame *frames = region->frames;

	for (uint32_t i = *count; i > 0; i--)
		if (*(const volatile uint64_t *)frames[i - 1].slot != frames[i - 1].pc ||
		    !walk_interrupted(&frames[i - 1])) {
			*count = i - 1;
			return false;
		}
	return true;
}

/*
 * The same where slots may hold marks. One that stands proves all outside it, so
 * that few more are looked at.
 */
static inline bool
walk_verify_marks(const struct region *region, uint32_t *count, uint32_t *proved)
{
	const struct frame *frames = region->frames;
	uint32_t stood = 0;

	for (uint32_t i = *count; i > 0; i--) {
		uint32_t cell = region->marks[i - 1];

		if (*proved != 0 && stood == WALK_MARKS)
			return true;
		if (*(const volatile uint64_t *)frames[i - 1].slot !=
			(cell != 0 ? marks_address(cell) : frames[i - 1].pc) ||
		    (region->signals && !walk_interrupted(&frames[i - 1]))) {
			*count = i - 1;
			return false;
		}
		if (cell != 0) {
			stood++;
			if (*proved == 0)
				*proved = i;
		}
	}
	return true;
}

/*
 * Does the frame just found, at the slot of the remembered *at, stand in that stack,
 * all outside it too? Else *at is the next one that could. marked: slots may hold
 * marks, of which the frame's is the cell.
 */
static inline __attribute__((always_inline)) bool
walk_joins(struct walk_state *state, const struct frame **at, const struct frame *found,
    const uint32_t cell, const bool marked)
{
	struct region *region = state->region;
	uint32_t index = (uint32_t)(*at - region->frames);
	uint32_t stand = index;

	if (marked && cell != region->marks[index]) {
		if (cell != 0 && region->marks[index] != 0)
			region->copied = region->switched = true;
		return false;
	}
	if ((*at)->pc != found->pc ||
	    (cell == 0 && ((*at)->module & FRAME_RBP) != 0 && (*at)->rbp != found->rbp))
		return false;
	state->proved = cell != 0 ? index + 1 : 0;
	if (marked ? !walk_verify_marks(region, &stand, &state->proved)
		   : !walk_verify(region, &stand)) {
		*at = region->frames + stand - 1;
		return false;
	}
	state->joined = index + 1;
	return true;
}

static inline bool
walk_load(const struct walk_state *state, uint64_t at, uint64_t low, uint64_t *word)
{
	struct load load = { low, state->high };

	if (!state->bounded)
		load.high = low + WALK_REACH;
	return load_word(&load, at, word);
}

/* One frame outward from `from` to the next, by rules that are not RULE_RSP. */
static __attribute__((noinline)) enum walk_end
walk_odd(struct walk_state *state, const struct frame *from, struct rule rule, struct frame *next)
{
	uint64_t sp = from->slot + 8;
	uint64_t cfa, saved;

	if (rule_kind(rule) == RULE_RBP) {
		cfa = from->rbp + (uint64_t)rule_offset(rule);
		saved = cfa + (uint64_t)rule_rbp_offset(rule);
	} else if (rule_kind(rule) == RULE_DEREF) {
		state->plain = false;
		if (!walk_load(state, from->rbp + (uint64_t)rule_offset(rule), sp, &cfa))
			return WALK_BROKEN;
		saved = from->rbp + (uint64_t)rule_rbp_offset(rule);
	} else {
		return rule_kind(rule) == RULE_SLOW ? WALK_SLOW
		    : rule_kind(rule) == RULE_END   ? WALK_OUTERMOST
						    : WALK_BROKEN;
	}
	/* Outward is upward: a frame that does not rise is none. */
	next->slot = cfa - 8;
	next->rbp = from->rbp;
	if (cfa < sp + 8 || !walk_load(state, next->slot, sp, &next->pc))
		return WALK_BROKEN;
	if ((rule_kind(rule) == RULE_DEREF || rule_saves_rbp(rule)) &&
	    !walk_load(state, saved, sp, &next->rbp))
		return WALK_BROKEN;
	return WALK_ON;
}

/* The same by RULE_RSP, which was checked when it was made. */
static inline __attribute__((always_inline)) bool
walk_plain(
    const struct walk_state *state, const struct frame *from, struct rule rule, struct frame *next)
{
	uint64_t slot = from->slot + (uint64_t)rule_offset(rule);
	uint64_t high = state->high;
	const volatile uint64_t *rbp;
	uint64_t saved;

	if (__builtin_expect(!state->bounded, 0))
		high = from->slot + 8 + WALK_REACH;
	if (__builtin_expect(slot >= high, 0))
		return false;
	next->slot = slot;
	next->pc = *(const volatile uint64_t *)slot;
	/* One or the other without a branch, which nothing would foresee. */
	saved = slot + 8 + (uint64_t)rule_rbp_offset(rule);
	rbp = rule_saves_rbp(rule) ? (const volatile uint64_t *)saved : &from->rbp;
	next->rbp = *rbp;
	return true;
}

static inline __attribute__((always_inline)) enum walk_end
/* NOLINTNEXTLINE(readability-function-*): the hot path: one loop over the frames, by rules */
walk_rules(struct walk_state *state, const bool marked)
{
	const struct frame *at = state->region->frames + state->candidates - 1;
	struct frame *frame = state->frames;
	const struct frame *last = frame + state->limit - 1;
	enum walk_end end = WALK_ON;

	for (;; frame++) {
		uint32_t cell = marked ? state->cells[frame - state->frames] : 0;
		struct rule rule;

		/* Below the outermost is one that nothing is outside of. */
		while (at->slot < frame->slot)
			at--;
		if (at->slot == frame->slot && walk_joins(state, &at, frame, cell, marked)) {
			state->count = (uint32_t)(frame - state->frames);
			return WALK_JOINED;
		}
		rule = rules_get(frame->pc);
		frame->module = rule_module(rule);
		if (__builtin_expect(rule_kind(rule) == RULE_RSP, 1)) {
			if (__builtin_expect(frame == last, 0))
				end = WALK_CUT;
			else if (__builtin_expect(!walk_plain(state, frame, rule, frame + 1), 0))
				end = WALK_BROKEN;
		} else {
			if (rule_kind(rule) <= RULE_DEREF)
				frame->module |= FRAME_RBP;
			if (frame == last && rule_kind(rule) <= RULE_DEREF)
				end = WALK_CUT;
			else
				end = walk_odd(state, frame, rule, frame + 1);
		}
		if (__builtin_expect(end != WALK_ON, 0))
			break;
		if (__builtin_expect(frame[1].pc == 0, 0)) {
			end = WALK_OUTERMOST;
			break;
		}
		if (marked)
			state->cells[frame + 1 - state->frames] = marks_resolve(&frame[1].pc);
	}
	state->count = (uint32_t)(frame - state->frames) + 1;
	return end;
}

static inline __attribute__((always_inline)) enum walk_end
walk_fast(struct walk_state *state)
{
	return walk_rules(state, false);
}

static __attribute__((noinline)) enum walk_end
walk_marks(struct walk_state *state)
{
	state->cells[0] = marks_resolve(&state->frames[0].pc);
	return walk_rules(state, true);
}

/* The stack pointer that a signal interrupted, if the kernel saved it beside the pc. */
static uint64_t
walk_saved_sp(uint64_t saved, uint64_t sp)
{
	return saved != 0 && *(const volatile uint64_t *)(saved - 8) == sp ? sp : 0;
}

/*
 * The whole walk once more, with every register, by the interpreter: from the
 * shim's own frames on, since only there all registers are known.
 */
static __attribute__((noinline)) enum walk_end
/* NOLINTNEXTLINE(readability-function-*): one loop over the frames, whose state is its locals */
walk_slow(struct walk_state *state, uint64_t slot)
{
	uint64_t regs[ARCH_REGISTERS] = { 0 };
	bool exact = true;  /* pc is where it runs, not where it returns to */
	bool inside = true; /* still in the shim */
	const bool marked = marks.on;
	const struct frame *at;
	uint64_t cfa;

	arch_registers(regs);
	state->plain = false;
	state->count = 0;
	at = state->region->frames + state->region->depth - 1;
	for (;;) {
		struct frame *frame = &state->frames[state->count];
		struct cfi_fde fde;
		struct cfi_row row;
		struct load load = { regs[ARCH_RSP],
			state->bounded ? state->high : regs[ARCH_RSP] + WALK_REACH };
		uint64_t pc = regs[ARCH_RA] - (exact ? 0 : 1);
		enum cfi_found found = cfi_find(pc, &fde);
		bool signal = false, outermost = false;
		uint64_t saved = 0;

		/* What begins where a call would return to: see rules.c. */
		if (found != CFI_FOUND && !exact && cfi_find(pc + 1, &fde) == CFI_FOUND) {
			outermost = !fde.signal && fde.begin == pc + 1;
			found = fde.signal ? CFI_FOUND : CFI_NO_FDE;
			pc++;
		}
		if (!inside) {
			frame->module = found == CFI_NO_MODULE
			    ? 0
			    : modules_find(fde.map, fde.map_start, fde.map_end);
			if (exact)
				frame->module |= (uint32_t)ESC_NODE_SIGNAL << FRAME_FLAGS_SHIFT;
			state->count++;
		}
		if (outermost)
			return WALK_OUTERMOST;
		if (found != CFI_FOUND || !cfi_row(&fde, pc, &row))
			return WALK_BROKEN;
		signal = fde.signal;
		if (cfi_how(row.rules[ARCH_RA]) == CFI_UNDEFINED)
			return WALK_OUTERMOST;
		if (state->count == state->limit)
			return WALK_CUT;
		if (signal && !cfi_slot(&row, &load, regs, &saved))
			saved = 0;
		if (!cfi_step(&row, &load, regs, &cfa))
			return WALK_BROKEN;
		if (regs[ARCH_RA] == 0)
			return WALK_OUTERMOST;
		if (!signal && cfa <= load.low)
			return WALK_BROKEN;
		exact = signal;
		inside = inside && cfa - 8 != slot;
		if (inside && cfa - 8 > slot)
			return WALK_BROKEN;
		if (inside)
			continue;
		frame = &state->frames[state->count];
		if (marked)
			state->cells[state->count] = marks_resolve(&regs[ARCH_RA]);
		/* What a signal interrupted did not call: where the kernel saved its pc
		 * stands for the slot, and the word before it, its stack pointer, for
		 * rbp; 0: it did not. */
		frame->slot = saved != 0 ? saved : cfa - 8;
		frame->pc = regs[ARCH_RA];
		frame->rbp = regs[ARCH_RBP];
		/* Behind a signal frame the stack may be another one: its end is. */
		if (signal) {
			frame->rbp = walk_saved_sp(saved, regs[ARCH_RSP]);
			continue;
		}
		while (at->slot < frame->slot)
			at--;
		if (at->slot == frame->slot &&
		    walk_joins(state, &at, frame, marked ? state->cells[state->count] : 0, marked))
			return WALK_JOINED;
	}
}

/* The region that sp is most likely on: with the lowest top above it. */
static struct region *
walk_guess(struct thread *thread, uint64_t sp)
{
	struct region *best = thread->current;

	if (__builtin_expect(sp <= best->top && sp > best->floor, 1))
		return best;
	for (unsigned int i = 0; i < THREAD_REGIONS; i++) {
		struct region *region = &thread->regions[i];

		if (region->top >= sp && (best->top < sp || region->top < best->top))
			best = region;
	}
	return best;
}

/* Above which slots a region is the one with the lowest top, of all. */
static void
walk_floors(struct thread *thread)
{
	for (unsigned int i = 0; i < THREAD_REGIONS; i++) {
		struct region *region = &thread->regions[i];

		region->floor = 0;
		for (unsigned int j = 0; region->top != 0 && j < THREAD_REGIONS; j++)
			if (thread->regions[j].top < region->top &&
			    thread->regions[j].top > region->floor)
				region->floor = thread->regions[j].top;
	}
}

/* The region whose outermost frame is at top; a new one in the place of the one
 * used least lately if there is none. */
static struct region *
walk_region(struct thread *thread, uint64_t top)
{
	struct region *oldest = &thread->regions[0];

	for (unsigned int i = 0; i < THREAD_REGIONS; i++) {
		struct region *region = &thread->regions[i];

		if (region->top == top)
			return region;
		if (region->used < oldest->used)
			oldest = region;
	}
	oldest->top = top;
	oldest->used = ++thread->clock;
	walk_floors(thread);
	oldest->depth = 0;
	oldest->forgot = false;
	oldest->copied = oldest->switched = false;
	/* The first stack is 0, without a word in the trace. */
	oldest->number = thread->serial++;
	return oldest;
}

/*
 * Other marks stand where the region's own were: a stack was copied to its place,
 * whose frames are not those of before, though they do not have ended. To the reader
 * it is another region, one of a few that take turns.
 */
static bool
walk_switched(struct thread *thread, struct region *region, struct walk *walk)
{
	if (!region->switched)
		return false;
	region->switched = false;
	region->number = (uint16_t)(WALK_COPIES + thread->copies++ % WALK_COPIES_MAX);
	walk->says_kept = true;
	walk->kept = walk->proved = 0;
	return true;
}

/* The marks of the frames that were just put on the kept ones, old of which there
 * were before; and whether the reader must be told what they prove. */
static __attribute__((noinline)) void
/* NOLINTNEXTLINE(readability-function-size): each is one of walk_push's, in the hot path */
walk_push_marks(struct thread *thread, struct region *region, uint32_t kept, uint32_t old,
    const uint32_t *cells, uint32_t proved, struct walk *walk)
{
	uint32_t depth = region->depth;
	uint32_t stand = kept < old ? kept : old - (old > 0);

	for (uint32_t i = kept; i < depth; i++)
		region->marks[i] = cells != NULL ? cells[depth - 1 - i] : 0;
	if (region->tried_high > stand)
		region->tried_high = stand;
	if (stand == depth)
		stand--;
	if (__builtin_expect(region->copied, 0)) {
		proved = 0;
		if (walk_switched(thread, region, walk))
			return;
	}
	walk->proved = (uint16_t)proved;
	if (__builtin_expect(kept == depth && proved == depth, 0)) {
		/* The function whose slot this is jumped to the hook. */
		walk->says_kept = true;
		return;
	}
	if (kept == depth)
		walk->kept = (uint16_t)stand;
	if (__builtin_expect(proved < stand, 0))
		walk->says_kept = true;
}

/* Puts the walk's frames on the kept ones, of which that many are proved, and tells
 * what the reader must know. */
static inline __attribute__((always_inline)) void
/* NOLINTNEXTLINE(readability-function-size): inlined, so that its parameters are in registers */
walk_push(struct thread *thread, struct region *region, uint32_t kept, uint32_t proved,
    const struct frame *frames, const uint32_t *cells, uint32_t count, struct walk *walk)
{
	uint32_t old = region->depth;
	struct frame *to = &region->frames[kept];
	uint32_t flags = 0;

	walk->kept = (uint16_t)kept;
	walk->says_kept = region->forgot;
	walk->proved = UINT16_MAX;
	region->forgot = false;
	/* The same path again, but not the same frames. */
	if (count > 0 && kept + 1 < old && to->pc == frames[count - 1].pc &&
	    to->module == frames[count - 1].module)
		walk->says_kept = true;
	for (const struct frame *from = frames + count; from-- > frames; to++) {
		flags |= from->module;
		to->slot = from->slot;
		to->pc = from->pc;
		to->rbp = from->rbp;
		to->id = 0;
		to->module = from->module;
	}
	region->depth = kept + count;
	region->signals = (region->signals && kept > 0) ||
	    (flags & (uint32_t)ESC_NODE_SIGNAL << FRAME_FLAGS_SHIFT) != 0;
	if (__builtin_expect(marks.on, 0))
		walk_push_marks(thread, region, kept, old, cells, proved, walk);
}

/* Too deep: drop the outer half, mark the rest as cut. Its path is another one
 * now, which deeper and shallower events share until the next cut. */
static void
walk_cut(struct region *region, uint32_t limit, struct walk *walk)
{
	uint32_t drop = region->depth - limit / 2;

	region->depth -= drop;
	memmove(region->frames, region->frames + drop, region->depth * sizeof(*region->frames));
	if (marks.on)
		memmove(
		    region->marks, region->marks + drop, region->depth * sizeof(*region->marks));
	region->tried_low = region->tried_high = 0;
	region->frames[0].module |= (uint32_t)ESC_NODE_CUT << FRAME_FLAGS_SHIFT;
	for (uint32_t i = 0; i < region->depth; i++)
		region->frames[i].id = 0;
	walk->kept = 0;
	walk->says_kept = true;
}

/* known: outermost frames that have their ids. */
static inline __attribute__((always_inline)) void
walk_finish(struct thread *thread, struct region *region, uint32_t known, struct walk *walk)
{
	uint32_t flags;

	if (__builtin_expect(region->depth > threads.depth, 0)) {
		walk_cut(region, threads.depth, walk);
		known = 0;
	}
	if (__builtin_expect(region != thread->current, 0) &&
	    region < thread->regions + THREAD_REGIONS) {
		region->used = ++thread->clock;
		thread->current = region;
		task_look(thread);
	}
	if (__builtin_expect(marks.setting, 0) && region == thread->current)
		marks_set(thread, region);
	flags = region->frames[0].module >> FRAME_FLAGS_SHIFT;
	walk->cut = (flags & ESC_NODE_CUT) != 0;
	walk->broken = (flags & ESC_NODE_BROKEN) != 0;
	walk->region = region->number;
	walk->at = region;
	walk->stack = stacks_id(region->frames, known, region->depth);
}

void
walk_replace(struct thread *thread, struct region *region, struct frame *frames,
    const uint32_t *cells, uint32_t count, struct walk *walk)
{
	uint32_t kept = 0, proved = 0;

	while (kept < count && kept < region->depth &&
	    region->frames[kept].slot == frames[count - 1 - kept].slot &&
	    region->frames[kept].pc == frames[count - 1 - kept].pc) {
		if (cells != NULL && region->marks[kept] != cells[count - 1 - kept])
			break;
		kept++;
		if (cells != NULL && cells[count - kept] != 0)
			proved = kept;
	}
	if (kept == count && proved != count) /* the innermost is a call of its own */
		kept--;
	walk_push(thread, region, kept, proved, frames, cells, count - kept, walk);
	walk_finish(thread, region, kept, walk);
}

/* A handler that interrupted a hook: a stack of its own each time. */
static struct region *
walk_nested(struct thread *thread, int level)
{
	struct region *region = &thread->regions[THREAD_REGIONS + level - 1];

	region->depth = 0;
	region->number = (uint16_t)(region->number + 1);
	return region;
}

struct region *
walk_place(struct thread *thread, int level, uint64_t top)
{
	return level == 0 ? walk_region(thread, top) : walk_nested(thread, level);
}

/* The stack was joined to the region's: puts the walk's frames on what stands. */
static inline __attribute__((always_inline)) void
walk_joined(struct thread *thread, const struct walk_state *state, struct walk *walk)
{
	struct region *region = state->region;

	walk_push(thread, region, state->joined, state->proved, state->frames, state->cells,
	    state->count, walk);
	walk_finish(thread, region, state->joined, walk);
	if (walk->stack > thread->newest) {
		thread->newest = walk->stack;
	} else if (thread->keep-- == 0) {
		/* Not each: where there are more than can be known, some stay. */
		thread->keep = WALK_KEEP;
		if (state->plain && region->depth == state->joined + state->count)
			memo_keep(thread->memos, thread->stamp, region->frames, state->joined,
			    region->depth);
	}
}

static __attribute__((noinline)) void
/* NOLINTNEXTLINE(readability-function-*): the hot path: a walk from its state to its end */
walk_all(struct thread *thread, int level, const struct arch_frame *frame, struct region *region,
    struct walk *walk)
{
	struct walk_state state;
	enum walk_end end;

	state.frames = thread->scratch[level];
	state.count = 0;
	state.limit = threads.depth;
	state.region = region;
	state.candidates = region->depth;
	state.joined = 0;
	state.plain = !marks.on && level == 0;
	state.proved = 0;
	state.cells = thread->cells[level];
	state.bounded =
	    frame->slot < thread->stack_top && thread->stack_top - frame->slot < 1ULL << 30;
	state.high = thread->stack_top;
	state.frames[0].slot = frame->slot;
	state.frames[0].pc = frame->pc;
	state.frames[0].rbp = frame->rbp;
	end = __builtin_expect(marks.on, 0) ? walk_marks(&state) : walk_fast(&state);
	if (__builtin_expect(end == WALK_SLOW, 0))
		end = walk_slow(&state, frame->slot);
	if (__builtin_expect(state.count == 0 && end != WALK_JOINED, 0)) {
		state.count = 1;
		state.frames[0] = (struct frame){ .slot = frame->slot, .pc = frame->pc };
		if (marks.on)
			state.cells[0] = marks_resolve(&state.frames[0].pc);
	}
	if (end == WALK_JOINED) {
		walk_joined(thread, &state, walk);
		return;
	}
	/* The loader's first instructions have no unwind information. */
	if (end == WALK_BROKEN && threads.entry - state.frames[state.count - 1].slot <= 32)
		end = WALK_OUTERMOST;
	if (end == WALK_BROKEN)
		state.frames[state.count - 1].module |= (uint32_t)ESC_NODE_BROKEN
		    << FRAME_FLAGS_SHIFT;
	if (end == WALK_CUT)
		state.frames[state.count - 1].module |= (uint32_t)ESC_NODE_CUT << FRAME_FLAGS_SHIFT;
	/* Where a stack ends early its top says nothing. */
	if (level == 0 && (end == WALK_OUTERMOST || region->top < frame->slot))
		region = walk_region(thread, state.frames[state.count - 1].slot);
	walk_replace(
	    thread, region, state.frames, marks.on ? state.cells : NULL, state.count, walk);
}

void
walk_capture(struct thread *thread, int level, const struct arch_frame *frame, struct walk *walk)
{
	struct region *region;

	if (__builtin_expect(thread->epoch != __atomic_load_n(&modules_epoch, __ATOMIC_ACQUIRE), 0))
		walk_forget(thread);
	if (__builtin_expect(level != 0, 0)) {
		walk_all(thread, level, frame, walk_nested(thread, level), walk);
		return;
	}
	region = walk_guess(thread, frame->slot);
	if (walk_recall(thread, region, frame, walk))
		walk_finish(thread, region, region->depth, walk);
	else
		walk_all(thread, level, frame, region, walk);
}

void
walk_capture_new(struct thread *thread, const struct arch_frame *frame, struct walk *walk)
{
	struct region *region = walk_guess(thread, frame->slot);

	if (region != thread->current && walk_recall(thread, region, frame, walk))
		walk_finish(thread, region, region->depth, walk);
	else
		walk_all(thread, 0, frame, region, walk);
}
