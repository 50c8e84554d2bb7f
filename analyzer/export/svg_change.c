#include "analyzer/export/svg_change.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#include "analyzer/util/strbuf.h"

/* From here on, as a part of the larger one, it is the next class: 0.4 is 40 % less, or 67 %
 * more. */
static const double steps[] = { 0.005, 0.1, 0.4 };

enum { STEPS = sizeof(steps) / sizeof(*steps), CHANGE_WHOLE = STEPS + 1 };

static const struct {
	const char *class;
	const char *text;
} kinds[] = {
	{ "l4", "gone" },
	{ "l3", "-40%" },
	{ "l2", "-10%" },
	{ "l1", "less" },
	{ "m0", "same" },
	{ "p1", "more" },
	{ "p2", "+11%" },
	{ "p3", "+67%" },
	{ "p4", "new" },
};

enum { KINDS = sizeof(kinds) / sizeof(*kinds), KINDS_SAME = KINDS / 2 };

/* 0: as it was; negative: less. */
static int
change_step(double before, double after)
{
	double most = before > after ? before : after;
	double part = most > 0 ? fabs(after - before) / most : 0;
	int step = 0;

	if (most > 0 && (before <= 0 || after <= 0))
		step = CHANGE_WHOLE;
	while (step < STEPS && part >= steps[step])
		step++;
	return after < before ? -step : step;
}

const char *
svg_change_class(double before, double after)
{
	return kinds[KINDS_SAME + change_step(before, after)].class;
}

void
svg_change_add(struct strbuf *buf, double before, double after)
{
	int step = change_step(before, after);

	if (step == CHANGE_WHOLE || step == -CHANGE_WHOLE)
		strbuf_adds(buf, step > 0 ? "new" : "gone");
	else if (step != 0 && after > 100 * before)
		strbuf_addf(buf, "%.0f times", after / before);
	else if (step != 0)
		strbuf_addf(buf, "%+.*f%%", fabs(after - before) < 0.1 * before ? 1 : 0,
		    100 * (after - before) / before);
}

void
svg_change_style(FILE *out)
{
	/* blue and orange, light to dark: apart for all kinds of colour blindness, and in grey
	 * by the stripes and the words */
	fputs("<defs>\n"
	      "<pattern id=\"new\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" "
	      "patternTransform=\"rotate(45)\"><rect width=\"6\" height=\"6\" fill=\"#e9a15b\"/>"
	      "<rect width=\"2\" height=\"6\" fill=\"#fbe3c8\"/></pattern>\n"
	      "<pattern id=\"gone\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" "
	      "patternTransform=\"rotate(-45)\"><rect width=\"6\" height=\"6\" fill=\"#7fb2e0\"/>"
	      "<rect width=\"2\" height=\"6\" fill=\"#dcebf9\"/></pattern>\n"
	      "</defs>\n<style>\n"
	      ".m0 { fill: #d8dee4; } .p1 { fill: #fbe3c8; } .p2 { fill: #f3c08c; }\n"
	      ".p3 { fill: #e9a15b; } .p4 { fill: url(#new); } .l1 { fill: #dcebf9; }\n"
	      ".l2 { fill: #aacdec; } .l3 { fill: #7fb2e0; } .l4 { fill: url(#gone); }\n"
	      "</style>\n",
	    out);
}

void
svg_change_legend(FILE *out)
{
	double x = 10;

	fputs("<g id=\"legend\">", out);
	for (size_t i = 0; i < KINDS; i++) {
		fprintf(out,
		    "<rect class=\"%s\" x=\"%.0f\" y=\"60\" width=\"11\" height=\"11\" rx=\"2\"/>"
		    "<text x=\"%.0f\" y=\"70\">%s</text>",
		    kinds[i].class, x, x + 15, kinds[i].text);
		x += 34 + 6.4 * (double)strlen(kinds[i].text);
	}
	fputs("</g>\n", out);
}
