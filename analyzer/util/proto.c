#include "analyzer/util/proto.h"

#include "analyzer/util/strbuf.h"

enum { PROTO_LENGTH = 2, PROTO_MOST = 10 }; /* a wire type; bytes of a varint */

static size_t
proto_encode(unsigned char *to, uint64_t value)
{
	size_t len = 0;

	for (; value >= 0x80; value >>= 7)
		to[len++] = (unsigned char)(value | 0x80);
	to[len++] = (unsigned char)value;
	return len;
}

static void
proto_varint(struct strbuf *message, uint64_t value)
{
	unsigned char bytes[PROTO_MOST];

	strbuf_add(message, bytes, proto_encode(bytes, value));
}

void
proto_int(struct strbuf *message, unsigned field, int64_t value)
{
	if (value == 0)
		return;
	proto_varint(message, (uint64_t)field << 3);
	proto_varint(message, (uint64_t)value);
}

void
proto_bytes(struct strbuf *message, unsigned field, const void *bytes, size_t len)
{
	proto_varint(message, (uint64_t)field << 3 | PROTO_LENGTH);
	proto_varint(message, len);
	if (len > 0)
		strbuf_add(message, bytes, len);
}

void
proto_ints(struct strbuf *message, unsigned field, const int64_t *values, size_t count)
{
	unsigned char bytes[PROTO_MOST];
	size_t len = 0;

	if (count == 0)
		return;
	for (size_t i = 0; i < count; i++)
		len += proto_encode(bytes, (uint64_t)values[i]);
	proto_varint(message, (uint64_t)field << 3 | PROTO_LENGTH);
	proto_varint(message, len);
	for (size_t i = 0; i < count; i++)
		proto_varint(message, (uint64_t)values[i]);
}
