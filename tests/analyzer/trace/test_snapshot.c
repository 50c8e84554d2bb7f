/* A copy of a recorder has what is whole of it, and says so where there is none. */
#include "analyzer/trace/snapshot.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "analyzer/util/err.h"
#include "tests/lib/check.h"

enum { SLOT = 4096, SLOTS = 5, USED = SLOT - sizeof(struct esc_segment) };

static struct {
	union {
		struct esc_header head;
		uint8_t bytes[ESC_HEADER_SIZE];
	};
	union {
		struct esc_segment segment;
		uint8_t bytes[SLOT];
	} slots[SLOTS];
} trace;

static char path[] = "test_snapshot.XXXXXX";

static void
make(void)
{
	trace.head = (struct esc_header){
		.magic = ESC_MAGIC,
		.header_size = ESC_HEADER_SIZE,
		.ring_size = sizeof(trace),
		.ring_slot = SLOT,
		.claimed = sizeof(trace),
	};
	for (int i = 0; i < SLOTS; i++) {
		memset(trace.slots[i].bytes, 'a' + i, SLOT);
		trace.slots[i].segment = (struct esc_segment){
			.magic = ESC_SEGMENT_MAGIC,
			.size = SLOT,
			.kind = ESC_SEGMENT_EVENTS,
			.used = USED,
			.generation = 8,
		};
	}
	trace.slots[1].segment.magic = 0;
	trace.slots[2].segment.size = SLOT / 2;
	trace.slots[3].segment.generation = 7; /* it is being taken */
}

/* What the copy of the first `len` bytes has in each slot: 'a' and so on, 0 nothing. */
static void
copy(size_t len, uint8_t *seen)
{
	int fd = open(path, O_RDWR | O_TRUNC), copied;
	struct esc_header head = trace.head;
	struct err err = { "" };

	memset(seen, 0, SLOTS);
	CHECK_EQ(write(fd, &trace, len), len);
	copied = snapshot_take(fd, &head, &err);
	CHECK_STR(err.text, "");
	CHECK(copied >= 0);
	CHECK_EQ(head.claimed, sizeof(trace));
	for (int i = 0; i < SLOTS; i++)
		CHECK_EQ(
		    pread(copied, seen + i, 1, ESC_HEADER_SIZE + (i + 1) * (off_t)SLOT - 1), 1);
	close(copied);
	close(fd);
}

static void
test_whole(void)
{
	uint8_t seen[SLOTS];

	copy(sizeof(trace), seen);
	CHECK_EQ(seen[0], 'a');
	CHECK_EQ(seen[1], 0);
	CHECK_EQ(seen[2], 0);
	CHECK_EQ(seen[3], 0);
	CHECK_EQ(seen[4], 'e');
}

/* A segment of which a part is not there is none. */
static void
test_cut(void)
{
	uint8_t seen[SLOTS];

	copy(sizeof(trace) - 1, seen);
	CHECK_EQ(seen[0], 'a');
	CHECK_EQ(seen[4], 0);
}

static void
test_no_room(void)
{
	int fd = open(path, O_RDONLY);
	struct esc_header head = trace.head;
	struct rlimit limit = { 0, 0 }, before;
	struct err err = { "" };

	getrlimit(RLIMIT_NOFILE, &before);
	limit.rlim_max = before.rlim_max;
	CHECK_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
	CHECK_EQ(snapshot_take(fd, &head, &err), -1);
	CHECK(strstr(err.text, "copy of the trace") != NULL);
	setrlimit(RLIMIT_NOFILE, &before);
	/* larger than a file may be */
	head.ring_size = UINT64_MAX;
	CHECK_EQ(snapshot_take(fd, &head, &err), -1);
	close(fd);
}

int
main(void)
{
	int fd = mkstemp(path);

	CHECK(fd >= 0);
	close(fd);
	make();
	test_whole();
	test_cut();
	test_no_room();
	unlink(path);
	return check_done();
}
