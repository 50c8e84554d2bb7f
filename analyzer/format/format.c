#include "analyzer/format/format.h"

#include <string.h>

#define X(name) extern const struct format format_##name;
#include "analyzer/format/table.inc"
#undef X

static const struct format *const table[] = {
#define X(name) &format_##name,
#include "analyzer/format/table.inc"
#undef X
};

const struct format *
format_at(size_t at)
{
	return at < sizeof(table) / sizeof(table[0]) ? table[at] : NULL;
}

const struct format *
format_find(const char *name)
{
	for (size_t i = 0; format_at(i); i++) {
		if (strcmp(format_at(i)->name, name) == 0)
			return format_at(i);
	}
	return NULL;
}
