#include "analyzer/export/columns.h"

#include <math.h>
#include <stdio.h>

#include "analyzer/util/json.h"

enum { COLUMNS_DIGITS = 24 }; /* of a number, its sign and its comma */

/* Puts it in front of end; where it begins. */
static char *
columns_digits(char *end, int64_t value)
{
	uint64_t left = value < 0 ? -(uint64_t)value : (uint64_t)value;

	do
		*--end = (char)('0' + left % 10);
	while ((left /= 10) > 0);
	if (value < 0)
		*--end = '-';
	return end;
}

static void
columns_number(FILE *out, int64_t value, size_t at)
{
	char text[COLUMNS_DIGITS], *end = text + sizeof(text);
	char *start = columns_digits(end, value);

	if (at > 0)
		*--start = ',';
	fwrite_unlocked(start, 1, (size_t)(end - start), out);
}

/* The array is json.h's, what stands in it is not. */
void
columns_u32(struct json *json, const char *name, const uint32_t *values, size_t count)
{
	json_key(json, name);
	json_begin_array(json);
	for (size_t i = 0; i < count; i++)
		columns_number(json->out, values[i], i);
	json_end_array(json);
}

void
columns_i64(struct json *json, const char *name, const int64_t *values, size_t count)
{
	json_key(json, name);
	json_begin_array(json);
	for (size_t i = 0; i < count; i++)
		columns_number(json->out, values[i], i);
	json_end_array(json);
}

void
columns_texts(struct json *json, const char *name, char *const *texts, size_t count)
{
	json_key(json, name);
	json_begin_array(json);
	for (size_t i = 0; i < count; i++)
		json_string(json, texts[i]);
	json_end_array(json);
}

int64_t
columns_round(double value)
{
	if (!(value > 0))
		return 0;
	return value < 9007199254740992.0 ? llround(value) : INT64_C(9007199254740992);
}

int64_t
columns_carry(struct columns_carry *carry, double value)
{
	int64_t before = carry->told;

	if (value > 0)
		carry->sum += value;
	carry->told = columns_round(carry->sum);
	return carry->told - before;
}
