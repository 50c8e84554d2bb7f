/* LLVM's optimization remarks, for opt-viewer and its like: a YAML document each. */
#include <inttypes.h>
#include <string.h>

#include "analyzer/lint/finding.h"
#include "analyzer/lint/lint.h"
#include "analyzer/report/advice.h"
#include "analyzer/util/strbuf.h"
#include "analyzer/util/utf8.h"

extern const struct lint lint_remarks;

/* Double quotes hold anything. A byte that is not UTF-8 becomes the characters
 * \xNN, and so does what YAML readers refuse even as an escape. */
static void
yaml_text(const char *text, FILE *out)
{
	size_t len = strlen(text);

	fputc('"', out);
	while (len > 0) {
		uint32_t point;
		size_t took = utf8_decode(text, len, &point);

		if (took == 0)
			fprintf(out, "\\\\x%02x", (unsigned char)*text);
		else if (point == '"' || point == '\\')
			fprintf(out, "\\%c", (int)point);
		else if (point >= 0x20 && point < 0x7f)
			fputc((int)point, out);
		else if (point < 0x100)
			fprintf(out, "\\x%02" PRIx32, point);
		else if (point < 0x10000)
			fprintf(out, "\\u%04" PRIx32, point);
		else
			fprintf(out, "\\U%08" PRIx32, point);
		took = took ? took : 1;
		text += took;
		len -= took;
	}
	fputc('"', out);
}

static void
yaml_place(const struct finding_place *place, FILE *out)
{
	fputs("{ File: ", out);
	yaml_text(*place->file ? place->file : place->module, out);
	fprintf(out, ", Line: %" PRId64 ", Column: %" PRId64 " }\n", place->line, place->column);
}

/* Readers of remarks want one from each, so that what has no line has line 0. */
static void
remarks_finding(const struct finding *finding, FILE *out)
{
	bool is_keep = advice_find(finding->verdict)->class == ADVICE_KEEP;

	fprintf(out, "--- !%s\nPass:            esc\nName:            ",
	    finding->level == FINDING_WARNING ? "Missed"
		: is_keep                     ? "Passed"
					      : "Analysis");
	yaml_text(finding->verdict, out);
	fputs("\nDebugLoc:        ", out);
	yaml_place(&finding->place, out);
	fputs("Function:        ", out);
	yaml_text(*finding->place.symbol ? finding->place.symbol : finding->place.function, out);
	fprintf(
	    out, "\nHotness:         %" PRId64 "\nArgs:\n  - String:          ", finding->blocks);
	yaml_text(finding->message, out);
	fputc('\n', out);
	for (size_t i = 0; i < finding->note_count; i++) {
		struct strbuf text = { 0 };

		strbuf_addf(&text, "; %s", finding->notes[i].text);
		fputs("  - String:          ", out);
		yaml_text(text.text, out);
		fputs("\n    DebugLoc:        ", out);
		yaml_place(&finding->notes[i].place, out);
		strbuf_release(&text);
	}
	fputs("...\n", out);
}

static void
remarks_write(const struct lint_options *options, const struct findings *findings, FILE *out)
{
	(void)options;
	for (size_t i = 0; i < findings->count; i++)
		remarks_finding(&findings->list[i], out);
}

const struct lint lint_remarks = {
	.name = "remarks",
	.summary = "optimization remarks of LLVM, in YAML",
	.write = remarks_write,
};
