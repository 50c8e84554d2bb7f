#include "analyzer/util/json.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/util/utf8.h"

void
json_start(struct json *json, FILE *out)
{
	*json = (struct json){ .out = out };
}

/* What must stand before the next key or value. */
static void
json_separate(struct json *json)
{
	uint64_t level = 1ULL << json->depth;

	if (json->keyed)
		json->keyed = false;
	else if (json->filled & level)
		fputc_unlocked(',', json->out);
	json->filled |= level;
}

static void
json_begin(struct json *json, char bracket)
{
	json_separate(json);
	fputc_unlocked(bracket, json->out);
	if (json->depth < JSON_DEPTH)
		json->depth++;
	json->filled &= ~(1ULL << json->depth);
}

static void
json_end(struct json *json, char bracket)
{
	if (json->depth > 0)
		json->depth--;
	fputc_unlocked(bracket, json->out);
	if (json->depth == 0)
		fputc('\n', json->out);
}

void
json_begin_object(struct json *json)
{
	json_begin(json, '{');
}

void
json_end_object(struct json *json)
{
	json_end(json, '}');
}

void
json_begin_array(struct json *json)
{
	json_begin(json, '[');
}

void
json_end_array(struct json *json)
{
	json_end(json, ']');
}

static void
json_unit(FILE *out, uint32_t unit)
{
	fprintf(out, "\\u%04" PRIx32, unit);
}

static void
json_point(FILE *out, uint32_t point)
{
	static const char escaped[] = "\b\t\n\f\r\"\\";
	static const char letter[] = "btnfr\"\\";
	const char *found;

	if (point >= 0x10000) {
		json_unit(out, 0xd800 + ((point - 0x10000) >> 10));
		json_unit(out, 0xdc00 + ((point - 0x10000) & 0x3ff));
		return;
	}
	found = point != 0 && point < 0x80 ? strchr(escaped, (int)point) : NULL;
	if (found != NULL)
		fprintf(out, "\\%c", letter[found - escaped]);
	else if (point < 0x20 || point >= 0x7f || point == '<' || point == '>' || point == '&')
		json_unit(out, point);
	else
		fputc((int)point, out);
}

/* Bytes at the beginning that stand for themselves. */
static size_t
json_plain(const char *text, size_t len)
{
	size_t i = 0;

	while (i < len && text[i] >= 0x20 && text[i] < 0x7f && text[i] != '"' && text[i] != '\\' &&
	    text[i] != '<' && text[i] != '>' && text[i] != '&')
		i++;
	return i;
}

static void
json_quote(FILE *out, const char *text, size_t len)
{
	uint32_t point;
	size_t took;

	fputc_unlocked('"', out);
	while (len > 0) {
		took = json_plain(text, len);
		if (took > 0) {
			fwrite_unlocked(text, 1, took, out);
			text += took;
			len -= took;
			continue;
		}
		took = utf8_decode(text, len, &point);
		if (took != 0) {
			json_point(out, point);
		} else {
			fprintf(out, "\\\\x%02x", (unsigned char)*text);
			took = 1;
		}
		text += took;
		len -= took;
	}
	fputc_unlocked('"', out);
}

void
json_key(struct json *json, const char *key)
{
	json_separate(json);
	json_quote(json->out, key, strlen(key));
	fputc_unlocked(':', json->out);
	json->keyed = true;
}

void
json_string(struct json *json, const char *text)
{
	if (text == NULL)
		json_null(json);
	else
		json_stringn(json, text, strlen(text));
}

void
json_stringn(struct json *json, const char *text, size_t len)
{
	json_separate(json);
	json_quote(json->out, text, len);
}

/* printf takes most of the time of a large document */
static void
json_digits(FILE *out, uint64_t value)
{
	char text[20];
	size_t at = sizeof(text);

	do
		text[--at] = (char)('0' + value % 10);
	while ((value /= 10) > 0);
	fwrite_unlocked(text + at, 1, sizeof(text) - at, out);
}

void
json_int(struct json *json, int64_t value)
{
	json_separate(json);
	if (value < 0)
		fputc_unlocked('-', json->out);
	json_digits(json->out, value < 0 ? -(uint64_t)value : (uint64_t)value);
}

void
json_uint(struct json *json, uint64_t value)
{
	json_separate(json);
	json_digits(json->out, value);
}

void
json_double(struct json *json, double value)
{
	char text[40];

	double back;

	if (!isfinite(value)) {
		json_null(json);
		return;
	}
	json_separate(json);
	if (!signbit(value) && value < 1e6 && value <= floor(value)) {
		json_digits(json->out, (uint64_t)value); /* as %.6g has it */
		return;
	}
	(void)snprintf(text, sizeof(text), "%.6g", value);
	back = strtod(text, NULL);
	if (back < value || back > value)
		(void)snprintf(text, sizeof(text), "%.17g", value);
	fputs_unlocked(text, json->out);
}

void
json_bool(struct json *json, bool value)
{
	json_separate(json);
	fputs_unlocked(value ? "true" : "false", json->out);
}

void
json_null(struct json *json)
{
	json_separate(json);
	fputs_unlocked("null", json->out);
}
