/* How a flame graph of two runs shows what changed: in colours that all eyes tell apart, in
 * stripes where something came or went, and in words. */
#ifndef EXPORT_SVG_CHANGE_H
#define EXPORT_SVG_CHANGE_H

#include <stdio.h>

struct strbuf;

/* The class of a box: "m0" for no change, "p1" to "p3" for more, "p4" for new, "l1" to "l4"
 * for less and gone. */
const char *svg_change_class(double before, double after);
/* Adds "+25%", "-40%", "new", "gone"; nothing where less than half a per cent changed. */
void svg_change_add(struct strbuf *buf, double before, double after);
/* The stripes and the classes' colours: elements for the top of the picture. */
void svg_change_style(FILE *out);
/* A box and a word for each kind, in a line at y 60 to 71. */
void svg_change_legend(FILE *out);

#endif
