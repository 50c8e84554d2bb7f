#include "analyzer/flow/flow.h"

#include <stdlib.h>
#include <string.h>

#include "analyzer/util/xalloc.h"

struct flow {
	size_t nothing;
};

bool
flow_available(void)
{
	return false;
}

struct flow *
flow_build(const struct flow_source *source, uint64_t entry)
{
	(void)source;
	(void)entry;
	return xcalloc(1, sizeof(struct flow));
}

void
flow_free(struct flow *flow)
{
	free(flow);
}

void
flow_pack(const struct flow *flow, struct bytes *bytes)
{
	(void)flow;
	(void)bytes;
}

struct flow *
flow_unpack(const uint8_t *data, size_t size)
{
	(void)data;
	(void)size;
	return NULL;
}

bool
flow_is_open(const struct flow *flow)
{
	(void)flow;
	return true;
}

void
flow_describe(const struct flow *flow, struct flow_shape *shape)
{
	(void)flow;
	memset(shape, 0, sizeof(*shape));
}

bool
flow_has_site(const struct flow *flow, uint64_t site)
{
	(void)flow;
	(void)site;
	return false;
}

enum flow_answer
flow_reaches(struct flow *flow, uint64_t a, uint64_t b)
{
	(void)flow;
	(void)a;
	(void)b;
	return FLOW_UNKNOWN;
}

enum flow_answer
flow_reaches_avoiding(struct flow *flow, uint64_t a, uint64_t b, uint64_t avoid)
{
	return flow_reaches_avoiding_all(flow, a, b, &avoid, 1);
}

enum flow_answer
flow_reaches_avoiding_all(
    struct flow *flow, uint64_t a, uint64_t b, const uint64_t *avoid, size_t count)
{
	(void)avoid;
	(void)count;
	return flow_reaches(flow, a, b);
}

enum flow_answer
flow_reaches_without(struct flow *flow, uint64_t a, uint64_t b, const uint64_t *calls, size_t count)
{
	(void)calls;
	(void)count;
	return flow_reaches(flow, a, b);
}

enum flow_answer
flow_dominates(struct flow *flow, uint64_t a, uint64_t b)
{
	return flow_dominates_any(flow, &a, 1, b);
}

enum flow_answer
flow_dominates_any(struct flow *flow, const uint64_t *a, size_t count, uint64_t b)
{
	(void)a;
	(void)count;
	return flow_reaches(flow, b, b);
}

enum flow_answer
flow_always(struct flow *flow, uint64_t a)
{
	return flow_always_any(flow, &a, 1);
}

enum flow_answer
flow_always_any(struct flow *flow, const uint64_t *a, size_t count)
{
	(void)a;
	(void)count;
	return flow_exits(flow, 0);
}

enum flow_answer
flow_hands_out(struct flow *flow, const uint64_t *a, size_t count)
{
	return flow_always_any(flow, a, count);
}

enum flow_answer
flow_exits(struct flow *flow, uint64_t a)
{
	(void)flow;
	(void)a;
	return FLOW_UNKNOWN;
}

bool
flow_callee(const struct flow *flow, uint64_t site, struct flow_callee *callee)
{
	memset(callee, 0, sizeof(*callee));
	return flow_has_site(flow, site);
}

const uint64_t *
flow_sites(const struct flow *flow, size_t *count)
{
	(void)flow;
	*count = 0;
	return NULL;
}

const uint64_t *
flow_tails(const struct flow *flow, size_t *count, bool *computed)
{
	(void)flow;
	*count = 0;
	if (computed != NULL)
		*computed = false;
	return NULL;
}

const struct flow_exit *
flow_exit_jumps(const struct flow *flow, size_t *count, bool *open)
{
	(void)flow;
	*count = 0;
	*open = true;
	return NULL;
}

enum flow_answer
flow_passes(struct flow *flow, uint64_t address, uint64_t b)
{
	(void)address;
	(void)b;
	return flow_reaches(flow, 0, 0);
}
