/* Known sums; instruction, table and a bit at a time agree. */
#include "analyzer/util/crc32c.h"

#include <stdlib.h>

#include "tests/lib/check.h"

enum { LEN = 300 };

/* By the definition: the remainder, a bit at a time. */
static uint32_t
slow(const uint8_t *bytes, size_t len)
{
	uint32_t sum = ~0U;

	for (size_t i = 0; i < len * 8; i++) {
		sum ^= bytes[i / 8] >> i % 8 & 1;
		sum = (sum & 1) != 0 ? sum >> 1 ^ 0x82f63b78 : sum >> 1;
	}
	return ~sum;
}

/* RFC 3720, B.4, and what everybody checks. */
static void
test_known(uint32_t (*sum)(uint32_t, const void *, size_t))
{
	uint8_t bytes[32];

	CHECK_EQ(sum(0, "", 0), 0);
	CHECK_EQ(sum(0, "123456789", 9), 0xe3069283);
	memset(bytes, 0, sizeof(bytes));
	CHECK_EQ(sum(0, bytes, sizeof(bytes)), 0x8a9136aa);
	memset(bytes, 0xff, sizeof(bytes));
	CHECK_EQ(sum(0, bytes, sizeof(bytes)), 0x62a8ab43);
	for (unsigned i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)i;
	CHECK_EQ(sum(0, bytes, sizeof(bytes)), 0x46dd794e);
}

int
main(void)
{
	uint8_t bytes[LEN];
	uint32_t seed = 1, want;

	test_known(crc32c);
	test_known(crc32c_table);
	for (size_t i = 0; i < LEN; i++) {
		seed = seed * 1103515245 + 12345;
		bytes[i] = (uint8_t)(seed >> 16);
	}
	/* every length and alignment, and in two parts */
	for (size_t from = 0; from < 9; from++)
		for (size_t len = 0; len < LEN - from; len++) {
			want = slow(bytes + from, len);
			CHECK_EQ(crc32c(0, bytes + from, len), want);
			CHECK_EQ(crc32c_table(0, bytes + from, len), want);
			CHECK_EQ(crc32c(crc32c_table(0, bytes + from, len / 3),
				     bytes + from + len / 3, len - len / 3),
			    want);
		}
	return check_done();
}
