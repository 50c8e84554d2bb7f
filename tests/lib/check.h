/* Checks of the unit tests: CHECK says what failed and goes on; a test's main
 * ends with `return check_done();`, which is 1 if any failed. */
#ifndef TESTS_LIB_CHECK_H
#define TESTS_LIB_CHECK_H

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static int check_failed;
static int check_count;

#define CHECK(condition)                                                                          \
	do {                                                                                      \
		check_count++;                                                                    \
		if (!(condition)) {                                                               \
			check_failed++;                                                           \
			fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #condition); \
		}                                                                                 \
	} while (0)

/* Unsigned integers; shows both. */
#define CHECK_EQ(got, want)                                                                      \
	do {                                                                                     \
		uint64_t got_ = (uint64_t)(got), want_ = (uint64_t)(want);                       \
		check_count++;                                                                   \
		if (got_ != want_) {                                                             \
			check_failed++;                                                          \
			fprintf(stderr, "%s:%d: %s is %" PRIu64 ", not %" PRIu64 "\n", __FILE__, \
			    __LINE__, #got, got_, want_);                                        \
		}                                                                                \
	} while (0)

#define CHECK_STR(got, want)                                                                     \
	do {                                                                                     \
		const char *got_ = (got), *want_ = (want);                                       \
		check_count++;                                                                   \
		if (strcmp(got_, want_) != 0) {                                                  \
			check_failed++;                                                          \
			fprintf(stderr, "%s:%d: %s is \"%s\", not \"%s\"\n", __FILE__, __LINE__, \
			    #got, got_, want_);                                                  \
		}                                                                                \
	} while (0)

static inline int
check_done(void)
{
	fprintf(stderr, "%d checks, %d failed\n", check_count, check_failed);
	return check_failed != 0 || check_count == 0;
}

#endif
