/*
 * Writes a database (schema.sql). One plain struct a table, fields named as the
 * columns there and in their order; what they mean stands there.
 *
 * The caller gives the ids, those of stacks from 1 on in order. A nullable integer is
 * NULL as STORE_NULL, a nullable text as NULL. Texts are copied, need not be UTF-8 (they
 * are stored as names_escape makes them), and names beyond STORE_NAME_MAX bytes are cut
 * there, with a tilde and a hash of the whole behind: no name that is whole is as long.
 * JSON is stored as it is, so that names in it are escaped by whoever makes it.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <stdint.h>

struct err;
struct store;

#define STORE_NULL (-1)
#define STORE_NAME_MAX 131072

struct store_run {
	int64_t id;
	const char *trace, *command, *exe;
	int64_t pid, parent;
	const char *session, *start;
	int64_t duration_ns, window_ns;
	const char *mode;
	int64_t sample_interval;
	int64_t interval_low, interval_high, interval_last;
	int64_t whole, whole_ns, whole_allocations;
	double budget;
	int64_t spent_ns;
	int64_t allocations, frees, bytes, recorded, lost, lost_from_ns, lost_until_ns;
	const char *lost_why;
	int64_t paused_ns, pauses, passed;
	int64_t unknown, cut, broken;
	int64_t unmatched_frees, freed_before, pool_unmatched;
	int64_t peak_bytes, peak_ns, threads, processes, complete, running;
	int64_t damaged, missing, stack_limit;
	const char *wrappers, *no_wrappers, *found_wrappers, *allocator, *version, *marks;
	int64_t cost_ns;
	double slice_ns;
	int64_t steps, steps_over, steps_proved, steps_presumed, steps_unread;
	int64_t presumed_local, presumed_wrong;
};

struct store_module {
	int64_t id;
	const char *path, *build_id, *symbols, *debug_file, *code, *confined, *note;
};

struct store_frame {
	int64_t id;
	const char *function, *symbol, *file;
	int64_t line, column, module, inlined, wrapper, startup, tail;
};

struct store_stack {
	int64_t id, parent, frame, depth, state;
};

struct store_site {
	int64_t id, run, frame;
	const char *allocator, *pool, *container, *verdict;
	int64_t owner, owner_distance; /* nullable */
	int64_t observed;
	double estimated, estimated_low, estimated_high;
	double bytes, bytes_low, bytes_high;
	int64_t local, up, thread, live, censored, unknown;
	const char *unknown_why;
	int64_t proved, inferred, reallocs, activations, threads;
	double peak_blocks, peak_bytes;
	int64_t size_min, size_max, size_p50, size_p99, size_distinct;
	int64_t life_min, life_p50, life_p90, life_p99, life_max; /* nullable */
	double cost_allocate, cost_free;
	int64_t timed;
	double escape_upper;
	int64_t capacity, stack;
	const char *counter_fate; /* nullable */
	int64_t counter_stack;    /* nullable */
};

struct store_site_context {
	int64_t site, stack, callers;
	const char *verdict;
	int64_t owner, owner_distance; /* nullable */
	int64_t observed;
	double estimated, bytes;
	int64_t local, up, far, thread, live, censored, unknown, reallocs, activations;
	int64_t size_min, size_max;
};

struct store_path {
	int64_t site, stack;
	double blocks, bytes, local, up, thread, live, unknown, cost, live_bytes, life,
	    life_squares;
	double peak_blocks, peak_bytes;
};

struct store_free_path {
	int64_t site, stack;
	const char *fate;
	double blocks;
};

struct store_owner {
	int64_t site, frame, distance;
	const char *fate;
	int64_t blocks, proved;
};

struct store_size_histogram {
	int64_t site, size;
	double blocks;
};

struct store_life_histogram {
	int64_t site, life;
	double blocks;
};

struct store_size_life {
	int64_t site, size, life;
	double blocks, bytes;
};

struct store_path_cell {
	int64_t site, stack, thread, slice, phase;
	double blocks, bytes;
};

struct store_timeline {
	int64_t run, at;
	double live_bytes, allocations, frees;
};

struct store_process {
	int64_t id, run, number, pid, parent, start_ns;
};

struct store_site_process {
	int64_t site, process;
};

struct store_phase {
	int64_t id, run;
	const char *name;
	int64_t entered, first_ns, time_ns;
};

struct store_thread {
	int64_t id, run, number, process, pid, tid, allocations, frees, bytes, lost;
	const char *name;
};

struct store_thread_pair {
	int64_t run, allocating, freeing;
	double blocks;
};

/* Whoever wants to know what is not to stay if the process is ended. */
struct store_watch {
	/* The path of that file, or NULL: there is none any more. */
	void (*temporary)(void *data, const char *path);
	void *data;
};

/* Starts a database that store_commit puts at path, over what is there; until
 * then it is another file beside it, mode 0600, of which watch (may be NULL) is
 * told. NULL and err set on failure. */
struct store *store_create(const char *path, const struct store_watch *watch, struct err *err);
/* Ends it: all is on disk and at its path. Only store_free may follow. */
int store_commit(struct store *store, struct err *err);
/* Takes NULL. Without a commit nothing remains of the database. */
void store_free(struct store *store);

/* Each adds one row, some of them not at once; -1 and err set on failure (a key used twice, a
 * full disk), which may be that of a row before. */
int store_add_run(struct store *, const struct store_run *, struct err *);
int store_add_module(struct store *, const struct store_module *, struct err *);
int store_add_frame(struct store *, const struct store_frame *, struct err *);
int store_add_stack(struct store *, const struct store_stack *, struct err *);
int store_add_site(struct store *, const struct store_site *, struct err *);
int store_add_site_context(struct store *, const struct store_site_context *, struct err *);
int store_add_path(struct store *, const struct store_path *, struct err *);
int store_add_free_path(struct store *, const struct store_free_path *, struct err *);
int store_add_owner(struct store *, const struct store_owner *, struct err *);
int store_add_size_histogram(struct store *, const struct store_size_histogram *, struct err *);
int store_add_life_histogram(struct store *, const struct store_life_histogram *, struct err *);
int store_add_size_life(struct store *, const struct store_size_life *, struct err *);
int store_add_path_cell(struct store *, const struct store_path_cell *, struct err *);
int store_add_timeline(struct store *, const struct store_timeline *, struct err *);
int store_add_process(struct store *, const struct store_process *, struct err *);
int store_add_site_process(struct store *, const struct store_site_process *, struct err *);
int store_add_phase(struct store *, const struct store_phase *, struct err *);
int store_add_thread(struct store *, const struct store_thread *, struct err *);
int store_add_thread_pair(struct store *, const struct store_thread_pair *, struct err *);

#endif
