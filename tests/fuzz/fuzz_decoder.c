/*
 * One event after another, of the bytes of a segment and of made-up events: decode.h
 * takes exactly what the format's text allows and finds in it what slow.h does; nothing
 * that was cut short is taken; what is written again is the same bytes, and what is
 * written in the shortest way is the same event.
 */
#include <string.h>

#include "analyzer/trace/decode.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/slow.h"
#include "tests/lib/mktrace.h"

static void
decoder_same(const struct event *a, const struct event *b)
{
	FUZZ_CHECK(a->kind == b->kind);
	FUZZ_CHECK(a->time == b->time);
	FUZZ_CHECK(a->address == b->address);
	FUZZ_CHECK(a->stack == b->stack);
	FUZZ_CHECK(a->size == b->size);
	FUZZ_CHECK(a->pool == b->pool);
	FUZZ_CHECK(a->interval == b->interval);
	FUZZ_CHECK(a->region == b->region);
	FUZZ_CHECK(a->gap == b->gap);
	FUZZ_CHECK(a->has_cost == b->has_cost && a->cost == b->cost);
	FUZZ_CHECK(a->has_kept == b->has_kept && a->kept == b->kept);
	FUZZ_CHECK(a->proved == b->proved);
	FUZZ_CHECK(!a->vague && !a->pointer && !b->vague && !b->pointer);
}

static void
decoder_same_state(const struct decode *a, const struct decode *b)
{
	FUZZ_CHECK(a->time == b->time);
	FUZZ_CHECK(a->address == b->address);
	FUZZ_CHECK(a->interval == b->interval);
	FUZZ_CHECK(a->stack == b->stack);
	FUZZ_CHECK(a->region == b->region);
	FUZZ_CHECK(a->shift == b->shift);
}

/* The shortest way to write it is read as the same; returns its length. */
static size_t
decoder_shortest(const struct decode *before, const struct event *event)
{
	uint8_t bytes[ESC_EVENT_MAX];
	struct decode writing = *before, reading = *before;
	struct event again;
	size_t len = mktrace_encode(&writing, event, bytes);

	FUZZ_CHECK(len <= sizeof(bytes));
	FUZZ_CHECK(decode_event(&reading, bytes, len, &again) == len);
	decoder_same(event, &again);
	decoder_same_state(&writing, &reading);
	return len;
}

/* The bytes again, from what was read. Units of time that are lost above 64 bits are not
 * to be had again, nor that "so many are proved" was said of all. */
static void
decoder_again(const struct decode *before, const uint8_t *at, size_t len, const struct event *event)
{
	uint8_t bytes[ESC_EVENT_MAX];
	struct decode state = *before;
	unsigned control = decode_short(at);
	bool lossy = state.shift > 0 && (control >> ESC_CONTROL_TIME_SHIFT & 3) == 3;
	size_t wrote;

	if (event->has_kept && event->proved == UINT16_MAX)
		lossy |=
		    decode_short(at + len - (control & ESC_CONTROL_REGION ? 4 : 2)) == UINT16_MAX;
	if (lossy)
		return;
	wrote = slow_write(&state, control, event, bytes);
	FUZZ_CHECK(wrote == len);
	FUZZ_CHECK(memcmp(bytes, at, len) == 0);
	FUZZ_CHECK(decoder_shortest(before, event) <= len);
}

static void
decoder_bytes(struct fuzz_input *input, struct decode state)
{
	struct decode slow = state, before, cut;
	struct event event, expected;
	size_t len, want, part;
	bool first = true;

	do {
		before = state;
		len = decode_event(&state, input->at, input->left, &event);
		want = slow_read(&slow, input->at, input->left, &expected);
		FUZZ_CHECK(len == want && len <= ESC_EVENT_MAX);
		if (len == 0)
			break;
		decoder_same(&event, &expected);
		decoder_same_state(&state, &slow);
		decoder_again(&before, input->at, len, &event);
		for (part = first ? 0 : len - 1; part < len; part++) {
			cut = before;
			FUZZ_CHECK(decode_event(&cut, input->at, part, &expected) == 0);
		}
		first = false;
		input->at += len;
		input->left -= len;
	} while (input->left > 0);
}

/* Any event that a trace may hold. */
static struct event
decoder_make(struct fuzz_input *input, const struct decode *state)
{
	struct event event = { .kind = (uint8_t)(fuzz_byte(input) % 15 + 1),
		.proved = UINT16_MAX,
		.stack = state->stack,
		.region = state->region,
		.address = state->address << 3 };
	unsigned has = fuzz_byte(input);

	event.time = state->time + (fuzz_number(input, 8) << state->shift);
	if (event.kind != ESC_EVENT_RATE) {
		event.stack = (uint32_t)fuzz_number(input, 4);
		event.region = (uint16_t)fuzz_number(input, 2);
		event.gap = (has & 1) != 0;
		event.has_cost = (has & 2) != 0 && !decode_is_pools(event.kind);
		event.has_kept = (has & 4) != 0;
	}
	if (event.kind < ESC_EVENT_STEP || decode_is_pools(event.kind))
		event.address = (fuzz_number(input, 7) & DECODE_ADDRESS) << 3;
	if (decode_sized(event.kind))
		event.size = fuzz_number(input, 8);
	if (decode_is_pools(event.kind))
		event.pool = (uint32_t)fuzz_number(input, 4);
	if (event.has_cost)
		event.cost = (uint16_t)fuzz_number(input, 2);
	if (event.has_kept)
		event.kept = (uint16_t)(fuzz_number(input, 2) & 0x7fff);
	if (event.has_kept && (has & 8) != 0)
		event.proved = (uint16_t)fuzz_number(input, 2);
	event.interval = event.kind == ESC_EVENT_RATE ? event.size : state->interval;
	return event;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = { data, size };
	struct decode state = { 0 };
	struct event event;
	unsigned how = fuzz_byte(&input);

	state.interval = 1;
	state.shift = (uint8_t)(how / 2 % 33);
	if (how % 2 == 0) {
		decoder_bytes(&input, state);
		return 0;
	}
	do {
		event = decoder_make(&input, &state);
		decoder_shortest(&state, &event);
		state.time = event.time;
		state.address = event.address >> 3;
		state.stack = event.stack;
		state.region = event.region;
		state.interval = event.interval;
	} while (input.left > 0);
	return 0;
}
