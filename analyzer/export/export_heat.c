/* Blocks by site, octave of size and octave of lifetime: columns of JSON. */
#include <stdlib.h>

#include "analyzer/export/columns.h"
#include "analyzer/export/export.h"
#include "analyzer/export/stack_paths.h"
#include "analyzer/store/query.h"
#include "analyzer/util/json.h"
#include "analyzer/util/xalloc.h"

enum { HEAT_SITE, HEAT_SIZE, HEAT_LIFE, HEAT_BLOCKS, HEAT_BYTES, HEAT_COLUMNS };

struct heat {
	int64_t *columns[HEAT_COLUMNS];
	size_t caps[HEAT_COLUMNS];
	size_t count;
};

static int64_t
heat_between(int64_t value, int64_t low)
{
	return value < low ? low : value > 63 ? 63 : value;
}

static void
heat_add(struct heat *heat, const struct query *query)
{
	const int64_t values[HEAT_COLUMNS] = {
		[HEAT_SITE] = query_int(query, 0),
		[HEAT_SIZE] = heat_between(query_int(query, 1), 0),
		[HEAT_LIFE] = heat_between(query_int(query, 2), -1),
		[HEAT_BLOCKS] = columns_round(query_real(query, 3)),
		[HEAT_BYTES] = columns_round(query_real(query, 4)),
	};

	for (size_t i = 0; i < HEAT_COLUMNS; i++) {
		heat->columns[i] = xgrow(
		    heat->columns[i], &heat->caps[i], heat->count + 1, sizeof(*heat->columns[i]));
		heat->columns[i][heat->count] = values[i];
	}
	heat->count++;
}

static void
heat_write(const struct heat *heat, FILE *out)
{
	static const char *const names[HEAT_COLUMNS] = { "site", "size", "life", "blocks",
		"bytes" };
	struct json json;

	json_start(&json, out);
	json_begin_object(&json);
	json_key(&json, "schema");
	json_string(&json, "esc-heat/1");
	json_key(&json, "cells");
	json_begin_object(&json);
	for (size_t i = 0; i < HEAT_COLUMNS; i++)
		columns_i64(&json, names[i], heat->columns[i], heat->count);
	json_end_object(&json);
	json_end_object(&json);
}

static int
write_heat(const struct export_options *options, struct query_db *db, FILE *out, struct err *err)
{
	struct query *query = query_prepare(db,
	    "SELECT g.shown, h.size, h.life, total(h.blocks), total(h.bytes) FROM size_life h"
	    " JOIN " PATHS_SITES " g ON g.id = h.site GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
	    err);
	struct heat heat = { .count = 0 };
	int rc = -1;

	(void)options;
	while (query && (rc = query_next(query, err)) > 0)
		heat_add(&heat, query);
	query_finish(query);
	if (rc == 0)
		heat_write(&heat, out);
	for (size_t i = 0; i < HEAT_COLUMNS; i++)
		free(heat.columns[i]);
	return rc;
}

const struct export export_heat = {
	.name = "heat",
	.summary = "blocks by site, size and lifetime as columns of JSON",
	.write = write_heat,
};
