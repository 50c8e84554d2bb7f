/*
 * The control-flow graph of one function, from its machine code, and what follows
 * from it for the calls of one activation. Alone knows the disassembler; x86-64.
 *
 * A site is a call, named by its return address as a virtual address of the file
 * (what a trace's frame holds, minus the load bias). An activation is at a site
 * from the moment that the call is made until control comes back.
 *
 * The graph has every edge that a run can take, and more: both sides of each
 * branch, the way on after every call, but for those that plainly never return,
 * from each call
 * to the landing pads that its exceptions go to, from each call to the return of
 * every setjmp of the function, be it called otherwise, and to code whose address is taken
 * (__builtin_setjmp). So FLOW_NO of flow_reaches is a proof, its FLOW_YES is none;
 * FLOW_YES of flow_dominates and flow_always is a proof, their FLOW_NO is none.
 * Where the code jumps to a place that is not understood, everything can come next.
 *
 * An exit is a return or a jump out of the function (a tail call).
 *
 * Nothing here is safe for concurrent use of one flow.
 */
#ifndef FLOW_FLOW_H
#define FLOW_FLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bytes;
struct flow;
struct map;

enum flow_answer {
	FLOW_UNKNOWN, /* no code, or a site that is no call of it */
	FLOW_NO,
	FLOW_YES,
};

/* What a call in [start, end) throws is caught at landing. */
struct flow_pad {
	uint64_t start;
	uint64_t end;
	uint64_t landing;
};

/* One piece of a function: what one entry of the unwind table covers. */
struct flow_part {
	const uint8_t *bytes; /* end - start of them */
	uint64_t start;
	uint64_t end;
	const struct flow_pad *pads; /* by start, not overlapping */
	size_t pad_count;
	bool pads_unclear; /* the exception table could not be read */
	bool fragment;     /* no function begins at start: a ".cold" part */
};

/* No name: who knows what it leads to. */
#define FLOW_STRANGE "?"

/* Where code comes from. What the functions give stays valid as long as data, but the
 * bytes of parts: until forget. */
struct flow_source {
	void *data;
	bool fixed;          /* the program is not relocated: numbers in code are addresses */
	struct map *returns; /* of analyzer/util/map.h, empty at first: what is found out
	                        of the functions that are called; NULL: it is forgotten */
	/* The piece that holds address; false if there is none. */
	bool (*part)(void *data, uint64_t address, struct flow_part *part);
	/* Name of what is called at address, or (slot) by the pointer that stands
	 * there: "malloc"; NULL if it has none, "" for a stub whose function has none,
	 * FLOW_STRANGE for one that is not understood. Without "@plt" or a version. */
	const char *(*callee)(void *data, uint64_t address, bool slot);
	/* Copies size bytes at address, of memory that nothing writes but the loader,
	 * as it leaves them. */
	bool (*read)(void *data, uint64_t address, void *buffer, size_t size);
	/* No part is in use any more. NULL: they stay. Not called by flow_build. */
	void (*forget)(void *data);
	/* The addresses in [start, end) that stand in the file's data, sorted: *labels
	 * (owned by data), returns their number. Starts of functions may be left out. */
	size_t (*labels)(void *data, uint64_t start, uint64_t end, const uint64_t **labels);
};

/* What the graph is made of, for statistics. */
struct flow_shape {
	size_t instructions;
	size_t blocks;
	size_t calls;
	size_t parts;
	size_t jumps;      /* indirect ones */
	size_t unresolved; /* of these, not understood */
	bool undecodable;  /* control reaches bytes that are no instruction */
	bool astray;       /* ... or a place outside that is no function's start */
	bool oversized;    /* too large to be looked at */
	bool unclear;      /* an exception table could not be read */
};

/* True if there is a disassembler in this build. */
bool flow_available(void);

/*
 * The graph of the function that starts at entry. Never NULL: a function whose
 * code cannot be had answers FLOW_UNKNOWN to everything. The source is used only
 * during the call. Time and memory grow with the code's size, which is limited.
 */
struct flow *flow_build(const struct flow_source *source, uint64_t entry);
void flow_free(struct flow *flow);

/* Adds what flow_unpack makes the same graph of. */
void flow_pack(const struct flow *flow, struct bytes *bytes);
/* NULL if the bytes make no sense. Where they do, but were made up, answers are wrong,
 * and nothing worse. */
struct flow *flow_unpack(const uint8_t *data, size_t size);

/* True if somewhere control is lost: then much, but not always everything, is
 * reachable, and little is dominated. */
bool flow_is_open(const struct flow *flow);
void flow_describe(const struct flow *flow, struct flow_shape *shape);
/* True if the return address lies behind a call of this function. */
bool flow_has_site(const struct flow *flow, uint64_t site);

/*
 * Can the activation that is at site a be at site b later, with nothing of it
 * being entered anew? a == b: is the call in a loop.
 */
enum flow_answer flow_reaches(struct flow *flow, uint64_t a, uint64_t b);
/* The same on a way that does not execute the instruction at avoid: the first one
 * of an inlined function, since whoever passes it enters that function anew.
 * FLOW_UNKNOWN instead of FLOW_YES if no instruction starts at avoid. */
enum flow_answer flow_reaches_avoiding(struct flow *flow, uint64_t a, uint64_t b, uint64_t avoid);
/* The same for several of these, all of which are avoided. */
enum flow_answer flow_reaches_avoiding_all(
    struct flow *flow, uint64_t a, uint64_t b, const uint64_t *avoid, size_t count);

/* The same on a way on which none of these calls comes back: where each of them
 * would have been seen, but was not, FLOW_NO proves that a's activation is over.
 * The return of a itself, with which the way begins, does not count. */
enum flow_answer flow_reaches_without(
    struct flow *flow, uint64_t a, uint64_t b, const uint64_t *calls, size_t count);

/* Has every activation that is at site b executed the instruction at address?
 * FLOW_UNKNOWN if no instruction starts there. */
enum flow_answer flow_passes(struct flow *flow, uint64_t address, uint64_t b);

/* Does every activation that is at b have call a behind it, come back from
 * normally? (An exception is no such return.) a == b: FLOW_NO. */
enum flow_answer flow_dominates(struct flow *flow, uint64_t a, uint64_t b);
/* The same with a set of calls, one of which is enough. */
enum flow_answer flow_dominates_any(struct flow *flow, const uint64_t *a, size_t count, uint64_t b);
/* Does every activation that comes to an exit have call a behind it? A function
 * that seems to have no exit: FLOW_UNKNOWN. */
enum flow_answer flow_always(struct flow *flow, uint64_t a);
enum flow_answer flow_always_any(struct flow *flow, const uint64_t *a, size_t count);
/* Has every activation that comes to an exit one of these calls behind it, or does it
 * return 0; and can one with such a call return what is no number that stands in the code?
 * That 0 is found in small functions only. */
enum flow_answer flow_hands_out(struct flow *flow, const uint64_t *a, size_t count);
/* Can an exit be reached from a? */
enum flow_answer flow_exits(struct flow *flow, uint64_t a);

/* A call as it stands in the code. */
struct flow_callee {
	uint64_t address; /* 0: computed */
	bool slot;        /* address is where the pointer to it stands (-fno-plt) */
};

/* What the call that returns at site calls; false if it is no site. */
bool flow_callee(const struct flow *flow, uint64_t site, struct flow_callee *callee);
/*
 * Compilers that let no processor guess where a jump leads put in its place, or in that of
 * a computed call, one to a function that jumps there in turn, by a return to what it has
 * put over the return address of a call of its own. Is what has that name, or begins so and
 * has none (NULL), such a function? What calls it calls what a register says.
 */
bool flow_is_thunk(const char *name, const uint8_t *bytes, size_t size);

/* The sites, ascending; *count of them, valid as long as the flow. */
const uint64_t *flow_sites(const struct flow *flow, size_t *count);
/* What the function jumps to when it leaves by a tail call, ascending, without
 * computed ones; *computed tells whether there are such (may be NULL). */
const uint64_t *flow_tails(const struct flow *flow, size_t *count, bool *computed);

/* A jump out of the function. */
struct flow_exit {
	uint64_t address; /* of the instruction */
	uint64_t target;  /* 0: computed */
	bool slot;        /* target is where the pointer to it stands */
};

/* All of them, by address, valid as long as the flow; *open: there may be others. */
const struct flow_exit *flow_exit_jumps(const struct flow *flow, size_t *count, bool *open);

#endif
