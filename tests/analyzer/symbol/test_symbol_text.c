/* Pieces of a file are its bytes, whatever was asked for before and forgotten. */
#include "analyzer/symbol/symbol_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/lib/check.h"

enum { SIZE = 12 * 1024 * 1024 + 12345, PIECE = 64 * 1024, TRIES = 3000 };

static uint64_t seed = 9;

static uint64_t
next_random(uint64_t below)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (seed >> 20) % below;
}

static void
check_bytes(struct symbol_text *text, const uint8_t *all, uint64_t offset, uint64_t size)
{
	const uint8_t *bytes = symbol_text_bytes(text, offset, size);
	uint64_t left = offset < SIZE ? SIZE - offset : 0;

	if (size > left) {
		CHECK(bytes == NULL);
		return;
	}
	CHECK(bytes != NULL && memcmp(bytes, all + offset, size) == 0);
}

int
main(void)
{
	char path[] = "/tmp/esc-text-XXXXXX";
	int fd = mkstemp(path);
	uint8_t *all = malloc(SIZE);
	struct symbol_text text = { .fd = fd, .size = SIZE };
	const uint8_t *first;
	const uint8_t *span;
	size_t i;

	if (fd == -1)
		return 99;
	unlink(path);
	for (i = 0; i < SIZE; i++)
		all[i] = (uint8_t)next_random(256);
	CHECK(write(fd, all, SIZE) == SIZE);
	first = symbol_text_bytes(&text, 100, 50);
	span = symbol_text_bytes(&text, PIECE - 10, 3 * PIECE);
	for (i = 0; i < TRIES; i++)
		check_bytes(&text, all, next_random(SIZE + 100),
		    1 + next_random(i % 16 == 0 ? 200000 : 500));
	/* all of these stay until they are forgotten */
	CHECK(memcmp(first, all + 100, 50) == 0);
	CHECK(memcmp(span, all + PIECE - 10, 3 * PIECE) == 0);
	CHECK(symbol_text_bytes(&text, PIECE - 10, 3 * PIECE) == span);
	CHECK(text.held > 8 * 1024 * 1024);
	symbol_text_forget(&text);
	CHECK_EQ(text.held, 0);
	check_bytes(&text, all, 5, 10);
	symbol_text_forget(&text); /* too little to be worth it */
	CHECK_EQ(text.held, PIECE);
	check_bytes(&text, all, SIZE - 1, 1);
	check_bytes(&text, all, SIZE, 1);
	check_bytes(&text, all, SIZE - PIECE, PIECE + 1);
	CHECK(symbol_text_bytes(&text, UINT64_MAX, 2) == NULL);
	CHECK(symbol_text_bytes(&text, 2, UINT64_MAX) == NULL);
	/* a file that shrinks meanwhile */
	symbol_text_release(&text);
	CHECK(ftruncate(fd, PIECE + 10) == 0);
	CHECK(symbol_text_bytes(&text, PIECE, 11) == NULL);
	CHECK(symbol_text_bytes(&text, PIECE - 5, 20) == NULL);
	CHECK(symbol_text_bytes(&text, 4 * PIECE, 1) == NULL);
	check_bytes(&text, all, PIECE - 5, 15);
	symbol_text_release(&text);
	free(all);
	close(fd);
	return check_done();
}
