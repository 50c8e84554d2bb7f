#include "web/server/parameters.h"

#include <stdbool.h>
#include <string.h>

#include "analyzer/util/utf8.h"

static int
parameters_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* The byte that the %XX at `from` stands for; -1: it is none. */
static int
parameters_escaped(const char *from, size_t len)
{
	int high = len > 2 ? parameters_digit(from[1]) : -1;
	int low = len > 2 ? parameters_digit(from[2]) : -1;

	return high < 0 || low < 0 ? -1 : high * 16 + low;
}

/* Decodes len bytes to *at, ends them, moves *at behind. False: malformed. The result is
 * never longer than what it is made of. */
static bool
parameters_decode(char **at, const char *from, size_t len)
{
	char *to = *at;
	size_t i;

	for (i = 0; i < len; i++) {
		int c = from[i] == '+' ? ' ' : (unsigned char)from[i];

		if (c == '%') {
			c = parameters_escaped(from + i, len - i);
			i += 2;
		}
		if (c < 0x20 || c == 0x7f)
			return false;
		*to++ = (char)c;
	}
	*to++ = '\0';
	*at = to;
	return true;
}

static bool
parameters_is_text(const char *text)
{
	size_t len = strlen(text);
	uint32_t point;
	size_t took;

	for (; len > 0; text += took, len -= took) {
		took = utf8_decode(text, len, &point);
		if (took == 0)
			return false;
	}
	return true;
}

/* One NAME=VALUE of len bytes. */
static bool
parameters_add(struct parameters *parameters, char **at, const char *from, size_t len)
{
	const char *equals = memchr(from, '=', len);
	size_t name_len = equals != NULL ? (size_t)(equals - from) : len;
	struct parameter made = { .name = *at };

	if (name_len == 0 || parameters->count == PARAMETERS_COUNT ||
	    !parameters_decode(at, from, name_len))
		return false;
	/* without a value the end of its name is one, or more would be written than read */
	made.value = equals != NULL ? *at : *at - 1;
	if (equals != NULL && !parameters_decode(at, equals + 1, len - name_len - 1))
		return false;
	if (!parameters_is_text(made.name) || !parameters_is_text(made.value) ||
	    parameters_find(parameters, made.name) != NULL)
		return false;
	parameters->list[parameters->count++] = made;
	return true;
}

int
parameters_parse(struct parameters *parameters, const char *query)
{
	char *at = parameters->text;
	size_t len;

	parameters->count = 0;
	/* each ends in a NUL, where there was a '=', an '&' or the end */
	if (strlen(query) + 1 > sizeof(parameters->text))
		return -1;
	while (*query != '\0') {
		len = strcspn(query, "&");
		if (!parameters_add(parameters, &at, query, len))
			return -1;
		query += len;
		if (*query == '&' && *++query == '\0')
			return -1;
	}
	return 0;
}

const char *
parameters_find(const struct parameters *parameters, const char *name)
{
	size_t i;

	for (i = 0; i < parameters->count; i++)
		if (strcmp(parameters->list[i].name, name) == 0)
			return parameters->list[i].value;
	return NULL;
}

int
parameters_known(const struct parameters *parameters, const char *const *names)
{
	size_t i, j;

	for (i = 0; i < parameters->count; i++) {
		for (j = 0; names[j] != NULL; j++)
			if (strcmp(parameters->list[i].name, names[j]) == 0)
				break;
		if (names[j] == NULL)
			return -1;
	}
	return 0;
}

int
parameters_number(const struct parameters *parameters, const char *name, uint64_t low,
    uint64_t high, uint64_t *value)
{
	const char *text = parameters_find(parameters, name);
	uint64_t number = 0;

	if (text == NULL)
		return 0;
	if (*text == '\0' || strlen(text) > 18) /* 10^18 fits */
		return -1;
	for (; *text != '\0'; text++) {
		if (*text < '0' || *text > '9')
			return -1;
		number = number * 10 + (uint64_t)(*text - '0');
	}
	if (number < low || number > high)
		return -1;
	*value = number;
	return 0;
}
