#include "analyzer/lint/annotate.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/lint/finding.h"
#include "analyzer/report/advice.h"
#include "analyzer/report/snippet.h"
#include "analyzer/util/names.h"
#include "analyzer/util/paths.h"
#include "analyzer/util/show.h"
#include "analyzer/util/strbuf.h"
#include "analyzer/util/term.h"
#include "analyzer/util/xalloc.h"

enum { ANNOTATE_MARGIN = 31 }; /* columns before the number of a line */

/* The sites of one source: a run of the sorted list. */
struct source {
	const struct finding *const *sites; /* by line, then column */
	size_t count;
	double saved_ns;
};

/* Its lines, once it was read. */
struct text {
	char *all;
	char **lines; /* into all */
	int64_t count;
};

static bool
source_is(const char *file, const char *source)
{
	size_t whole = strlen(file);
	size_t len = strlen(source);

	if (len == 0 || len > whole || strcmp(file + whole - len, source) != 0)
		return false;
	return len == whole || file[whole - len - 1] == '/';
}

bool
annotate_is_meant(const struct paths *paths, const char *file, const char *source)
{
	struct paths here = { .root = NULL };
	char *escaped = names_escaped(source);
	char *shown = paths_shown(paths, escaped);
	char *real = paths_real(paths, file);
	char *whole;
	char *named;
	char *text;
	bool is_wanted;

	/* as it is called in the program, or from here */
	paths_set_root(&here, NULL);
	whole = paths_real(&here, escaped);
	text = names_escaped(whole);
	named = paths_shown(paths, text);
	is_wanted = *file &&
	    (source_is(file, shown) || strcmp(file, named) == 0 || strcmp(real, whole) == 0);
	paths_release(&here);
	free(escaped);
	free(text);
	free(shown);
	free(real);
	free(whole);
	free(named);
	return is_wanted;
}

static bool
file_is_wanted(const struct annotate *annotate, const char *file)
{
	if (annotate->source_count == 0)
		return true;
	for (size_t i = 0; i < annotate->source_count; i++) {
		if (annotate_is_meant(annotate->paths, file, annotate->sources[i]))
			return true;
	}
	return false;
}

bool
annotate_has(const struct annotate *annotate, const struct findings *findings, const char *source)
{
	for (size_t i = 0; i < findings->count; i++) {
		if (annotate_is_meant(annotate->paths, findings->list[i].place.file, source))
			return true;
	}
	return false;
}

/* ---- lines */

static void
text_split(struct text *text, size_t len)
{
	size_t cap = 0;
	char *at = text->all;
	char *end = text->all + len;

	while (at < end) {
		char *stop = memchr(at, '\n', (size_t)(end - at));

		text->lines =
		    xgrow(text->lines, &cap, (size_t)text->count + 1, sizeof(*text->lines));
		text->lines[text->count++] = at;
		if (!stop)
			break;
		*stop = '\0';
		if (stop > at && stop[-1] == '\r')
			stop[-1] = '\0';
		at = stop + 1;
	}
}

static void
put_color(const struct annotate *annotate, const char *code, FILE *out)
{
	if (annotate->is_colored)
		fprintf(out, "\033[%sm", code);
}

static const char *
verdict_color(const char *verdict)
{
	switch (advice_find(verdict)->class) {
	case ADVICE_SAVE: return "1;32";
	case ADVICE_PART: return "33";
	case ADVICE_KEEP: return "36";
	case ADVICE_OPEN: break;
	}
	return "35";
}

/* Blocks, bytes and verdict; blanks without a site. */
static void
put_margin(const struct annotate *annotate, const struct finding *site, FILE *out)
{
	char number[2][SHOW_SIZE];
	struct strbuf verdict = { 0 };

	if (!site) {
		fprintf(out, "%*s", ANNOTATE_MARGIN, "");
		return;
	}
	strbuf_adds(&verdict, "");
	show_text(&verdict, site->verdict, 8);
	fprintf(out, "%9s %10s  ", show_count(number[0], (double)site->blocks),
	    show_bytes(number[1], (double)site->bytes));
	put_color(annotate, verdict_color(site->verdict), out);
	fprintf(out, "%-8s ", verdict.text);
	put_color(annotate, "0", out);
	strbuf_release(&verdict);
}

static size_t
text_room(const struct annotate *annotate)
{
	size_t taken = ANNOTATE_MARGIN + 9;

	return annotate->columns > taken + 20 ? annotate->columns - taken : 20;
}

static void
put_line(const struct annotate *annotate, const struct finding *site, int64_t line,
    const char *content, FILE *out)
{
	struct strbuf plain = { 0 };
	struct strbuf shown = { 0 };
	size_t caret = 0;

	snippet_expand(&plain, content, 0, &caret);
	strbuf_adds(&shown, "");
	show_text(&shown, plain.text, text_room(annotate));
	put_margin(annotate, site, out);
	fprintf(out, "%6" PRId64 " |%s%s\n", line, shown.len ? " " : "", shown.text);
	strbuf_release(&plain);
	strbuf_release(&shown);
}

/* What the site does, with a caret below its column. */
static void
put_verdict(const struct annotate *annotate, const struct finding *site, bool has_margin,
    const char *content, FILE *out)
{
	struct strbuf plain = { 0 };
	size_t caret = 0;

	snippet_expand(&plain, content, site->place.column, &caret);
	if (caret >= text_room(annotate))
		caret = 0;
	put_margin(annotate, has_margin ? site : NULL, out);
	fprintf(out, "%6s | %*s", "", (int)caret, "");
	put_color(annotate, "2", out);
	fprintf(out, "^ %s%s%s", site->fate, *site->remedy ? "; " : "", site->remedy);
	if (site->inferred > 0 && strcmp(site->verdict, "unknown") != 0)
		fputs(site->proved > 0 ? " (partly presumed)" : " (presumed)", out);
	put_color(annotate, "0", out);
	fputc('\n', out);
	strbuf_release(&plain);
}

/* ---- a source */

/* The sites from *at on that stand in this line. */
static void
put_sites(const struct annotate *annotate, const struct source *source, size_t *at, int64_t line,
    const char *content, FILE *out)
{
	bool is_first = true;

	for (; *at < source->count && source->sites[*at]->place.line == line; ++*at) {
		const struct finding *site = source->sites[*at];

		if (is_first)
			put_line(annotate, site, line, content, out);
		put_verdict(annotate, site, !is_first, content, out);
		is_first = false;
	}
	if (is_first)
		put_line(annotate, NULL, line, content, out);
}

static bool
is_near(const struct annotate *annotate, const struct source *source, size_t at, int64_t line)
{
	int64_t context = annotate->context;

	if (context < 0)
		return true;
	if (at > 0 && line - source->sites[at - 1]->place.line <= context)
		return true;
	return at < source->count && source->sites[at]->place.line - line <= context;
}

static void
put_text(const struct annotate *annotate, const struct source *source, const struct text *text,
    FILE *out)
{
	bool is_after = false;
	bool is_cut = false;
	size_t at = 0;

	/* a line that is not in the file */
	while (at < source->count && source->sites[at]->place.line < 1)
		put_verdict(annotate, source->sites[at++], true, "", out);
	for (int64_t line = 1; line <= text->count; line++) {
		const char *content = text->lines[line - 1];

		if (!is_near(annotate, source, at, line)) {
			is_cut = is_after;
			continue;
		}
		if (is_cut)
			fprintf(out, "%*s%6s\n", ANNOTATE_MARGIN, "", "...");
		is_cut = false;
		is_after = true;
		put_sites(annotate, source, &at, line, content, out);
	}
	while (at < source->count) {
		int64_t line = source->sites[at]->place.line;

		put_sites(annotate, source, &at, line, "", out);
	}
}

static void
put_heading(const struct annotate *annotate, const char *name, FILE *out)
{
	put_color(annotate, "1", out);
	term_puts(out, name);
	put_color(annotate, "0", out);
	fputc('\n', out);
}

static void
source_write(const struct annotate *annotate, const struct findings *findings,
    const struct source *source, FILE *out)
{
	const struct finding_place *place = &source->sites[0]->place;
	struct text text = { NULL, NULL, 0 };
	int64_t changed = 0;
	size_t len;

	put_heading(annotate, *place->file ? place->file : place->module, out);
	text.all = snippet_file(annotate->paths, place->file, &len, &changed);
	if (text.all)
		text_split(&text, len);
	if (!*place->file)
		fputs("  (which source, is not known: no debug information)\n", out);
	else if (!text.all)
		fprintf(out, "  (%s)\n", snippet_unread);
	else if (findings->started > 0 && changed > findings->started)
		fputs("  (was changed since the run)\n", out);
	fprintf(out, "%9s %10s  %-8s %6s\n", "blocks", "bytes", "verdict", "line");
	put_text(annotate, source, &text, out);
	fputc('\n', out);
	free(text.lines);
	free(text.all);
}

/* ---- all of them */

static int
by_place(const void *a, const void *b)
{
	const struct finding *one = *(const struct finding *const *)a;
	const struct finding *other = *(const struct finding *const *)b;
	int order = strcmp(one->place.file, other->place.file);

	if (order == 0 && !*one->place.file)
		order = strcmp(one->place.module, other->place.module);
	if (order == 0)
		order =
		    (one->place.line > other->place.line) - (one->place.line < other->place.line);
	if (order == 0)
		order = (one->place.column > other->place.column) -
		    (one->place.column < other->place.column);
	if (order == 0)
		order = (one->blocks < other->blocks) - (one->blocks > other->blocks);
	return order;
}

/* What would save most comes first. */
static int
by_saved(const void *a, const void *b)
{
	const struct source *one = a;
	const struct source *other = b;
	int order = (one->saved_ns < other->saved_ns) - (one->saved_ns > other->saved_ns);

	return order ? order : by_place(&one->sites[0], &other->sites[0]);
}

static bool
is_same_source(const struct finding *one, const struct finding *other)
{
	return strcmp(one->place.file, other->place.file) == 0 &&
	    (*one->place.file || strcmp(one->place.module, other->place.module) == 0);
}

void
annotate_write(const struct annotate *annotate, const struct findings *findings, FILE *out)
{
	const struct finding **sites = xcalloc(findings->count + 1, sizeof(struct finding *));
	struct source *sources = xcalloc(findings->count + 1, sizeof(*sources));
	size_t count = 0;

	for (size_t i = 0; i < findings->count; i++)
		sites[i] = &findings->list[i];
	qsort(sites, findings->count, sizeof(struct finding *), by_place);
	for (size_t i = 0; i < findings->count; i++) {
		if (i == 0 || !is_same_source(sites[i - 1], sites[i]))
			sources[count++].sites = &sites[i];
		sources[count - 1].count++;
		sources[count - 1].saved_ns += sites[i]->saved_ns;
	}
	qsort(sources, count, sizeof(*sources), by_saved);
	for (size_t i = 0; i < count; i++) {
		if (file_is_wanted(annotate, sources[i].sites[0]->place.file))
			source_write(annotate, findings, &sources[i], out);
	}
	free(sites);
	free(sources);
}
