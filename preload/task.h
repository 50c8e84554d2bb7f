/*
 * Two tasks with one thread pointer, as clone(CLONE_VM) without CLONE_SETTLS makes them: to
 * each of them all that is found by it is its own. libc's clone is ours and tells of
 * the second one before it is there. One that a system call makes is found out by its
 * processor: the kernel keeps the number of that which the thread itself runs on in its TLS
 * (rseq, which glibc registers and a clone leaves behind). While both run, they run on two;
 * while they do not, they do each other no harm.
 *
 * From then on each call of the thread goes the long way, counts by atomic adds and has a
 * level that is nobody else's, and no marks are set. If it had to be found out, the trace says
 * so, since what they did before may be miscounted.
 *
 * No function but task_start and clone makes a system call; all are safe in signal handlers.
 */
#ifndef PRELOAD_TASK_H
#define PRELOAD_TASK_H

#include <stdbool.h>
#include <stdint.h>

struct thread;

/* Constructor, behind clock_start. */
void task_start(void);

/* Whether the calling task is not the one whose thread pointer it has. False where that
 * cannot be told: no rseq, no vDSO, or it runs where the other one was last. */
bool task_is_other(void);

/* Looks whether the calling thread is two: at times that a second one cannot miss, which
 * are those when another stack than the last one comes up. */
void task_look(struct thread *thread);

#endif
