/*
 * What auto mode may cost: a bucket of ticks, which time fills by the budget's
 * share of it and which every recorded event takes from. How full it is decides
 * on the interval of the sampling, without any memory: a program that costs more
 * than its budget empties it until the interval is such that it costs as much.
 *
 * All functions are safe in signal handlers and in the child of a fork, which goes
 * on with a bucket of its own. They write what all threads share: not for each
 * event.
 */
#ifndef PRELOAD_PACE_H
#define PRELOAD_PACE_H

#include <stdbool.h>
#include <stdint.h>

/* Constructor. budget: hundredths of a percent of the time that passes; room: how much
 * the bucket holds, microseconds. It is full. */
void pace_start(uint64_t budget, uint64_t room, uint64_t now);

/* Recording took so many ticks; now is the time. */
void pace_spend(uint64_t ticks, uint64_t now);

/* The interval for what comes, bytes; 1: everything is to be recorded. */
uint64_t pace_interval(void);

#endif
