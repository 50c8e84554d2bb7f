/*
 * The trace format, version 3. This header is the format: shim, keeper, reader,
 * `esc dump` and esc-trace(5) all follow it. Little endian, 64 bit.
 *
 *   offset 0          struct esc_header, then the command (see command_*)
 *   offset header_size  segments, back to back, each a struct esc_segment and
 *                     its payload; the next one begins `size` bytes after it
 *
 * The file is mapped MAP_SHARED by every process of the traced program, which
 * claim segments by a compare-and-swap on `claimed`, below `reserved_end`. The
 * keeper alone extends the file, and moves `reserved_end`.
 *
 * Two kinds of segments:
 *   EVENTS  one stream (process, thread, level) writes it. The payload is a run
 *           of events, `used` bytes long; `used` moves after an event's bytes
 *           are in place, so whatever kills the program, all below it is whole.
 *   DEFS    the threads of one process share it. The payload is a run of slots
 *           of ESC_SLOT bytes. A definition takes one or more slots, claimed by
 *           an atomic add on `used`; its `type` is stored last. A slot of type
 *           NONE is a claim that was never completed: step over that one slot.
 *           One of type PENDING tells its length: step over the whole.
 *
 * Definitions may stand in the file behind the events that name them: read all
 * DEFS segments first.
 */
#ifndef ESC_PRELOAD_RECORD_H
#define ESC_PRELOAD_RECORD_H

#include <stddef.h>
#include <stdint.h>

#pragma GCC diagnostic push
#pragma GCC diagnostic error "-Wpadded"

enum esc_version {
	ESC_VERSION = 3,          /* sums, once it is complete */
	ESC_VERSION_UNSUMMED = 2, /* the same without; readers take it too */
};

#define ESC_MAGIC 0x0a1a434553450d89ULL /* "\x89\rESEC\x1a\n", like PNG's */
#define ESC_SEGMENT_MAGIC 0x47455345U   /* "ESEG" */
#define ESC_ENDIAN 0x01020304U
#define ESC_HEADER_SIZE 16384U /* header and command */
#define ESC_COMMAND_SIZE 8192U
#define ESC_PAGE 4096U /* segments begin and end on such bounds */
#define ESC_SEGMENT_MIN 4096U
#define ESC_SEGMENT_MAX (1U << 20)
#define ESC_SLOT 8U
#define ESC_LEVELS 4U /* a thread's own stream and 3 nested in its signals */

enum esc_arch { ESC_ARCH_X86_64 = 62, ESC_ARCH_AARCH64 = 183 }; /* ELF e_machine */
enum esc_mode {
	ESC_MODE_FULL = 1,
	ESC_MODE_SAMPLED = 2,
	ESC_MODE_AUTO = 3, /* sampled, by an interval that moves: see RATE */
};
enum esc_clock { ESC_CLOCK_TSC = 1, ESC_CLOCK_MONOTONIC = 2 };

/* esc_gate.asked: no sum tells of it, so that no bit alone makes it */
#define ESC_PAUSE_ASKED 0x53554150U /* "PAUS" */

/* esc_header.flags */
enum esc_flag {
	ESC_FLAG_COMPLETE = 1 << 0,    /* keeper: the last process is gone, file trimmed */
	ESC_FLAG_STARTED = 1 << 1,     /* shim: it is mapped and records */
	ESC_FLAG_FULL_DISK = 1 << 2,   /* keeper: could not make room at some time */
	ESC_FLAG_OWN_MALLOC = 1 << 3,  /* shim: the program's malloc is not ours */
	ESC_FLAG_ALLOCATOR = 1 << 4,   /* shim: blocks come from another allocator than libc */
	ESC_FLAG_CHECKED = 1 << 5,     /* shim: stacks were compared with libunwind's */
	ESC_FLAG_LIBUNWIND = 1 << 6,   /* shim: stacks were walked by libunwind */
	ESC_FLAG_COMMAND_CUT = 1 << 7, /* the command did not fit */
	ESC_FLAG_MARKS = 1 << 8,       /* shim: return addresses were marked, see Stacks */
	ESC_FLAG_UNMARKED = 1 << 9,    /* shim: they should be, but are not, or no more */
	ESC_FLAG_REFUSED = 1 << 10,    /* shim: it does not record, and has said why */
	ESC_FLAG_TASKS = 1 << 11,      /* shim: two tasks had one thread pointer: counters
	                                  may be short, segments damaged */
};

/* esc_header.unmarked: why */
enum esc_unmarked {
	ESC_UNMARKED_NONE = 0,
	ESC_UNMARKED_SHADOW_STACK = 1, /* the processor checks return addresses */
	ESC_UNMARKED_RUNTIME = 2,      /* esc_header.runtime reads the stacks itself */
	ESC_UNMARKED_INSTRUMENTED = 3, /* functions report their return addresses */
	ESC_UNMARKED_LIBUNWIND = 4,    /* libunwind walks the stacks */
	ESC_UNMARKED_MEMORY = 5,       /* no room for the table of marks */
	ESC_UNMARKED_TASKS = 6,        /* two tasks have one thread pointer */
};

/*
 * Exact, kept by their one writer as the calls happen, in every mode. In a
 * stream's first segment they count that stream (level 0 counts its nested
 * levels too); in the header those threads that got no segment (atomic adds).
 *
 *   allocations  calls that returned a block, realloc's new half included
 *   frees        calls that gave up a block (never NULL), realloc's old half included
 *   bytes        sum of requested sizes of `allocations`
 *   dropped      events of the above, or of pools, that should be in the stream and are not
 *   cut          recorded events whose stack was cut at the depth limit
 *   broken       recorded events whose stack ended before its outermost frame
 *   nested_lost  dropped because signals nested deeper than ESC_LEVELS
 *   marked       return addresses replaced by a mark
 */
struct esc_counters {
	uint64_t allocations;
	uint64_t frees;
	uint64_t bytes;
	uint64_t dropped;
	uint64_t cut;
	uint64_t broken;
	uint64_t nested_lost;
	uint64_t marked;
};

/* One moment on the three clocks. */
struct esc_moment {
	uint64_t ticks;     /* of esc_header.clock */
	uint64_t monotonic; /* CLOCK_MONOTONIC, ns */
	uint64_t realtime;  /* CLOCK_REALTIME, ns since 1970 */
};

/* esc_gate.closed: why nothing is recorded, bits */
enum esc_gate_why {
	ESC_GATE_BEFORE = 1, /* begin_at is to come: nothing was recorded yet */
	ESC_GATE_BEHIND = 2, /* end_at is over */
	ESC_GATE_ASKED = 4,  /* who started the run asks for it */
};

/*
 * Pauses. While `closed` is not 0, or a process has called esc_api_pause, calls are
 * counted, and no block is recorded; frees of those that were are. What follows says
 * GAP. `closed`, `since` and `paused` are the keeper's (the shim's before it records),
 * `asked` is the launcher's; where the run has several traces, only in the first of them,
 * which the keepers of the others read. The rest are atomic adds.
 */
struct esc_gate {
	uint32_t closed;   /* enum esc_gate_why */
	uint32_t asked;    /* ESC_PAUSE_ASKED: as long as that is so; else 0 */
	uint64_t begin_at; /* CLOCK_MONOTONIC, ns; 0: from the start */
	uint64_t end_at;   /* the same; 0: to the end */
	uint64_t since;    /* the same: when it was closed last, if it is */
	uint64_t paused;   /* ns that it was closed before */
	uint32_t pauses;   /* times that it was closed */
	uint32_t reserved;
	uint64_t line[2];
	uint64_t passed;     /* allocations that were not recorded for a pause, of any kind;
	                         to a distance between samples, where there are any */
	uint64_t own;        /* ns in esc_api_pause, modulo 2^64; of those that are in one
	                         less the time when it began */
	uint32_t own_pauses; /* calls of it that paused a process */
	uint32_t own_closed; /* processes that are in one */
	uint64_t line_end[5];
};

struct esc_header {
	uint64_t magic;
	uint32_t version;
	uint32_t endian;
	uint32_t header_size;
	uint16_t arch;
	uint8_t mode;
	uint8_t clock;
	uint32_t flags;           /* atomic or */
	uint32_t pid;             /* of the first process */
	uint64_t sample_interval; /* T, bytes; 1 in full mode, and at first in auto */
	uint64_t sample_bias;     /* c: P(take s) = 1 - exp(-(s + c) / T) */
	uint32_t depth_limit;
	uint32_t cost_interval;       /* one event in that many, on average, is timed */
	struct esc_moment start;      /* shim, at its constructor */
	struct esc_moment last;       /* keeper, again and again, the last at the end */
	uint64_t reserved_end;        /* keeper: the file is backed below this offset */
	uint64_t claimed;             /* shim: segments are claimed below this offset */
	uint64_t heartbeat;           /* keeper: grows while it lives */
	uint64_t ring_size;           /* of a flight recorder's file; 0: it is none */
	uint32_t processes;           /* numbers given, 1.. (atomic add) */
	uint32_t threads;             /* numbers given, 1.. (atomic add) */
	uint32_t nodes;               /* stack ids given, 1.. (atomic add) */
	uint32_t modules;             /* module ids given, 1.. (atomic add) */
	uint64_t checked;             /* captures compared with libunwind's (atomic add) */
	uint64_t differed;            /* of these, different (atomic add) */
	uint64_t early_lost;          /* calls before the constructor that had no room */
	uint32_t command_len;         /* bytes of command used: arguments, NUL after each */
	uint32_t unmarked;            /* enum esc_unmarked */
	struct esc_counters overflow; /* of threads without a segment */
	uint64_t marks;               /* return addresses that have a mark (atomic add) */
	uint64_t marks_missing;       /* that there was none left for (atomic add) */
	uint32_t marks_depth;         /* innermost frames that are marked */
	uint32_t time_shift;          /* an event's time is in units of that power of 2 of ticks */
	uint64_t budget;              /* auto: hundredths of a percent of the time */
	uint64_t spent;               /* auto: ticks that recording took (atomic add) */
	uint64_t whole_until;         /* auto: ticks until which all was recorded; 0: all was */
	uint64_t missing;             /* definitions that had no room (atomic add) */
	uint64_t ring_from;           /* ticks: all that came later is there (atomic max) */
	uint64_t ring_defs;           /* bytes of the DEFS segments of a flight recorder */
	uint64_t ring_at;             /* offset of the newest of them */
	uint32_t ring_slot;           /* size of all its segments */
	uint32_t ring_hand;           /* segments looked at for reuse (atomic add) */
	uint64_t stamping;            /* since when some process writes `last`; 0: none */
	uint32_t sum;                 /* COMPLETE: see Sums */
	uint32_t refused;             /* keeper: errno, why it last could not make room; 0 */
	uint64_t lost_from;           /* ticks: of the first event that was dropped; 0: none */
	uint64_t lost_until;          /* ticks: of the last one, less a millisecond or two */
	uint64_t reserved;
	char runtime[64];    /* name of the runtime, see esc_header.unmarked (NUL ended) */
	char allocator[256]; /* path of what provides malloc, if not libc (NUL ended) */
	char exe[4096];      /* path of the executable (NUL ended) */
	char command[ESC_COMMAND_SIZE];
	uint64_t session; /* the same in all traces of a run; 0: it is alone */
	uint32_t parent;  /* pid of the process that started this one; 0: not known */
	uint32_t pools;   /* numbers given, 1.. (atomic add) */
	uint64_t before_gate[7];
	struct esc_gate gate; /* 0 in traces of before */
};

#define ESC_ASKED_AT (offsetof(struct esc_header, gate) + offsetof(struct esc_gate, asked))

enum esc_segment_kind { ESC_SEGMENT_EVENTS = 1, ESC_SEGMENT_DEFS = 2 };

struct esc_segment {
	uint32_t magic;
	uint8_t kind;
	uint8_t level;    /* EVENTS: 0, or 1.. for events nested in signals */
	uint16_t flags;   /* 0 */
	uint32_t size;    /* with this header; a multiple of ESC_PAGE */
	uint32_t used;    /* payload bytes that are whole; DEFS: claimed */
	uint32_t process; /* number, from 1 */
	uint32_t thread;  /* number, from 1, never reused in the file; DEFS: 0 */
	uint32_t tid;     /* the kernel's, 0 where unknown */
	uint32_t seq;     /* EVENTS: 0.. in the stream */
	uint64_t base;    /* EVENTS: ticks that the first event's time adds to */
	union {
		uint32_t generation; /* twice how often it was used before; see Flight recorder */
		uint32_t sum;        /* COMPLETE: of this header, see Sums */
	};
	union {
		uint32_t state;       /* enum esc_slot; 0: no flight recorder's EVENTS */
		uint32_t payload_sum; /* COMPLETE: of the `used` bytes behind this header */
	};
	struct esc_counters counters; /* seq 0, level 0 only */
	uint64_t interval;            /* EVENTS: T at its begin; 0: the header's */
	uint64_t end;                 /* RETIRED: ticks of its last event; OPEN: its pid */
};

/*
 * Sums. They would cost the writers time, so that the keeper makes them when it has
 * closed the trace, where nothing but writers needed the room: with ESC_FLAG_COMPLETE
 * and version 3, `sum` of the header is the CRC-32C of its header_size bytes, `sum`
 * of a segment that of its header, both with `sum` taken for 0, and `payload_sum`
 * that of its payload; gate.asked, which the launcher writes when it likes, is taken for
 * 0, too. A trace that was not closed has none.
 *
 * Flight recorder. With ring_size the file has that size from the start, and all
 * segments have ring_slot bytes. When all were claimed once, EVENTS that their
 * writers have left are overwritten, oldest first. Whoever takes one raises
 * ring_from to its `end` first, then `generation`, in one step with `state`, and only then
 * writes into it; `generation` is odd from there until its header is empty. So
 * every event from ring_from on is in the file, of the older ones some; a stream's
 * first seq is any, and there may be gaps before ring_from. DEFS, which are never
 * overwritten, have half of the file at most; what has no room there is counted in
 * `missing`. The counters of a thread are in its THREAD definition.
 */
enum esc_slot {
	ESC_SLOT_OPEN = 1,    /* its writer may come back */
	ESC_SLOT_RETIRED = 2, /* it never will */
	ESC_SLOT_TAKEN = 3,   /* its `end` is neither: it is about to be left, or used, by
	                         the pid that stands above ESC_SLOT_PID */
};

#define ESC_SLOT_PID 8 /* bits of `state` for what it is */

/*
 * Events. A 16-bit control word, then the fields that it announces, packed:
 *
 *   bits 0-3   kind, enum esc_event
 *   bits 4-5   length of time:  1, 2, 4, 8 bytes   units of time since the event
 *                                                  before in this segment (or base)
 *   bits 6-7   length of address: 0, 2, 3, 7 bytes 0: same as the event before
 *   bits 8-9   length of stack: 0, 1, 2, 4 bytes   0: same as the event before
 *   bits 10-11 length of size:  0, 1, 2, 8 bytes   allocations; see GIVE_UP
 *   bit  12    GAP   events of this stream before this one were not recorded
 *   bit  13    COST  2 bytes: ticks of the real call, saturated; of a POOL_ 4: see Pools
 *   bit  14    KEPT  2 or 4 bytes: see below
 *   bit  15    REGION 2 bytes: number of the stack region from here on (0 at
 *                    the segment's begin)
 *
 * in the order time, address, stack, size, cost, kept, region. A unit of time is
 * 2^time_shift ticks of the header. `address` is the zigzag difference of (address
 * >> 3) to the event before it in the segment, modulo 2^56; `stack` the zigzag
 * difference of the stack id to the one before, modulo 2^32 (both 0 at the segment's
 * begin). `size` 0 has length 0. GIVE_UP has a size where realloc returned a block
 * that is not recorded, for a pause: its own, 1 at least; and COST, which tells nothing,
 * where it freed the block and returned none. STEP has no address and no
 * size: a call whose block is not sampled, or that gave none, recorded for its stack only.
 * RATE has a time and a size alone: from here on in the stream blocks are taken by the
 * interval T that its size tells (1: all of them), whatever the segment or a RATE before said.
 *
 * Pools. A program that hands out parts of what it allocated says so (esc.h). POOL_ALLOCATE
 * and POOL_FREE always have COST, which is the pool's number. In their address field there is
 * no address >> 3 but, since parts begin at any, the address itself, its 48 low bits, the
 * pool's number modulo 128 above them, and then a bit that no block of the malloc family
 * has: so a block and the first part of it differ (see ESC_POOL_ADDRESS). A POOL_FREE with a
 * size, 1, ends all blocks of the pool, and its address tells nothing.
 *
 * Stacks. A stack id names a node: (parent, module, offset), the innermost
 * return address, into the function that called the hook; parents lead to the
 * outermost. Id 0 is the empty stack (capture failed). Each stream remembers,
 * for each stack region, the stack of the event before; KEPT tells how many of
 * its outermost frames stand unchanged (same slot, same return address)
 * under this one. Without KEPT that is all frames that both stacks have in
 * common, counted from the outermost (by node, but never an event's innermost
 * frame: that call is over).
 *
 * Marks. With ESC_FLAG_MARKS the slots of the innermost frames hold marks in the
 * place of return addresses, and a mark that is still in its slot proves that
 * this frame and all outside it are the same activations. There the kept frames
 * are proved, all of them, said by KEPT or not, unless KEPT has ESC_KEPT_PROVED
 * set: then 2 more bytes follow, and that many of the outermost are proved, the
 * others only look the same. KEPT may there count the event's innermost frame as
 * well: its slot holds the mark of a function that was called there before, and
 * that has ended in a jump to the hook. Stacks that are copied to and from one
 * place are regions 0xff00 to 0xff7f, which take turns, each anew with a KEPT of 0.
 */
enum esc_event {
	ESC_EVENT_NONE = 0,
	ESC_EVENT_MALLOC = 1,
	ESC_EVENT_CALLOC = 2,
	ESC_EVENT_REALLOC = 3, /* the block that realloc returned */
	ESC_EVENT_REALLOCARRAY = 4,
	ESC_EVENT_MEMALIGN = 5,
	ESC_EVENT_POSIX_MEMALIGN = 6,
	ESC_EVENT_ALIGNED_ALLOC = 7,
	ESC_EVENT_VALLOC = 8,
	ESC_EVENT_PVALLOC = 9,
	ESC_EVENT_FREE = 10,    /* free, cfree, free_sized, free_aligned_sized */
	ESC_EVENT_GIVE_UP = 11, /* realloc's old half; its new half follows as the
	                           next event of the stream, unless realloc freed, or
	                           what it returned is not recorded */
	ESC_EVENT_STEP = 12,
	ESC_EVENT_RATE = 13,
	ESC_EVENT_POOL_ALLOCATE = 14,
	ESC_EVENT_POOL_FREE = 15,
};

/* A block of a pool, as other events have their address: its field times 8. */
#define ESC_POOL_ADDRESS(pool, block) \
	(1ULL << 58 | (uint64_t)((pool)&127U) << 51 | ((uint64_t)(block) & ((1ULL << 48) - 1)) << 3)

#define ESC_CONTROL_KIND 0x000fU
#define ESC_CONTROL_TIME_SHIFT 4
#define ESC_CONTROL_ADDRESS_SHIFT 6
#define ESC_CONTROL_STACK_SHIFT 8
#define ESC_CONTROL_SIZE_SHIFT 10
#define ESC_CONTROL_GAP 0x1000U
#define ESC_CONTROL_COST 0x2000U
#define ESC_CONTROL_KEPT 0x4000U
#define ESC_CONTROL_REGION 0x8000U
#define ESC_KEPT_PROVED 0x8000U /* in KEPT: how many are proved follows */
#define ESC_EVENT_MAX 40U       /* no event is longer */

/* X(NAME, struct, number): numbers are never reused */
/* clang-format off */
#define ESC_DEFS(X)           \
	X(NODE, node, 1)      \
	X(MODULE, module, 2)  \
	X(PROCESS, process, 3) \
	X(NODES, nodes, 4)     \
	X(THREAD, thread, 5)   \
	X(PHASE, phase, 6)     \
	X(THREAD_NAME, thread_name, 7) \
	X(POOL, pool, 8)
/* clang-format on */

enum esc_def_type {
	ESC_DEF_NONE = 0,
#define X(NAME, name, number) ESC_DEF_##NAME = number,
	ESC_DEFS(X)
#undef X
	    ESC_DEF_PENDING = 255,
};

/* Every definition begins so. */
struct esc_def {
	uint8_t type;
	uint8_t flags;
	uint16_t slots; /* of ESC_SLOT bytes, these included; 1.. */
	uint32_t id;
};

#define ESC_NODES_MAX 256U

/* node.flags: set on the outermost node of a stack that is not whole */
enum esc_node_flag {
	ESC_NODE_CUT = 1,    /* the depth limit was reached: outer frames are missing */
	ESC_NODE_BROKEN = 2, /* no unwind information: outer frames are missing */
	ESC_NODE_SIGNAL = 4, /* a signal's frame: offset is the interrupted pc itself,
	                        not a return address */
};

/* id.. >= 1; parent 0: outermost; module 0: outside every module, offset absolute */
struct esc_def_node {
	struct esc_def def;
	uint32_t parent;
	uint32_t module;
	uint64_t offset; /* of the return address, from the module's load bias */
};

/*
 * A path of nodes of one module: `count` of them, with ids from def.id on. The first
 * has `parent`, each next one the node before it. def.flags are the first one's. The
 * offsets follow, 32 bits each.
 */
struct esc_def_nodes {
	struct esc_def def;
	uint32_t parent;
	uint16_t module;
	uint16_t count; /* 1 to ESC_NODES_MAX */
};

/*
 * A file mapped for execution, from `loaded` on. The same file loaded again, or
 * at another address, is another module. The path follows, path_len bytes, no
 * NUL; "" is the vDSO or an unknown object.
 */
struct esc_def_module {
	struct esc_def def;
	uint32_t process;
	uint16_t path_len;    /* at most 4096 */
	uint8_t build_id_len; /* at most 32; 0: it has none */
	uint8_t reserved;
	uint64_t bias;  /* of the file's virtual addresses */
	uint64_t start; /* first and last-plus-one mapped address */
	uint64_t end;
	uint64_t loaded; /* ticks when first seen */
	uint8_t build_id[32];
};

/* parent 0: the first one. */
struct esc_def_process {
	struct esc_def def;
	uint32_t pid;
	uint32_t parent;   /* number */
	uint64_t started;  /* ticks, of its first call */
	uint64_t phase_at; /* when it was forked, the `at` of the last PHASE; 1: there was
	                      none; 0: not known */
};

/*
 * A thread of a flight recorder; def.id is its number. The counters' cache lines are
 * its own, wherever the definition begins.
 */
struct esc_def_thread {
	struct esc_def def;
	uint32_t process; /* number */
	uint32_t tid;     /* the kernel's, 0 where unknown */
	uint64_t before[6];
	struct esc_counters counters;
	uint64_t behind[8];
};

/*
 * What the program says of itself (esc.h). The name follows, name_len bytes, no NUL.
 * PHASE: from `at` on the process, and each that it forks, is in that phase; "": in none.
 * THREAD_NAME: def.id is the thread's number; the last one holds.
 * POOL: def.id is the pool's number; pools of one name are one to people.
 */
#define ESC_NAME_MAX 255U

struct esc_def_phase {
	struct esc_def def;
	uint32_t process;  /* number */
	uint16_t name_len; /* at most ESC_NAME_MAX */
	uint16_t reserved;
	uint64_t at; /* ticks */
};

struct esc_def_thread_name {
	struct esc_def def;
	uint32_t process;  /* number */
	uint16_t name_len; /* at most ESC_NAME_MAX */
	uint16_t reserved;
};

struct esc_def_pool {
	struct esc_def def;
	uint32_t process;  /* number, of who made it */
	uint16_t name_len; /* at most ESC_NAME_MAX */
	uint16_t reserved;
};

_Static_assert(sizeof(struct esc_counters) == 64, "format");
_Static_assert(sizeof(struct esc_segment) == 128, "format");
_Static_assert(sizeof(struct esc_gate) == 128, "format");
_Static_assert(offsetof(struct esc_header, gate) % 64 == 0, "format");
_Static_assert(sizeof(struct esc_header) <= ESC_HEADER_SIZE, "format");
_Static_assert(sizeof(struct esc_def_node) == 24, "format");
_Static_assert(sizeof(struct esc_def_nodes) == 16, "format");
_Static_assert(sizeof(struct esc_def_module) == 80, "format");
_Static_assert(sizeof(struct esc_def_thread) == 192, "format");
_Static_assert(sizeof(struct esc_def_process) == 32, "format");
_Static_assert(sizeof(struct esc_def_phase) == 24, "format");
_Static_assert(sizeof(struct esc_def_thread_name) == 16, "format");
_Static_assert(sizeof(struct esc_def_pool) == 16, "format");

#pragma GCC diagnostic pop

#endif
