/*
 * What the fuzzers share. A fuzzer is fuzz_NAME.c, one LLVMFuzzerTestOneInput: it
 * runs under libFuzzer, under AFL++ and, by replay.c, as a plain program over the
 * files of corpus/NAME.
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* An invariant; that it is broken counts as a crash. */
#define FUZZ_CHECK(condition)                                                                     \
	do {                                                                                      \
		if (!(condition)) {                                                               \
			fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #condition); \
			abort();                                                                  \
		}                                                                                 \
	} while (0)

/* An input that is taken apart from its front; behind its end are zeros. */
struct fuzz_input {
	const uint8_t *at;
	size_t left;
};

uint8_t fuzz_byte(struct fuzz_input *input);
/* A number of `len` bytes, at most 8, little endian. */
uint64_t fuzz_number(struct fuzz_input *input, size_t len);
/* A text of at most `most` bytes, its length (2 bytes) before it: without a NUL in it,
 * NUL ended; the caller frees it. */
char *fuzz_text(struct fuzz_input *input, size_t most);

/* A file in memory that is used again and again. The plain program makes it one of the
 * kernel's; under a fuzzing engine (FUZZ_MEMORY) the calls of who reads it end in fuzz.c,
 * which is several times as fast. */
struct fuzz_file {
	int fd;
	char path[32]; /* opens it */
	uint8_t *bytes;
	size_t size;
	size_t room;
	bool held;
	int holder; /* if held: a description that has the lock */
};

/* Makes the file the first time; fails if it cannot be had. room: most bytes. */
void fuzz_file_open(struct fuzz_file *file, size_t room);
/* file->bytes[0..size) is what the file holds from now on. */
void fuzz_file_cut(struct fuzz_file *file, size_t size);
/* Whether a program has it mapped, from now on: who asks for its lock finds it shared. */
void fuzz_file_hold(struct fuzz_file *file, bool held);

#endif
