/* Cells and rows as JSON, for all formats and documents that have some of it. */
#ifndef FORMAT_CELLS_H
#define FORMAT_CELLS_H

#include <stdbool.h>
#include <stddef.h>

#include "analyzer/format/rows.h"

struct json;

/* A value; where there is none null, or an empty array of what is many. */
void cells_write_cell(struct json *json, const struct cell *cell, enum column_kind kind);
/* An object: "blocks.low" is `low` of its `blocks`, ".id" is left out. */
void cells_write_row(struct json *json, const struct rows *rows, size_t row);
/* An array of them. */
void cells_write_rows(struct json *json, const struct rows *rows);
/* Single: the first row, or null. Else all. */
void cells_write_part(struct json *json, const struct rows *rows, bool is_single);

#endif
