/* Traces as a killed program leaves them: what remains is walkable end to end. */
#include "keeper/close.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "analyzer/util/crc32c.h"
#include "preload/record.h"
#include "tests/lib/check.h"

static int fd;

static void
make(void)
{
	FILE *file = tmpfile();

	CHECK(file != NULL);
	if (!file)
		exit(check_done());
	fd = fileno(file);
}

static void
put(uint64_t at, uint32_t size, uint32_t used)
{
	struct esc_segment segment = {
		.magic = ESC_SEGMENT_MAGIC,
		.kind = ESC_SEGMENT_EVENTS,
		.size = size,
		.used = used,
	};

	CHECK(ftruncate(fd, (off_t)(at + size)) == 0);
	CHECK(pwrite(fd, &segment, sizeof(segment), (off_t)at) == (ssize_t)sizeof(segment));
	for (at += sizeof(segment); used > 0 && used < size; used--, at++)
		CHECK(pwrite(fd, &(uint8_t){ (uint8_t)(at * 7) }, 1, (off_t)at) == 1);
}

/* Where the trace ends, once closed. */
static uint64_t
closed(uint64_t claimed)
{
	uint64_t end = 0;

	CHECK_EQ(close_segments(fd, claimed, &end), 0);
	return end;
}

/* By the format's words, and by the table. */
static void
check_sums(const struct esc_segment *segment, uint64_t at)
{
	struct esc_segment head = *segment;
	uint8_t payload[1 << 17];

	CHECK(head.used <= sizeof(payload));
	CHECK_EQ(pread(fd, payload, head.used, (off_t)(at + sizeof(head))), head.used);
	CHECK_EQ(head.payload_sum, crc32c_table(0, payload, head.used));
	head.sum = 0;
	CHECK_EQ(segment->sum, crc32c_table(0, &head, sizeof(head)));
}

/* Segments from the header to `end` without a gap, with their sums: how many. */
static int
walk(uint64_t end)
{
	uint64_t at = ESC_HEADER_SIZE;
	int count = 0;

	while (at < end) {
		struct esc_segment segment = { 0 };

		CHECK(pread(fd, &segment, sizeof(segment), (off_t)at) == (ssize_t)sizeof(segment));
		if (segment.magic != ESC_SEGMENT_MAGIC || segment.size < ESC_SEGMENT_MIN)
			return -1;
		check_sums(&segment, at);
		at += segment.size;
		count++;
	}
	return at == end ? count : -1;
}

static void
test_nothing(void)
{
	make();
	CHECK_EQ(closed(ESC_HEADER_SIZE), ESC_HEADER_SIZE);
	CHECK_EQ(closed(0), ESC_HEADER_SIZE);
}

/* The last one is cut behind what it holds, those before it stay. */
static void
test_cut(void)
{
	uint64_t second = ESC_HEADER_SIZE + 8 * ESC_PAGE;
	uint64_t end;

	make();
	put(ESC_HEADER_SIZE, 8 * ESC_PAGE, 100);
	put(second, 32 * ESC_PAGE, 17 * ESC_PAGE);
	end = closed(second + 32 * ESC_PAGE);
	CHECK_EQ(end, second + 18 * ESC_PAGE);
	CHECK_EQ(walk(end), 2);
}

/* A claim that was never begun: an empty segment between two, nothing at the end. */
static void
test_unbegun(void)
{
	uint64_t third = ESC_HEADER_SIZE + 4 * ESC_PAGE;
	uint64_t end;

	make();
	put(ESC_HEADER_SIZE, ESC_PAGE, 10);
	put(third, ESC_PAGE, 10);
	CHECK(ftruncate(fd, (off_t)(third + 9 * ESC_PAGE)) == 0);
	end = closed(third + 9 * ESC_PAGE);
	CHECK_EQ(end, third + ESC_PAGE);
	CHECK_EQ(walk(end), 3);
}

/* A size that leads beyond the claims is none. */
static void
test_damaged(void)
{
	uint64_t end;

	make();
	put(ESC_HEADER_SIZE, ESC_PAGE, 10);
	put(ESC_HEADER_SIZE + ESC_PAGE, 64 * ESC_PAGE, 10);
	end = closed(ESC_HEADER_SIZE + 2 * ESC_PAGE);
	CHECK_EQ(end, ESC_HEADER_SIZE + ESC_PAGE);
	make();
	put(ESC_HEADER_SIZE, ESC_PAGE, ESC_PAGE);
	CHECK_EQ(closed(ESC_HEADER_SIZE + ESC_PAGE), ESC_HEADER_SIZE);
}

/* What cannot be read may be a segment: nothing is written there, or cut. */
static void
test_unread(void)
{
	uint64_t third = ESC_HEADER_SIZE + 2 * ESC_PAGE, end = 7;
	struct esc_segment segment;

	make();
	put(ESC_HEADER_SIZE, ESC_PAGE, 10);
	put(third, 4 * ESC_PAGE, 10);
	CHECK(ftruncate(fd, (off_t)(third + ESC_PAGE)) == 0);
	CHECK_EQ(close_segments(fd, third + 5 * ESC_PAGE, &end), -1);
	CHECK_EQ(errno, EIO);
	CHECK_EQ(end, 7);
	CHECK(pread(fd, &segment, sizeof(segment), (off_t)third) == (ssize_t)sizeof(segment));
	CHECK_EQ(segment.size, 4 * ESC_PAGE);
	CHECK_EQ(lseek(fd, 0, SEEK_END), (off_t)(third + ESC_PAGE));
}

/* The header's is that of what it will be. */
static void
test_header(void)
{
	static uint8_t bytes[ESC_HEADER_SIZE];
	struct esc_header *header = (struct esc_header *)(void *)bytes;
	uint32_t sum;

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 31);
	header->flags = ESC_FLAG_STARTED;
	sum = close_header_sum(header);
	header->flags |= ESC_FLAG_COMPLETE;
	CHECK_EQ(close_header_sum(header), sum);
	header->gate.asked ^= 1; /* the launcher's, at any time */
	CHECK_EQ(close_header_sum(header), sum);
	header->gate.asked = 0;
	header->sum = 0;
	/* the launcher's to write, at any time */
	header->gate.asked = 0;
	CHECK_EQ(crc32c_table(0, bytes, sizeof(bytes)), sum);
}

int
main(void)
{
	test_nothing();
	test_cut();
	test_unbegun();
	test_damaged();
	test_header();
	test_unread();
	return check_done();
}
