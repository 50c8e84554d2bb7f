/*
 * What a program may tell esc, the heap profiler, about itself. Header only: there is nothing
 * to link with but what has dlsym, which is libc since glibc 2.34. Where libesc.so is not
 * preloaded a call is two loads and two branches. C89 and C++98 or later, GCC or clang.
 *
 *	esc_phase("load");             blocks from now on belong to the phase "load"
 *	esc_thread_name("worker 3");   what reports call the calling thread
 *	esc_pause(); ... esc_resume(); what is allocated in between is counted, not recorded
 *	pool = esc_pool_new("nodes");  an allocator of the program's own, which hands out parts of
 *	                               larger blocks; then, as it does:
 *	esc_pool_allocate(pool, p, n); ... esc_pool_free(pool, p); ... esc_pool_reset(pool);
 *
 * All may be called by any thread at any time, in the child of a fork, and, once the
 * constructors of the file that includes this have run, in a signal's handler. Names are
 * copied; bytes behind the 255th are cut. A call that the libesc.so which is there does not
 * know does nothing: an older one works with a newer header, and the other way around.
 *
 * ESC_DISABLE, defined before this is included, makes all of them nothing: for programs that
 * are linked statically, into which nothing can be preloaded.
 */
#ifndef ESC_H
#define ESC_H

/* What this header knows. */
#define ESC_API_VERSION 2U

#define ESC_UNUSED __attribute__((__unused__))

/* What is called from the function that allocates is found by its frame: it must be there,
 * and so must its line. */
#define ESC_POOL static __inline__ __attribute__((__always_inline__, __unused__))

#if !defined(ESC_DISABLE)
#include <dlfcn.h>

/* What is there of libesc.so's; looked for once for each file that includes this. */
struct esc_calls {
	int is_known; /* all that follow were looked for */
	unsigned int (*version)(void);
	void (*phase)(const char *);
	void (*thread_name)(const char *);
	void (*pause)(void);
	void (*resume)(void);
	unsigned int (*pool_new)(const char *);
	void (*pool_allocate)(unsigned int, const void *, __SIZE_TYPE__);
	void (*pool_free)(unsigned int, const void *);
	void (*pool_reset)(unsigned int);
};

static struct esc_calls esc_calls ESC_UNUSED;

/* RTLD_DEFAULT, which dlfcn.h has for GNU's sources only, is NULL. */
#define ESC_LOOK(name)                                                     \
	do {                                                               \
		void *found = dlsym((void *)0, "esc_api_" #name);          \
		__builtin_memcpy(&calls.name, &found, sizeof(calls.name)); \
	} while (0)

/* Several threads may do it at a time: they find the same. */
static ESC_UNUSED void
esc_look(void)
{
	struct esc_calls calls;

	ESC_LOOK(version);
	ESC_LOOK(phase);
	ESC_LOOK(thread_name);
	ESC_LOOK(pause);
	ESC_LOOK(resume);
	ESC_LOOK(pool_new);
	ESC_LOOK(pool_allocate);
	ESC_LOOK(pool_free);
	ESC_LOOK(pool_reset);
	esc_calls.version = calls.version;
	esc_calls.phase = calls.phase;
	esc_calls.thread_name = calls.thread_name;
	esc_calls.pause = calls.pause;
	esc_calls.resume = calls.resume;
	esc_calls.pool_new = calls.pool_new;
	esc_calls.pool_allocate = calls.pool_allocate;
	esc_calls.pool_free = calls.pool_free;
	esc_calls.pool_reset = calls.pool_reset;
	__atomic_store_n(&esc_calls.is_known, 1, __ATOMIC_RELEASE);
}

/* So that nothing is looked for in a signal's handler. */
static ESC_UNUSED __attribute__((__constructor__)) void
esc_begin(void)
{
	if (!__atomic_load_n(&esc_calls.is_known, __ATOMIC_ACQUIRE))
		esc_look();
}

#define ESC_CALL(name, arguments)                 \
	do {                                      \
		esc_begin();                      \
		if (esc_calls.name)               \
			esc_calls.name arguments; \
	} while (0)
/* No call before it is a jump, which would leave no frame behind. */
#define ESC_STAY() __asm__ __volatile__("")
#else
#define ESC_CALL(name, arguments) \
	do {                      \
	} while (0)
#define ESC_STAY() \
	do {       \
	} while (0)
#endif

/* The version of the API that the preloaded libesc.so has; 0: there is none. */
static ESC_UNUSED unsigned int
esc_version(void)
{
#if !defined(ESC_DISABLE)
	esc_begin();
	if (esc_calls.version)
		return esc_calls.version();
#endif
	return 0;
}

/* The process, all threads of it and what it forks, is in that phase from now on; NULL
 * or "": in none. Phases may come again: one name is one phase. */
static ESC_UNUSED void
esc_phase(const char *name)
{
	(void)name;
	ESC_CALL(phase, (name));
}

/* Names the calling thread. NULL or "": it has no name any more. */
static ESC_UNUSED void
esc_thread_name(const char *name)
{
	(void)name;
	ESC_CALL(thread_name, (name));
}

/* Nothing that the process allocates is recorded until esc_resume was called as often.
 * Frees of blocks that were recorded are. */
static ESC_UNUSED void
esc_pause(void)
{
	ESC_CALL(pause, ());
}

static ESC_UNUSED void
esc_resume(void)
{
	ESC_CALL(resume, ());
}

/*
 * Pools: allocators of the program's own. Reports have their blocks with those of malloc, by
 * who called the function that calls esc_pool_allocate, which counts as the pool's. Totals of
 * the run are malloc's alone: a pool's memory is in them already.
 *
 * A new pool; its number, 0: nothing is recorded of it. Pools of one name are one in reports;
 * NULL: "".
 */
static ESC_UNUSED unsigned int
esc_pool_new(const char *name)
{
	(void)name;
#if !defined(ESC_DISABLE)
	esc_begin();
	if (esc_calls.pool_new)
		return esc_calls.pool_new(name);
#endif
	return 0;
}

/* block, of size bytes, is handed out. Blocks of different pools may overlap; of one pool's at
 * one address the older is over. pool 0: nothing is done, here and below. */
ESC_POOL void
esc_pool_allocate(unsigned int pool, const void *block, __SIZE_TYPE__ size)
{
	(void)block;
	(void)size;
	if (pool != 0)
		ESC_CALL(pool_allocate, (pool, block, size));
	ESC_STAY();
}

/* It is given back. NULL: nothing is done. */
ESC_POOL void
esc_pool_free(unsigned int pool, const void *block)
{
	(void)block;
	if (pool != 0)
		ESC_CALL(pool_free, (pool, block));
	ESC_STAY();
}

/* All blocks of the pool are: before its memory is used again, or freed. */
ESC_POOL void
esc_pool_reset(unsigned int pool)
{
	if (pool != 0)
		ESC_CALL(pool_reset, (pool));
	ESC_STAY();
}

#endif
