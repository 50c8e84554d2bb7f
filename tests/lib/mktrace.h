/*
 * Makes traces without the shim: the writing twin of analyzer/trace. Everything
 * goes through the structs of preload/record.h.
 */
#ifndef TESTS_LIB_MKTRACE_H
#define TESTS_LIB_MKTRACE_H

#include <stddef.h>
#include <stdint.h>

#include "analyzer/trace/decode.h"
#include "preload/record.h"

struct mktrace; /* opaque */

/* A complete trace of one process (number 1), in full mode, clock ns. */
struct mktrace *mktrace_new(void);
void mktrace_free(struct mktrace *trace);
/* To be changed before mktrace_write. */
struct esc_header *mktrace_header(struct mktrace *trace);

uint32_t mktrace_module(struct mktrace *trace, const char *path);
uint32_t mktrace_node(
    struct mktrace *trace, uint32_t parent, uint32_t module, uint64_t offset, uint16_t flags);
/* A path of nodes of one module; the first one's id. */
uint32_t mktrace_nodes(struct mktrace *trace, uint32_t parent, uint32_t module,
    const uint32_t *offsets, uint16_t count);
/* Its number. */
uint32_t mktrace_pool(struct mktrace *trace, uint32_t process, const char *name);
void mktrace_process(struct mktrace *trace, uint32_t number, uint32_t parent, uint64_t started);
/* Appends to that stream, `proved` where it has KEPT and proved is not
 * UINT16_MAX, behind a RATE where interval is not 0 and another than before;
 * counts it in the thread's counters. */
void mktrace_event(struct mktrace *trace, uint32_t process, uint32_t thread, uint8_t level,
    const struct event *event);
/* The stream's next event begins a new segment. */
void mktrace_cut(struct mktrace *trace, uint32_t process, uint32_t thread, uint8_t level);
/* 0, or -1 if the file cannot be written. */
int mktrace_write(struct mktrace *trace, const char *path);

/* Writes one event behind those that made state; returns its length, at most
 * ESC_EVENT_MAX. */
size_t mktrace_encode(struct decode *state, const struct event *event, uint8_t *to);

#endif
