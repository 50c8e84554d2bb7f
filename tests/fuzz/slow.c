#include "tests/fuzz/slow.h"

#include <string.h>

static const unsigned slow_lengths[4][4] = {
	{ 1, 2, 4, 8 }, /* time */
	{ 0, 2, 3, 7 }, /* address */
	{ 0, 1, 2, 4 }, /* stack */
	{ 0, 1, 2, 8 }, /* size */
};

static unsigned
slow_length(unsigned control, unsigned field)
{
	return slow_lengths[field][control >> (4 + 2 * field) & 3];
}

/* Which fields an event of that kind may have is in the text of enum esc_event. */
static bool
slow_valid(unsigned control)
{
	unsigned kind = control & 15, address = slow_length(control, 1);
	unsigned stack = slow_length(control, 2), size = slow_length(control, 3);

	if (kind >= 1 && kind <= 9)
		return true;
	if (kind == 10)
		return size == 0;
	if (kind == 11)
		return true;
	if (kind == 12)
		return size == 0 && address == 0;
	if (kind >= 14)
		return (control >> 13 & 1) != 0;
	return kind == 13 && address == 0 && stack == 0 && control >> 12 == 0;
}

static uint64_t
slow_take(const uint8_t **at, size_t *left, unsigned len, bool *bad)
{
	uint64_t value = 0;
	unsigned i;

	if (len > *left) {
		*bad = true;
		return 0;
	}
	for (i = 0; i < len; i++)
		value |= (uint64_t)(*at)[i] << (8 * i);
	*at += len;
	*left -= len;
	return value;
}

static uint64_t
slow_signed(uint64_t value)
{
	return value % 2 == 0 ? value / 2 : ~(value / 2);
}

static void
slow_rest(const uint8_t **at, size_t *left, unsigned control, struct decode *state,
    struct event *event, bool *bad)
{
	event->proved = 0xffff;
	if (event->kind >= 14) {
		event->pool = (uint32_t)slow_take(at, left, 4, bad);
	} else if (control & 1U << 13) {
		event->has_cost = true;
		event->cost = (uint16_t)slow_take(at, left, 2, bad);
	}
	if (control & 1U << 14) {
		event->has_kept = true;
		event->kept = (uint16_t)slow_take(at, left, 2, bad);
		if (event->kept >= 0x8000) {
			event->kept -= 0x8000;
			event->proved = (uint16_t)slow_take(at, left, 2, bad);
		}
	}
	if (control & 1U << 15)
		state->region = (uint16_t)slow_take(at, left, 2, bad);
}

size_t
slow_read(struct decode *state, const uint8_t *at, size_t len, struct event *event)
{
	size_t left = len;
	bool bad = false;
	unsigned control = (unsigned)slow_take(&at, &left, 2, &bad);

	memset(event, 0, sizeof(*event));
	if (bad || !slow_valid(control))
		return 0;
	event->kind = control & 15;
	event->gap = (control & 1U << 12) != 0;
	state->time += slow_take(&at, &left, slow_length(control, 0), &bad) << state->shift;
	state->address += slow_signed(slow_take(&at, &left, slow_length(control, 1), &bad));
	state->address &= (1ULL << 56) - 1;
	state->stack += (uint32_t)slow_signed(slow_take(&at, &left, slow_length(control, 2), &bad));
	event->size = slow_take(&at, &left, slow_length(control, 3), &bad);
	slow_rest(&at, &left, control, state, event, &bad);
	if (event->kind == 13)
		state->interval = event->size;
	event->time = state->time;
	event->address = state->address * 8;
	event->stack = state->stack;
	event->interval = state->interval;
	event->region = state->region;
	return bad ? 0 : len - left;
}

static uint8_t *
slow_put(uint8_t *to, uint64_t value, unsigned len)
{
	for (; len > 0; len--) {
		*to++ = (uint8_t)value;
		value >>= 8;
	}
	return to;
}

/* The difference of two numbers of so many bits, with its sign lowest. */
static uint64_t
slow_unsigned(uint64_t difference, unsigned bits)
{
	bool negative = (difference >> (bits - 1) & 1) != 0;
	uint64_t value = negative ? ~difference << 1 | 1 : difference << 1;

	return value & ((1ULL << bits) - 1);
}

size_t
slow_write(struct decode *state, unsigned control, const struct event *event, uint8_t *to)
{
	uint8_t *at = slow_put(to, control, 2);

	at = slow_put(at, (event->time - state->time) >> state->shift, slow_length(control, 0));
	at = slow_put(
	    at, slow_unsigned(event->address / 8 - state->address, 56), slow_length(control, 1));
	at = slow_put(at, slow_unsigned(event->stack - state->stack, 32), slow_length(control, 2));
	at = slow_put(at, event->size, slow_length(control, 3));
	if (event->kind >= 14)
		at = slow_put(at, event->pool, 4);
	else if (event->has_cost)
		at = slow_put(at, event->cost, 2);
	if (event->has_kept && (control & 1U << 14)) {
		bool some = event->proved != 0xffff;

		at = slow_put(at, event->kept | (some ? 0x8000U : 0), 2);
		if (some)
			at = slow_put(at, event->proved, 2);
	}
	if (control & 1U << 15)
		at = slow_put(at, event->region, 2);
	state->time = event->time;
	state->address = event->address / 8;
	state->stack = event->stack;
	state->region = event->region;
	state->interval = event->interval;
	return (size_t)(at - to);
}
