#include "analyzer/format/cells.h"
#include "analyzer/format/format.h"
#include "analyzer/format/rows.h"
#include "analyzer/util/json.h"

static void
write_json(const struct format_document *document, FILE *out)
{
	struct json json;

	json_start(&json, out);
	if (!document->schema) {
		const struct format_part *part = &document->parts[document->count - 1];

		cells_write_part(&json, part->rows, part->is_single);
		return;
	}
	json_begin_object(&json);
	json_key(&json, "schema");
	json_string(&json, document->schema);
	for (size_t i = 0; i < document->count; i++) {
		json_key(&json, document->parts[i].name);
		cells_write_part(&json, document->parts[i].rows, document->parts[i].is_single);
	}
	json_end_object(&json);
}

const struct format format_json = {
	.name = "json",
	.summary = "one JSON value, for programs",
	.write = write_json,
};
