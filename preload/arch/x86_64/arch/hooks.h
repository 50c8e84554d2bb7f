/*
 * What hooks.S knows of the shim: offsets and constants, which shim.c holds against
 * what they are taken from.
 */
#ifndef ARCH_HOOKS_H
#define ARCH_HOOKS_H

/* thread_tls */
#define HOOKS_COUNTERS 8
#define HOOKS_COUNTDOWN 16
#define HOOKS_OPEN 24
/* struct esc_counters */
#define HOOKS_ALLOCATIONS 0
#define HOOKS_FREES 8
#define HOOKS_BYTES 16
/* struct ring_process */
#define HOOKS_NUMBER 0
/* real */
#define HOOKS_MALLOC 0
#define HOOKS_CALLOC 8
#define HOOKS_REALLOC 16
#define HOOKS_FREE 24
#define HOOKS_SAMPLE_PAGES 32
#define HOOKS_COUNTS_CALLERS 40

#define HOOKS_BIAS 64        /* SAMPLE_BIAS */
#define HOOKS_PAGES 0x100000 /* SAMPLE_PAGES: (uint32_t)address >> HOOKS_PAGE */
#define HOOKS_PAGE 12
#define HOOKS_FIRST 16 /* SAMPLE_FIRST */
/* Counter of a caller: (slot * FACTOR ^ pc) % CALLERS. Of a program's call sites that are at
 * one depth the low bits of the pc differ. */
#define HOOKS_CALLERS 0x10000 /* SAMPLE_CALLERS */
#define HOOKS_CALLER_FACTOR 0x9e3779b1

#endif
