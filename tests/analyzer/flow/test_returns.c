/* Which functions never return: what is found out does not depend on what was asked
 * before. */
#include "analyzer/flow/returns.h"

#include <string.h>

#include "analyzer/util/map.h"
#include "tests/lib/check.h"

enum {
	FUNCTIONS = 8, /* each calls the next one, the last one abort */
	SIZE = 6,
	APART = 0x100,
};

static uint8_t code[FUNCTIONS][SIZE];

static uint64_t
address_of(size_t function)
{
	return (function + 1) * APART;
}

static bool
get_part(void *data, uint64_t address, struct flow_part *part)
{
	size_t function = address / APART - 1;

	(void)data;
	if (address < APART || function >= FUNCTIONS || address % APART >= SIZE)
		return false;
	part->bytes = code[function];
	part->start = address_of(function);
	part->end = part->start + SIZE;
	return true;
}

static const char *
get_callee(void *data, uint64_t address, bool slot)
{
	(void)data;
	return !slot && address == address_of(FUNCTIONS) ? "abort" : NULL;
}

static void
make_code(void)
{
	int32_t distance = APART - 5;
	size_t i;

	for (i = 0; i < FUNCTIONS; i++) {
		code[i][0] = 0xe8; /* call */
		memcpy(&code[i][1], &distance, sizeof(distance));
		code[i][5] = 0xc3; /* ret */
	}
}

int
main(void)
{
	struct flow_source source = { .part = get_part, .callee = get_callee };
	bool alone[FUNCTIONS];
	size_t first, second;

	make_code();
	for (first = 0; first < FUNCTIONS; first++)
		alone[first] = returns_never(&source, address_of(first));
	CHECK(alone[FUNCTIONS - 1] && alone[FUNCTIONS - 4]);
	CHECK(!alone[0]);
	for (first = 0; first < FUNCTIONS; first++) {
		for (second = 0; second < FUNCTIONS; second++) {
			struct map returns = { 0 };

			source.returns = &returns;
			CHECK_EQ(returns_never(&source, address_of(first)), alone[first]);
			CHECK_EQ(returns_never(&source, address_of(second)), alone[second]);
			CHECK_EQ(returns_never(&source, address_of(first)), alone[first]);
			map_release(&returns);
		}
	}
	return check_done();
}
