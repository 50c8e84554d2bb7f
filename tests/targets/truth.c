/*
 * What really happened to each block, without any of esc's code: a target program
 * built with -finstrument-functions and linked with this keeps a stack of
 * numbered activations (inlined functions have theirs), and at its end writes to
 * $TRUTH_OUT one line a block: the fate, the size, how many of the allocating
 * activations were still live at the free, whether realloc ended or began it, the
 * owner's number, the allocating activations (outermost first) and the return
 * addresses at the allocation (innermost first).
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <unwind.h>

enum { DEPTH = 512, REGIONS = 16, RETURNS = 24, BLOCKS = 1 << 17, THREADS = 64 };

struct frame {
	void *function;
	uint64_t id;
};

struct region {
	uintptr_t low, high; /* 0, 0: the thread's own stack */
	unsigned int depth;
	struct frame frames[DEPTH];
};

struct thread {
	struct region regions[REGIONS];
	unsigned int count;
};

enum fate { LIVE, LOCAL_OR_UP, THREAD, UNKNOWN };

struct block {
	void *address; /* NULL once freed */
	size_t size;
	enum fate fate;
	bool realloced;
	struct thread *thread;
	struct region *region;
	unsigned int depth;  /* activations of the stack */
	unsigned int common; /* of them live when it was freed */
	struct frame *frames;
	unsigned int returns;
	uintptr_t addresses[RETURNS];
};

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);
extern void __libc_free(void *block);
extern const char __executable_start, etext;

void __cyg_profile_func_enter(void *function, void *site);
void __cyg_profile_func_exit(void *function, void *site);
unsigned int truth_depth(void);
void truth_cut(unsigned int depth);
void truth_region(void *base, size_t size);

static pthread_mutex_t truth_lock = PTHREAD_MUTEX_INITIALIZER;
static struct block *truth_blocks;
static unsigned int truth_count;
static struct thread *truth_threads[THREADS];
static unsigned int truth_thread_count;
static uint64_t truth_activations;
static struct region truth_shared[REGIONS]; /* low and high alone */
static unsigned int truth_shared_count;
static __thread struct thread *truth_thread;
static __thread bool truth_busy;

static void *
truth_map(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		abort();
	return memory;
}

/* The region of the calling thread's stacks that now runs. */
static struct region *
truth_here(void)
{
	uintptr_t sp = (uintptr_t)__builtin_frame_address(0);
	struct region *found;

	if (truth_thread == NULL) {
		truth_thread = truth_map(sizeof(*truth_thread));
		truth_thread->count = 1;
		pthread_mutex_lock(&truth_lock);
		if (truth_thread_count == THREADS)
			abort();
		truth_threads[truth_thread_count++] = truth_thread;
		pthread_mutex_unlock(&truth_lock);
	}
	found = &truth_thread->regions[0];
	for (unsigned int i = 0; i < truth_shared_count; i++)
		if (sp >= truth_shared[i].low && sp < truth_shared[i].high)
			found = &truth_thread->regions[i + 1];
	return found;
}

/* Tells of a stack other than the threads' own. */
void
truth_region(void *base, size_t size)
{
	if (truth_shared_count == REGIONS - 1)
		abort();
	truth_shared[truth_shared_count].low = (uintptr_t)base;
	truth_shared[truth_shared_count++].high = (uintptr_t)base + size;
}

unsigned int
truth_depth(void)
{
	return truth_here()->depth;
}

/* A longjmp ends the activations that are deeper than its setjmp's. */
void
truth_cut(unsigned int depth)
{
	truth_here()->depth = depth;
}

void
__cyg_profile_func_enter(void *function, void *site)
{
	struct region *region = truth_here();

	(void)site;
	if (region->depth == DEPTH)
		abort();
	region->frames[region->depth].function = function;
	region->frames[region->depth++].id =
	    __atomic_add_fetch(&truth_activations, 1, __ATOMIC_RELAXED);
}

void
__cyg_profile_func_exit(void *function, void *site)
{
	struct region *region = truth_here();

	(void)site;
	while (region->depth > 0 && region->frames[--region->depth].function != function)
		;
}

static _Unwind_Reason_Code
truth_step(struct _Unwind_Context *context, void *data)
{
	struct block *block = data;
	uintptr_t address = _Unwind_GetIP(context);

	if (block->returns == RETURNS)
		return _URC_END_OF_STACK;
	if (address >= (uintptr_t)&__executable_start && address < (uintptr_t)&etext)
		block->addresses[block->returns++] = address - (uintptr_t)&__executable_start;
	return _URC_NO_REASON;
}

/* The loader's own blocks, for a new thread, are nobody's. */
static bool
truth_loader(void *caller)
{
	Dl_info info;

	return dladdr(caller, &info) != 0 && strstr(info.dli_fname, "/ld-") != NULL;
}

static void
truth_allocate(void *address, size_t size, bool realloced, void *caller)
{
	struct region *region;
	struct block *block;

	if (address == NULL || truth_busy || truth_loader(caller))
		return;
	region = truth_here();
	if (region->depth == 0)
		return;
	truth_busy = true;
	pthread_mutex_lock(&truth_lock);
	if (truth_blocks == NULL)
		truth_blocks = truth_map(BLOCKS * sizeof(*truth_blocks));
	if (truth_count == BLOCKS)
		abort();
	block = &truth_blocks[truth_count++];
	*block = (struct block){ address, size, LIVE, realloced, truth_thread, region,
		region->depth, 0, NULL, 0, { 0 } };
	block->frames = __libc_malloc(region->depth * sizeof(struct frame));
	memcpy(block->frames, region->frames, region->depth * sizeof(struct frame));
	_Unwind_Backtrace(truth_step, block);
	pthread_mutex_unlock(&truth_lock);
	truth_busy = false;
}

static void
truth_free(void *address, bool realloced)
{
	struct region *region;
	struct block *block = NULL;

	if (address == NULL || truth_busy)
		return;
	region = truth_here();
	pthread_mutex_lock(&truth_lock);
	for (unsigned int i = truth_count; i > 0 && block == NULL; i--)
		if (truth_blocks[i - 1].address == address)
			block = &truth_blocks[i - 1];
	if (block != NULL) {
		block->address = NULL;
		block->realloced |= realloced;
		block->fate = block->thread != truth_thread ? THREAD
		    : block->region != region               ? UNKNOWN
							    : LOCAL_OR_UP;
		while (block->fate == LOCAL_OR_UP && block->common < block->depth &&
		    block->common < region->depth &&
		    block->frames[block->common].id == region->frames[block->common].id)
			block->common++;
	}
	pthread_mutex_unlock(&truth_lock);
}

void *
malloc(size_t size)
{
	void *address = __libc_malloc(size);

	truth_allocate(address, size, false, __builtin_return_address(0));
	return address;
}

void *
calloc(size_t count, size_t size)
{
	void *address = __libc_calloc(count, size);

	truth_allocate(address, count * size, false, __builtin_return_address(0));
	return address;
}

void *
realloc(void *old, size_t size)
{
	void *address = __libc_realloc(old, size);

	if (address != NULL || size == 0)
		truth_free(old, address != NULL);
	truth_allocate(address, size, old != NULL, __builtin_return_address(0));
	return address;
}

void *
aligned_alloc(size_t alignment, size_t size)
{
	void *address = __libc_memalign(alignment, size);

	truth_allocate(address, size, false, __builtin_return_address(0));
	return address;
}

int
posix_memalign(void **address, size_t alignment, size_t size)
{
	*address = __libc_memalign(alignment, size);
	truth_allocate(*address, size, false, __builtin_return_address(0));
	return *address == NULL ? ENOMEM : 0;
}

void
free(void *address)
{
	truth_free(address, false);
	__libc_free(address);
}

/* The site's activation still runs: neither freed nor escaped. */
static bool
truth_censored(const struct block *block)
{
	const struct frame *site = &block->frames[block->depth - 1];

	for (unsigned int i = 0; i < truth_thread_count; i++)
		if (truth_threads[i] == block->thread)
			return block->region->depth >= block->depth &&
			    block->region->frames[block->depth - 1].id == site->id;
	return false;
}

static const char *
truth_fate(const struct block *block)
{
	if (block->fate == LIVE)
		return truth_censored(block) ? "censored" : "live";
	if (block->fate == LOCAL_OR_UP)
		return "owned";
	return block->fate == THREAD ? "thread" : "unknown";
}

__attribute__((destructor(101))) static void
truth_write(void)
{
	const char *path = getenv("TRUTH_OUT");
	FILE *out;

	truth_busy = true;
	out = path != NULL ? fopen(path, "w") : NULL;
	for (unsigned int i = 0; out != NULL && i < truth_count; i++) {
		const struct block *block = &truth_blocks[i];
		uint64_t owner = block->common > 0 ? block->frames[block->common - 1].id : 0;

		fprintf(out, "%s %zu %u %d %llu", truth_fate(block), block->size, block->common,
		    block->realloced, (unsigned long long)owner);
		for (unsigned int k = 0; k < block->depth; k++)
			fprintf(out, "%c%lx", k == 0 ? ' ' : ',',
			    (unsigned long)((uintptr_t)block->frames[k].function -
				(uintptr_t)&__executable_start));
		for (unsigned int k = 0; k < block->returns; k++)
			fprintf(out, "%c%lx", k == 0 ? ' ' : ',', block->addresses[k]);
		fputc('\n', out);
	}
	if (out == NULL || fclose(out) != 0)
		_exit(99);
}
