#include "analyzer/util/stats.h"

#include <float.h>
#include <math.h>

enum {
	STATS_TERMS = 10000,
	STATS_HALVINGS = 80,
	STATS_LARGE = 400, /* from this shape on the approximations are used */
};

/* Of the standard normal distribution, by halving: it is asked for rarely. */
static double
stats_normal_quantile(double share)
{
	double low = -40, high = 40, middle;
	int i;

	for (i = 0; i < STATS_HALVINGS; i++) {
		middle = (low + high) / 2;
		if (0.5 * erfc(-middle * M_SQRT1_2) < share)
			low = middle;
		else
			high = middle;
	}
	return (low + high) / 2;
}

/* glibc's lgamma writes a global sign, and cannot be asked not to in C11. */
static double
stats_log_gamma(double x)
{
	int sign;

	return lgamma_r(x, &sign);
}

/* P(X <= x), X gamma distributed: the power series, good below the mean. */
static double
stats_gamma_below(double shape, double x)
{
	double term = 1 / shape, sum = term;
	int i;

	for (i = 1; i < STATS_TERMS && term > sum * DBL_EPSILON; i++) {
		term *= x / (shape + i);
		sum += term;
	}
	return sum * exp(shape * log(x) - x - stats_log_gamma(shape));
}

/* Keeps a denominator of a continued fraction from 0. */
static double
stats_nonzero(double x)
{
	return fabs(x) < 1e-300 ? 1e-300 : x;
}

/* P(X > x): the continued fraction (Lentz), good above the mean. */
static double
stats_gamma_above(double shape, double x)
{
	double b = x + 1 - shape, c = 1e300, d = 1 / stats_nonzero(b), h = d, a, step;
	int i;

	for (i = 1; i < STATS_TERMS; i++) {
		a = -i * (i - shape);
		b += 2;
		d = 1 / stats_nonzero(a * d + b);
		c = stats_nonzero(b + a / c);
		step = c * d;
		h *= step;
		if (fabs(step - 1) < 1e-14)
			break;
	}
	return h * exp(shape * log(x) - x - stats_log_gamma(shape));
}

static double
stats_gamma_share(double shape, double x)
{
	if (x <= 0)
		return 0;
	return x < shape + 1 ? stats_gamma_below(shape, x) : 1 - stats_gamma_above(shape, x);
}

/* Wilson and Hilferty: the cube root of a gamma variable is nearly normal. */
static double
stats_gamma_large(double share, double shape)
{
	double root = 1 - 1 / (9 * shape) + stats_normal_quantile(share) / (3 * sqrt(shape));

	return root > 0 ? shape * root * root * root : 0;
}

double
stats_gamma_quantile(double share, double shape)
{
	double low = 0, high, middle;
	int i;

	if (shape >= STATS_LARGE)
		return stats_gamma_large(share, shape);
	high = shape + 1;
	while (stats_gamma_share(shape, high) < share && high < 1e6)
		high *= 2;
	for (i = 0; i < STATS_HALVINGS; i++) {
		middle = (low + high) / 2;
		if (stats_gamma_share(shape, middle) < share)
			low = middle;
		else
			high = middle;
	}
	return (low + high) / 2;
}

double
stats_gamma_quantile_given(double share, double shape, double rate)
{
	double low = 0, high = stats_gamma_quantile(share, shape), middle;
	int i;

	if (shape >= STATS_LARGE)
		return high;
	for (i = 0; i < STATS_HALVINGS; i++) {
		middle = (low + high) / 2;
		if (stats_gamma_share(shape, middle) < -share * expm1(-middle * rate))
			low = middle;
		else
			high = middle;
	}
	return low;
}

/* The continued fraction of the incomplete beta function (Lentz). */
static double
stats_beta_fraction(double a, double b, double x)
{
	double c = 1, d = 1 / stats_nonzero(1 - (a + b) * x / (a + 1)), h = d, even, odd, step;
	int m;

	for (m = 1; m < STATS_TERMS; m++) {
		even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
		d = 1 / stats_nonzero(1 + even * d);
		c = stats_nonzero(1 + even / c);
		h *= c * d;
		odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
		d = 1 / stats_nonzero(1 + odd * d);
		c = stats_nonzero(1 + odd / c);
		step = c * d;
		h *= step;
		if (fabs(step - 1) < 1e-14)
			break;
	}
	return h;
}

static double
stats_beta_share(double a, double b, double x)
{
	double front;

	if (x <= 0 || x >= 1)
		return x >= 1;
	front = exp(stats_log_gamma(a + b) - stats_log_gamma(a) - stats_log_gamma(b) + a * log(x) +
	    b * log1p(-x));
	if (x < (a + 1) / (a + b + 2))
		return front * stats_beta_fraction(a, b, x) / a;
	return 1 - front * stats_beta_fraction(b, a, 1 - x) / b;
}

/* Both numbers large: two gamma variables, each nearly normal in its cube root
 * (Paulson); solved for the quantile of their ratio. */
static double
stats_beta_large(double share, double a, double b)
{
	double z = stats_normal_quantile(share), u = 1 / (9 * a), v = 1 / (9 * b);
	double p = (1 - v) * (1 - v) - z * z * v, q = (1 - u) * (1 - v);
	double r = (1 - u) * (1 - u) - z * z * u;
	double root = (q + copysign(sqrt(fmax(q * q - p * r, 0)), z)) / p;
	double ratio = root * root * root * a / b;

	return ratio / (1 + ratio);
}

double
stats_beta_quantile(double share, double a, double b)
{
	double low = 0, high = 1, middle;
	int i;

	if (a >= STATS_LARGE && b >= STATS_LARGE)
		return stats_beta_large(share, a, b);
	for (i = 0; i < STATS_HALVINGS; i++) {
		middle = (low + high) / 2;
		if (stats_beta_share(a, b, middle) < share)
			low = middle;
		else
			high = middle;
	}
	return (low + high) / 2;
}
