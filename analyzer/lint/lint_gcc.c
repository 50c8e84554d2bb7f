/* The compilers' own: file:line:column: warning: ... [verdict], source, notes. */
#include <stdlib.h>
#include <string.h>

#include "analyzer/lint/finding.h"
#include "analyzer/lint/lint.h"
#include "analyzer/report/snippet.h"
#include "analyzer/util/paths.h"
#include "analyzer/util/strbuf.h"

extern const struct lint lint_gcc;

#define BOLD "\033[1m"
#define MAGENTA "\033[1;35m"
#define CYAN "\033[1;36m"
#define PLAIN "\033[0m"

static void
gcc_line(const struct lint_options *options, const struct finding_place *place, const char *color,
    const char *level, const char *text, FILE *out)
{
	struct strbuf where = { 0 };
	bool is_colored = options->is_colored;

	lint_add_place(&where, place);
	fprintf(out, "%s%s:%s %s%s:%s %s", is_colored ? BOLD : "", where.text,
	    is_colored ? PLAIN : "", is_colored ? color : "", level, is_colored ? PLAIN : "", text);
	strbuf_release(&where);
}

static void
gcc_source(const struct lint_options *options, const struct finding_place *place, FILE *out)
{
	const struct snippet_place line = { place->file, place->line, place->column };
	struct strbuf text = { 0 };
	int64_t changed;

	if (snippet_add(&text, options->paths, &line, options->columns, &changed))
		fputs(text.text, out);
	strbuf_release(&text);
}

static bool
is_same_line(const struct finding_place *one, const struct finding_place *other)
{
	return one->line == other->line && strcmp(one->file, other->file) == 0;
}

static void
gcc_write(const struct lint_options *options, const struct findings *findings, FILE *out)
{
	for (size_t i = 0; i < findings->count; i++) {
		const struct finding *finding = &findings->list[i];
		bool is_warning = finding->level == FINDING_WARNING;
		const struct finding_place *shown = &finding->place;

		gcc_line(options, &finding->place, is_warning ? MAGENTA : CYAN,
		    is_warning ? "warning" : "remark", finding->message, out);
		fprintf(out, " [%s]\n", finding->verdict);
		gcc_source(options, &finding->place, out);
		for (size_t j = 0; j < finding->note_count; j++) {
			const struct finding_note *note = &finding->notes[j];

			gcc_line(options, &note->place, CYAN, "note", note->text, out);
			fputc('\n', out);
			if (!is_same_line(shown, &note->place))
				gcc_source(options, &note->place, out);
			shown = &note->place;
		}
	}
}

const struct lint lint_gcc = {
	.name = "gcc",
	.summary = "lines as compilers print them",
	.write = gcc_write,
};
