#include "analyzer/ingest/rates.h"

#include <math.h>
#include <stdbool.h>

#include "tests/lib/check.h"

static void
add(struct rates *rates, uint64_t size, double interval, int count)
{
	while (count-- > 0)
		rates_add(
		    rates, size, 64, (double)(float)(-1 / expm1(-((double)size + 64) / interval)));
}

static bool
near(double got, double want)
{
	return got > want * 0.83 && got < want * 1.2;
}

int
main(void)
{
	struct rates rates = { .sum = 0 };

	CHECK(rates_quantile(&rates, 0.5) <= 1);
	add(&rates, 100, 1e-3, 10); /* for certain */
	CHECK_EQ(rates.whole, 10);
	CHECK(rates_quantile(&rates, 0.5) <= 1);
	CHECK(rates.last <= 1);
	/* the same number of blocks that were, not of those that were seen */
	add(&rates, 16, 400, 900);
	add(&rates, 1000, 4096, 900);
	add(&rates, 16, 3e6, 30);
	add(&rates, 16, 65536, 1);
	CHECK(near(rates_quantile(&rates, 0.0005), 400));
	CHECK(near(rates_quantile(&rates, 0.005), 4096));
	CHECK(near(rates_quantile(&rates, 0.5), 3e6));
	CHECK(near(rates_quantile(&rates, 1), 3e6));
	CHECK(rates.last > 65000 && rates.last < 66000);
	/* what no trace of ours holds */
	rates_add(&rates, UINT64_MAX, UINT64_MAX, 1e300);
	rates_add(&rates, 0, 0, 2);
	rates_add(&rates, 0, 0, NAN);
	CHECK(rates_quantile(&rates, 0.999999) >= 1);
	return check_done();
}
