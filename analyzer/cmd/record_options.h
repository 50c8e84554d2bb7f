/* The options that `record` and `run` share. */
#ifndef CMD_RECORD_OPTIONS_H
#define CMD_RECORD_OPTIONS_H

#include "analyzer/cmd/options.h"

struct cmd;
struct record;

enum {
	RECORD_FULL = OPTIONS_KEY,
	RECORD_SAMPLE,
	RECORD_BUDGET,
	RECORD_RING,
	RECORD_DEPTH,
	RECORD_COST,
	RECORD_FOLLOW,
	RECORD_CHILD,
	RECORD_EXCLUDE,
	RECORD_AFTER,
	RECORD_DURATION,
	RECORD_PAUSE,
	RECORD_STRICT,
	RECORD_NO_CMDLINE,
	RECORD_CHECK,
	RECORD_EXACT,
	RECORD_PACK,
	RECORD_OPTIONS_END, /* a command's own begin here */
};

/* Rows of an option table. */
/* clang-format off */
#define RECORD_OPTIONS                                                      \
	{"output", 'o', "FILE",                                             \
	    "name of the trace; %p is the process, %h the host"},           \
	{"force", 'f', NULL, "replace a trace that is there"},              \
	{"budget", RECORD_BUDGET, "PERCENT",                                \
	    "record all until that took so much of the time, then sample (2)"}, \
	{"full", RECORD_FULL, NULL, "record every allocation and free"},    \
	{"sample", RECORD_SAMPLE, "BYTES",                                  \
	    "sample, on average one allocation in so many bytes"},          \
	{"exact", RECORD_EXACT, NULL,                                       \
	    "know by marks on the stack which frames still live"},          \
	{"ring", RECORD_RING, "SIZE",                                       \
	    "keep the end of the run, in a trace of that size"},            \
	{"depth", RECORD_DEPTH, "N", "keep the innermost N frames (1024)"}, \
	{"cost", RECORD_COST, "N", "time one call in N (64)"},              \
	{"follow-fork", RECORD_FOLLOW, NULL,                                \
	    "also trace the programs that it starts, a trace each"},        \
	{"child", RECORD_CHILD, "GLOB",                                     \
	    "with --follow-fork: only programs of that name; may be repeated"}, \
	{"exclude-child", RECORD_EXCLUDE, "GLOB",                           \
	    "with --follow-fork: no programs of that name; may be repeated"}, \
	{"start-after", RECORD_AFTER, "SECONDS",                            \
	    "record nothing before, count only"},                           \
	{"duration", RECORD_DURATION, "SECONDS",                            \
	    "record for so long, then count only"},                         \
	{"pause-signal", RECORD_PAUSE, "SIGNAL",                            \
	    "that signal to esc pauses and resumes, the program has no part in it"}, \
	{"strict", RECORD_STRICT, NULL,                                     \
	    "do not run what cannot be profiled"},                          \
	{"no-cmdline", RECORD_NO_CMDLINE, NULL,                             \
	    "keep the arguments out of the trace"},                         \
	{"check", RECORD_CHECK, NULL,                                       \
	    "compare every stack with libunwind's (slow)"},                 \
	{"pack", RECORD_PACK, NULL,                                         \
	    "pack the trace when the program has ended"},                   \
	{"quiet", 'q', NULL, "do not say where the trace is"}
/* clang-format on */

/* Sets one of them, its argument in optarg; exits on a wrong one. */
void record_option(const struct cmd *cmd, struct record *record, int key);
/* All of them, and the program's argv; exits on what is wrong. */
void record_options_read(const struct cmd *cmd, struct record *record, int argc, char **argv);

#endif
