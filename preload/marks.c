#define _GNU_SOURCE
#include "preload/marks.h"

#include <dlfcn.h>
#include <link.h>
#include <string.h>
#include <sys/mman.h>

#include "preload/cfi.h"
#include "preload/modules.h"
#include "preload/ring.h"
#include "preload/rules.h"
#include "preload/sys.h"
#include "preload/task.h"
#include "preload/thread.h"

#pragma weak _dl_find_object /* see aside.h */

enum { MARKS_ENTRIES = 1 << 16, MARKS_PROBES = 64, MARKS_AVOID = 16 };

/* A place in the code, as its return address. */
struct marks_place {
	uint64_t pc;     /* 0: free, 1: forgotten */
	uint32_t cell;   /* the first of its marks; 0: it may not have one */
	uint32_t leaves; /* enum marks_leaves */
};

/* The return address of the function around a place: may it have a mark? */
enum marks_leaves {
	MARKS_NO,
	MARKS_YES,
	MARKS_STOP, /* no, nor may any outside of it */
};

struct marks marks;

static struct marks_place *marks_places;
static uint32_t marks_count;               /* places known */
static uint32_t marks_cells;               /* cells given */
static uint64_t marks_loader[2];           /* the dynamic linker, from, to */
static uint64_t marks_begins[MARKS_AVOID]; /* functions that look at who called them */

/* They ask who called them; more than their first instructions may. */
static const char *const marks_lookers[] = { "dlopen", "dlmopen", "dlsym", "dlvsym", "dlclose",
	"dladdr", "dladdr1", "dlinfo", "dl_iterate_phdr", "backtrace" };

/* Begins of file names: runtimes that look for their own frames on the stack. */
static const char *const marks_runtimes[][2] = { { "libjvm.so", "Java" }, { "libj9vm", "Java" },
	{ "libart.so", "Android runtime" }, { "libcoreclr.so", ".NET" }, { "libmono", "Mono" },
	{ "libnode.so", "node" }, { "node", "node" }, { "nodejs", "node" }, { "libv8", "V8" },
	{ "libmozjs", "SpiderMonkey" }, { "libjavascriptcore", "JavaScriptCore" },
	{ "libgo.so", "Go" }, { "libasmrun", "OCaml" }, { "libcamlrun", "OCaml" },
	{ "libHSrts", "GHC" } };

/* Texts in an executable that such a runtime is linked into. */
static const char *const marks_texts[][2] = { { "CAMLRUNPARAM", "OCaml" }, { "GHCRTS", "GHC" },
	{ "napi_module_register", "node" }, { "v8_context_snapshot", "V8" },
	{ "graal_create_isolate", "GraalVM" } };

#define MARKS_LENGTH(array) (sizeof(array) / sizeof(*(array)))

void
marks_stop(enum esc_unmarked why, const char *runtime)
{
	struct esc_header *header = ring.header;
	uint32_t none = ESC_UNMARKED_NONE;

	marks.setting = false;
	if (!__atomic_compare_exchange_n(
		&header->unmarked, &none, (uint32_t)why, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		return;
	for (unsigned int i = 0;
	     runtime != NULL && runtime[i] != 0 && i < sizeof(header->runtime) - 1; i++)
		header->runtime[i] = runtime[i];
	__atomic_fetch_or(&header->flags, ESC_FLAG_UNMARKED, __ATOMIC_RELEASE);
}

static const char *
marks_base(const char *path)
{
	const char *base = path;

	for (; *path != 0; path++)
		if (*path == '/')
			base = path + 1;
	return base;
}

static bool
marks_begins_with(const char *text, const char *with)
{
	while (*with != 0)
		if (*text++ != *with++)
			return false;
	return true;
}

void
marks_module(const char *path, bool go)
{
	const char *base = marks_base(path);

	if (!marks.setting)
		return;
	if (go)
		marks_stop(ESC_UNMARKED_RUNTIME, "Go");
	for (unsigned int i = 0; i < MARKS_LENGTH(marks_runtimes); i++) {
		const char *name = marks_runtimes[i][0];
		size_t length = strlen(name);

		if (marks_begins_with(base, name) &&
		    (memcmp(name, "lib", 3) == 0 || base[length] == 0)) {
			marks_stop(ESC_UNMARKED_RUNTIME, marks_runtimes[i][1]);
			return;
		}
	}
}

/* The name of the runtime that one of the texts belongs to, NULL: none. */
static const char *
marks_scan(const char *at, const char *end)
{
	for (; at < end; at++) {
		if (*at != 'C' && *at != 'G' && *at != 'n' && *at != 'v' && *at != 'g')
			continue;
		for (unsigned int i = 0; i < MARKS_LENGTH(marks_texts); i++) {
			const char *text = marks_texts[i][0];

			if (*at == *text && (size_t)(end - at) > strlen(text) &&
			    memcmp(at, text, strlen(text)) == 0)
				return marks_texts[i][1];
		}
	}
	return NULL;
}

/* A runtime in the executable: its texts lie where nothing is written. */
static const char *
marks_linked(const ElfW(Phdr) * headers, uint32_t count)
{
	uint64_t bias = 0;
	const char *name = NULL;

	for (uint32_t i = 0; i < count; i++)
		if (headers[i].p_type == PT_PHDR)
			bias = (uint64_t)headers - headers[i].p_vaddr;
	for (uint32_t i = 0; i < count && name == NULL; i++) {
		const char *at = (const char *)(bias + headers[i].p_vaddr);

		if (headers[i].p_type == PT_LOAD && (headers[i].p_flags & (PF_W | PF_R)) == PF_R)
			name = marks_scan(at, at + headers[i].p_filesz);
	}
	return name;
}

/* -finstrument-functions: glibc's own hooks do nothing, another's may do. */
static bool
marks_instrumented(void)
{
	struct dl_find_object theirs, libc;
	const void *hook = dlsym(RTLD_DEFAULT, "__cyg_profile_func_exit");

	return hook != NULL && _dl_find_object((void *)(uintptr_t)hook, &theirs) == 0 &&
	    _dl_find_object((void *)(uintptr_t)&dlsym, &libc) == 0 &&
	    theirs.dlfo_link_map != libc.dlfo_link_map;
}

static void
marks_find(uint64_t loader)
{
	struct dl_find_object object;

	if (loader != 0 && _dl_find_object((void *)loader, &object) == 0) {
		marks_loader[0] = (uint64_t)object.dlfo_map_start;
		marks_loader[1] = (uint64_t)object.dlfo_map_end;
	}
	for (unsigned int i = 0; i < MARKS_LENGTH(marks_lookers); i++)
		marks_begins[i] = (uint64_t)dlsym(RTLD_DEFAULT, marks_lookers[i]);
}

void
marks_start(uint32_t depth, uint64_t loader, const void *headers, uint32_t count)
{
	const char *name;

	marks.depth = depth;
	if (depth == 0)
		return;
	name = marks_linked(headers, count);
	if (arch_marks_shadow()) {
		marks_stop(ESC_UNMARKED_SHADOW_STACK, NULL);
	} else if (name != NULL) {
		marks_stop(ESC_UNMARKED_RUNTIME, name);
	} else if (marks_instrumented()) {
		marks_stop(ESC_UNMARKED_INSTRUMENTED, NULL);
	} else {
		marks_places = sys_mmap(MARKS_ENTRIES * sizeof(*marks_places),
		    PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1);
		if (marks_places == NULL)
			marks_stop(ESC_UNMARKED_MEMORY, NULL);
	}
	if (marks_places == NULL)
		return;
	marks_find(loader);
	ring.header->marks_depth = depth;
	__atomic_fetch_or(&ring.header->flags, ESC_FLAG_MARKS, __ATOMIC_RELAXED);
	marks.on = true;
	marks.setting = true;
}

/* Unwinders begin with who called them. */
static enum marks_leaves
marks_leaves(const struct cfi_fde *fde)
{
	const char *base = marks_base(fde->map->l_name);

	if (fde->signal)
		return MARKS_STOP;
	if (marks_begins_with(base, "libgcc_s.so") || marks_begins_with(base, "libunwind"))
		return MARKS_NO;
	if (fde->begin >= marks_loader[0] && fde->begin < marks_loader[1])
		return MARKS_NO;
	for (unsigned int i = 0; i < MARKS_AVOID; i++)
		if (fde->begin == marks_begins[i])
			return MARKS_NO;
	return MARKS_YES;
}

/* May a slot that holds pc be marked? Where the walk is sure of what is a frame, and
 * what may handle an exception can be found by an unwinder behind a mark. */
static bool
marks_returns(const struct cfi_fde *fde, uint64_t pc)
{
	enum rule_kind kind = rule_kind(rules_get(pc));

	return (kind == RULE_RSP || kind == RULE_RBP || kind == RULE_DEREF) &&
	    arch_marks_call(fde->begin, pc) &&
	    (fde->lsda == 0 || modules_unwinds(rule_module(rules_get(pc))));
}

/* The first of the cells for pc; 0: there is none left. */
static uint32_t
marks_give(uint64_t pc)
{
	uint32_t first = __atomic_load_n(&marks_cells, __ATOMIC_RELAXED);

	do {
		if (first + MARKS_VARIANTS > ARCH_MARKS_CELLS) {
			__atomic_fetch_add(&ring.header->marks_missing, 1, __ATOMIC_RELAXED);
			return 0;
		}
	} while (!__atomic_compare_exchange_n(&marks_cells, &first, first + MARKS_VARIANTS, true,
	    __ATOMIC_RELAXED, __ATOMIC_RELAXED));
	for (unsigned int i = 0; i < MARKS_VARIANTS; i++)
		arch_marks_targets[first + i] = pc;
	__atomic_fetch_add(&ring.header->marks, 1, __ATOMIC_RELAXED);
	return first + 1;
}

static void
marks_fill(struct marks_place *place, uint64_t pc)
{
	struct cfi_fde fde;

	place->cell = 0;
	place->leaves = MARKS_STOP;
	if (cfi_find(pc - 1, &fde) != CFI_FOUND)
		return;
	place->leaves = marks_leaves(&fde);
	if (marks_returns(&fde, pc))
		place->cell = marks_give(pc);
}

static const struct marks_place marks_nowhere = { .leaves = MARKS_STOP };

/* Probes on; claims a free entry by the pc's odd twin, as rules.c does. */
static __attribute__((noinline)) const struct marks_place *
marks_miss(uint64_t pc, uint64_t at)
{
	for (unsigned int i = 0; i < MARKS_PROBES; i++) {
		struct marks_place *place = &marks_places[(at + i) % MARKS_ENTRIES];
		uint64_t key = __atomic_load_n(&place->pc, __ATOMIC_ACQUIRE);

		if (key == pc)
			return place;
		if (key != 0)
			continue;
		if (__atomic_load_n(&marks_count, __ATOMIC_RELAXED) > MARKS_ENTRIES / 4 * 3)
			break;
		if (!__atomic_compare_exchange_n(&place->pc, &key, pc | 1ULL << 63, false,
			__ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
			return &marks_nowhere; /* another thread's, perhaps for it */
		__atomic_fetch_add(&marks_count, 1, __ATOMIC_RELAXED);
		marks_fill(place, pc);
		__atomic_store_n(&place->pc, pc, __ATOMIC_RELEASE);
		return place;
	}
	__atomic_fetch_add(&ring.header->marks_missing, 1, __ATOMIC_RELAXED);
	return &marks_nowhere;
}

static inline const struct marks_place *
marks_place(uint64_t pc)
{
	uint64_t at = rules_hash(pc);
	const struct marks_place *place = &marks_places[at % MARKS_ENTRIES];

	if (__builtin_expect(__atomic_load_n(&place->pc, __ATOMIC_ACQUIRE) == pc, 1))
		return place;
	return marks_miss(pc, at);
}

void
marks_forget(uint64_t start, uint64_t end)
{
	/* What stands on some stack stays as right as its return address. */
	for (uint32_t i = 0; marks.on && i < MARKS_ENTRIES; i++)
		if (marks_places[i].pc > start && marks_places[i].pc <= end)
			__atomic_store_n(&marks_places[i].pc, 1, __ATOMIC_RELEASE);
}

/* One of the four, by lot. */
static inline uint32_t
marks_draw(struct thread *thread)
{
	thread->lot = thread->lot * 0x5851f42d4c957f2dULL + 0x14057b7ef767814fULL;
	return (uint32_t)(thread->lot >> 62);
}

/* What a signal interrupted, and all outside of it, is no call: its slots are not
 * certain. */
static inline bool
marks_interrupted(const struct frame *frame)
{
	return (frame->module & (uint32_t)ESC_NODE_SIGNAL << FRAME_FLAGS_SHIFT) != 0;
}

/* Bytes of stack between a hook's return address and marks_set: more than there can be. */
enum { MARKS_NEAR = 16384 };

/*
 * The hook that the thread is in: where its return address stands. 0: it is not ours.
 * Another task with this thread pointer may come in at any time (it seems to have been
 * left by longjmp, see thread_enter), and puts its own stack in our region's place.
 */
static inline uint64_t
marks_hook(const struct thread *thread)
{
	uint64_t hook = __atomic_load_n(&thread->busy[0], __ATOMIC_RELAXED);

	return hook - (uint64_t)__builtin_frame_address(0) < MARKS_NEAR ? hook : 0;
}

/* Marks the frames [low, high) that have none, from the innermost on; returns how
 * far it may go. */
static uint32_t
marks_frames(struct thread *thread, struct region *region, uint64_t hook, uint32_t low,
    uint32_t high, uint32_t *set)
{
	const struct frame *frames = region->frames;
	const struct marks_place *place = marks_place(frames[high].pc);
	uint32_t i = high;

	for (; i > low; i--) {
		const struct frame *frame = &frames[i - 1];
		uint64_t pc = __atomic_load_n(&frame->pc, __ATOMIC_ACQUIRE);
		volatile uint64_t *slot =
		    (volatile uint64_t *)__atomic_load_n(&frame->slot, __ATOMIC_ACQUIRE);
		uint32_t leaves = place->leaves;
		uint32_t cell;

		if (leaves == MARKS_STOP || marks_interrupted(frame) ||
		    marks_interrupted(frame + 1))
			break;
		place = marks_place(pc);
		if (region->marks[i - 1] != 0 || leaves != MARKS_YES)
			continue;
		cell = place->cell;
		/* What was read before that is our own stack, which stays as it is, unless it
		 * is of the task that was thought to be left: that is inside of us. */
		if (__atomic_load_n(&thread->busy[0], __ATOMIC_ACQUIRE) != hook ||
		    (uint64_t)slot < hook)
			break;
		if (cell == 0 || *slot != pc)
			continue;
		cell += marks_draw(thread);
		/* First the slot: a mark that nobody remembers proves nothing. */
		*slot = marks_address(cell);
		__asm__ volatile("" ::: "memory");
		region->marks[i - 1] = cell;
		++*set;
	}
	return i;
}

void
/* NOLINTNEXTLINE(readability-function-cognitive-complexity): the hot path: two ranges */
marks_set(struct thread *thread, struct region *region)
{
	uint32_t high = region->depth - 1;
	uint32_t low = high > marks.depth ? high - marks.depth : 1;
	uint32_t from = region->tried_low, to = region->tried_high;
	uint64_t hook;
	uint32_t set = 0;

	/* Of the stacks of a second task none is the first one. */
	if (thread->serial > 1)
		task_look(thread);
	hook = marks_hook(thread);
	if (hook == 0 || !marks.setting)
		return;
	if (to > high)
		to = high;
	if (high <= low || (from < to && low >= from && high == to))
		return;
	if (from >= to || low > to)
		from = to = high;
	/* Frames [from, to) were tried before; what the innermost of them calls now
	 * is another one than then. */
	region->tried_high = high;
	region->tried_low = marks_frames(thread, region, hook, to > low ? to : low, high, &set);
	if (region->tried_low == to && from < to) {
		const struct frame *next = &region->frames[to];

		if (!marks_interrupted(next) && marks_place(next->pc)->leaves != MARKS_STOP)
			region->tried_low =
			    from > low ? marks_frames(thread, region, hook, low, from, &set) : from;
	} else if (region->tried_low == to) {
		region->tried_low = marks_frames(thread, region, hook, low, to, &set);
	}
	if (set != 0)
		thread_count(thread, &thread->counters->marked, set);
}
