/* The examples of protocol buffers' own description of the encoding, and the bounds. */
#include "analyzer/util/proto.h"

#include "analyzer/util/strbuf.h"
#include "tests/lib/check.h"

static void
check_bytes(struct strbuf *message, const char *bytes, size_t len)
{
	CHECK_EQ(message->len, len);
	CHECK(message->len == len && (len == 0 || memcmp(message->text, bytes, len) == 0));
	strbuf_clear(message);
}

/* The bytes of a literal, without its end. */
#define BYTES(literal) (literal), sizeof(literal) - 1

int
main(void)
{
	static const int64_t packed[] = { 3, 270, 86942 };
	static const int64_t zeroes[] = { 0, 0 };
	struct strbuf message = { 0 };

	proto_int(&message, 1, 150);
	check_bytes(&message, BYTES("\x08\x96\x01"));
	proto_bytes(&message, 2, "testing", 7);
	check_bytes(&message, BYTES("\x12\x07testing"));
	proto_ints(&message, 6, packed, 3);
	check_bytes(&message, BYTES("\x32\x06\x03\x8e\x02\x9e\xa7\x05"));
	proto_int(&message, 1, 0);
	proto_ints(&message, 1, packed, 0);
	check_bytes(&message, "", 0);
	proto_bytes(&message, 6, NULL, 0);
	proto_ints(&message, 1, zeroes, 2);
	check_bytes(&message, BYTES("\x32\x00\x0a\x02\x00\x00"));
	proto_int(&message, 16, -2);
	check_bytes(&message, BYTES("\x80\x01\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01"));
	proto_int(&message, 1, INT64_MAX);
	check_bytes(&message, BYTES("\x08\xff\xff\xff\xff\xff\xff\xff\xff\x7f"));
	strbuf_release(&message);
	return check_done();
}
