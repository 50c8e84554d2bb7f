/*
 * The FILE of the commands that read: a trace, which is analyzed on the way and
 * its database kept beside it (FILE.db), or a database.
 */
#ifndef CMD_SOURCE_H
#define CMD_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyzer/cmd/options.h"

struct cmd;
struct err;
struct query_db;

/* Zero-initialised: the defaults. */
struct source_options {
	const char **wrappers; /* owned array of the caller's texts */
	size_t wrapper_count;
	size_t wrapper_cap;
	const char **no_wrappers;
	size_t no_wrapper_count;
	size_t no_wrapper_cap;
	uint64_t stack_limit; /* 0: the usual one */
	uint64_t memory;      /* bytes; 0: by the size of the trace */
	bool no_symbol_cache;
};

enum {
	SOURCE_WRAPPER = OPTIONS_KEY + 900,
	SOURCE_NO_WRAPPER,
	SOURCE_STACK_LIMIT,
	SOURCE_MEMORY,
	SOURCE_NO_SYMBOL_CACHE,
};

/* Lines for the option table of a command that passes them on. */
#define SOURCE_OPTIONS                                                                    \
	{ "wrapper", SOURCE_WRAPPER, "REGEX",                                             \
		"functions that allocate for their caller; may be repeated" },            \
	    { "no-wrapper", SOURCE_NO_WRAPPER, "REGEX",                                   \
		    "functions that do not, whatever their name" },                       \
	    { "no-symbol-cache", SOURCE_NO_SYMBOL_CACHE, NULL, "read all symbols anew" }, \
	    { "memory", SOURCE_MEMORY, "BYTES",                                           \
		    "that a trace may take (64M, and 16 times its size)" },               \
	{                                                                                 \
		"stack-limit", SOURCE_STACK_LIMIT, "BYTES",                               \
		    "what is larger does not belong on the stack (4K)"                    \
	}

/* Takes an option of that key from optarg; does nothing with others. */
void source_option(struct source_options *options, const struct cmd *cmd, int key);
void source_release(struct source_options *options);
/* Where symbols are kept: $XDG_CACHE_HOME/esc, or ~/.cache/esc; NULL: nowhere, or the
 * options (may be NULL) say not to. The caller frees it. */
char *source_symbol_cache(const struct source_options *options);
/* Whether path is a trace, by its first bytes. */
int source_is_trace(const char *path);
/* The newest esc.*.esc or esc.*.esc.zst here, which the caller frees; NULL: none. */
char *source_newest(void);
/* Opens the database of file (NULL: of the newest trace here), analyzing where
 * that is needed. NULL and err set on failure. options may be NULL. */
struct query_db *source_open(
    const char *file, const struct source_options *options, struct err *err);

#endif
