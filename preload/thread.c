#include "preload/thread.h"

#include <string.h>
#include <sys/mman.h>

#include "preload/modules.h"
#include "preload/sys.h"

enum { THREAD_PROBES = 64 };

struct threads threads;
__thread struct thread_tls thread_tls
    __attribute__((tls_model("initial-exec"))) = { .open = THREAD_CLOSED };

static uint8_t *thread_memory;
static uint64_t *thread_keys; /* thread pointers */
static uint64_t thread_stride;
static uint64_t thread_mask;
static uint64_t thread_cells; /* bytes of the marks of one stack */

static uint64_t
thread_round(uint64_t size)
{
	return (size + 4095) & ~4095ULL;
}

/* A region holds a full stack and as many new frames, before it is cut, behind one
 * that is outside of all. */
static uint64_t
thread_frames(uint32_t depth)
{
	return thread_round((2ULL * depth + 2) * sizeof(struct frame));
}

/*
 * One thread's: the struct; its memos; the frames of region 0, and of each other; the
 * scratch of each level; where there are marks, those of each stack. Pages that
 * nobody touches cost nothing.
 */
bool
thread_start(uint32_t depth, bool marked)
{
	uint64_t frames = thread_frames(depth);
	uint64_t count = 32768;

	threads.depth = depth;
	thread_cells = marked ? thread_round((2ULL * depth + 2) * sizeof(uint32_t)) : 0;
	thread_stride = thread_round(sizeof(struct thread)) +
	    thread_round(MEMO_COUNT * sizeof(struct memo)) +
	    (frames + thread_cells) * (THREAD_REGIONS + ESC_LEVELS - 1 + ESC_LEVELS);
	for (; count >= 64; count /= 4) {
		if (threads.space != 0 && count * (thread_stride + 8) > threads.space)
			continue;
		thread_memory = sys_mmap(count * (thread_stride + 8), PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1);
		if (thread_memory != NULL)
			break;
	}
	if (thread_memory == NULL)
		return false;
	thread_keys = (uint64_t *)(void *)(thread_memory + count * thread_stride);
	thread_mask = count - 1;
	return true;
}

static struct thread *
thread_place(uint64_t key)
{
	uint64_t at = (key >> 12) * 0x9e3779b97f4a7c15ULL >> 32;

	for (unsigned int i = 0; i < THREAD_PROBES; i++) {
		uint64_t index = (at + i) & thread_mask;
		uint64_t free = 0;

		if (__atomic_load_n(&thread_keys[index], __ATOMIC_ACQUIRE) == key ||
		    __atomic_compare_exchange_n(
			&thread_keys[index], &free, key, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
			return (void *)(thread_memory + index * thread_stride);
	}
	return NULL;
}

static void
thread_lay(struct thread *thread)
{
	uint8_t *at = (uint8_t *)thread + thread_round(sizeof(*thread));
	uint64_t frames = thread_frames(threads.depth);

	thread->memos = (void *)at;
	at += thread_round(MEMO_COUNT * sizeof(struct memo));
	for (unsigned int i = 0; i < THREAD_REGIONS + ESC_LEVELS - 1; i++) {
		thread->regions[i] =
		    (struct region){ .frames = (void *)at, .marks = (void *)(at + frames) };
		*thread->regions[i].frames++ = (struct frame){ .slot = UINT64_MAX };
		at += frames + thread_cells;
	}
	for (unsigned int i = 0; i < ESC_LEVELS; i++) {
		thread->scratch[i] = (void *)at;
		thread->cells[i] = (void *)(at + frames);
		at += frames + thread_cells;
	}
}

static uint64_t
thread_top(uint64_t key)
{
	uint64_t here = (uint64_t)__builtin_frame_address(0);

	if (key == threads.main)
		return threads.main_top;
	/* A stack of glibc's ends at its thread pointer; another's is unknown. */
	return key > here && key - here < 1ULL << 30 ? key : 0;
}

/* Never 0. The finalizer of splitmix64: seeds are small numbers, and the first
 * outputs of xorshift show it. */
static uint64_t
thread_seed(uint32_t number, uint64_t chance)
{
	uint64_t x = chance;

	if (threads.seed != 0) {
		x = threads.seed * 0x9e3779b97f4a7c15ULL + number;
		x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ULL;
		x = (x ^ x >> 27) * 0x94d049bb133111ebULL;
		x ^= x >> 31;
	}
	return x | 1;
}

/* Where its counters stand when its segments do not stay; NULL: there is no room. */
static struct esc_counters *
thread_define(const struct thread *thread, uint32_t process)
{
	struct esc_def_thread *def = ring.slot != 0 ? ring_define(sizeof(*def) / ESC_SLOT) : NULL;

	if (def == NULL)
		return NULL;
	def->def.id = thread->number;
	def->process = process;
	def->tid = thread->tid;
	ring_defined(&def->def, ESC_DEF_THREAD);
	return &def->counters;
}

static void
thread_init(struct thread *thread, uint64_t key, uint32_t process)
{
	struct esc_segment *segment = NULL;

	/* What a dead thread of this process, not of its parent, has left. */
	for (unsigned int i = 0; thread->process == process && i < ESC_LEVELS; i++)
		ring_end(&thread->writers[i]);
	__atomic_store_n(&thread->process, THREAD_CLOSED, __ATOMIC_RELAXED);
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	memset(thread->busy, 0, sizeof(thread->busy));
	thread_lay(thread);
	thread->number = __atomic_add_fetch(&ring.header->threads, 1, __ATOMIC_RELAXED);
	thread->tid = ring_tid();
	if (ring.slot == 0)
		segment = ring_claim(ESC_SEGMENT_MIN, ESC_SEGMENT_EVENTS);
	thread->counters = segment != NULL ? &segment->counters : thread_define(thread, process);
	thread->tasks = false;
	thread->shared = thread->counters == NULL;
	if (thread->shared)
		thread->counters = &ring.header->overflow;
	thread_stamp(thread, __atomic_load_n(&modules_epoch, __ATOMIC_ACQUIRE));
	thread->current = thread->regions;
	thread->newest = 0;
	thread->passed = 0;
	thread->serial = 0;
	thread->copies = 0;
	thread->stack_top = thread_top(key);
	thread->random = thread_seed(thread->number, key ^ ring_ticks());
	thread->lot = thread->random;
	for (uint8_t i = 0; i < ESC_LEVELS; i++)
		ring_begin(
		    &thread->writers[i], thread->number, thread->tid, i, i == 0 ? segment : NULL);
	__atomic_store_n(&thread->process, process, __ATOMIC_RELEASE);
}

/*
 * Where the caller's may be made. A signal's handler that allocates while that is done
 * has one of its own, since it would leave half of this one as its own; so has a thread
 * that a handler took out of there by longjmp.
 */
static struct thread *
thread_free_place(uint64_t key)
{
	for (unsigned int i = 0; i < ESC_LEVELS; i++) {
		struct thread *thread = thread_place(key + i);

		if (thread == NULL || thread->process != THREAD_CLOSED)
			return thread;
	}
	return NULL;
}

__attribute__((noinline, cold)) int
thread_enter_apart(struct thread *thread, uint64_t sp)
{
	for (int level = 0; level < (int)ESC_LEVELS; level++) {
		uint64_t none = 0;

		if (__atomic_compare_exchange_n(
			&thread->busy[level], &none, sp, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			return level;
	}
	return -1;
}

struct thread *
thread_join(void)
{
	uint32_t process = ring_process();
	uint64_t key = arch_thread_pointer();
	struct thread *thread;

	if (process == 0)
		return NULL;
	thread = thread_free_place(key);
	if (thread == NULL)
		return NULL;
	thread_init(thread, key, process);
	thread_tls.thread = thread;
	thread_tls.counters = thread->counters;
	thread_tls.countdown = 0;
	thread_tls.open = THREAD_CLOSED;
	sample_begin(thread);
	return thread;
}
