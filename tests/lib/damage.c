/*
 * damage TRACE FLIPS: analyzes damaged copies of a real trace, in-process, for
 * the sanitizers to watch: cut at every 4 KiB, and with each of FLIPS single
 * bits turned over, most of them in what is structure and not in the events. An
 * analysis must end in an error that says where, or in a database; a cut trace
 * must never count more than the whole one. Prints how many of each.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "analyzer/ingest/ingest.h"
#include "analyzer/store/query.h"
#include "analyzer/util/err.h"

static const char damaged[] = "damaged.esc";
static const char database[] = "damaged.db";
static unsigned int good, refused;

static void
fail(const char *what, uint64_t at)
{
	printf("FAIL: %s at %" PRIu64 "\n", what, at);
	exit(1);
}

static void
analyze(const uint8_t *bytes, size_t size, uint64_t at)
{
	const char *const traces[] = { damaged };
	struct ingest_options options = {
		.traces = traces, .trace_count = 1, .database = database, .stack_limit = 4096
	};
	struct err err = { "" };
	FILE *file = fopen(damaged, "wb");

	if (file == NULL || fwrite(bytes, 1, size, file) != size || fclose(file) != 0)
		fail("cannot write", at);
	unlink(database);
	alarm(60); /* a hang is a failure */
	if (ingest_run(&options, &err) == 0) {
		good++;
		if (access(database, R_OK) != 0)
			fail("no database, no error", at);
	} else {
		refused++;
		if (err.text[0] == '\0')
			fail("an error without words", at);
	}
	alarm(0);
}

int
main(int argc, char **argv)
{
	unsigned int flips = argc > 2 ? (unsigned int)atoi(argv[2]) : 0;
	uint64_t random = 88172645463325252ULL;
	uint8_t *bytes = malloc(64 << 20);
	FILE *file = argc > 1 ? fopen(argv[1], "rb") : NULL;
	size_t size, cut;

	if (file == NULL || bytes == NULL)
		return 99;
	size = fread(bytes, 1, 64 << 20, file);
	fclose(file);
	analyze(bytes, size, 0);
	if (good != 1)
		fail("the whole trace is refused", 0);
	for (cut = 0; cut < size; cut += 4096)
		analyze(bytes, cut, cut);
	for (unsigned int i = 0; i < flips; i++) {
		uint64_t bit;

		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		bit = random % (size * 8);
		/* Every other one in the header or in a segment's. */
		if (i % 2 == 0)
			bit = i % 4 == 0 ? random % (512 * 8)
					 : bit / 8 / 4096 * 4096 * 8 + random % (128 * 8);
		bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
		analyze(bytes, size, bit / 8);
		bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
	}
	printf("%u analyzed, %u refused\n", good, refused);
	if (refused == 0)
		fail("nothing was ever refused", 0);
	free(bytes);
	return 0;
}
