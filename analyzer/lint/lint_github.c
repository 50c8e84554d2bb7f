/* GitHub's workflow commands: ::warning file=...,line=...::text */
#include <inttypes.h>
#include <string.h>

#include "analyzer/lint/finding.h"
#include "analyzer/lint/lint.h"
#include "analyzer/util/strbuf.h"
#include "analyzer/util/term.h"

extern const struct lint lint_github;

enum { GITHUB_STEP = 10 }; /* warnings of one step that GitHub shows */

/* What the runner would take for the end of a value or of the command is escaped as it
 * wants it, what else a log must not show as for a terminal. */
static void
github_text(const char *text, const char *special, FILE *out)
{
	struct strbuf rest = { 0 };

	while (*text) {
		unsigned char byte = (unsigned char)*text;
		size_t len = 0;

		if (byte < 0x20 || byte == 0x7f || byte == '%' || strchr(special, byte)) {
			fprintf(out, "%%%02X", byte);
			text++;
			continue;
		}
		while ((unsigned char)text[len] >= 0x80)
			len++;
		len += len == 0;
		strbuf_clear(&rest);
		term_escape(&rest, text, len);
		fputs(rest.text, out);
		text += len;
	}
	strbuf_release(&rest);
}

static void
github_finding(const struct finding *finding, FILE *out)
{
	const struct finding_place *place = &finding->place;
	bool is_warning = finding->level == FINDING_WARNING;
	struct strbuf note = { 0 };

	fprintf(out, "::%s ", is_warning ? "warning" : "notice");
	if (*place->file) {
		fputs("file=", out);
		github_text(place->file, ",:", out);
		fputc(',', out);
	}
	if (*place->file && place->line > 0)
		fprintf(out, "line=%" PRId64 ",", place->line);
	if (*place->file && place->line > 0 && place->column > 0)
		fprintf(out, "col=%" PRId64 ",", place->column);
	fprintf(out, "title=esc%%3A %s::", finding->verdict);
	github_text(finding->message, "", out);
	for (size_t i = 0; i < finding->note_count; i++) {
		strbuf_clear(&note);
		strbuf_adds(&note, "\n");
		lint_add_place(&note, &finding->notes[i].place);
		strbuf_addf(&note, ": %s", finding->notes[i].text);
		github_text(note.text, "", out);
	}
	fputc('\n', out);
	strbuf_release(&note);
}

static void
github_write(const struct lint_options *options, const struct findings *findings, FILE *out)
{
	(void)options;
	for (size_t i = 0; i < findings->count; i++)
		github_finding(&findings->list[i], out);
}

const struct lint lint_github = {
	.name = "github",
	.summary = "annotations of a GitHub workflow",
	.top = GITHUB_STEP,
	.write = github_write,
};
