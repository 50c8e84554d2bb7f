/* Each rule of verdicts.md once, at its bounds. */
#include "analyzer/escape/verdict.h"

#include "tests/lib/check.h"

/* 100 local blocks of 16 bytes, each of its own activation. */
static struct verdict_facts
plain(void)
{
	return (struct verdict_facts){
		.fates = { [FATE_LOCAL] = 100 },
		.activations = 100,
		.size_min = 16,
		.size_max = 16,
		.stack_limit = 4096,
	};
}

static const char *
judge(const struct verdict_facts *facts)
{
	return verdict_find(facts)->name;
}

static void
test_evidence(void)
{
	struct verdict_facts facts = plain();

	facts.fates[FATE_UNKNOWN] = 6;
	CHECK_STR(judge(&facts), "unknown");
	facts.fates[FATE_UNKNOWN] = 5;
	CHECK_STR(judge(&facts), "mixed");
	facts = plain();
	facts.fates[FATE_LIVE] = 100;
	CHECK_STR(judge(&facts), "live");
	facts.fates[FATE_LIVE] = 99;
	CHECK_STR(judge(&facts), "heap");
	facts = plain();
	facts.fates[FATE_THREAD] = 100;
	CHECK_STR(judge(&facts), "thread");
	facts.fates[FATE_THREAD] = 99;
	CHECK_STR(judge(&facts), "heap");
}

static void
test_censored(void)
{
	struct verdict_facts facts = { .fates = { [FATE_CENSORED] = 7 } };

	CHECK_STR(judge(&facts), "live");
	facts = plain();
	facts.fates[FATE_CENSORED] = 1000;
	CHECK_STR(judge(&facts), "stack");
}

static void
test_local(void)
{
	struct verdict_facts facts = plain();

	CHECK_STR(judge(&facts), "stack");
	facts.reallocs = 1;
	CHECK_STR(judge(&facts), "buffer");
	facts = plain();
	facts.size_max = 17;
	CHECK_STR(judge(&facts), "buffer");
	facts.size_max = 4096;
	CHECK_STR(judge(&facts), "buffer");
	facts.size_max = 4097;
	CHECK_STR(judge(&facts), "large");
	facts.activations = 50;
	CHECK_STR(judge(&facts), "reuse");
	facts.activations = 51;
	CHECK_STR(judge(&facts), "large");
}

static void
test_up(void)
{
	struct verdict_facts facts = plain();

	facts.fates[FATE_UP] = 50;
	CHECK_STR(judge(&facts), "caller");
	facts.size_max = 5000;
	CHECK_STR(judge(&facts), "large");
	facts.activations = 75;
	CHECK_STR(judge(&facts), "reuse");
	facts.size_max = 16;
	facts.far = 1;
	CHECK_STR(judge(&facts), "heap");
	facts.fates[FATE_UP] = 11;
	CHECK_STR(judge(&facts), "mixed");
	facts.fates[FATE_UP] = 12;
	CHECK_STR(judge(&facts), "heap");
	facts.fates[FATE_UP] = 11;
	facts.size_max = 4097;
	CHECK_STR(judge(&facts), "heap");
}

static void
test_rate(void)
{
	double bound = verdict_rate_upper(0, 1000);

	CHECK(bound > 0.00298 && bound < 0.003);
	CHECK(verdict_rate_upper(0, 0) >= 1);
	CHECK(verdict_rate_upper(10, 100) > 0.1);
	CHECK(verdict_rate_upper(10, 100) < 0.2);
	CHECK(verdict_rate_upper(100, 100) <= 1);
}

int
main(void)
{
	size_t i;

	test_evidence();
	test_censored();
	test_local();
	test_up();
	test_rate();
	for (i = 0; verdict_table[i] != NULL; i++)
		CHECK(verdict_table[i]->advice[0] != '\0');
	CHECK_EQ(i, 10);
	return check_done();
}
