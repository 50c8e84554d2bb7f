/* What a register or a stack slot may hold, as far as computed jumps need it. Private to
 * the values*.c files. */
#ifndef FLOW_VALUE_H
#define FLOW_VALUE_H

#include <stdbool.h>
#include <stdint.h>

enum kind {
	ANY,
	POINTER, /* 8 bytes that came from elsewhere as they are */
	CONST,   /* a */
	STACK,   /* base a plus b */
	SCALED,  /* index * scale + b */
	ELEMENT, /* a + index * scale */
	LOAD4,   /* 4 bytes at a + index * 4 */
	LOAD8,   /* 8 bytes at a + index * 8 */
	TARGET,  /* b + what is at a + index * 4 */
	PLACE,   /* of addresses only: the value called a, plus b */
};

/* How the whole register follows from its lower part. */
enum extension { FULL, ZERO8, ZERO16, ZERO32, SIGN32 };

/*
 * Two places with the same id hold the same lower part: 8 bits if one of them is
 * extended from these, likewise 16, else 32; with the same extension, the same.
 * The value, or the index in it, is at most bound, looked at width bits of it.
 */
struct value {
	uint8_t kind;
	uint8_t extension;
	uint8_t width; /* 0: no bound */
	uint8_t scale;
	uint32_t nothing; /* so that all bytes are something's, and can be compared */
	uint64_t a;
	uint64_t b;
	uint64_t id; /* 0: none */
	uint64_t bound;
};

/* Of that kind, with nothing else known of it. */
struct value value_plain(enum kind kind);
struct value value_constant(uint64_t number);
/* A bound of the lower part is one of the whole where the rest is known. */
void value_widen(struct value *value);
/* The whole register after its lower 32 bits were written: zero- or sign-extended. */
struct value value_narrow32(struct value value);
struct value value_sign32(struct value value);
/* The value of its lower 8 or 16 bits. */
struct value value_narrow(struct value value, unsigned int bits);
/* The product with 1, 2, 4 or 8. */
struct value value_scaled(struct value index, unsigned int scale);
/* An address where one of the two is a number; else nothing is known of it. */
struct value value_sum(struct value left, struct value right);
/* What both can be; id is the name of the result where they differ. */
struct value value_either(const struct value *left, const struct value *right, uint64_t id);
/* In all that is known of them, their names included. */
bool value_is_equal(const struct value *left, const struct value *right);

#endif
