#include "analyzer/export/export.h"

#include <string.h>

#define X(name) extern const struct export export_##name;
#include "analyzer/export/table.inc"
#undef X

static const struct export *const table[] = {
#define X(name) &export_##name,
#include "analyzer/export/table.inc"
#undef X
};

const struct export *
export_at(size_t at)
{
	return at < sizeof(table) / sizeof(table[0]) ? table[at] : NULL;
}

const struct export *
export_find(const char *name)
{
	for (size_t i = 0; export_at(i); i++) {
		if (strcmp(export_at(i)->name, name) == 0)
			return export_at(i);
	}
	return NULL;
}
