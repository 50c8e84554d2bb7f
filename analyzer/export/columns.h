/* JSON of long columns: objects and texts by util/json.h, arrays of whole numbers by hand. */
#ifndef EXPORT_COLUMNS_H
#define EXPORT_COLUMNS_H

#include <stddef.h>
#include <stdint.h>

struct json;

/* "name":[...]; in an object. */
void columns_u32(struct json *json, const char *name, const uint32_t *values, size_t count);
void columns_i64(struct json *json, const char *name, const int64_t *values, size_t count);
/* Texts, which may hold anything. */
void columns_texts(struct json *json, const char *name, char *const *texts, size_t count);
/* An estimate as a whole number: 0 to 2^53, what no number is as 0. */
int64_t columns_round(double value);

/* Rounds the values of a column one after the other, so that what they come to together is
 * rounded once. Zero-initialised: at its beginning. */
struct columns_carry {
	double sum;
	int64_t told;
};

/* The next one, from 0 to 2^53 (columns_round); what no number is counts as 0. */
int64_t columns_carry(struct columns_carry *carry, double value);

#endif
