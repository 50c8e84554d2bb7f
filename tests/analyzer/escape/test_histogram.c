#include "analyzer/escape/histogram.h"

#include "tests/lib/check.h"

static void
test_round(void)
{
	uint64_t key, up, before = 0;

	for (key = 0; key < 100000; key++) {
		up = histogram_round(key, 16);
		CHECK(up >= key && up >= before);
		CHECK(up - key <= key / 16);
		CHECK_EQ(histogram_round(up, 16), up);
		before = up;
	}
	CHECK_EQ(histogram_round(31, 16), 31);
	CHECK_EQ(histogram_round(UINT64_MAX, 8), UINT64_MAX);
}

static void
test_quantile(void)
{
	struct histogram histogram = { 0 };
	uint64_t key;

	CHECK_EQ(histogram_quantile(&histogram, 0.5), 0);
	for (key = 100; key > 0; key--)
		histogram_add(&histogram, key, 1);
	histogram_add(&histogram, 50, 0.5);
	histogram_add(&histogram, 50, -0.5);
	CHECK_EQ(histogram.count, 100);
	CHECK_EQ(histogram_quantile(&histogram, 0.5), 50);
	CHECK_EQ(histogram_quantile(&histogram, 0.99), 99);
	CHECK_EQ(histogram_quantile(&histogram, 1), 100);
	histogram_coarsen(&histogram, 8);
	histogram_add(&histogram, 3, 1);
	histogram_add(&histogram, UINT64_MAX, 1);
	histogram_sort(&histogram);
	CHECK(histogram.count < 40);
	CHECK_EQ(histogram.bins[2].key, 3);
	CHECK_EQ((uint64_t)histogram.bins[2].weight, 2);
	CHECK_EQ(histogram.bins[histogram.count - 1].key, UINT64_MAX);
	for (key = 1; key < histogram.count; key++) {
		CHECK(histogram.bins[key - 1].key < histogram.bins[key].key);
		CHECK_EQ(histogram_round(histogram.bins[key].key, 8), histogram.bins[key].key);
	}
	CHECK(histogram_quantile(&histogram, 0.5) >= 50);
	CHECK(histogram_quantile(&histogram, 0.5) <= 56);
	histogram_release(&histogram);
}

int
main(void)
{
	test_round();
	test_quantile();
	return check_done();
}
