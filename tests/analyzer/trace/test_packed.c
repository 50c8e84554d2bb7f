/* Packed files give back what was packed, from any offset; what is damaged in them
 * costs itself, and no file can ask for more memory than its size allows. */
#include "analyzer/trace/packed.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include "analyzer/trace/reader.h"
#include "analyzer/util/crc32c.h"
#include "analyzer/util/err.h"
#include "analyzer/util/xalloc.h"
#include "tests/lib/check.h"

enum { WHOLE = 1300000, FRAMES = (WHOLE + PACKED_FRAME - 1) / PACKED_FRAME };

static char path[] = "test_packed.XXXXXX";
static int file;
static uint8_t *whole, *packed_bytes;
static size_t packed_len;

static uint64_t state = 88172645463325252ULL;

static uint64_t
draw(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static void
put_file(const uint8_t *bytes, size_t len)
{
	CHECK_EQ(ftruncate(file, 0), 0);
	CHECK_EQ(pwrite(file, bytes, len, 0), len);
}

/* Half of it noise, half of it zeroes. */
static void
make(void)
{
	struct pack_options options = { .level = 3 };
	char from_path[] = "test_packed.XXXXXX";
	int from = mkstemp(from_path);
	struct stat status;
	struct err err;
	size_t i;

	unlink(from_path);
	whole = xcalloc(1, WHOLE);
	for (i = 0; i < WHOLE; i++)
		whole[i] = i / 4096 % 2 == 0 ? (uint8_t)(draw() % 50) : 0;
	CHECK_EQ(write(from, whole, WHOLE), WHOLE);
	CHECK_EQ(pack_write(from, WHOLE, file, &options, &err), 0);
	CHECK_EQ(fstat(file, &status), 0);
	packed_len = (size_t)status.st_size;
	packed_bytes = xmalloc(packed_len);
	CHECK_EQ(pread(file, packed_bytes, packed_len, 0), packed_len);
	CHECK(packed_len < WHOLE / 2);
	CHECK(packed_is(packed_bytes));
	CHECK(!packed_is(whole));
	/* shorter than it was said to be */
	CHECK_EQ(pack_write(from, WHOLE + 1, file, &options, &err), -1);
	CHECK(strstr(err.text, "shorter") != NULL);
	close(from);
	put_file(packed_bytes, packed_len);
}

static struct packed *
open_file(bool *damaged)
{
	struct stat status = { 0 };
	struct err err;

	*damaged = false;
	CHECK_EQ(fstat(file, &status), 0);
	return packed_open(file, (uint64_t)status.st_size, damaged, &err);
}

/* Every frame that can be read is right; returns how many can. */
static unsigned
count_right(void)
{
	static uint8_t buf[PACKED_FRAME];
	bool damaged;
	struct packed *packed = open_file(&damaged);
	unsigned right = 0;
	uint64_t at;
	size_t len;

	if (packed == NULL)
		return 0;
	CHECK(packed_size(packed) <= PACKED_SIZE_MIN * 4);
	for (at = 0; at < packed_size(packed) && at < WHOLE; at += len) {
		len = WHOLE - at < PACKED_FRAME ? (size_t)(WHOLE - at) : PACKED_FRAME;
		if (len > packed_size(packed) - at || !packed_read(packed, at, buf, len))
			continue;
		CHECK_EQ(memcmp(buf, whole + at, len), 0);
		right++;
	}
	packed_free(packed);
	return right;
}

static void
test_random(size_t keep)
{
	static uint8_t buf[3 * PACKED_FRAME];
	bool damaged;
	struct packed *packed = open_file(&damaged);
	uint64_t at;
	size_t len;
	int i;

	CHECK(packed != NULL && !damaged);
	CHECK_EQ(packed_size(packed), WHOLE);
	packed_keep(packed, keep);
	for (i = 0; i < 2000; i++) {
		at = draw() % (WHOLE + 1);
		len = draw() % (draw() % 2 == 0 ? 300 : sizeof(buf));
		if (len > WHOLE - at) {
			CHECK(!packed_read(packed, at, buf, len));
			len = (size_t)(WHOLE - at);
		}
		CHECK(packed_read(packed, at, buf, len));
		CHECK_EQ(memcmp(buf, whole + at, len), 0);
	}
	CHECK(!packed_read(packed, UINT64_MAX, buf, 1));
	CHECK(!packed_read(packed, 1, buf, SIZE_MAX));
	packed_free(packed);
}

/* Without its table everything is still found, and said. */
static void
test_table(void)
{
	size_t table = PACKED_SKIP_HEAD + FRAMES * PACKED_ENTRY + PACKED_TABLE_FOOT;
	struct packed *packed;
	unsigned flagged = 0;
	bool damaged;
	size_t i;

	CHECK_EQ(count_right(), FRAMES);
	for (i = 0; i < table * 8; i++) {
		packed_bytes[packed_len - table + i / 8] ^= (uint8_t)(1U << i % 8);
		put_file(packed_bytes, packed_len);
		packed = open_file(&damaged);
		flagged += packed != NULL && damaged;
		packed_free(packed);
		/* the flag of checksums apart, no bit may be another */
		CHECK(count_right() > 0);
		packed_bytes[packed_len - table + i / 8] ^= (uint8_t)(1U << i % 8);
	}
	/* sums hold each packed size; a whole size can lie until it is read */
	CHECK(flagged >= (table - FRAMES * 4) * 8 - 2);
	put_file(packed_bytes, packed_len);
}

static void
test_truncated(void)
{
	unsigned right, before = 0;
	size_t len;

	for (len = 0; len < packed_len; len += 1 + draw() % 9999) {
		put_file(packed_bytes, len);
		right = count_right();
		CHECK(right >= before);
		before = right;
	}
	CHECK(before >= FRAMES - 1);
	put_file(packed_bytes, packed_len);
}

/* A frame has a checksum: a flipped bit costs that one. */
static void
test_flipped(void)
{
	unsigned right, lost = 0;
	uint8_t bit;
	size_t at;
	int i;

	for (i = 0; i < 500; i++) {
		at = draw() % (packed_len - 200);
		bit = (uint8_t)(1U << draw() % 8);
		packed_bytes[at] ^= bit;
		put_file(packed_bytes, packed_len);
		right = count_right();
		lost += right < FRAMES;
		CHECK(right >= FRAMES - 1);
		packed_bytes[at] ^= bit;
	}
	/* all but some bits of a frame's head, which say nothing */
	CHECK(lost > 490);
	put_file(packed_bytes, packed_len);
}

static void
word(uint8_t *at, uint32_t value)
{
	memcpy(at, &value, 4);
}

/* count frames of `len` bytes each at `frame`, said to hold `says`. */
static void
put_bomb(const uint8_t *frame, size_t len, uint32_t count, uint32_t says)
{
	size_t size = count * (len + PACKED_ENTRY) + PACKED_SKIP_HEAD + PACKED_TABLE_FOOT;
	uint8_t *bytes = xcalloc(1, size), *at = bytes;
	uint32_t i;

	for (i = 0; i < count; i++, at += len)
		memcpy(at, frame, len);
	word(at, PACKED_SKIP_MAGIC);
	word(at + 4, count * PACKED_ENTRY + PACKED_TABLE_FOOT);
	for (i = 0, at += PACKED_SKIP_HEAD; i < count; i++, at += PACKED_ENTRY) {
		word(at, (uint32_t)len);
		word(at + 4, says);
	}
	word(at, count);
	word(at + 5, PACKED_TABLE_MAGIC);
	put_file(bytes, size);
	free(bytes);
}

static void
test_bombs(void)
{
	size_t room = ZSTD_compressBound(PACKED_FRAME_MAX), len;
	uint8_t *zeroes = xcalloc(1, (size_t)PACKED_FRAME_MAX + 1), *frame = xmalloc(room);
	uint8_t byte;
	ZSTD_CCtx *context = ZSTD_createCCtx();
	struct packed *packed;
	bool damaged;

	len = ZSTD_compress(frame, room, zeroes, PACKED_FRAME_MAX, 3);
	/* as it says: no more than the limit is taken */
	put_bomb(frame, len, 2000, PACKED_FRAME_MAX);
	packed = open_file(&damaged);
	CHECK(packed != NULL && damaged);
	CHECK(packed_size(packed) <= 2000 * (len + 8) * PACKED_RATIO + PACKED_SIZE_MIN);
	packed_free(packed);
	/* more than its table says, where only that tells */
	(void)ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, 0);
	len = ZSTD_compress2(context, frame, room, zeroes, PACKED_FRAME_MAX);
	ZSTD_freeCCtx(context);
	put_bomb(frame, len, 3, 4096);
	packed = open_file(&damaged);
	CHECK(packed != NULL && !damaged && packed_size(packed) == 3 * 4096);
	CHECK(!packed_read(packed, 0, &byte, 1));
	packed_free(packed);
	len = ZSTD_compress(frame, room, zeroes, PACKED_FRAME_MAX, 3);
	/* far more than any frame holds: the frames themselves are asked */
	put_bomb(frame, len, 3, UINT32_MAX);
	packed = open_file(&damaged);
	CHECK(packed != NULL && damaged && packed_size(packed) == 3 * (uint64_t)PACKED_FRAME_MAX);
	packed_free(packed);
	/* as `zstd` makes of a large file */
	len = ZSTD_compress(frame, room, zeroes, (size_t)PACKED_FRAME_MAX + 1, 3);
	put_file(frame, len);
	CHECK(open_file(&damaged) == NULL);
	free(zeroes);
	free(frame);
}

/* A file of holes is no bomb: what can be packed can be read. */
static void
test_holes(void)
{
	enum { HOLE = 256 << 20 };
	struct pack_options options = { .level = 3 };
	char from_path[] = "test_packed.XXXXXX";
	int from = mkstemp(from_path);
	struct packed *packed;
	struct err err;
	bool damaged;
	uint8_t byte = 1;

	unlink(from_path);
	CHECK_EQ(ftruncate(from, HOLE), 0);
	CHECK_EQ(ftruncate(file, 0), 0);
	CHECK_EQ(lseek(file, 0, SEEK_SET), 0);
	CHECK_EQ(pack_write(from, HOLE, file, &options, &err), 0);
	packed = open_file(&damaged);
	CHECK(packed != NULL && !damaged && packed_size(packed) == HOLE);
	CHECK(packed_read(packed, HOLE - 1, &byte, 1) && byte == 0);
	packed_free(packed);
	close(from);
}

/* Of many frames those that were used last are kept, and all can be read again. */
static void
test_slots(void)
{
	enum { SMALL = 1024 };
	struct pack_options options = { .level = 1, .frame = SMALL };
	char from_path[] = "test_packed.XXXXXX";
	int from = mkstemp(from_path);
	struct packed *packed;
	struct err err;
	bool damaged;
	uint8_t byte;

	unlink(from_path);
	CHECK_EQ(write(from, whole, WHOLE), WHOLE);
	CHECK_EQ(ftruncate(file, 0), 0);
	CHECK_EQ(lseek(file, 0, SEEK_SET), 0);
	CHECK_EQ(pack_write(from, WHOLE, file, &options, &err), 0);
	packed = open_file(&damaged);
	CHECK(packed != NULL && !damaged && packed_size(packed) == WHOLE);
	for (int round = 0; round < 2; round++) {
		for (uint64_t at = 0; at < WHOLE; at += SMALL) {
			CHECK(packed_read(packed, at, &byte, 1));
			CHECK_EQ(byte, whole[at]);
		}
	}
	packed_free(packed);
	close(from);
	put_file(packed_bytes, packed_len);
}

/* Without a table, and larger than the frames of esc: read until it is whole. */
static void
test_large_frame(void)
{
	enum { LARGE = 1 << 20 };
	size_t room = ZSTD_compressBound(LARGE), len;
	uint8_t *noise = xmalloc(LARGE), *frame = xmalloc(room), byte;
	struct packed *packed;
	bool damaged;

	for (size_t i = 0; i < LARGE; i++)
		noise[i] = (uint8_t)draw();
	len = ZSTD_compress(frame, room, noise, LARGE, 1);
	CHECK(len > LARGE / 2);
	put_file(frame, len);
	packed = open_file(&damaged);
	CHECK(packed != NULL && damaged && packed_size(packed) == LARGE);
	CHECK(packed_read(packed, LARGE - 1, &byte, 1) && byte == noise[LARGE - 1]);
	packed_free(packed);
	put_file(frame, len - 1);
	CHECK(open_file(&damaged) == NULL);
	free(noise);
	free(frame);
	put_file(packed_bytes, packed_len);
}

/* A trace of heads of segments, all alike, 100 frames of them: packed, each takes
 * next to nothing, but not when it is read. */
static void
test_segments(void)
{
	enum { FRAME = 8 << 20, COUNT = 100, ROOM = 1 << 20 };
	struct esc_header *header = xcalloc(1, ESC_HEADER_SIZE);
	uint8_t *heads = xcalloc(1, FRAME), *out = xmalloc(ROOM);
	struct esc_segment segment = {
		.magic = ESC_SEGMENT_MAGIC,
		.kind = ESC_SEGMENT_EVENTS,
		.size = ESC_PAGE,
		.process = 1,
		.thread = 1,
	};
	struct reader *reader;
	struct err err = { "" };
	char name[64];
	size_t i, first, len;

	*header = (struct esc_header){
		.magic = ESC_MAGIC,
		.version = ESC_VERSION,
		.endian = ESC_ENDIAN,
		.header_size = ESC_HEADER_SIZE,
		.mode = ESC_MODE_FULL,
		.clock = ESC_CLOCK_MONOTONIC,
		.flags = ESC_FLAG_COMPLETE,
		.claimed = ESC_HEADER_SIZE + (uint64_t)COUNT * FRAME,
	};
	segment.sum = crc32c(0, &segment, sizeof(segment));
	for (i = 0; i < FRAME; i += ESC_PAGE)
		memcpy(heads + i, &segment, sizeof(segment));
	first = ZSTD_compress(out, ROOM, header, ESC_HEADER_SIZE, 3);
	len = ZSTD_compress(out + first, ROOM - first, heads, FRAME, 3);
	CHECK_EQ(ftruncate(file, 0), 0);
	CHECK_EQ(pwrite(file, out, first, 0), first);
	for (i = 0; i < COUNT; i++)
		CHECK_EQ(pwrite(file, out + first, len, (off_t)(first + i * len)), len);
	snprintf(name, sizeof(name), "/proc/self/fd/%d", file);
	reader = reader_open(name, &err);
	CHECK_STR(err.text, "");
	if (reader != NULL) {
		CHECK(reader->partial && reader->note_count > 0);
		CHECK_STR(strchr(reader->notes[reader->note_count - 1], ':'),
		    ": more segments than its packed size can hold");
		CHECK(reader->segment_count < COUNT * (FRAME / ESC_PAGE) / 2);
	}
	reader_free(reader);
	free(header);
	free(heads);
	free(out);
}

static void
test_nothing(void)
{
	bool damaged;

	put_file((const uint8_t *)"", 0);
	CHECK(open_file(&damaged) == NULL);
	put_file((const uint8_t *)"\x28\xb5\x2f\xfd", 4);
	CHECK(open_file(&damaged) == NULL);
	put_bomb((const uint8_t *)"", 0, 0, 0);
	CHECK(open_file(&damaged) == NULL);
	put_bomb((const uint8_t *)"", 0, 5, 9);
	CHECK(open_file(&damaged) == NULL);
}

int
main(void)
{
	file = mkstemp(path);
	CHECK(file >= 0);
	unlink(path);
	make();
	test_random(PACKED_KEEP);
	test_random(PACKED_FRAME * 2);
	test_random(1);
	test_table();
	test_truncated();
	test_flipped();
	test_bombs();
	test_slots();
	test_large_frame();
	test_holes();
	test_segments();
	test_nothing();
	free(whole);
	free(packed_bytes);
	close(file);
	return check_done();
}
