#define UNW_LOCAL_ONLY
#include "preload/oracle.h"

#include <errno.h>
#include <libunwind.h>

#include "preload/cfi.h"
#include "preload/marks.h"
#include "preload/modules.h"

const bool oracle_there = true;

/* Frames from the hook's caller outward, innermost first; 0: not found. */
static uint32_t
oracle_steps(struct frame *frames, uint32_t limit, const struct arch_frame *from)
{
	unw_context_t context;
	unw_cursor_t cursor;
	uint64_t first = from->pc;
	uint32_t count = 0;

	marks_resolve(&first);
	if (unw_getcontext(&context) != 0 || unw_init_local(&cursor, &context) != 0)
		return 0;
	while (count < limit && unw_step(&cursor) > 0) {
		unw_word_t pc, sp;

		if (unw_get_reg(&cursor, UNW_REG_IP, &pc) != 0 ||
		    unw_get_reg(&cursor, UNW_REG_SP, &sp) != 0 || pc == 0)
			break;
		/* A mark is a frame of its own, inside the one that it leads to. */
		if (marks.on && marks_cell(pc) != 0)
			continue;
		if (count == 0 && (sp - 8 != from->slot || pc != first))
			continue;
		frames[count].slot = sp - 8;
		frames[count].pc = pc;
		frames[count].rbp = 0;
		frames[count].module = 0;
		count++;
	}
	return count;
}

/* libunwind asks the kernel whether memory is there, and leaves errno so. */
static uint32_t
oracle_walk(struct frame *frames, uint32_t limit, const struct arch_frame *from)
{
	int saved = errno;
	uint32_t count = oracle_steps(frames, limit, from);

	errno = saved;
	return count;
}

void
oracle_check(struct thread *thread, const struct arch_frame *frame, const struct walk *walk)
{
	struct frame *frames = thread->scratch[0];
	const struct region *region = walk->at;
	uint32_t count = oracle_walk(frames, threads.depth + 1, frame);
	bool differs = count != region->depth;

	if (walk->cut)
		return;
	for (uint32_t i = 0; i < count && !differs; i++)
		differs = frames[i].pc != region->frames[region->depth - 1 - i].pc;
	__atomic_fetch_add(&ring.header->checked, 1, __ATOMIC_RELAXED);
	if (differs)
		__atomic_fetch_add(&ring.header->differed, 1, __ATOMIC_RELAXED);
}

void
oracle_capture(struct thread *thread, int level, const struct arch_frame *frame, struct walk *walk)
{
	struct frame *frames = thread->scratch[level];
	uint32_t count = oracle_walk(frames, threads.depth, frame);
	struct region *region;

	if (count == 0) {
		frames[0] = (struct frame){ .slot = frame->slot, .pc = frame->pc };
		frames[0].module = (uint32_t)ESC_NODE_BROKEN << FRAME_FLAGS_SHIFT;
		count = 1;
	}
	if (count == threads.depth)
		frames[count - 1].module |= (uint32_t)ESC_NODE_CUT << FRAME_FLAGS_SHIFT;
	for (uint32_t i = 0; i < count; i++) {
		struct cfi_fde fde;

		if (cfi_find(frames[i].pc - 1, &fde) != CFI_NO_MODULE)
			frames[i].module |= modules_find(fde.map, fde.map_start, fde.map_end);
	}
	region = walk_place(thread, level, frames[count - 1].slot);
	walk_replace(thread, region, frames, NULL, count, walk);
}
