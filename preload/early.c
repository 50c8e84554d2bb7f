#include "preload/early.h"

#include "preload/event.h"
#include "preload/gate.h"
#include "preload/rules.h"
#include "preload/sample.h"
#include "preload/shim.h"
#include "preload/thread.h"
#include "preload/walk.h"

enum { EARLY_EVENTS = 2048 };

struct early {
	uint64_t time, address, size;
	struct arch_frame frame;
	uint32_t kind;
};

static struct early early_events[EARLY_EVENTS];
static uint32_t early_noted; /* those without room, too */

void
early_note(uint32_t kind, uint64_t address, uint64_t size, const struct arch_frame *frame)
{
	uint32_t at = __atomic_fetch_add(&early_noted, 1, __ATOMIC_RELAXED);

	if (at < EARLY_EVENTS)
		early_events[at] = (struct early){ arch_ticks(), address, size, *frame, kind };
}

static uint32_t
early_count(void)
{
	return early_noted < EARLY_EVENTS ? early_noted : EARLY_EVENTS;
}

bool
early_has(const void *block)
{
	for (uint32_t i = 0; i < early_count(); i++)
		if (early_events[i].address == (uint64_t)block &&
		    early_events[i].kind < ESC_EVENT_FREE)
			return true;
	return false;
}

static void
early_write(struct thread *thread, const struct early *early)
{
	struct region *region = &thread->regions[THREAD_REGIONS];
	struct event event = { .time = early->time,
		.address = early->address,
		.size = early->size,
		.kind = (uint16_t)early->kind };
	struct frame frame = { .slot = early->frame.slot,
		.pc = early->frame.pc,
		.module = (uint32_t)ESC_NODE_BROKEN << FRAME_FLAGS_SHIFT };
	struct walk walk;

	frame.module |= rule_module(rules_get(frame.pc));
	region->depth = 0;
	region->number = UINT16_MAX;
	walk_replace(thread, region, &frame, NULL, 1, &walk);
	event_count(thread, early->kind, early->size);
	event_fill(&event, &walk);
	if (gate_is_closed()) {
		if (early->kind < ESC_EVENT_FREE)
			gate_pass(thread);
		return;
	}
	if (shim.mode == SHIM_SAMPLED) /* too few to be drawn by lot */
		return;
	if (shim.mode == SHIM_AUTO && early->kind >= ESC_EVENT_FREE)
		sample_take(early->address);
	else if (shim.mode == SHIM_AUTO && !sample_add(early->address))
		return;
	thread_count(thread, &thread->counters->broken, 1);
	if (!ring_write(&thread->writers[0], &event)) {
		ring_lost();
		thread_count(thread, &thread->counters->dropped, 1);
	}
}

void
early_replay(struct thread *thread)
{
	if (early_noted > EARLY_EVENTS)
		ring.header->early_lost = early_noted - EARLY_EVENTS;
	for (uint32_t i = 0; i < early_count(); i++) {
		if (shim.foreign)
			sample_watch((const void *)(uintptr_t)early_events[i].address);
		if (thread != NULL)
			early_write(thread, &early_events[i]);
	}
}
