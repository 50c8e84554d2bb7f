#include <stdlib.h>

#include "analyzer/escape/contexts.h"
#include "analyzer/ingest/ingest_run.h"
#include "analyzer/ingest/sums.h"
#include "analyzer/ingest/write.h"
#include "analyzer/store/store.h"
#include "analyzer/util/xalloc.h"

/* By context (a), owner, distance and fate. */
static struct sums
write_context_owners(const struct ingest_run *run, const struct contexts *contexts)
{
	const struct escape_pair *pair = run->escape.pairs;
	struct sums sums = { 0 };
	uint32_t context;
	size_t i;
	enum fate fate;

	for (i = 0; i < run->escape.pair_count; i++, pair++) {
		context = contexts->of_path[pair->path];
		for (fate = FATE_LOCAL; context != 0 && fate <= FATE_UP; fate++)
			if (escape_pair_count(pair, fate) > 0)
				sums_add(&sums,
				    &(struct sum){ .a = context - 1,
					.b = pair->owner,
					.c = pair->distance,
					.d = fate,
					.count = escape_pair_count(pair, fate) });
	}
	sums_merge(&sums);
	return sums;
}

/* The site below its callers; they are not the whole stack. */
static uint32_t
write_context_stack(struct ingest_run *run, const struct context *context)
{
	struct logical *logical = run->escape.places.logical;
	uint32_t stack = 0, i;

	for (i = context->count; i-- > 0;)
		stack = logical_stack(logical, stack, context->frames[i], 1);
	return logical_stack(logical, stack, run->escape.sites[context->site].frame, 1);
}

static int
write_context(struct ingest_run *run, const struct context *context, const struct sum *owner,
    uint32_t stack, struct err *err)
{
	const struct verdict_facts *facts = &context->facts;
	const uint64_t *fates = facts->fates;
	struct store_site_context row = {
		.site = write_site_id(run, context->site),
		.stack = stack,
		.callers = context->count,
		.verdict = context->verdict->name,
		.owner = owner != NULL ? owner->b : STORE_NULL,
		.owner_distance = owner != NULL ? owner->c : STORE_NULL,
		.estimated = context->blocks,
		.bytes = context->bytes,
		.local = write_int(fates[FATE_LOCAL]),
		.up = write_int(fates[FATE_UP]),
		.far = write_int(facts->far),
		.thread = write_int(fates[FATE_THREAD]),
		.live = write_int(fates[FATE_LIVE]),
		.censored = write_int(fates[FATE_CENSORED]),
		.unknown = write_int(fates[FATE_UNKNOWN]),
		.reallocs = write_int(facts->reallocs),
		.activations = write_int(facts->activations),
		.size_min = write_int(facts->size_min),
		.size_max = write_int(facts->size_max),
	};

	row.observed = row.local + row.up + row.thread + row.live + row.censored + row.unknown;
	return store_add_site_context(run->ingest->store, &row, err);
}

int
write_contexts(struct ingest_run *run, struct err *err)
{
	struct map seen = { 0 };
	struct contexts contexts;
	const struct context *context;
	struct sums owners;
	uint32_t stack;
	bool fresh;
	size_t i;
	int status = 0;

	contexts_find(&contexts, &run->escape);
	owners = write_context_owners(run, &contexts);
	for (i = 0; status == 0 && i < contexts.count; i++) {
		context = &contexts.list[i];
		stack = write_context_stack(run, context);
		/* two verdicts of one call: the heavier stands for it */
		map_insert(&seen, (struct map_key){ context->site, stack }, &fresh);
		if (fresh)
			status = write_context(run, context,
			    write_main_owner(
				run, &owners, (int64_t)i, context->verdict->escaped_owner),
			    stack, err);
	}
	map_release(&seen);
	free(owners.list);
	contexts_release(&contexts);
	return status;
}
