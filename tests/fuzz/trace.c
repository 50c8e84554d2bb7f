#include "tests/fuzz/trace.h"

#include <string.h>

#include "analyzer/util/crc32c.h"
#include "preload/record.h"
#include "tests/fuzz/fuzz.h"

enum { TRACE_BYTES = 0xc0, TRACE_PAGE = 0xff, TRACE_UNIT = 8 };

/* The run at `at`: what it fills, and from where. Returns how far it goes in data. */
static size_t
trace_run(const uint8_t *data, size_t size, size_t done, size_t *len, bool *zeros)
{
	unsigned kind = data[0];

	*zeros = kind >= TRACE_BYTES;
	if (!*zeros) {
		*len = kind + 1U;
		if (*len > size - 1)
			*len = size - 1;
		return 1 + *len;
	}
	*len = (kind - TRACE_BYTES + 1U) * TRACE_UNIT;
	if (kind == TRACE_PAGE)
		*len = ESC_PAGE - done % ESC_PAGE;
	return 1;
}

static void
trace_repair_segment(uint8_t *at, size_t left)
{
	struct esc_segment head;

	memcpy(&head, at, sizeof(head));
	if (head.used <= left - sizeof(head))
		head.payload_sum = crc32c(0, at + sizeof(head), head.used);
	head.sum = 0;
	head.sum = crc32c(0, &head, sizeof(head));
	memcpy(at, &head, sizeof(head));
}

/* The sums of a closed trace, as its keeper would make them. */
static void
trace_repair(struct fuzz_file *file)
{
	struct esc_header *head = (struct esc_header *)(void *)file->bytes;
	struct esc_segment segment;
	uint64_t at;

	if (file->size < sizeof(*head) || (head->flags & ESC_FLAG_COMPLETE) == 0 ||
	    head->version < ESC_VERSION)
		return;
	for (at = head->header_size; at < file->size && file->size - at > sizeof(segment);) {
		memcpy(&segment, file->bytes + at, sizeof(segment));
		if (segment.magic == ESC_SEGMENT_MAGIC)
			trace_repair_segment(file->bytes + at, file->size - at);
		at += segment.magic == ESC_SEGMENT_MAGIC && segment.size >= ESC_PAGE ? segment.size
										     : ESC_PAGE;
	}
	if (head->header_size > file->size)
		return;
	head->sum = 0;
	head->sum = crc32c(0, file->bytes, head->header_size);
}

unsigned
fuzz_trace_load(struct fuzz_file *file, const uint8_t *data, size_t size)
{
	size_t at = 1, done = 0, len, took;
	bool zeros;

	fuzz_file_open(file, FUZZ_TRACE_MAX);
	/* what was cut off is zeros when it comes again */
	for (; at < size && done < FUZZ_TRACE_MAX; at += took) {
		took = trace_run(data + at, size - at, done, &len, &zeros);
		if (len > FUZZ_TRACE_MAX - done)
			len = FUZZ_TRACE_MAX - done;
		if (done + len > file->size)
			fuzz_file_cut(file, FUZZ_TRACE_MAX);
		if (zeros)
			memset(file->bytes + done, 0, len);
		else
			memcpy(file->bytes + done, data + at + 1, len);
		done += len;
	}
	fuzz_file_cut(file, done);
	if (size > 0 && (data[0] & FUZZ_TRACE_REPAIR) != 0)
		trace_repair(file);
	return size > 0 ? data[0] : 0;
}

static size_t
trace_zeros(const uint8_t *bytes, size_t len)
{
	size_t count = 0;

	while (count < len && bytes[count] == 0)
		count++;
	return count;
}

/* How the next bytes are told: as zeros (their number in *len), or as they are. */
static unsigned
trace_choose(const uint8_t *bytes, size_t done, size_t left, size_t *len)
{
	size_t zeros = trace_zeros(bytes + done, left);
	size_t page = ESC_PAGE - done % ESC_PAGE;

	if (zeros >= page && page >= TRACE_UNIT) {
		*len = page;
		return TRACE_PAGE;
	}
	if (zeros >= TRACE_UNIT) {
		*len = zeros / TRACE_UNIT;
		if (*len > TRACE_PAGE - TRACE_BYTES)
			*len = TRACE_PAGE - TRACE_BYTES;
		*len *= TRACE_UNIT;
		return (unsigned)(TRACE_BYTES + *len / TRACE_UNIT - 1);
	}
	/* up to the next zeros that are worth it, or the next page */
	for (*len = 0; *len < TRACE_BYTES && *len < left && *len < page; ++*len)
		if (*len > 0 && trace_zeros(bytes + done + *len, left - *len) >= 2 * TRACE_UNIT)
			break;
	return (unsigned)*len - 1;
}

size_t
fuzz_trace_tell(unsigned flags, const uint8_t *bytes, size_t len, uint8_t *to, size_t room)
{
	size_t at = 0, done = 0, part, copied;
	unsigned kind;

	if (room == 0)
		return 0;
	to[at++] = (uint8_t)flags;
	while (done < len) {
		kind = trace_choose(bytes, done, len - done, &part);
		copied = kind < TRACE_BYTES ? part : 0;
		if (1 + copied > room - at)
			return 0;
		to[at++] = (uint8_t)kind;
		memcpy(to + at, bytes + done, copied);
		at += copied;
		done += part;
	}
	return at;
}

/* libFuzzer's: mostly something within one run, so that the others stay where they are. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t most) __attribute__((weak));
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed);

static size_t
trace_mutate_run(uint8_t *data, size_t size, size_t most, size_t at)
{
	uint8_t run[TRACE_BYTES];
	size_t len = data[at] + 1U, fresh;
	size_t behind = size - at - 1 - len;

	memcpy(run, data + at + 1, len);
	fresh = LLVMFuzzerMutate(run, len, sizeof(run));
	if (fresh == 0 || at + 1 + fresh + behind > most)
		return size;
	memmove(data + at + 1 + fresh, data + at + 1 + len, behind);
	memcpy(data + at + 1, run, fresh);
	data[at] = (uint8_t)(fresh - 1);
	return at + 1 + fresh + behind;
}

size_t
LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed)
{
	size_t at, took, len, runs = 0;
	size_t chosen = 0;
	bool zeros;

	if (seed % 8 == 0 || size < 3)
		return LLVMFuzzerMutate(data, size, most);
	for (at = 1; at < size; at += took) {
		took = trace_run(data + at, size - at, 0, &len, &zeros);
		if (!zeros && len == data[at] + 1U && (seed >> 3) % ++runs == 0)
			chosen = at;
	}
	if (chosen == 0)
		return LLVMFuzzerMutate(data, size, most);
	return trace_mutate_run(data, size, most, chosen);
}
