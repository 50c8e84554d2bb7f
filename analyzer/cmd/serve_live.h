/* A trace that is still written: analyzed again now and then, while it is shown. */
#ifndef CMD_SERVE_LIVE_H
#define CMD_SERVE_LIVE_H

#include <stddef.h>
#include <stdint.h>

struct err;
struct paths;
struct shelf;
struct source_options;

struct serve_live; /* opaque */

/*
 * Begins a thread that puts what the trace has become at the shelf's place `run`, until the
 * trace is closed. Each analysis is a process of its own, and waits four times as long as
 * the last one took, at least 2 s; took_ns: what that was. All that is given must stay until
 * serve_live_stop. NULL and err set on failure.
 */
struct serve_live *serve_live_start(struct shelf *shelf, size_t run, const char *trace,
    const struct source_options *options, const struct paths *paths, uint64_t took_ns,
    struct err *err);
/* Ends it, and an analysis that is at work. Takes NULL. */
void serve_live_stop(struct serve_live *live);

#endif
