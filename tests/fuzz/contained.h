/*
 * Whether a library that is not ours is lost over an input: found out in a child, for
 * the fuzzers of what esc does in processes of its own.
 */
#ifndef TESTS_FUZZ_CONTAINED_H
#define TESTS_FUZZ_CONTAINED_H

#include <stdbool.h>

/* Runs ask() in a child, which is forked the first time and goes on as long as nothing
 * ends it: what ask looks at must be shared with it. True if it was ended, or had not ended
 * after CONTAINED_SECONDS, while one of the libraries (pieces of their paths; the last is
 * NULL) was at work; false if it went well, or if it ended otherwise: then it ends in the
 * same way when it is done here. The first few are told on stderr. */
bool contained_in(const char *const *libraries, void (*ask)(void));

#endif
