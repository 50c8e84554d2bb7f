/* Against tables of the chi-squared distribution and exact binomial bounds. */
#include "analyzer/util/stats.h"

#include <math.h>
#include <stdbool.h>

#include "tests/lib/check.h"

static bool
near(double value, double wanted, double tolerance)
{
	return fabs(value - wanted) <= tolerance * wanted;
}

int
main(void)
{
	double x;

	/* half of chi-squared with 2k degrees of freedom */
	CHECK(near(stats_gamma_quantile(0.975, 3), 14.4494 / 2, 1e-5));
	CHECK(near(stats_gamma_quantile(0.025, 3), 1.23734 / 2, 1e-5));
	CHECK(near(stats_gamma_quantile(0.95, 0.5), 3.84146 / 2, 1e-5));
	CHECK(near(stats_gamma_quantile(0.5, 1), M_LN2, 1e-9));
	CHECK(near(stats_gamma_quantile(0.975, 50), 129.561 / 2, 1e-5));
	/* the approximation takes over where it agrees */
	CHECK(
	    near(stats_gamma_quantile(0.975, 399.999), stats_gamma_quantile(0.975, 400.001), 1e-4));
	CHECK(
	    near(stats_gamma_quantile(0.025, 399.999), stats_gamma_quantile(0.025, 400.001), 1e-4));
	/* P(X >= 2 | X >= 1) = 0.025, X of Poisson's distribution with this mean; of P(X >= 1 |
	 * X >= 1) there is none; where it is all but certain, nothing is another */
	x = stats_gamma_quantile_given(0.025, 2, 1);
	CHECK(near((1 - exp(-x) - x * exp(-x)) / (1 - exp(-x)), 0.025, 1e-6));
	CHECK(near(x, 0.0504, 1e-2));
	CHECK(stats_gamma_quantile_given(0.025, 1, 1) < 1e-9);
	CHECK(stats_gamma_quantile_given(0.025, 0.3, 2) < 1e-9);
	CHECK(
	    near(stats_gamma_quantile_given(0.025, 50, 1), stats_gamma_quantile(0.025, 50), 1e-6));
	CHECK(near(
	    stats_gamma_quantile_given(0.025, 500, 1), stats_gamma_quantile(0.025, 500), 1e-9));
	CHECK(
	    near(stats_gamma_quantile_given(0.025, 1, 1e9), stats_gamma_quantile(0.025, 1), 1e-6));
	/* 1 - 0.05^(1/n): none in n */
	CHECK(near(stats_beta_quantile(0.95, 1, 1000), 1 - pow(0.05, 0.001), 1e-9));
	CHECK(near(stats_beta_quantile(0.95, 7, 1), pow(0.95, 1.0 / 7), 1e-9));
	/* at this rate 10 or fewer of 100 come with 5 % */
	x = stats_beta_quantile(0.95, 11, 90);
	CHECK(near(x, 0.163718, 1e-4));
	CHECK(near(stats_beta_quantile(0.95, 399.999, 1e4), stats_beta_quantile(0.95, 400.001, 1e4),
	    1e-4));
	CHECK(near(stats_beta_quantile(0.95, 1e6, 1e6), 0.5, 2e-3));
	/* far from its mean, and at once */
	x = stats_beta_quantile(0.95, 3, 1e9);
	CHECK(near(x, 6.2958e-9, 1e-3));
	return check_done();
}
