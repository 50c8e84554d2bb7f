/*
 * tell TRACE [FLAGS]: a trace as an input of the fuzzers that read traces (trace.h), on
 * stdout. Its segments are made as small as what they hold allows, but for a flight
 * recorder's. What is beyond FUZZ_TRACE_MAX is cut off.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "preload/record.h"
#include "tests/fuzz/trace.h"

static uint8_t bytes[FUZZ_TRACE_MAX], told[2 * FUZZ_TRACE_MAX];

/* Moves the segments together; the new length. */
static size_t
shrink(size_t len)
{
	struct esc_header *head = (struct esc_header *)(void *)bytes;
	size_t from = head->header_size, to = from, size;
	struct esc_segment segment;

	if (len < sizeof(*head) || head->magic != ESC_MAGIC || head->ring_size != 0 || from > len)
		return len;
	while (len - from > sizeof(segment)) {
		memcpy(&segment, bytes + from, sizeof(segment));
		if (segment.magic != ESC_SEGMENT_MAGIC || segment.size < sizeof(segment) ||
		    segment.size > len - from)
			break;
		size = sizeof(segment) + segment.used + ESC_PAGE - 1;
		size -= size % ESC_PAGE;
		if (size > segment.size)
			size = segment.size;
		memmove(bytes + to, bytes + from, size);
		from += segment.size;
		segment.size = (uint32_t)size;
		memcpy(bytes + to, &segment, sizeof(segment));
		to += size;
	}
	head->claimed = to;
	return to;
}

int
main(int argc, char **argv)
{
	FILE *file = argc > 1 ? fopen(argv[1], "rb") : NULL;
	unsigned flags = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 0) : FUZZ_TRACE_REPAIR;
	size_t len;

	if (file == NULL) {
		fprintf(stderr, "usage: tell TRACE [FLAGS]\n");
		return 2;
	}
	len = fread(bytes, 1, sizeof(bytes), file);
	fclose(file);
	len = shrink(len);
	len = fuzz_trace_tell(flags, bytes, len, told, sizeof(told));
	return len > 0 && fwrite(told, 1, len, stdout) == len ? 0 : 1;
}
