/* What is packed is read back; what was cut or damaged is noticed or harmless. */
#include "analyzer/util/bytes.h"

#include "tests/lib/check.h"

enum { NUMBERS = 400 };

static uint64_t seed = 5;

static uint64_t
next_random(void)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (seed >> 20 ^ seed << 40) >> (seed >> 58);
}

static void
check_numbers(void)
{
	static const uint64_t edges[] = { 0, 1, 127, 128, 16383, 16384, INT64_MAX,
		UINT64_C(1) << 63, UINT64_MAX - 1, UINT64_MAX };
	struct bytes bytes = { 0 };
	struct bytes_reader reader;
	uint64_t numbers[NUMBERS];
	size_t i;

	for (i = 0; i < NUMBERS; i++) {
		numbers[i] = i < sizeof(edges) / sizeof(edges[0]) ? edges[i] : next_random();
		bytes_add_number(&bytes, numbers[i]);
		bytes_add_difference(&bytes, numbers[i / 2], numbers[i]);
		bytes_add_byte(&bytes, (uint8_t)i);
	}
	reader = (struct bytes_reader){ bytes.data, bytes.data + bytes.len, false };
	for (i = 0; i < NUMBERS; i++) {
		CHECK_EQ(bytes_take_number(&reader), numbers[i]);
		CHECK_EQ(bytes_take_difference(&reader, numbers[i / 2]), numbers[i]);
		CHECK_EQ(bytes_take_byte(&reader), (uint8_t)i);
	}
	CHECK(!reader.bad && reader.at == reader.end);
	CHECK_EQ(bytes_take_number(&reader), 0);
	CHECK(reader.bad);
	bytes_release(&bytes);
}

/* Numbers that do not fit, or end too early. */
static void
check_bad(void)
{
	static const uint8_t large[] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		0x02 };
	static const uint8_t longer[] = { 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80,
		0x80, 0x00 };
	struct bytes_reader reader = { large, large + sizeof(large), false };

	CHECK_EQ(bytes_take_number(&reader), 0);
	CHECK(reader.bad);
	reader = (struct bytes_reader){ longer, longer + sizeof(longer), false };
	CHECK_EQ(bytes_take_number(&reader), 0);
	CHECK(reader.bad);
	reader = (struct bytes_reader){ large, large + 3, false };
	CHECK_EQ(bytes_take_number(&reader), 0);
	CHECK(reader.bad);
	reader = (struct bytes_reader){ longer + 10, longer + 11, false };
	CHECK(bytes_take(&reader, 2) == NULL && reader.bad);
	/* once bad, always */
	CHECK(bytes_take(&reader, 0) == NULL);
}

static void
check_limits(void)
{
	static const uint8_t seven[] = { 7, 1, 2 };
	struct bytes_reader reader = { seven, seven + sizeof(seven), false };

	CHECK_EQ(bytes_take_limited(&reader, 7), 7);
	CHECK_EQ(bytes_take_count(&reader), 1);
	CHECK_EQ(bytes_take_count(&reader), 0);
	CHECK(reader.bad);
	reader = (struct bytes_reader){ seven, seven + sizeof(seven), false };
	CHECK_EQ(bytes_take_limited(&reader, 6), 0);
	CHECK(reader.bad);
	reader = (struct bytes_reader){ seven, seven + sizeof(seven), false };
	CHECK_EQ(bytes_take_count(&reader), 0);
	CHECK(reader.bad);
}

int
main(void)
{
	check_numbers();
	check_bad();
	check_limits();
	return check_done();
}
