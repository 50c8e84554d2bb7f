/* GitHub's workflow commands: ::warning file=...,line=...::text */
#include <inttypes.h>
#include <string.h>

#include "analyzer/lint/finding.h"
#include "analyzer/lint/lint.h"
#include "analyzer/util/strbuf.h"
#include "analyzer/util/utf8.h"

extern const struct lint lint_github;

enum { GITHUB_STEP = 10 }; /* warnings of one step that GitHub shows */

/* What the runner would take for the end of a value or of the command. A byte
 * that is not UTF-8 becomes the characters \xNN. */
static void
github_text(const char *text, const char *special, FILE *out)
{
	size_t len = strlen(text);

	while (len > 0) {
		uint32_t point;
		size_t took = utf8_decode(text, len, &point);

		if (took == 0)
			fprintf(out, "\\x%02x", (unsigned char)*text);
		else if (point < 0x20 || point == 0x7f || point == '%' ||
		    (point < 0x80 && strchr(special, (int)point)))
			fprintf(out, "%%%02X", (unsigned)point);
		else
			fwrite(text, 1, took, out);
		took = took ? took : 1;
		text += took;
		len -= took;
	}
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
