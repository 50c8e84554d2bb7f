#include "preload/config.h"

#include <stddef.h>
#include <string.h>

#include "preload/record.h"

enum config_kind { CONFIG_BOOL, CONFIG_NUMBER, CONFIG_TEXT, CONFIG_MODE, CONFIG_HUNDREDTHS };

struct config_key {
	const char *name;
	enum config_kind kind;
	size_t offset;
	uint64_t low, high;
};

#define KEY(name, kind, low, high)                                    \
	{                                                             \
#name, kind, offsetof(struct config, name), low, high \
	}

static const struct config_key config_keys[] = {
	KEY(file, CONFIG_TEXT, 1, 4095),
	{ "keeper", CONFIG_TEXT, offsetof(struct config, keeper_path), 1, 4095 },
	{ "mode", CONFIG_MODE, offsetof(struct config, mode), 0, 0 },
	{ "budget", CONFIG_HUNDREDTHS, offsetof(struct config, budget), 1, 10000 },
	KEY(sample, CONFIG_NUMBER, 1, 1ULL << 40),
	KEY(room, CONFIG_NUMBER, 1, 1000000),
	KEY(seed, CONFIG_NUMBER, 0, 1ULL << 48),
	KEY(depth, CONFIG_NUMBER, 8, 16384),
	KEY(cost, CONFIG_NUMBER, 0, 1ULL << 30),
	KEY(marks, CONFIG_NUMBER, 0, 16384),
	KEY(root, CONFIG_NUMBER, 0, 1ULL << 31),
	KEY(size, CONFIG_NUMBER, 1ULL << 20, 1ULL << 44),
	KEY(ring, CONFIG_NUMBER, 1ULL << 20, 1ULL << 40),
	KEY(start_after, CONFIG_HUNDREDTHS, 0, CONFIG_LONGEST),
	KEY(duration, CONFIG_HUNDREDTHS, 1, CONFIG_LONGEST),
	KEY(session, CONFIG_NUMBER, 0, 1ULL << 49),
	KEY(child, CONFIG_TEXT, 1, CONFIG_NAMES - 1),
	KEY(exclude_child, CONFIG_TEXT, 1, CONFIG_NAMES - 1),
	KEY(follow, CONFIG_BOOL, 0, 1),
	KEY(check, CONFIG_BOOL, 0, 1),
	KEY(off, CONFIG_BOOL, 0, 1),
};

static bool
config_number(const char *text, size_t len, uint64_t *number)
{
	static const char units[] = "KMGT";
	unsigned int shift = 0;

	*number = 0;
	for (unsigned int i = 0; len > 1 && i < 4; i++)
		if (text[len - 1] == units[i])
			shift = 10 * (i + 1);
	if (shift != 0)
		len--;
	if (len == 0 || len > 15)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		*number = *number * 10 + (uint64_t)(text[i] - '0');
	}
	if (*number > UINT64_MAX >> shift)
		return false;
	*number <<= shift;
	return true;
}

static int
config_hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

/* A value may hold ':' and '%' as %3a and %25. */
static bool
config_text(const char *text, size_t len, char *to, uint64_t room)
{
	size_t used = 0;

	for (size_t i = 0; i < len; i++) {
		char c = text[i];

		if (c == '%') {
			if (len - i < 3 || config_hex(text[i + 1]) < 0 ||
			    config_hex(text[i + 2]) < 0)
				return false;
			c = (char)(config_hex(text[i + 1]) * 16 + config_hex(text[i + 2]));
			i += 2;
		}
		if (used >= room || c == 0)
			return false;
		to[used++] = c;
	}
	to[used] = 0;
	return used > 0;
}

/* In hundredths: at most two digits behind the point. */
static bool
config_hundredths(const char *text, size_t len, uint64_t *number)
{
	char digits[16] = { 0 };
	size_t used = 0, behind = 0;
	bool point = false;

	for (size_t i = 0; i < len; i++) {
		if (text[i] == '.' && !point && i > 0 && i + 1 < len) {
			point = true;
			continue;
		}
		if (used + 2 >= sizeof(digits) || (point && ++behind > 2))
			return false;
		digits[used++] = text[i];
	}
	if (used == 0)
		return false;
	for (; behind < 2; behind++)
		digits[used++] = '0';
	return config_number(digits, used, number);
}

static bool
config_mode(const char *text, size_t len, uint64_t *mode)
{
	static const char *const names[] = {
		[ESC_MODE_FULL] = "full",
		[ESC_MODE_SAMPLED] = "sampled",
		[ESC_MODE_AUTO] = "auto",
	};

	for (*mode = ESC_MODE_FULL; *mode <= ESC_MODE_AUTO; ++*mode)
		if (strlen(names[*mode]) == len && memcmp(names[*mode], text, len) == 0)
			return true;
	return false;
}

static bool
config_set(struct config *config, const struct config_key *key, const char *value, size_t len)
{
	char *field = (char *)config + key->offset;
	uint64_t number = 0;
	bool good = false;

	switch (key->kind) {
	case CONFIG_TEXT: return config_text(value, len, field, key->high);
	case CONFIG_MODE: return config_mode(value, len, (uint64_t *)(void *)field);
	case CONFIG_HUNDREDTHS: good = config_hundredths(value, len, &number); break;
	case CONFIG_BOOL:
	case CONFIG_NUMBER: good = config_number(value, len, &number); break;
	}
	if (!good || number < key->low || number > key->high)
		return false;
	if (key->kind == CONFIG_BOOL)
		*(bool *)field = number != 0;
	else
		memcpy(field, &number, sizeof(number));
	return true;
}

static bool
config_item(struct config *config, const char *item, size_t len)
{
	size_t name = 0;

	while (name < len && item[name] != '=')
		name++;
	if (name == len)
		return false;
	for (size_t i = 0; i < sizeof(config_keys) / sizeof(*config_keys); i++) {
		const struct config_key *key = &config_keys[i];

		if (strlen(key->name) == name && memcmp(key->name, item, name) == 0)
			return config_set(config, key, item + name + 1, len - name - 1);
	}
	return false;
}

const char *
config_parse(struct config *config, const char *options)
{
	const char *bad = NULL;

	config->sample = 512 << 10;
	config->depth = 1024;
	config->cost = 64;
	config->size = 1ULL << 36;
	config->mode = ESC_MODE_AUTO;
	config->budget = 200;
	config->room = 10000;
	while (options != NULL && *options != 0) {
		size_t len = 0;

		while (options[len] != 0 && options[len] != ':')
			len++;
		if (len > 0 && !config_item(config, options, len) && bad == NULL)
			bad = options;
		options += len;
		if (*options == ':')
			options++;
	}
	return bad;
}
