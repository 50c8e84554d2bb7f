#define XXH_INLINE_ALL
#include "tests/model/model.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <xxhash.h>

enum { WAYS = 48, DEPTH = 1 << 14 };

/* One state on the way from the first. */
struct frame_at {
	struct state state;
	uint8_t count, next;
	struct {
		uint8_t actor, way;
	} ways[WAYS];
};

static const char *const search_ways[] = { "", " times out", " gets a signal", " drains a store",
	" is killed" };
static const char *const search_pendings[] = { "begins", "reads", "writes", "changes", "pauses",
	"forks", "calls", "waits", "locks", "sleeps" };

const struct scene *scene;
struct state now;
unsigned int acting;

static struct {
	struct frame_at **frames;
	unsigned int depth, deepest;
	uint64_t states, steps, ends;
	XXH128_hash_t *seen;
	uint64_t mask;
	uint64_t engine_sp;
	enum way way;
} search;

/* --- Coroutines --- */

/* Saves rsp at *from, goes on at `to`. */
__attribute__((naked, noinline)) static void
search_switch(uint64_t *from __attribute__((unused)), uint64_t to __attribute__((unused)))
{
	__asm__("pushq %rbp\n\tpushq %rbx\n\tpushq %r12\n\tpushq %r13\n\t"
		"pushq %r14\n\tpushq %r15\n\tmovq %rsp, (%rdi)\n\tmovq %rsi, %rsp\n\t"
		"popq %r15\n\tpopq %r14\n\tpopq %r13\n\tpopq %r12\n\tpopq %rbx\n\t"
		"popq %rbp\n\tret");
}

static uint64_t
search_top(const struct actor *actor)
{
	return MODEL_STACKS + (actor->region + 1ULL) * STACK;
}

void
search_end(void)
{
	access_flush();
	/* Its end is the kernel's, which sees all that it stored. */
	if (now.actors[acting].buffered > 0)
		model_stop(PENDING_CALL, SIGHT_ALL, NULL, 0);
	now.actors[acting].status = STATUS_DONE;
	search_switch(&now.actors[acting].sp, search.engine_sp);
	__builtin_unreachable();
}

/* The first function on an actor's stack. */
static void
search_begin(void)
{
	scene_body(acting);
	search_end();
}

enum way
model_stop(enum pending pending, enum sight sight, const void *addr, unsigned int size)
{
	struct actor *actor;

	for (;;) {
		access_flush();
		actor = &now.actors[acting];
		actor->pending = (uint8_t)pending;
		actor->sight = (uint8_t)sight;
		actor->addr = (uint64_t)addr;
		actor->size = (uint8_t)size;
		search_switch(&actor->sp, search.engine_sp);
		if (search.way != WAY_SIGNAL)
			return search.way;
		hook_signal();
	}
}

/* Lets actor i go on, to its next stop; memory and `now` are then the next state. */
static void
search_go(unsigned int i, enum way way)
{
	struct actor *actor = &now.actors[i];
	uint64_t top = search_top(actor);

	memory_load(&now, actor->process);
	memcpy((void *)actor->sp, memory_piece(actor->stack), actor->stack_len);
	access_apply(actor);
	thread_tls = actor->tls;
	acting = i;
	search.way = way;
	if (way == WAY_SIGNAL)
		now.world.signals--;
	search_switch(&search.engine_sp, actor->sp);
	if (actor->process >= KEEPER_PROCESS)
		kernel_touch_all();
	memory_save(&now, actor->process);
	actor->tls = thread_tls;
	actor->stack_len = 0;
	actor->stack = 0;
	if (actor->status == STATUS_DONE) {
		actor->sp = actor->addr = 0;
		actor->pending = actor->sight = actor->size = 0;
		return;
	}
	actor->stack_len = (uint32_t)(top - actor->sp);
	actor->stack = memory_intern((void *)actor->sp, actor->stack_len);
	actor->seen = actor->pending == PENDING_PAUSE || actor->pending == PENDING_POLL
	    ? kernel_seen(&now, actor->process)
	    : 0;
}

/* An actor at its beginning. */
static void
search_actor(unsigned int i, unsigned int process)
{
	struct actor *actor = &now.actors[i];
	uint64_t words[8] = { 0 };

	actor->status = STATUS_READY;
	actor->process = (uint8_t)process;
	actor->region = (uint8_t)i;
	actor->sight = SIGHT_NONE;
	actor->tls.open = THREAD_CLOSED;
	actor->local.number = (uint8_t)i;
	words[6] = (uint64_t)search_begin;
	actor->stack_len = sizeof(words);
	actor->sp = search_top(actor) - 512 - sizeof(words);
	/* All of it up to the top is the actor's. */
	actor->stack_len = 512 + sizeof(words);
	memcpy((void *)actor->sp, words, sizeof(words));
	memset((void *)(actor->sp + sizeof(words)), 0, 512);
	actor->stack = memory_intern((void *)actor->sp, actor->stack_len);
	kernel_name(actor);
}

/* --- Ways on --- */

static void
search_add(struct frame_at *frame, unsigned int actor, enum way way)
{
	if (frame->count == WAYS)
		model_fail("the model: too many ways");
	frame->ways[frame->count].actor = (uint8_t)actor;
	frame->ways[frame->count++].way = (uint8_t)way;
}

static bool
search_may_die(const struct state *state, unsigned int i)
{
	return state->world.kills > 0 && i < ACTORS - 1;
}

static bool
search_may_signal(const struct state *state, unsigned int i)
{
	const struct actor *actor = &state->actors[i];

	if (scene->vforks && actor->local.vforked != 1)
		return false;
	return state->world.signals > 0 && i < ACTORS - 2 && actor->pending != PENDING_NONE &&
	    actor->local.nested < ESC_LEVELS;
}

static void
search_ways_of(struct frame_at *frame, unsigned int i)
{
	const struct state *state = &frame->state;
	const struct actor *actor = &state->actors[i];
	bool room = actor->buffered < scene->buffer || scene->buffer == 0;

	if (actor->status != STATUS_READY)
		return;
	switch ((enum pending)actor->pending) {
	case PENDING_NONE:
	case PENDING_READ: search_add(frame, i, WAY_STEP); break;
	case PENDING_WRITE:
		if (room)
			search_add(frame, i, WAY_STEP);
		break;
	case PENDING_PAUSE:
		search_add(frame, i, WAY_TIMEOUT);
		if (kernel_ready(state, i))
			search_add(frame, i, WAY_STEP);
		break;
	case PENDING_CHANGE:
	case PENDING_FORK:
	case PENDING_CALL:
	case PENDING_WAIT:
	case PENDING_LOCK:
	case PENDING_POLL:
		if (actor->buffered == 0 && kernel_ready(state, i))
			search_add(frame, i, WAY_STEP);
		break;
	}
	if (search_may_signal(state, i))
		search_add(frame, i, WAY_SIGNAL);
}

static void
search_kills(struct frame_at *frame)
{
	unsigned int done = 0;

	for (unsigned int i = 0; i < ACTORS; i++) {
		const struct actor *actor = &frame->state.actors[i];

		if (actor->status != STATUS_READY || (done >> actor->process & 1) != 0 ||
		    !search_may_die(&frame->state, i))
			continue;
		done |= 1U << actor->process;
		search_add(frame, i, WAY_KILL);
	}
}

/* All of them; or those of one actor, where its step is one that no other can see. */
static void
search_ways_on(struct frame_at *frame)
{
	const struct state *state = &frame->state;

	frame->count = frame->next = 0;
	for (unsigned int i = 0; i < ACTORS; i++) {
		const struct actor *actor = &state->actors[i];

		if (actor->status != STATUS_READY || actor->sight >= SIGHT_ALL ||
		    actor->buffered != 0)
			continue;
		search_ways_of(frame, i);
		if (actor->sight == SIGHT_DEATH && search_may_die(state, i))
			search_add(frame, i, WAY_KILL);
		return;
	}
	for (unsigned int i = 0; i < ACTORS; i++) {
		search_ways_of(frame, i);
		for (unsigned int at = 0; at < state->actors[i].buffered; at++)
			if (state->actors[i].status == STATUS_READY ||
			    state->actors[i].status == STATUS_DONE) {
				if (access_next(&state->actors[i]) >> at & 1)
					search_add(
					    frame, i, (enum way)(WAY_DRAIN + at * WAY_COUNT));
			}
	}
	search_kills(frame);
}

static void
search_kill(unsigned int process)
{
	now.world.kills--;
	memory_load(&now, process);
	for (unsigned int i = 0; i < ACTORS; i++) {
		struct actor *actor = &now.actors[i];

		if (actor->process != process || actor->status == STATUS_NONE)
			continue;
		/* What was stored, will be in memory. */
		while (actor->buffered > 0)
			access_drain(actor, 0);
		actor->status = STATUS_DEAD;
		actor->stack = actor->stack_len = 0;
		actor->sp = actor->addr = 0;
		actor->pending = actor->sight = actor->size = 0;
	}
	memory_save(&now, process);
	kernel_die(&now, process);
}

static void
search_take(unsigned int actor, unsigned int way)
{
	search.steps++;
	if (way % WAY_COUNT == WAY_KILL) {
		search_kill(now.actors[actor].process);
	} else if (way % WAY_COUNT == WAY_DRAIN) {
		memory_load(&now, now.actors[actor].process);
		access_drain(&now.actors[actor], way / WAY_COUNT);
		memory_save(&now, now.actors[actor].process);
	} else {
		search_go(actor, (enum way)way);
		if (now.actors[actor].status == STATUS_DONE)
			kernel_die(&now, now.actors[actor].process);
	}
}

/* --- What was seen --- */

static void
search_grow(void)
{
	XXH128_hash_t *old = search.seen;
	uint64_t old_mask = search.mask;

	search.mask = old_mask == 0 ? (1 << 16) - 1 : old_mask * 2 + 1;
	search.seen = calloc(search.mask + 1, sizeof(*search.seen));
	if (search.seen == NULL)
		exit(99);
	for (uint64_t i = 0; old != NULL && i <= old_mask; i++) {
		uint64_t at = old[i].low64 & search.mask;

		if (old[i].low64 == 0 && old[i].high64 == 0)
			continue;
		while (search.seen[at].low64 != 0 || search.seen[at].high64 != 0)
			at = (at + 1) & search.mask;
		search.seen[at] = old[i];
	}
	free(old);
}

/* Whether `now` is a state that was not seen before. */
static bool
search_is_new(void)
{
	XXH128_hash_t hash = XXH3_128bits(&now, sizeof(now));
	uint64_t at = hash.low64 & search.mask;

	while (search.seen[at].low64 != 0 || search.seen[at].high64 != 0) {
		if (XXH128_isEqual(search.seen[at], hash))
			return false;
		at = (at + 1) & search.mask;
	}
	search.seen[at] = hash;
	search.states++;
	if (search.states * 2 > search.mask)
		search_grow();
	return true;
}

/* --- The search --- */

static void
search_say_step(const struct frame_at *frame)
{
	unsigned int i = frame->ways[frame->next - 1].actor;
	unsigned int way = frame->ways[frame->next - 1].way;
	const struct actor *actor = &frame->state.actors[i];
	uint64_t at = actor->addr - MODEL_TRACE;

	printf("  %u: %s", i, search_pendings[actor->pending]);
	if (actor->pending >= PENDING_READ && actor->pending <= PENDING_CHANGE) {
		if (at < ESC_HEADER_SIZE)
			printf(" header+%u", (unsigned int)at);
		else if (at < ESC_HEADER_SIZE + SEGMENTS * CHUNK)
			printf(" segment %u+%u", (unsigned int)(at - ESC_HEADER_SIZE) / CHUNK,
			    (unsigned int)at % CHUNK);
		else
			printf(" %#llx", (unsigned long long)actor->addr);
		printf(" (%u)", actor->size);
	}
	printf("%s\n", search_ways[way % WAY_COUNT]);
}

void
model_fail(const char *format, ...)
{
	va_list args;
	unsigned int from = 0;

	printf("%s: ", scene->name);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
	if (getenv("MODEL_WAY") != NULL)
		for (unsigned int i = from; i < search.depth && search.frames[i]->next > 0; i++)
			search_say_step(search.frames[i]);
	fflush(NULL);
	_Exit(1);
}

static void
search_push(void)
{
	struct frame_at *frame = search.frames[search.depth];

	if (search.depth + 1 == DEPTH)
		model_fail("the model: too deep");
	if (frame == NULL) {
		frame = calloc(1, sizeof(*frame));
		if (frame == NULL)
			exit(99);
		search.frames[search.depth] = frame;
	}
	memcpy(&frame->state, &now, sizeof(now));
	search_ways_on(frame);
	search.depth++;
	if (search.depth > search.deepest)
		search.deepest = search.depth;
	memory_load(&now, 0);
	if (frame->count == 0)
		search.ends++;
	scene->law(frame->count == 0);
}

static void
search_clear(void)
{
	free(search.seen);
	search.seen = NULL;
	search.mask = 0;
	search.depth = search.deepest = 0;
	search.states = search.steps = search.ends = 0;
	search_grow();
	if (search.frames == NULL)
		search.frames = calloc(DEPTH, sizeof(struct frame_at *));
	memset(&now, 0, sizeof(now));
}

static double
search_seconds(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (double)usage.ru_utime.tv_sec + (double)usage.ru_utime.tv_usec / 1e6;
}

/* When to give up: MODEL_SECONDS by the clock. */
static time_t
search_bound(void)
{
	const char *bound = getenv("MODEL_SECONDS");

	return time(NULL) + (bound != NULL ? strtol(bound, NULL, 10) : 1000000);
}

bool
search_run(const struct scene *what, uint64_t most)
{
	double began = search_seconds();
	time_t bound = search_bound();

	scene = what;
	search_clear();
	now.world.signals = what->signals;
	now.world.kills = what->kills;
	now.world.forks = what->forks;
	acting = ACTORS;
	what->begin();
	memory_begin(&now);
	for (unsigned int i = 0; i < what->threads; i++)
		search_actor(i, 0);
	if (what->keeper)
		search_actor(ACTORS - 2, KEEPER_PROCESS);
	if (what->reader)
		search_actor(ACTORS - 1, READER_PROCESS);
	(void)search_is_new();
	search_push();
	while (search.depth > 0 && search.states < most) {
		struct frame_at *frame = search.frames[search.depth - 1];

		if (search.steps % 4096 == 0 && time(NULL) >= bound)
			break;
		if (frame->next == frame->count) {
			search.depth--;
			continue;
		}
		memcpy(&now, &frame->state, sizeof(now));
		frame->next++;
		search_take(frame->ways[frame->next - 1].actor, frame->ways[frame->next - 1].way);
		if (search_is_new())
			search_push();
	}
	printf("%-24s %9llu states %10llu steps %7llu ends %5u deep %6.1f s %4llu MiB%s\n",
	    what->name, (unsigned long long)search.states, (unsigned long long)search.steps,
	    (unsigned long long)search.ends, search.deepest, search_seconds() - began,
	    (unsigned long long)memory_bytes() >> 20, search.depth > 0 ? " NOT ALL" : "");
	fflush(stdout);
	return search.depth == 0;
}
