#include "analyzer/cmd/suppression_notes.h"

#include "analyzer/cmd/cmd.h"
#include "analyzer/lint/suppressions.h"
#include "analyzer/util/show.h"

void
suppression_notes(const char *file, const struct suppressions *suppressions, size_t suppressed)
{
	if (!file)
		return;
	for (size_t i = 0; i < suppressions->count; i++) {
		const struct suppression *one = &suppressions->list[i];

		if (!one->is_used)
			cmd_note("%s:%zu: suppresses nothing here: %s", file, one->line, one->text);
	}
	if (suppressed > 0)
		cmd_note(
		    "%zu site%s suppressed by %s", suppressed, show_s((double)suppressed), file);
}
