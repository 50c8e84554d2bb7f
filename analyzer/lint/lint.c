#include "analyzer/lint/lint.h"

#include <inttypes.h>
#include <string.h>

#include "analyzer/lint/finding.h"
#include "analyzer/util/strbuf.h"
#include "analyzer/util/term.h"

#define X(name) extern const struct lint lint_##name;
#include "analyzer/lint/table.inc"
#undef X

static const struct lint *const table[] = {
#define X(name) &lint_##name,
#include "analyzer/lint/table.inc"
#undef X
};

const struct lint *
lint_at(size_t at)
{
	return at < sizeof(table) / sizeof(table[0]) ? table[at] : NULL;
}

const struct lint *
lint_find(const char *name)
{
	for (size_t i = 0; lint_at(i); i++) {
		if (strcmp(lint_at(i)->name, name) == 0)
			return lint_at(i);
	}
	return NULL;
}

void
lint_add_place(struct strbuf *buf, const struct finding_place *place)
{
	const char *slash = strrchr(place->module, '/');
	const char *module = slash && slash[1] ? slash + 1 : place->module;

	if (!*place->file) {
		term_escape(buf, *module ? module : "??", strlen(*module ? module : "??"));
		return;
	}
	term_escape(buf, place->file, strlen(place->file));
	if (place->line > 0)
		strbuf_addf(buf, ":%" PRId64, place->line);
	if (place->line > 0 && place->column > 0)
		strbuf_addf(buf, ":%" PRId64, place->column);
}
