/*
 * From events to finished blocks. The caller feeds the merged events of a trace,
 * each with the block that it is about (match.h), and is told when a block begins
 * and how it ended.
 */
#ifndef MODEL_MODEL_H
#define MODEL_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyzer/model/regions.h"

struct budget;
struct definitions;
struct match;
struct match_event;
struct streams;
struct model; /* opaque */

struct model_block {
	uint64_t address;
	uint64_t size;
	uint64_t begin;  /* ticks */
	uint64_t seq;    /* number of its event */
	uint32_t stream; /* index */
	uint32_t node;   /* of its stack, 0 unknown */
	uint32_t levels; /* logical activations that were on it */
	uint32_t tag;    /* the caller's own */
	uint32_t pool;   /* number; 0: it is of none */
	float weight;    /* so many it stands for: 1 / the chance with which it was taken */
	uint16_t region;
	uint16_t cost; /* ticks of the call, if timed */
	uint8_t kind;  /* enum esc_event */
	bool timed;
	bool pointer; /* the hook was called through one */
};

enum model_outcome {
	MODEL_FREED,        /* on the thread and stack that allocated it */
	MODEL_OTHER_THREAD, /* freed by another one */
	MODEL_LIVE,         /* never freed */
	MODEL_UNKNOWN,
};

/* Why an outcome is not known; the first two are the escape analysis's. */
#define MODEL_WHYS(X)                           \
	X(BACKWARD, "backward step")            \
	X(GAP, "unrecorded events in between")  \
	X(STACK, "other stack")                 \
	X(TRUNCATED, "truncated stack")         \
	X(TAIL, "tail call among many callees") \
	X(RECORD, "lost record")

enum model_why {
#define X(NAME, text) MODEL_WHY_##NAME,
	MODEL_WHYS(X)
#undef X
	    MODEL_WHY_COUNT,
};

/* How a block ended. The `shared` outermost levels (places.h) of its stack were
 * not seen to end before: the innermost of them is the owner. */
struct model_end {
	const struct model_block *block;
	uint64_t time; /* ticks; of the last event, if it is live */
	enum model_outcome outcome;
	enum model_why why; /* MODEL_UNKNOWN only */
	uint32_t node;      /* stack that freed it, 0 if not freed or not known */
	uint32_t stream;    /* that freed it; its own if it is live */
	uint32_t shared;
	uint32_t proved;     /* of these, so many outermost ones cannot be later ones */
	uint64_t activation; /* number of the owner's activation */
	uint64_t epoch;      /* of it: another one may be a later activation */
	/* With marks, what shared and proved would be without them. */
	uint32_t presumed_shared, presumed_proved;
	bool tail;      /* the owner may have tail-called free, or another function */
	bool backward;  /* a backward step in it since, of code that is not known */
	bool gapped;    /* events are missing since */
	bool bare;      /* marks tell of others, and not of the owner, which is presumed:
	                   a handler of signals, or what a coroutine's stack begins with */
	bool realloced; /* realloc took it, and did not just free it */
	bool timed;
	uint16_t cost; /* ticks of the freeing call, if timed */
};

struct model_hooks {
	struct place_hooks places;
	struct budget *budget; /* for regions; NULL: there is none; not owned */
	bool marks;            /* the trace has return marks (ESC_FLAG_MARKS) */
	uint64_t bias;         /* esc_header.sample_bias */
	/* May set block->tag. */
	void (*begin)(void *data, struct model_block *block);
	void (*end)(void *data, const struct model_end *end);
	/* The block of that tag was realloc'd into the one that begins next. */
	void (*chain)(void *data, uint32_t tag);
	void *data;
};

struct model_counts {
	uint64_t events;
	struct region_counts steps;
	struct region_counts presumed_steps; /* with marks: those of the stacks without */
};

/* What a block that was allocated so stands for: 1 / the chance with which it was taken.
 * bias: esc_header.sample_bias. */
float model_weight(const struct event *event, uint64_t bias);

/* definitions and streams must stay until model_free. */
struct model *model_new(const struct definitions *definitions, const struct streams *streams,
    const struct model_hooks *hooks);
void model_free(struct model *model); /* takes NULL */
/* As if it had seen no event, but for what it knows of places. */
void model_reset(struct model *model);

/* The next event in order of time, from match_event. */
void model_feed(struct model *model, const struct match_event *event);
/* An event of that block will come soon. */
void model_expect(const struct model *model, uint32_t block);
/* After the last event: ends the blocks that are left, oldest first. */
void model_finish(struct model *model, const struct match *match);

struct model_counts model_counts(const struct model *model);
const char *model_why_name(enum model_why why);

#endif
