#include "analyzer/escape/contexts.h"

#include <stdlib.h>
#include <string.h>

#include "analyzer/escape/escape.h"
#include "analyzer/util/xalloc.h"

/* A path of the site at hand, or several of one context. */
struct contexts_part {
	struct context context;
	uint32_t path;
	uint32_t group;
};

struct contexts_site {
	struct contexts_part *parts;
	size_t count;
	const struct logical_frame *frames;
	struct contexts_group *groups; /* as many as parts, at most */
	size_t group_count;
	uint32_t *into; /* by number of a group: the one that took it in */
	bool whole;     /* what a block that went far spoils, and not which is in a minority */
};

/* Parts of the same frames, then also of the same functions and verdict. */
struct contexts_group {
	struct context context;
	uint32_t number;
};

enum { CONTEXTS_CLASSES = 4 };

/* Blocks by where they went: nowhere, near, far, who knows. */
struct contexts_classes {
	uint64_t count[CONTEXTS_CLASSES];
};

static void
contexts_add_classes(struct contexts_classes *classes, const struct verdict_facts *facts)
{
	classes->count[0] += facts->fates[FATE_LOCAL];
	classes->count[1] += facts->fates[FATE_UP] - facts->far;
	classes->count[2] += facts->far + facts->fates[FATE_THREAD] + facts->fates[FATE_LIVE];
	classes->count[3] += facts->fates[FATE_UNKNOWN];
}

static uint64_t
contexts_total(const struct contexts_classes *classes)
{
	uint64_t total = 0;
	int i;

	for (i = 0; i < CONTEXTS_CLASSES; i++)
		total += classes->count[i];
	return total;
}

/* Those that went elsewhere than most. */
static uint64_t
contexts_minority(const struct contexts_classes *classes)
{
	uint64_t most = classes->count[0];
	int i;

	for (i = 1; i < CONTEXTS_CLASSES; i++)
		if (classes->count[i] > most)
			most = classes->count[i];
	return contexts_total(classes) - most;
}

/* All, where one that went far, or nobody knows where, keeps them on the heap. */
static uint64_t
contexts_spoiled(const struct contexts_classes *classes)
{
	return classes->count[2] + classes->count[3] > 0 ? contexts_total(classes) : 0;
}

/* Blocks of one context that a closer look at the callers should be rid of. */
static uint64_t
contexts_weigh(const struct contexts_site *site, const struct contexts_classes *classes)
{
	return site->whole ? contexts_spoiled(classes) : contexts_minority(classes);
}

static int
contexts_compare_frames(const void *left, const void *right)
{
	const struct contexts_part *x = left, *y = right;

	return memcmp(x->context.frames, y->context.frames, sizeof(x->context.frames));
}

static bool
contexts_same(const struct context *x, const struct context *y, uint32_t depth)
{
	return memcmp(x->frames, y->frames, depth * sizeof(x->frames[0])) == 0;
}

/* Such blocks where `depth` callers make a context; parts are sorted. */
static uint64_t
contexts_mixed(const struct contexts_site *site, uint32_t depth)
{
	struct contexts_classes classes = { { 0 } };
	uint64_t mixed = 0;
	size_t i;

	for (i = 0; i < site->count; i++) {
		if (i > 0 &&
		    !contexts_same(&site->parts[i - 1].context, &site->parts[i].context, depth)) {
			mixed += contexts_weigh(site, &classes);
			memset(&classes, 0, sizeof(classes));
		}
		contexts_add_classes(&classes, &site->parts[i].context.facts);
	}
	return mixed + contexts_weigh(site, &classes);
}

/* How many callers separate the classes best; 0: none do. */
static uint32_t
contexts_separate(const struct contexts_site *site)
{
	uint64_t mixed[CONTEXTS_DEPTH + 1], least, all;
	struct contexts_classes classes = { { 0 } };
	uint32_t depth;
	size_t i;

	for (i = 0; i < site->count; i++)
		contexts_add_classes(&classes, &site->parts[i].context.facts);
	all = contexts_total(&classes);
	least = mixed[0] = contexts_weigh(site, &classes);
	for (depth = 1; depth <= CONTEXTS_DEPTH; depth++) {
		mixed[depth] = contexts_mixed(site, depth);
		if (mixed[depth] < least)
			least = mixed[depth];
	}
	/* what is left mixed at any depth was not for the callers to tell */
	if (mixed[0] == 0 || least * 2 > mixed[0])
		return 0;
	for (depth = 1; (mixed[depth] - least) * 50 > all || mixed[depth] * 2 > mixed[0];)
		depth++;
	return depth;
}

/* How many callers separate the fates best; 0: none do. Where one call makes blocks
 * that stay and blocks that go up (a vector that grows), no caller tells these apart:
 * it is asked then which callers make none that go far. */
static uint32_t
contexts_depth(struct contexts_site *site)
{
	uint32_t depth;

	site->whole = false;
	depth = contexts_separate(site);
	if (depth != 0)
		return depth;
	site->whole = true;
	return contexts_separate(site);
}

static void
contexts_merge(struct context *to, const struct context *from)
{
	int i;

	for (i = 0; i < FATE_COUNT; i++)
		to->facts.fates[i] += from->facts.fates[i];
	to->facts.far += from->facts.far;
	to->facts.activations += from->facts.activations;
	to->facts.reallocs += from->facts.reallocs;
	if (from->facts.size_min < to->facts.size_min)
		to->facts.size_min = from->facts.size_min;
	if (from->facts.size_max > to->facts.size_max)
		to->facts.size_max = from->facts.size_max;
	/* the lines shown are those of the heaviest */
	if (from->blocks > to->blocks)
		memcpy(to->frames, from->frames, sizeof(to->frames));
	to->blocks += from->blocks;
	to->bytes += from->bytes;
}

/* A context and those of the same functions at other lines stand together. */
static int
contexts_compare_functions(
    const struct contexts_site *site, const struct context *x, const struct context *y)
{
	const struct logical_frame *a, *b;
	uint32_t i;
	int order;

	if (x->count != y->count)
		return x->count < y->count ? -1 : 1;
	for (i = 0; i < x->count; i++) {
		a = &site->frames[x->frames[i]];
		b = &site->frames[y->frames[i]];
		if (a->module != b->module)
			return a->module < b->module ? -1 : 1;
		order = strcmp(a->function, b->function);
		if (order != 0)
			return order;
	}
	return strcmp(x->verdict->name, y->verdict->name);
}

static int
contexts_compare_groups(const void *left, const void *right, void *site)
{
	const struct contexts_group *x = left, *y = right;

	return contexts_compare_functions(site, &x->context, &y->context);
}

static int
contexts_compare_blocks(const void *left, const void *right)
{
	const struct contexts_group *x = left, *y = right;

	if (x->context.blocks < y->context.blocks || x->context.blocks > y->context.blocks)
		return x->context.blocks > y->context.blocks ? -1 : 1;
	return x->number < y->number ? -1 : x->number > y->number;
}

/* Makes groups of the parts that agree in `depth` callers. */
static void
contexts_group_frames(struct contexts_site *site, uint32_t depth)
{
	struct contexts_group *last = NULL;
	struct contexts_part *part;
	size_t i;

	for (i = 0; i < site->count; i++) {
		part = &site->parts[i];
		if (last != NULL && contexts_same(&part[-1].context, &part->context, depth)) {
			contexts_merge(&last->context, &part->context);
		} else {
			last = &site->groups[site->group_count];
			last->context = part->context;
			last->number = (uint32_t)site->group_count++;
		}
		part->group = last->number;
	}
	for (i = 0; i < site->group_count; i++) {
		last = &site->groups[i];
		if (last->context.count > depth)
			last->context.count = depth;
		memset(&last->context.frames[last->context.count], 0,
		    (CONTEXTS_DEPTH - last->context.count) * sizeof(last->context.frames[0]));
		last->context.verdict = verdict_find(&last->context.facts);
	}
}

/* Takes those of the same functions and verdict together. */
static void
contexts_group_functions(struct contexts_site *site)
{
	struct contexts_group *groups = site->groups;
	size_t merged = 0, i;

	qsort_r(groups, site->group_count, sizeof(*groups), contexts_compare_groups, site);
	for (i = 0; i < site->group_count; i++) {
		if (i > 0 && contexts_compare_groups(&groups[merged], &groups[i], site) == 0)
			contexts_merge(&groups[merged].context, &groups[i].context);
		else if (i > 0)
			groups[++merged] = groups[i];
		site->into[groups[i].number] = groups[merged].number;
	}
	site->group_count = merged + 1;
	qsort(groups, site->group_count, sizeof(*groups), contexts_compare_blocks);
}

static bool
contexts_differ(const struct contexts_site *site)
{
	size_t i;

	for (i = 1; i < site->group_count; i++)
		if (site->groups[i].context.verdict != site->groups[0].context.verdict)
			return true;
	return false;
}

static void
contexts_take(struct contexts *contexts, struct contexts_site *site)
{
	uint32_t *at = xcalloc(site->count, sizeof(*at));
	size_t i;

	for (i = 0; i < site->group_count && i < CONTEXTS_MOST; i++) {
		contexts->list = xgrow(
		    contexts->list, &contexts->cap, contexts->count + 1, sizeof(*contexts->list));
		contexts->list[contexts->count++] = site->groups[i].context;
		at[site->groups[i].number] = (uint32_t)contexts->count;
	}
	for (i = 0; i < site->count; i++)
		contexts->of_path[site->parts[i].path] = at[site->into[site->parts[i].group]];
	free(at);
}

static void
contexts_of_site(struct contexts *contexts, struct contexts_site *site)
{
	uint32_t depth;

	qsort(site->parts, site->count, sizeof(*site->parts), contexts_compare_frames);
	depth = contexts_depth(site);
	if (depth == 0)
		return;
	site->groups = xcalloc(site->count, sizeof(*site->groups));
	site->into = xcalloc(site->count, sizeof(*site->into));
	site->group_count = 0;
	contexts_group_frames(site, depth);
	contexts_group_functions(site);
	if (contexts_differ(site))
		contexts_take(contexts, site);
	free(site->groups);
	free(site->into);
}

static struct contexts_part
contexts_part(struct escape *escape, uint32_t number)
{
	const struct escape_path *path = &escape->paths[number];
	struct contexts_part part = { .path = number };
	int i;

	part.context.site = path->site;
	part.context.facts = path->facts;
	part.context.facts.stack_limit = escape->options.stack_limit;
	part.context.bytes = path->bytes;
	for (i = 0; i < FATE_COUNT; i++)
		part.context.blocks += path->fates[i];
	part.context.count = escape_callers(escape, path, part.context.frames, CONTEXTS_DEPTH);
	return part;
}

static int
contexts_compare_sites(const void *left, const void *right)
{
	const struct contexts_part *x = left, *y = right;

	if (x->context.site != y->context.site)
		return x->context.site < y->context.site ? -1 : 1;
	return x->path < y->path ? -1 : x->path > y->path;
}

void
contexts_find(struct contexts *contexts, struct escape *escape)
{
	struct contexts_part *parts = xcalloc((size_t)escape->path_count + 1, sizeof(*parts));
	struct contexts_site site = { .frames = escape->places.logical->frames };
	uint32_t i, from = 0;

	*contexts = (struct contexts){ .of_path = xcalloc((size_t)escape->path_count + 1,
					   sizeof(*contexts->of_path)) };
	for (i = 0; i < escape->path_count; i++)
		parts[i] = contexts_part(escape, i);
	qsort(parts, escape->path_count, sizeof(*parts), contexts_compare_sites);
	for (i = 1; i <= escape->path_count; i++) {
		if (i < escape->path_count && parts[i].context.site == parts[from].context.site)
			continue;
		site.parts = &parts[from];
		site.count = i - from;
		if (site.count > 1)
			contexts_of_site(contexts, &site);
		from = i;
	}
	free(parts);
}

void
contexts_release(struct contexts *contexts)
{
	free(contexts->list);
	free(contexts->of_path);
	*contexts = (struct contexts){ 0 };
}
