/*
 * A packed trace: what claims to be one is no larger than its packed size allows, is read
 * the same in pieces and as a whole; and what is packed here comes back.
 */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "analyzer/trace/packed.h"
#include "analyzer/util/err.h"
#include "tests/fuzz/fuzz.h"

enum { PACKED_LOOK = 1 << 16, PACKED_FILE = 1 << 20 };

static void
packed_look(struct packed *packed, uint64_t size)
{
	static uint8_t whole[PACKED_LOOK], part[PACKED_LOOK];
	uint64_t look = size < PACKED_LOOK ? size : PACKED_LOOK, at = size - look;
	size_t half = (size_t)look / 2;

	if (packed_read(packed, at, whole, (size_t)look)) {
		FUZZ_CHECK(packed_read(packed, at + half, part, (size_t)look - half));
		FUZZ_CHECK(memcmp(part, whole + half, (size_t)look - half) == 0);
		FUZZ_CHECK(packed_read(packed, at, part, half));
		FUZZ_CHECK(memcmp(part, whole, half) == 0);
	}
	(void)packed_read(packed, 0, part, (size_t)look);
	FUZZ_CHECK(!packed_read(packed, size, part, 1));
	FUZZ_CHECK(!packed_read(packed, UINT64_MAX, part, 2));
	FUZZ_CHECK(!packed_read(packed, size - look, part, (size_t)look + 1) || look == 0);
}

static void
packed_any(const uint8_t *data, size_t size)
{
	static struct fuzz_file file;
	struct err err = { "" };
	struct packed *packed;
	bool damaged;

	fuzz_file_open(&file, PACKED_FILE);
	if (size > PACKED_FILE)
		size = PACKED_FILE;
	fuzz_file_cut(&file, size);
	memcpy(file.bytes, data, size);
	packed = packed_open(file.fd, size, &damaged, &err);
	if (packed == NULL) {
		FUZZ_CHECK(err.text[0] != '\0');
		return;
	}
	packed_keep(packed, 1 << 18);
	FUZZ_CHECK(
	    packed_size(packed) <= PACKED_SIZE_MIN || packed_size(packed) / PACKED_RATIO <= size);
	packed_look(packed, packed_size(packed));
	packed_free(packed);
}

static void
packed_again(const uint8_t *data, size_t size, unsigned how)
{
	struct pack_options options = { .level = 1 + (int)(how % 5), .frame = 64 + how * 16U };
	int from = memfd_create("from", 0), to = memfd_create("to", 0);
	uint8_t *back = malloc(size + 1);
	struct err err = { "" };
	struct packed *packed;
	bool damaged = true;

	FUZZ_CHECK(from >= 0 && to >= 0 && back != NULL);
	FUZZ_CHECK(write(from, data, size) == (ssize_t)size);
	FUZZ_CHECK(pack_write(from, size, to, &options, &err) == 0);
	packed = packed_open(to, (uint64_t)lseek(to, 0, SEEK_END), &damaged, &err);
	FUZZ_CHECK(packed != NULL && !damaged && packed_size(packed) == size);
	FUZZ_CHECK(packed_read(packed, 0, back, size) && memcmp(back, data, size) == 0);
	packed_free(packed);
	close(from);
	close(to);
	free(back);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > 2 && data[0] % 16 == 15)
		packed_again(data + 2, size - 2, data[1]);
	else if (size > 0)
		packed_any(data + 1, size - 1);
	return 0;
}
