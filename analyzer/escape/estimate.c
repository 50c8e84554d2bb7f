#include "analyzer/escape/estimate.h"

#include <math.h>

#include "analyzer/util/stats.h"

void
estimate_unseen(struct estimate *estimate, double value, double weight)
{
	double more = value * (weight - 1);

	if (more > estimate->step) {
		estimate->step = more;
		estimate->unit = value;
		estimate->step_variance = value * more * weight;
	}
}

void
estimate_add_beyond(struct estimate *estimate, double value, double weight)
{
	double more = value * (weight - 1);

	if (!(weight > 1))
		return;
	estimate->more += more;
	estimate->drawn += value;
	estimate->chances -= weight * log1p(-1 / weight);
	estimate->variance += value * more * weight;
	estimate_unseen(estimate, value, weight);
}

void
estimate_add(struct estimate *estimate, double value, double weight)
{
	estimate->seen += value;
	estimate_add_beyond(estimate, value, weight);
}

double
estimate_value(const struct estimate *estimate)
{
	return estimate->seen + estimate->more;
}

static double
estimate_quantile(double share, double mean, double variance)
{
	if (!(mean > 0) || !(variance > 0))
		return 0;
	return variance / mean * stats_gamma_quantile(share, mean * mean / variance);
}

/* Given that any was seen, which is no news where some were to be in any case. */
static double
estimate_more_low(const struct estimate *estimate)
{
	double mean = estimate->more, variance = estimate->variance, shape;

	if (!(mean > 0) || !(variance > 0) || estimate->seen > estimate->drawn)
		return estimate_quantile(0.025, mean, variance);
	shape = mean * mean / variance;
	return variance / mean *
	    stats_gamma_quantile_given(0.025, shape, estimate->chances / shape);
}

double
estimate_low(const struct estimate *estimate)
{
	double more = estimate_more_low(estimate);

	return estimate->seen + (more > estimate->unit / 2 ? more - estimate->unit / 2 : 0);
}

double
estimate_high(const struct estimate *estimate)
{
	return estimate->seen +
	    estimate_quantile(0.975, estimate->more + estimate->step / 2,
		estimate->variance + estimate->step_variance / 2);
}
