#include "analyzer/flow/value.h"

#include <string.h>

struct value
value_plain(enum kind kind)
{
	struct value value = { .kind = (uint8_t)kind };

	return value;
}

struct value
value_constant(uint64_t number)
{
	struct value value = { .kind = CONST, .a = number };

	return value;
}

void
value_widen(struct value *value)
{
	bool whole = false;

	switch (value->width) {
	case 8: whole = value->extension == ZERO8; break;
	case 16: whole = value->extension == ZERO16 || value->extension == ZERO8; break;
	case 32:
		whole = value->extension != FULL &&
		    (value->extension != SIGN32 || value->bound <= INT32_MAX);
		break;
	default: break;
	}
	if (whole)
		value->width = 64;
}

struct value
value_narrow32(struct value value)
{
	switch (value.kind) {
	case CONST: value.a &= UINT32_MAX; break;
	case LOAD4:
	case ANY:
	case POINTER:
		if (value.kind == POINTER)
			value.kind = ANY;
		if (value.extension != ZERO8 && value.extension != ZERO16)
			value.extension = ZERO32;
		if (value.kind == ANY)
			value_widen(&value);
		break;
	default: value = value_plain(ANY); break;
	}
	return value;
}

struct value
value_sign32(struct value value)
{
	switch (value.kind) {
	case CONST: value.a = (uint64_t)(int64_t)(int32_t)value.a; break;
	case LOAD4: value.extension = SIGN32; break;
	case ANY:
	case POINTER:
		value.kind = ANY;
		if (value.extension != ZERO8 && value.extension != ZERO16)
			value.extension = SIGN32;
		if (value.width == 64 && value.bound > INT32_MAX)
			value.width = 0;
		value_widen(&value);
		break;
	default: value = value_plain(ANY); break;
	}
	return value;
}

struct value
value_narrow(struct value value, unsigned int bits)
{
	uint64_t most = bits == 8 ? UINT8_MAX : UINT16_MAX;

	if (value.kind == CONST)
		return value_constant(value.a & most);
	if (value.kind != ANY && value.kind != POINTER)
		value = value_plain(ANY);
	value.kind = ANY;
	if (bits == 8 || value.extension != ZERO8)
		value.extension = bits == 8 ? ZERO8 : ZERO16;
	if (value.width < bits || value.bound > most)
		value.bound = most;
	value.width = 64;
	return value;
}

static void
set_bound(struct value *to, const struct value *index)
{
	bool known = index->width == 64 && (index->kind == ANY || index->kind == SCALED);

	to->width = known ? 64 : 0;
	to->bound = known ? index->bound : 0;
}

struct value
value_scaled(struct value index, unsigned int scale)
{
	struct value result = { .kind = SCALED, .scale = (uint8_t)scale };

	if (index.kind == CONST)
		return value_constant(index.a * scale);
	if (index.kind == ANY || index.kind == POINTER) {
		index.kind = ANY;
		set_bound(&result, &index);
	}
	return result;
}

struct value
value_sum(struct value left, struct value right)
{
	struct value result = value_plain(ANY);

	if (left.kind != CONST && right.kind == CONST)
		return value_sum(right, left);
	if (left.kind != CONST)
		return result;
	switch (right.kind) {
	case CONST: return value_constant(left.a + right.a);
	case STACK:
		right.b += left.a;
		right.id = 0;
		return right;
	case SCALED:
		/* a small number is no table's address */
		if (left.a + right.b < 4096 || left.a + right.b > INT64_MAX) {
			right.b += left.a;
			return right;
		}
		result.kind = ELEMENT;
		result.a = left.a + right.b;
		result.scale = right.scale;
		set_bound(&result, &right);
		return result;
	case ELEMENT: right.a += left.a; return right;
	case LOAD4:
		right.kind = TARGET;
		right.b = left.a;
		return right;
	default: return result;
	}
}

static bool
is_pointer(const struct value *value)
{
	return value->kind == POINTER || value->kind == CONST || value->kind == LOAD8;
}

struct value
value_either(const struct value *left, const struct value *right, uint64_t id)
{
	struct value result = *left;

	if (left->kind != right->kind || left->a != right->a || left->b != right->b ||
	    left->scale != right->scale) {
		result = value_plain(is_pointer(left) && is_pointer(right) ? POINTER : ANY);
		result.extension = left->extension;
		/* of the others it is an index that is bounded */
		if (left->kind <= POINTER && right->kind <= POINTER)
			result.width = left->width;
	}
	if (left->extension != right->extension)
		result.extension = FULL;
	if (left->width != right->width)
		result.width = 0;
	result.bound = left->bound > right->bound ? left->bound : right->bound;
	if (result.width == 0)
		result.bound = 0;
	result.id = left->id == right->id && left->id != 0 ? left->id : id;
	return result;
}

bool
value_is_equal(const struct value *left, const struct value *right)
{
	return memcmp(left, right, sizeof(*left)) == 0;
}
