/*
 * Quantiles for intervals and bounds. share is 0..1; results are good to 1e-6 of
 * their value where a sum is inverted, to 1e-3 of their distance from the mean
 * where the numbers are so large that an approximation serves.
 */
#ifndef UTIL_STATS_H
#define UTIL_STATS_H

/* The x that a gamma distribution of that shape (> 0) and scale 1 does not
 * exceed with probability share. */
double stats_gamma_quantile(double share, double shape);
/* The x with P(X <= x) = share * (1 - exp(-x * rate)) of the same distribution; 0 where there
 * is none above. */
double stats_gamma_quantile_given(double share, double shape, double rate);
/* The same of a beta distribution, a and b > 0. */
double stats_beta_quantile(double share, double a, double b);

#endif
