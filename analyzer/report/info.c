#include "analyzer/report/info.h"

#include <stdbool.h>
#include <string.h>

#include "analyzer/format/format.h"
#include "analyzer/report/report.h"

/* As INFO_RUN and so on; of some a person has no use: a picture shows them. */
static const struct {
	const char *name;
	bool is_text;
} info_parts[INFO_PARTS] = {
	{ "run", true },
	{ "verdicts", false },
	{ "processes", true },
	{ "threads", true },
	{ "phases", true },
	{ "pools", true },
	{ "pairs", false },
	{ "timeline", false },
	{ "modules", true },
};

int
info_load(struct info *info, struct query_db *db, const struct rows *sites, struct err *err)
{
	*info = (struct info){ .parts = { { .columns = NULL } } };
	for (size_t i = 0; i < INFO_PARTS; i++) {
		const struct report *report = report_find(info_parts[i].name);

		if (sites && report->derive) {
			rows_init(&info->parts[i], report->columns, report->width);
			report->derive(&info->parts[i], sites);
		} else if (report_load(db, report, &info->parts[i], err) < 0) {
			return -1;
		}
	}
	return 0;
}

void
info_write(const struct info *info, const struct format *format, FILE *out)
{
	bool is_text = strcmp(format->name, "text") == 0;
	struct format_part parts[INFO_PARTS];
	struct format_document document = { .schema = "esc-info/1", .parts = parts };

	for (size_t i = 0; i < INFO_PARTS; i++) {
		const struct report *report = report_find(info_parts[i].name);

		if (is_text &&
		    (!info_parts[i].is_text ||
			((i == INFO_PHASES || i == INFO_POOLS) && info->parts[i].count == 0)))
			continue;
		parts[document.count++] =
		    (struct format_part){ report->name, &info->parts[i], report->is_single };
	}
	format->write(&document, out);
}

void
info_release(struct info *info)
{
	for (size_t i = 0; i < INFO_PARTS; i++)
		rows_release(&info->parts[i]);
}
