/*
 * Which activations are on a stack, replayed event by event.
 *
 * A region is one stack of one stream: its remembered frames, indexed from the
 * outermost. Entry i is a return address; the activation of the function that
 * was called there belongs to it. A frame object stands for that activation and
 * is shared by all stacks that had it: two stacks went through one activation
 * (as far as is known) exactly when they have the same object. The innermost
 * entry is the call of the hook, over at the next event: it has none.
 *
 * What is presumed here is only "the same slot, the same return address and
 * nothing against it". frame.back tells when there was something in favour of
 * a new activation: a call site that does not lie behind the one before.
 */
#ifndef MODEL_REGIONS_H
#define MODEL_REGIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct definitions;
struct event;

struct frame {
	struct frame *parent; /* owns a reference; NULL: outermost */
	uint64_t activation;  /* its number, never given twice; from 1 */
	uint64_t back;        /* number of the event that last stepped backward in it */
	uint32_t refs;
	uint32_t node;
	uint32_t depth; /* 1: outermost */
};

struct region_entry {
	uint32_t node;
	struct frame *frame; /* owns a reference; NULL: the hook's call */
};

struct region {
	struct region_entry *entries;
	size_t cap;
	uint32_t depth;
	uint64_t gap; /* number of the last event that others may be missing before */
};

/* What is known of a place in code. */
struct region_place {
	uint64_t function; /* identity in its module; 0: not known */
	bool startup;      /* start-up, thread-start or exit code */
	bool once;         /* such code that calls what it calls here but once */
};

/* Asked at most once a pc. */
typedef struct region_place region_find_place(void *data, uint32_t pc);

struct regions {
	const struct definitions *definitions; /* not owned */
	region_find_place *find;
	void *data;
	struct region_place *places; /* by pc */
	bool *placed;
	uint64_t activations; /* numbers given */
	struct frame *spare;  /* to be used again, linked by parent */
	void **slabs;
	size_t slab_count;
	size_t slab_cap;
	uint32_t *path; /* scratch: nodes to push */
	size_t path_cap;
};

void regions_init(struct regions *regions, const struct definitions *definitions,
    region_find_place *find, void *data);
void regions_release(struct regions *regions);

/* Moves the region to the stack of event number seq. */
void region_step(struct regions *regions, struct region *region, const struct event *event,
    uint32_t node, uint64_t seq);
void region_release(struct regions *regions, struct region *region);

/* The frame that the function which called the hook belongs to; NULL: it is the
 * outermost. Not a reference of the caller's own. */
struct frame *region_leaf(const struct region *region);
/* How many frames, from the outermost, of a chain are (presumed) on the stack. */
uint32_t region_shared(const struct region *region, const struct frame *leaf);

void frame_ref(struct frame *frame); /* takes NULL, as the next does */
void frame_unref(struct regions *regions, struct frame *frame);

const struct region_place *regions_place(struct regions *regions, uint32_t pc);
/* Both pcs lie in the same function, as far as can be known. */
bool regions_same_function(struct regions *regions, uint32_t a, uint32_t b);

#endif
