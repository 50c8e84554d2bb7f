#include "analyzer/report/same_sites.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/store/query.h"
#include "analyzer/util/map.h"
#include "analyzer/util/strbuf.h"
#include "analyzer/util/xalloc.h"

/* By hash, not by SQL: to sort fifty thousand places takes three times as long. */
struct same_sites {
	struct map places; /* key of a place -> the first of its sites, in list */
	struct same_first {
		int64_t id;
		bool is_told;
	} * list;
	size_t count, cap;
	struct strbuf *ids;
};

static struct map_key
same_text(struct map_key of, const char *text)
{
	return map_key_of(of, text, strlen(text) + 1);
}

static struct map_key
same_key(const struct query *query)
{
	const int64_t place[] = { query_int(query, 1), query_int(query, 2) };
	struct map_key key = map_key_of((struct map_key){ 0, 0 }, place, sizeof(place));

	for (int i = 3; i <= 6; i++)
		key = same_text(key, query_text(query, i));
	return key;
}

static void
same_tell(struct same_sites *same, int64_t id)
{
	strbuf_addf(same->ids, "%s%lld", same->ids->len > 1 ? "," : "", (long long)id);
}

static void
same_add(struct same_sites *same, int64_t id, struct map_key key)
{
	bool is_fresh;
	uint64_t *place = map_insert(&same->places, key, &is_fresh);
	struct same_first *first;

	if (is_fresh) {
		*place = same->count;
		same->list = xgrow(same->list, &same->cap, same->count + 1, sizeof(*same->list));
		same->list[same->count++] = (struct same_first){ id, false };
		return;
	}
	first = &same->list[*place];
	if (!first->is_told)
		same_tell(same, first->id);
	first->is_told = true;
	same_tell(same, id);
}

int
same_sites_find(struct query_db *db, struct strbuf *ids, struct err *err)
{
	struct same_sites same = { .ids = ids };
	struct query *query = query_prepare(db,
	    "SELECT s.id, f.line, f.column, f.function, f.file, m.path, s.pool FROM site s"
	    " CROSS JOIN frame f ON f.id = s.frame CROSS JOIN module m ON m.id = f.module",
	    err);
	int rc = -1;

	strbuf_adds(ids, "[");
	while (query && (rc = query_next(query, err)) > 0)
		same_add(&same, query_int(query, 0), same_key(query));
	strbuf_adds(ids, "]");
	query_finish(query);
	map_release(&same.places);
	free(same.list);
	return rc;
}
