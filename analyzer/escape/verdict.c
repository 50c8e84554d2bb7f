#include "analyzer/escape/verdict.h"

#include <stddef.h>

#include "analyzer/util/stats.h"

/* Blocks that count: the censored ones are no evidence. */
static uint64_t
verdict_total(const struct verdict_facts *facts)
{
	const uint64_t *fates = facts->fates;

	return fates[FATE_LOCAL] + fates[FATE_UP] + fates[FATE_THREAD] + fates[FATE_LIVE] +
	    fates[FATE_UNKNOWN];
}

static bool
verdict_all_local(const struct verdict_facts *facts)
{
	return facts->fates[FATE_LOCAL] == verdict_total(facts);
}

static bool
verdict_all_near(const struct verdict_facts *facts)
{
	return facts->far == 0 &&
	    facts->fates[FATE_LOCAL] + facts->fates[FATE_UP] == verdict_total(facts);
}

static bool
verdict_small(const struct verdict_facts *facts)
{
	return facts->size_max <= facts->stack_limit;
}

static bool
unknown_holds(const struct verdict_facts *facts)
{
	return facts->fates[FATE_UNKNOWN] * 20 > verdict_total(facts);
}

static bool
live_holds(const struct verdict_facts *facts)
{
	return facts->fates[FATE_LIVE] * 2 >= verdict_total(facts);
}

static bool
thread_holds(const struct verdict_facts *facts)
{
	return facts->fates[FATE_THREAD] * 2 >= verdict_total(facts) - facts->fates[FATE_LIVE];
}

static bool
stack_holds(const struct verdict_facts *facts)
{
	return verdict_all_local(facts) && verdict_small(facts) &&
	    facts->size_min == facts->size_max && facts->reallocs == 0;
}

static bool
buffer_holds(const struct verdict_facts *facts)
{
	return verdict_all_local(facts) && verdict_small(facts);
}

static bool
caller_holds(const struct verdict_facts *facts)
{
	return verdict_all_near(facts) && verdict_small(facts);
}

static bool
reuse_holds(const struct verdict_facts *facts)
{
	return verdict_all_near(facts) && verdict_total(facts) >= 2 * facts->activations;
}

static bool
large_holds(const struct verdict_facts *facts)
{
	return verdict_all_near(facts);
}

static bool
mixed_holds(const struct verdict_facts *facts)
{
	return facts->fates[FATE_LOCAL] * 10 >= verdict_total(facts) * 9 && verdict_small(facts);
}

static bool
heap_holds(const struct verdict_facts *facts)
{
	(void)facts;
	return true;
}

/* X(name, owner of escaped blocks, advice), in the order of the rules */
#define VERDICTS(X)                                                  \
	X(unknown, false, "not decided")                             \
	X(live, false, "never freed while observed")                 \
	X(thread, false, "escapes to another thread")                \
	X(stack, false, "does not escape: make it a local variable") \
	X(buffer, false,                                             \
	    "does not escape: use a local buffer for the usual "     \
	    "sizes, the heap beyond, or reserve once")               \
	X(caller, true,                                              \
	    "escapes to a caller: return it by value, or let the "   \
	    "caller pass the storage")                               \
	X(reuse, false,                                              \
	    "does not escape its owner but is too large for the "    \
	    "stack: allocate once in the owner and reuse it")        \
	X(large, false,                                              \
	    "does not escape its owner but is too large for the "    \
	    "stack")                                                 \
	X(mixed, true,                                               \
	    "mostly does not escape: keep it on the stack, copy it " \
	    "to the heap on the path that escapes")                  \
	X(heap, true, "escapes to the heap, as it should")

#define X(word, escaped, text)                         \
	static const struct verdict verdict_##word = { \
		.name = #word,                         \
		.advice = text,                        \
		.escaped_owner = escaped,              \
		.holds = word##_holds,                 \
	};
VERDICTS(X)
#undef X

const struct verdict *const verdict_table[] = {
#define X(word, escaped, text) &verdict_##word,
	VERDICTS(X)
#undef X
	    NULL,
};

const struct verdict *
verdict_find(const struct verdict_facts *facts)
{
	size_t i = 0;

	if (verdict_total(facts) == 0)
		return &verdict_live;
	while (!verdict_table[i]->holds(facts))
		i++;
	return verdict_table[i];
}

const char *
fate_name(enum fate fate)
{
	static const char *const names[FATE_COUNT] = {
		[FATE_LOCAL] = "local",
		[FATE_UP] = "up",
		[FATE_THREAD] = "thread",
		[FATE_LIVE] = "live",
		[FATE_CENSORED] = "censored",
		[FATE_UNKNOWN] = "unknown",
	};

	return names[fate];
}

double
verdict_rate_upper(double hits, double n)
{
	if (!(n > 0) || hits >= n)
		return 1;
	return stats_beta_quantile(0.95, hits + 1, n - hits);
}
