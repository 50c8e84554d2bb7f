/*
 * What all blocks sum up to, of which a sample was seen: each with its value (1
 * to count blocks, its size to count bytes) and its weight w = 1/p, where p is
 * the probability with which such a block is seen, independent of the others.
 *
 * The sum of value * w is the estimate (Horvitz and Thompson). What was seen is
 * certain; the rest, of mean sum value * (w - 1) and variance sum value^2 * w *
 * (w - 1), is taken as gamma distributed with these two moments. For equal
 * weights these are the moments of the negative binomial, from which the exact
 * interval comes. That one knows whole blocks only, so the lower bound is half a
 * block lower; the upper one is that of half a block more than was seen (mid-P).
 *
 * Who looks at a sum does so because something of it was seen. Of sums that rarely are, the
 * lower bound is therefore one given that: what was seen is compared with the distribution
 * that is truncated at zero (David and Johnson 1952), where the chance that any is seen of a
 * sum r times the estimate is 1 - exp(-r * chances). One block by itself then says no more
 * than that there is one. Of the upper bound it would change less than 4 %.
 */
#ifndef ESCAPE_ESTIMATE_H
#define ESCAPE_ESTIMATE_H

/* Zero-initialised: nothing seen. */
struct estimate {
	double seen;          /* sum of the values */
	double more;          /* estimated beyond that */
	double variance;      /* of more */
	double drawn;         /* of seen what might not have been */
	double chances;       /* draws that would have met, and in such a sum are expected to */
	double step;          /* most that one block added to more ... */
	double step_variance; /* ... what that one added to variance ... */
	double unit;          /* ... and its value */
};

/* weight >= 1. */
void estimate_add(struct estimate *estimate, double value, double weight);
/* From some time on each would have weighed so much: that none was seen since then does
 * not say that there was none. */
void estimate_unseen(struct estimate *estimate, double value, double weight);
/* The same but for what was seen, which the caller sums up. */
void estimate_add_beyond(struct estimate *estimate, double value, double weight);
double estimate_value(const struct estimate *estimate);
/* The bounds of the 95 % interval; both the value where all was seen. */
double estimate_low(const struct estimate *estimate);
double estimate_high(const struct estimate *estimate);

#endif
