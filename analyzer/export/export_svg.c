/*
 * A flame graph in one SVG file, which needs nothing else: the outermost
 * function on top, what it called below. It can be read without the script too,
 * which zooms, searches and fits it to the window.
 */
#include <stdlib.h>
#include <string.h>

#include "analyzer/export/export.h"
#include "analyzer/export/svg_change.h"
#include "analyzer/export/tree_diff.h"
#include "analyzer/store/query.h"
#include "analyzer/util/err.h"
#include "analyzer/util/show.h"
#include "analyzer/util/strbuf.h"
#include "analyzer/util/term.h"
#include "analyzer/util/utf8.h"
#include "analyzer/util/xalloc.h"

static const char svg_script[] =
#include "analyzer/export/flame_js.inc"
    ;
static const char svg_style[] =
#include "analyzer/export/flame_css.inc"
    ;

/* These are the script's too. */
enum { SVG_WIDTH = 1200, SVG_PAD = 10, SVG_TOP = 104, SVG_ROW = 18 };
#define SVG_MIN 0.1      /* pixels; what is narrower is left out, and counted */
#define SVG_FRAMES 20000 /* no browser likes more: then what is left out grows */
#define SVG_LETTER 7.25  /* columns of the usual fonts, before it is measured */

struct picture {
	FILE *out;
	const struct tree *tree;
	const struct tree_diff *diff; /* NULL: one run */
	const struct export_options *options;
	double scale; /* pixels for one of the metric */
	double least; /* pixels, SVG_MIN or more */
	size_t cut;
};

/* XML text: markup escaped, what XML 1.0 forbids shown as its number. */
static void
xml_add(struct strbuf *buf, const char *text, size_t len)
{
	size_t step;

	for (size_t at = 0; at < len; at += step) {
		uint32_t code = 0;

		step = utf8_decode(text + at, len - at, &code);
		if (step == 0) {
			step = 1;
		} else if (code == '<') {
			strbuf_adds(buf, "&lt;");
		} else if (code == '>') {
			strbuf_adds(buf, "&gt;");
		} else if (code == '&') {
			strbuf_adds(buf, "&amp;");
		} else if (code == '"') {
			strbuf_adds(buf, "&quot;");
		} else if (code == '\'') {
			strbuf_adds(buf, "&#39;");
		} else if (code >= 0x20 && code != 0xfffe && code != 0xffff) {
			strbuf_add(buf, text + at, step);
		}
	}
}

/* A name: controls and bytes that are no text are seen as \xNN. */
static void
xml_puts(FILE *out, const char *text)
{
	struct strbuf plain = { 0 };
	struct strbuf escaped = { 0 };

	strbuf_adds(&escaped, "");
	term_escape(&plain, text, strlen(text));
	if (plain.len > 0)
		xml_add(&escaped, plain.text, plain.len);
	fputs(escaped.text, out);
	strbuf_release(&plain);
	strbuf_release(&escaped);
}

static const char *
metric_show(char buf[SHOW_SIZE], enum tree_unit unit, double value)
{
	if (unit == TREE_BYTES)
		return show_bytes(buf, value);
	return unit == TREE_NS ? show_ns(buf, value) : show_count(buf, value);
}

static const char *
unit_name(enum tree_unit unit)
{
	return unit == TREE_BYTES ? "bytes" : unit == TREE_NS ? "ns" : "blocks";
}

/* What a number of that unit is followed by. */
static const char *
unit_word(enum tree_unit unit, double value)
{
	if (unit != TREE_BLOCKS)
		return "";
	return show_is_one(value) ? " block" : " blocks";
}

/* "1.2 k blocks before, 1.5 k after, +25%" */
static void
add_change(const struct picture *picture, struct strbuf *buf, uint32_t at)
{
	enum tree_unit unit = picture->options->metric->unit;
	double before = picture->diff->values[TREE_BEFORE][at];
	double after = picture->diff->values[TREE_AFTER][at];
	struct strbuf change = { 0 };
	char number[2][SHOW_SIZE];

	svg_change_add(&change, before, after);
	strbuf_addf(buf, "%s%s before, %s after, %s", metric_show(number[0], unit, before),
	    unit_word(unit, before), metric_show(number[1], unit, after),
	    change.len ? change.text : "no change");
	strbuf_release(&change);
}

/* "./app and its arguments", then totals. */
static int
write_title(const struct picture *picture, struct query_db *db, struct err *err)
{
	const struct tree_metric *metric = picture->options->metric;
	struct query *query = query_prepare(db,
	    "SELECT (SELECT group_concat(value, ' ') FROM json_each((SELECT"
	    " CASE WHEN json_valid(command) THEN command ELSE '[]' END"
	    " FROM run ORDER BY id LIMIT 1))), (SELECT min(start) FROM run),"
	    " (SELECT total(allocations) FROM run),"
	    " (SELECT total(bytes) FROM run), (SELECT count(*) FROM run)",
	    err);
	struct strbuf line = { 0 };
	char number[3][SHOW_SIZE];
	int rc = query ? query_next(query, err) : -1;

	if (rc > 0) {
		strbuf_adds(&line, "");
		show_text(&line, query_text(query, 0), 70);
		fputs("<text id=\"title\" x=\"10\" y=\"28\">", picture->out);
		xml_puts(picture->out, line.text);
		fprintf(picture->out, ": %s%s</text>\n", metric->title,
		    picture->options->is_inverted ? ", by allocating function" : "");
		strbuf_clear(&line);
		fprintf(picture->out, "<text id=\"subtitle\" x=\"10\" y=\"48\">");
	}
	if (rc > 0 && picture->diff) {
		add_change(picture, &line, 0);
		xml_puts(picture->out, line.text);
		fputs(". A box is as wide as the larger of both.</text>\n", picture->out);
	} else if (rc > 0) {
		strbuf_addf(&line,
		    "%s%s in this picture. The run: %s "
		    "allocation%s, %s, ",
		    metric_show(number[0], metric->unit, picture->tree->nodes[0].value),
		    unit_word(metric->unit, picture->tree->nodes[0].value),
		    show_count(number[1], query_real(query, 2)), show_s(query_real(query, 2)),
		    show_bytes(number[2], query_real(query, 3)));
		strbuf_addf(&line, "%s of the blocks need not be on the heap.",
		    show_share(number[0], picture->tree->stackable, picture->tree->blocks));
		xml_puts(picture->out, line.text);
		fputs("</text>\n", picture->out);
	}
	query_finish(query);
	strbuf_release(&line);
	return rc < 0 ? -1 : 0;
}

static void
write_legend(const struct picture *picture)
{
	double x = SVG_PAD;

	fputs("<g id=\"legend\">", picture->out);
	for (size_t i = 0; i < TREE_VERDICTS; i++) {
		fprintf(picture->out,
		    "<rect class=\"k%zu\" x=\"%.0f\" y=\"60\" width=\"11\" "
		    "height=\"11\" rx=\"2\"/><text x=\"%.0f\" "
		    "y=\"70\">%s</text>",
		    i, x, x + 15, tree_verdicts[i]);
		x += 34 + 6.4 * (double)strlen(tree_verdicts[i]);
	}
	fputs("</g>\n", picture->out);
}

static void
write_tools(const struct picture *picture)
{
	fputs("<g id=\"tools\" transform=\"translate(788,14)\" "
	      "style=\"display:none\">"
	      "<text id=\"reset\" class=\"button\" x=\"0\" y=\"16\">Reset</text>"
	      "<text id=\"colour\" class=\"button\" x=\"52\" y=\"16\">Colour: "
	      "verdict</text>"
	      "<foreignObject x=\"206\" y=\"0\" width=\"200\" height=\"26\">"
	      "<input xmlns=\"http://www.w3.org/1999/xhtml\" id=\"search\" "
	      "type=\"search\" placeholder=\"Search (Ctrl-F)\" "
	      "spellcheck=\"false\" autocomplete=\"off\"/></foreignObject>"
	      "<text id=\"matched\" x=\"206\" y=\"44\"></text>"
	      "</g>\n",
	    picture->out);
}

/* Without the script: ASCII letters as wide as they usually are. */
static void
write_label(const struct picture *picture, const char *name, double width)
{
	struct strbuf buf = { 0 };
	double room = (width - 8) / SVG_LETTER;

	strbuf_adds(&buf, "");
	if (room >= 3)
		show_name(&buf, name, (size_t)room);
	if (buf.len > 0)
		xml_puts(picture->out, buf.text);
	strbuf_release(&buf);
}

/* What is said of a frame behind its name. */
static void
add_numbers(const struct picture *picture, struct strbuf *buf, uint32_t at)
{
	const struct tree_node *node = &picture->tree->nodes[at];
	const struct tree_diff *diff = picture->diff;
	char number[2][SHOW_SIZE];

	if (!diff) {
		strbuf_addf(buf, "%s, %s (mostly %s)",
		    metric_show(number[0], picture->options->metric->unit, node->value),
		    show_share(number[1], node->value, picture->tree->nodes[0].value),
		    tree_verdicts[node->verdict]);
		return;
	}
	add_change(picture, buf, at);
	strbuf_addf(buf, " (mostly %s",
	    tree_verdicts[diff->verdicts[TREE_BEFORE][at] < TREE_VERDICTS
		    ? diff->verdicts[TREE_BEFORE][at]
		    : node->verdict]);
	if (diff->verdicts[TREE_AFTER][at] < TREE_VERDICTS &&
	    diff->verdicts[TREE_BEFORE][at] < TREE_VERDICTS &&
	    diff->verdicts[TREE_AFTER][at] != diff->verdicts[TREE_BEFORE][at])
		strbuf_addf(buf, ", now %s", tree_verdicts[node->verdict]);
	strbuf_adds(buf, ")");
}

/* The box and its text; mark: what stands in front of the name, or "". */
static void
write_box(const struct picture *picture, uint32_t at, const char *name, const char *mark)
{
	const struct tree_node *node = &picture->tree->nodes[at];
	double width = node->value * picture->scale;
	double x = SVG_PAD + node->start * picture->scale;
	double y = SVG_TOP + SVG_ROW * (double)node->depth;
	char *label = xasprintf("%s%s%s", mark, *mark ? " " : "", name);
	char class[8] = "all";

	if (at != 0 && picture->diff)
		snprintf(class, sizeof(class), "%s",
		    svg_change_class(picture->diff->values[TREE_BEFORE][at],
			picture->diff->values[TREE_AFTER][at]));
	else if (at != 0)
		snprintf(class, sizeof(class), "k%u", node->verdict);
	fprintf(picture->out,
	    "<rect class=\"%s\" x=\"%.2f\" y=\"%.0f\" width=\"%.2f\" "
	    "height=\"%d\"/><text x=\"%.2f\" y=\"%.0f\">",
	    class, x, y, width > 0.9 ? width - 0.6 : width, SVG_ROW - 1, x + 4, y + 13);
	write_label(picture, label, width);
	fputs("</text></g>\n", picture->out);
	free(label);
}

static void
write_frame(struct picture *picture, uint32_t at)
{
	const struct tree_node *node = &picture->tree->nodes[at];
	const char *name = picture->tree->names[node->name];
	struct strbuf numbers = { 0 }, mark = { 0 };

	if (node->value * picture->scale < picture->least && at != 0) {
		picture->cut++;
		return;
	}
	if (*name == '\0')
		name = "??";
	strbuf_adds(&mark, "");
	if (picture->diff)
		svg_change_add(&mark, picture->diff->values[TREE_BEFORE][at],
		    picture->diff->values[TREE_AFTER][at]);
	add_numbers(picture, &numbers, at);
	fprintf(picture->out,
	    "<g class=\"f\" tabindex=\"0\" data-s=\"%.10g\" data-v=\"%.10g\" "
	    "data-d=\"%u\" data-k=\"%s\"",
	    node->start, node->value, node->depth, tree_verdicts[node->verdict]);
	if (picture->diff)
		fprintf(picture->out, " data-m=\"%s\" data-c=\"%s\"", mark.text, numbers.text);
	fputs(" data-n=\"", picture->out);
	xml_puts(picture->out, name);
	fputs("\"><title>", picture->out);
	xml_puts(picture->out, name);
	fputs("\n", picture->out);
	xml_puts(picture->out, numbers.text);
	fputs("</title>", picture->out);
	write_box(picture, at, name, mark.text);
	strbuf_release(&numbers);
	strbuf_release(&mark);
}

static int
write_picture(struct picture *picture, struct query_db *db, struct err *err)
{
	const struct tree *tree = picture->tree;
	int height = SVG_TOP + SVG_ROW * ((int)tree->depth + 1) + 34;

	fprintf(picture->out,
	    "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n"
	    "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" "
	    "height=\"%d\" viewBox=\"0 0 %d %d\" data-unit=\"%s\" "
	    "data-total=\"%.10g\" data-colour=\"%s\">\n<style><![CDATA[\n%s]]></style>\n"
	    "<rect id=\"page\" width=\"%d\" height=\"%d\"/>\n"
	    "<text id=\"ruler\" x=\"-9999\" y=\"-99\"></text>\n",
	    SVG_WIDTH, height, SVG_WIDTH, height, unit_name(picture->options->metric->unit),
	    tree->nodes[0].value, picture->diff ? "change" : "verdict", svg_style, SVG_WIDTH,
	    height);
	if (picture->diff)
		svg_change_style(picture->out);
	fputs("<g id=\"frames\">\n", picture->out);
	for (uint32_t i = 0; i < tree->count; i++)
		write_frame(picture, i);
	fprintf(picture->out,
	    "</g>\n<g id=\"head\">\n<rect id=\"bar\" width=\"%d\" "
	    "height=\"%d\"/>\n",
	    SVG_WIDTH, SVG_TOP - 4);
	if (write_title(picture, db, err) < 0)
		return -1;
	if (picture->diff)
		svg_change_legend(picture->out);
	else
		write_legend(picture);
	fputs("<text id=\"details\" x=\"10\" y=\"92\"></text>\n", picture->out);
	write_tools(picture);
	fprintf(picture->out, "</g>\n<text id=\"note\" x=\"10\" y=\"%d\">", height - 12);
	if (tree->nodes[0].value <= 0)
		fputs("Nothing was recorded that this metric counts.", picture->out);
	else if (picture->cut > 0)
		fprintf(picture->out,
		    "%zu of %zu frames %s not drawn: narrower than %.2g of "
		    "%d pixels.",
		    picture->cut, tree->count, picture->cut == 1 ? "is" : "are", picture->least,
		    SVG_WIDTH);
	fprintf(picture->out, "</text>\n<script><![CDATA[\n%s]]></script>\n</svg>\n", svg_script);
	return 0;
}

static double
least_width(const struct tree *tree, double scale)
{
	double least = SVG_MIN;
	size_t drawn;

	do {
		drawn = 0;
		for (size_t i = 0; i < tree->count; i++)
			drawn += tree->nodes[i].value * scale >= least;
		least *= drawn > SVG_FRAMES ? 1.5 : 1;
	} while (drawn > SVG_FRAMES && least < SVG_WIDTH);
	return least;
}

static int
write_svg(const struct export_options *options, struct query_db *db, FILE *out, struct err *err)
{
	struct tree_diff diff = { .tree.nodes = NULL };
	const struct tree *tree = &diff.tree;
	int rc =
	    tree_diff_load(&diff, options->before, db, options->metric, options->is_inverted, err);

	if (rc == 0) {
		struct picture picture = { .out = out,
			.tree = tree,
			.diff = options->before ? &diff : NULL,
			.options = options };

		if (tree->nodes[0].value > 0)
			picture.scale = (SVG_WIDTH - 2 * SVG_PAD) / tree->nodes[0].value;
		picture.least = least_width(tree, picture.scale);
		rc = write_picture(&picture, db, err);
	}
	tree_diff_release(&diff);
	return rc;
}

const struct export export_svg = {
	.name = "svg",
	.extension = "svg",
	.summary = "a flame graph, one file for a browser",
	.compares = true,
	.write = write_svg,
};
