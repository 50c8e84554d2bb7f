/*
 * A model checker that runs the real code. The sources of ring, slots, threads,
 * stacks, keeper and reader are compiled with -fsanitize=thread, whose calls at
 * each access end here instead of in a sanitizer: an actor (a thread of the
 * program, the keeper, a reader) is a coroutine that stops before each access to
 * what others can see. The search takes each way to go on, from each state once.
 *
 *   memory.c  states: memory, stacks and actors, each piece stored once
 *   search.c  which steps there are from a state, and the search over them
 *   access.c  what the compiler calls at each access
 *   kernel.c  the system calls of keeper and reader
 *   hook.c    what the shim's hook does, on the real ring
 *   law.c     what must hold of a trace in each state
 *   view.c    what must hold of what the real reader reads, while it is written
 *   scene.c   who runs, and what may happen to them
 */
#ifndef TESTS_MODEL_MODEL_H
#define TESTS_MODEL_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "preload/thread.h"

enum {
	CHUNK = 256, /* memory is stored in such pieces */
	SEGMENTS = 14,
	SHARED = 2 + SEGMENTS, /* chunks: of the header, then each segment's */
	PRIVATE = 480,         /* of a process */
	PROCESSES = 5,         /* of the program; the last two: the keeper's, the reader's */
	KEEPER_PROCESS = PROCESSES - 2,
	READER_PROCESS = PROCESSES - 1,
	ACTORS = 6,
	BUFFER = 3, /* stores that an actor is ahead of memory */
	STACK = 1 << 16,
	SLOT = 2 * CHUNK,
};

#define MODEL_TRACE 0x100000000ULL   /* where the trace is mapped */
#define MODEL_PRIVATE 0x200000000ULL /* what the constructor maps, of each process */
#define MODEL_PRIVATE_SIZE (64ULL << 20)
#define MODEL_HEAP (32ULL << 20)  /* in there: of keeper and reader */
#define MODEL_COPY 0x300000000ULL /* the reader's own file */
#define MODEL_COPY_SIZE (ESC_HEADER_SIZE + SEGMENTS * 256ULL)
#define MODEL_TIME (1ULL << 26)
#define MODEL_STACKS 0x400000000ULL

/* What an actor is about to do. */
enum pending {
	PENDING_NONE,
	PENDING_READ,
	PENDING_WRITE,
	PENDING_CHANGE, /* an atomic read and write */
	PENDING_PAUSE,
	PENDING_FORK,
	PENDING_CALL, /* a system call that others can see */
	PENDING_WAIT, /* until the word at addr has the value */
	PENDING_LOCK, /* flock */
	PENDING_POLL, /* the keeper sleeps */
};

/* Who can see it. */
enum sight {
	SIGHT_NONE,  /* nobody: no stop */
	SIGHT_SELF,  /* the actor's own signals */
	SIGHT_DEATH, /* who looks at what a killed process left */
	SIGHT_ALL,
};

/* How an actor goes on. */
enum way {
	WAY_STEP,
	WAY_TIMEOUT,
	WAY_SIGNAL,
	WAY_DRAIN, /* its oldest store reaches memory */
	WAY_KILL,  /* its process ends */
	WAY_COUNT,
};

enum status { STATUS_NONE, STATUS_READY, STATUS_DONE, STATUS_DEAD };

/* What an actor says of itself, for the laws; its own, never seen by the others. */
struct local {
	uint32_t tried;  /* events begun */
	uint32_t begun;  /* bit n - 1: event n was about to be written */
	uint32_t wrote;  /* ring_write said so */
	uint32_t landed; /* of these: all of its stores have reached memory */
	uint32_t lost;   /* ring_write said that there was no room */
	uint32_t left;   /* a longjmp left its writing */
	uint32_t early;  /* stamped before the reader took the time */
	uint32_t counted;
	uint32_t seen; /* reader: what it found, for the report of a failure */
	uint32_t jump; /* a timeout: the clock is far ahead once */
	uint8_t nested;
	uint8_t number;
	uint8_t vforked;         /* 1: it is its own child, 2: that has ended */
	uint8_t took;            /* reader: the time */
	uint32_t at_cut[ACTORS]; /* reader: what each actor had written then */
};

struct store {
	uint64_t addr, value;
	uint8_t size;
	bool release;
	bool fenced; /* behind a fence: overtakes nothing from before that */
};

struct actor {
	uint8_t status, process, pending, sight, size, code, buffered, region,
	    fenced; /* a fence, and no store since */
	uint64_t addr, value;
	uint64_t sp;
	uint64_t seen; /* PENDING_PAUSE: hash of what it waits for */
	uint32_t stack, stack_len;
	struct thread_tls tls;
	struct local local;
	struct store buffer[BUFFER];
};

/* All else that a step may change. */
struct world {
	uint64_t clock;
	uint64_t file_size;       /* backed: a write behind it is a SIGBUS */
	uint64_t arena;           /* of the private memory: what was given out, */
	uint64_t heap;            /* to the keeper or the reader, */
	uint64_t blocks;          /* how many blocks */
	uint64_t copy_size;       /* of the reader's own file */
	uint8_t owner[SEGMENTS];  /* actor + 1 */
	uint8_t behind[SEGMENTS]; /* chunks before it in its segment */
	uint8_t dead;             /* bit: actor, when the keeper last slept */
	bool was_full;            /* the flight recorder, then */
	uint8_t signals, kills, forks, ticks, polls;
	uint8_t shared_locks; /* bit: process */
	uint8_t exclusive;
	uint8_t listed; /* entries of a directory that was read */
	uint8_t fail;   /* the disk is full for so many calls */
};

struct state {
	struct world world;
	struct actor actors[ACTORS];
	uint32_t shared[SHARED];
	uint32_t private[PROCESSES][PRIVATE];
};

/* Who runs, and what may happen. */
struct scene {
	const char *name;
	const char *says;       /* what it is about, one line */
	void (*begin)(void);    /* fills memory before the first state */
	void (*law)(bool last); /* holds in each state; last: nothing goes on */
	uint8_t signals, kills, forks;
	uint8_t threads;     /* actors of the program */
	uint8_t events;      /* that each writes */
	uint8_t buffer;      /* stores ahead of memory, 0: none */
	bool weak;           /* they may overtake each other, unless they release */
	bool jumps;          /* a handler leaves by longjmp */
	bool vforks;         /* the thread's next events are those of its vfork child */
	bool forks_within;   /* a signal's handler forks; the child ends in there */
	bool again;          /* a second child is forked when the first has ended; no more events */
	bool late;           /* the reader begins when the first actor has ended */
	bool reader, keeper; /* there is one */
	bool plain;          /* others see plain stores to segments, too */
	bool seen_self;      /* a process has several threads, which see each other's memory */
	uint8_t segments;    /* room at first */
	bool full;           /* in MODEL=full alone */
	bool order;          /* the second actor writes behind the first one's first event */
	uint8_t ticks;       /* of the keeper, before it waits for the end */
	uint8_t fail;        /* the disk is full for so many calls */
	uint8_t grain;       /* bytes that a reader copies in a step */
	bool single;         /* a segment has room for one event */
	uint8_t slots;       /* a flight recorder of so many, of SLOT bytes */
	uint8_t stacks;      /* different ones, per actor */
};

/* --- search.c --- */
extern const struct scene *scene;
extern struct state now;    /* the state in memory; its actors are as of the last switch */
extern unsigned int acting; /* who runs; ACTORS: nobody, memory is being filled */

/* An actor's stop before an access: how it goes on. */
enum way model_stop(enum pending pending, enum sight sight, const void *addr, unsigned int size);

/* Says what is wrong, and the way there. Does not return. */
_Noreturn void model_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Runs the scene; prints a line. False: more states than `most`. */
bool search_run(const struct scene *what, uint64_t most);

/* The actor that runs ends here. */
_Noreturn void search_end(void);

/* --- memory.c --- */
void memory_init(void);
void memory_begin(struct state *state); /* the memory as it is, is the first state's */
void memory_load(const struct state *state, unsigned int process);
void memory_save(struct state *state, unsigned int process);
void memory_dirty(const void *addr, uint64_t size, unsigned int process);
uint32_t memory_intern(const void *bytes, uint32_t len);
const void *memory_piece(uint32_t id);
uint64_t memory_bytes(void);
unsigned int memory_place(const void *addr); /* its index in state.private */
bool memory_is_shared(const void *addr);
bool memory_is_private(const void *addr);

/* --- access.c --- */
void access_flush(void); /* what the actor has stored since is put into its buffer */
void access_apply(struct actor *actor);
void access_drain(struct actor *actor, unsigned int at);
unsigned int access_next(const struct actor *actor);

/* --- kernel.c --- */
enum { KERNEL_TP = 256, KERNEL_TID = 16 }; /* from the stack's top down; from there up */
void kernel_name(struct actor *actor);
void kernel_fork(unsigned int child);
void kernel_die(struct state *state, unsigned int process);
uint64_t kernel_seen(const struct state *state, unsigned int process);
bool kernel_ready(const struct state *state, unsigned int actor);
void kernel_keeper(void);
void kernel_touch_all(void);
uint32_t kernel_pid(unsigned int process);

/* --- hook.c: actors' bodies and what they call --- */
void hook_thread(void);
void hook_signal(void);
void hook_event(void);

/* --- law.c --- */
void law_trace(bool last);

/* --- view.c --- */
void view_reader(void); /* the reader's body, and what must hold of what it reads */

/* --- scene.c --- */
extern uint32_t scene_rest; /* bytes at a segment's end where no event begins */
extern const struct scene scenes[];
extern const unsigned int scene_count;
void scene_body(unsigned int actor); /* what the actor runs */

#endif
