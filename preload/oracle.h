/*
 * libunwind beside our walker: only libesc-unwind.so has it. libesc.so is linked
 * with oracle_none.c instead.
 */
#ifndef PRELOAD_ORACLE_H
#define PRELOAD_ORACLE_H

#include <stdbool.h>

#include "arch/frame.h"
#include "preload/walk.h"

/* Whether this shim has libunwind. */
extern const bool oracle_there;

/* Counts in the trace's header whether the stack that walk holds is libunwind's. */
void oracle_check(struct thread *thread, const struct arch_frame *frame, const struct walk *walk);

/* Captures by libunwind instead of walk_capture. */
void oracle_capture(
    struct thread *thread, int level, const struct arch_frame *frame, struct walk *walk);

#endif
