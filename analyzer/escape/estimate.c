#include "analyzer/escape/estimate.h"

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

	estimate->more += more;
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

double
estimate_low(const struct estimate *estimate)
{
	double more = estimate_quantile(0.025, estimate->more, estimate->variance);

	return estimate->seen + (more > estimate->unit / 2 ? more - estimate->unit / 2 : 0);
}

double
estimate_high(const struct estimate *estimate)
{
	return estimate->seen +
	    estimate_quantile(0.975, estimate->more + estimate->step / 2,
		estimate->variance + estimate->step_variance / 2);
}
