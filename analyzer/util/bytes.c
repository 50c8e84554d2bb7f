#include "analyzer/util/bytes.h"

#include <stdlib.h>
#include <string.h>

#include "analyzer/util/xalloc.h"

enum { SEVEN = 7, MORE = 0x80, LAST_SHIFT = 63 };

void
bytes_add(struct bytes *bytes, const void *data, size_t len)
{
	if (len == 0)
		return;
	bytes->data = xgrow(bytes->data, &bytes->cap, bytes->len + len, sizeof(*bytes->data));
	memcpy(bytes->data + bytes->len, data, len);
	bytes->len += len;
}

void
bytes_add_byte(struct bytes *bytes, uint8_t byte)
{
	bytes->data = xgrow(bytes->data, &bytes->cap, bytes->len + 1, sizeof(*bytes->data));
	bytes->data[bytes->len++] = byte;
}

void
bytes_add_number(struct bytes *bytes, uint64_t number)
{
	for (; number >= MORE; number >>= SEVEN)
		bytes_add_byte(bytes, (uint8_t)(number | MORE));
	bytes_add_byte(bytes, (uint8_t)number);
}

void
bytes_add_difference(struct bytes *bytes, uint64_t from, uint64_t to)
{
	uint64_t difference = to - from;

	/* the sign becomes the lowest bit */
	bytes_add_number(bytes, difference << 1 ^ (difference >> LAST_SHIFT != 0 ? UINT64_MAX : 0));
}

void
bytes_release(struct bytes *bytes)
{
	free(bytes->data);
	*bytes = (struct bytes){ 0 };
}

const uint8_t *
bytes_take(struct bytes_reader *reader, size_t len)
{
	const uint8_t *at = reader->at;

	if (reader->bad || len > (size_t)(reader->end - reader->at)) {
		reader->bad = true;
		return NULL;
	}
	reader->at += len;
	return at;
}

uint8_t
bytes_take_byte(struct bytes_reader *reader)
{
	const uint8_t *at = bytes_take(reader, 1);

	return at != NULL ? *at : 0;
}

uint64_t
bytes_take_number(struct bytes_reader *reader)
{
	uint64_t number = 0;
	unsigned int shift;

	for (shift = 0; shift <= LAST_SHIFT && !reader->bad; shift += SEVEN) {
		uint8_t byte = bytes_take_byte(reader);

		/* of the tenth byte one bit has room */
		if (shift == LAST_SHIFT && byte > 1)
			break;
		number |= (uint64_t)(byte & (MORE - 1)) << shift;
		if (byte < MORE)
			return reader->bad ? 0 : number;
	}
	reader->bad = true;
	return 0;
}

uint64_t
bytes_take_limited(struct bytes_reader *reader, uint64_t most)
{
	uint64_t number = bytes_take_number(reader);

	if (number <= most)
		return number;
	reader->bad = true;
	return 0;
}

uint64_t
bytes_take_difference(struct bytes_reader *reader, uint64_t from)
{
	uint64_t number = bytes_take_number(reader);

	return reader->bad ? 0 : from + (number >> 1 ^ ((number & 1) != 0 ? UINT64_MAX : 0));
}

size_t
bytes_take_count(struct bytes_reader *reader)
{
	return (size_t)bytes_take_limited(reader, (uint64_t)(reader->end - reader->at));
}
