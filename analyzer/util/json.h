/*
 * Writes JSON as it goes. The text is ASCII and always valid: what a page could
 * take for markup is escaped, a byte that is not UTF-8 comes out as the
 * characters \xNN. Commas and colons are put in here.
 *
 *	json_start(&json, stdout);
 *	json_begin_object(&json);
 *	json_key(&json, "size");
 *	json_uint(&json, 16);
 *	json_end_object(&json);
 */
#ifndef UTIL_JSON_H
#define UTIL_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { JSON_DEPTH = 63 }; /* no deeper */

struct json {
	FILE *out; /* the caller's; see its ferror() at the end */
	unsigned depth;
	uint64_t filled; /* one bit a level: something stands there already */
	bool keyed;      /* a key was written, its value follows */
};

void json_start(struct json *json, FILE *out);
void json_begin_object(struct json *json);
void json_end_object(struct json *json);
void json_begin_array(struct json *json);
void json_end_array(struct json *json);
void json_key(struct json *json, const char *key);
/* NULL is written as null, as with json_null(). */
void json_string(struct json *json, const char *text);
void json_stringn(struct json *json, const char *text, size_t len);
void json_int(struct json *json, int64_t value);
void json_uint(struct json *json, uint64_t value);
/* Shortest of 6 or 17 digits that reads back the same; no number: null. */
void json_double(struct json *json, double value);
void json_bool(struct json *json, bool value);
void json_null(struct json *json);

#endif
