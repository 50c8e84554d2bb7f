#include "web/server/document.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/export/export.h"
#include "analyzer/format/format.h"
#include "analyzer/lint/annotate.h"
#include "analyzer/report/compare.h"
#include "analyzer/report/report.h"
#include "analyzer/report/site.h"
#include "analyzer/util/err.h"
#include "analyzer/util/xalloc.h"
#include "web/server/exports.h"
#include "web/server/gzip.h"
#include "web/server/parameters.h"
#include "web/server/profile.h"
#include "web/server/shelf.h"
#include "web/server/table.h"

static unsigned
write_info(const struct document_from *from, FILE *out, struct err *err)
{
	(void)err;
	info_write(&from->profile->info, format_find("json"), out);
	return 200;
}

/* Writes these rows of the run's sites; nameless: what all have no lines in, or NULL. */
static unsigned
write_rows(const struct document_from *from, const struct rows *rows, const struct rows *nameless,
    FILE *out)
{
	const struct format_part parts[] = {
		{ "run", profile_run(from->profile), true },
		{ "sites", rows, false },
		{ "nameless", nameless, false },
	};
	const struct format_document document = { "esc-report/1", parts, nameless ? 3 : 2 };

	format_find("columns")->write(&document, out);
	return 200;
}

static unsigned
write_sites(const struct document_from *from, FILE *out, struct err *err)
{
	(void)err;
	return write_rows(from, &from->profile->sites, NULL, out);
}

static unsigned
write_some(const struct document_from *from, size_t most, FILE *out)
{
	struct table table;
	struct rows nameless;

	table_make(&table, &from->profile->sites, most);
	table_nameless(&nameless, &from->profile->sites);
	(void)write_rows(from, &table.rows, &nameless, out);
	rows_release(&nameless);
	table_release(&table);
	return 200;
}

static unsigned
write_table(const struct document_from *from, FILE *out, struct err *err)
{
	(void)err;
	return write_some(from, SIZE_MAX, out);
}

static unsigned
write_first(const struct document_from *from, FILE *out, struct err *err)
{
	(void)err;
	return write_some(from, TABLE_FIRST, out);
}

static unsigned
write_site(const struct document_from *from, FILE *out, struct err *err)
{
	struct profile *profile = from->profile;
	const struct site site = { profile_run(profile), &profile->sites, profile->paths };
	uint64_t id = 0;
	int64_t row;
	int rc;

	if (parameters_number(from->parameters, "id", 0, UINT32_MAX, &id) < 0) {
		err_set(err, "id is a number");
		return 400;
	}
	row = site_row(&profile->sites, (int64_t)id);
	if (row < 0) {
		err_set(err, "no such site");
		return 404;
	}
	rc = site_write(&site, profile_lock(profile), (size_t)row, out, err);
	profile_unlock(profile);
	return rc < 0 ? 503 : 200;
}

/* A file that some site stands in: nothing else is looked at. */
static unsigned
write_source(const struct document_from *from, FILE *out, struct err *err)
{
	struct annotate_source source = {
		.paths = from->profile->paths,
		.sites = &from->profile->sites,
		.file = parameters_find(from->parameters, "file"),
		.started = report_started(profile_run(from->profile)),
	};

	source.rows = profile_in_file(from->profile, source.file, &source.row_count);
	if (*source.file && source.row_count > 0) {
		annotate_write_json(&source, out);
		return 200;
	}
	err_set(err, "no site stands there");
	return 404;
}

/* What `esc export` writes, for the page to draw. */
static unsigned
write_export(const struct document_from *from, const char *name, FILE *out, struct err *err)
{
	if (!export_find(name)) {
		err_set(err, "this esc has no such document");
		return 404;
	}
	return exports_write(from->profile, name, out, err) < 0 ? 503 : 200;
}

static unsigned
write_tree(const struct document_from *from, FILE *out, struct err *err)
{
	return write_export(from, "tree", out, err);
}

static unsigned
write_cells(const struct document_from *from, FILE *out, struct err *err)
{
	return write_export(from, "cells", out, err);
}

static unsigned
write_heat(const struct document_from *from, FILE *out, struct err *err)
{
	return write_export(from, "heat", out, err);
}

/* What `esc diff` tells of both files. */
static unsigned
write_diff(const struct document_from *from, FILE *out, struct err *err)
{
	struct profile *runs[SHELF_RUNS];
	struct compare_side sides[SHELF_RUNS];
	struct compare compare = { .parts = { { 0 } } };
	int rc = 1;

	for (size_t i = 0; i < SHELF_RUNS; i++)
		runs[i] = shelf_take(from->shelf, i);
	if (runs[0] && runs[1]) {
		/* both locks, always in this order */
		for (size_t i = 0; i < SHELF_RUNS; i++)
			sides[i] = (struct compare_side){ profile_lock(runs[i]),
				profile_run(runs[i]), &runs[i]->sites };
		rc = compare_sides(&compare, &sides[0], &sides[1], err);
		for (size_t i = 0; i < SHELF_RUNS; i++)
			profile_unlock(runs[i]);
	}
	if (rc == 0)
		compare_write(&compare, format_find("columns"), out);
	else if (rc > 0)
		err_set(err, "one file is open: esc serve BEFORE AFTER opens two");
	compare_release(&compare);
	for (size_t i = 0; i < SHELF_RUNS; i++)
		profile_drop(runs[i]);
	return rc == 0 ? 200 : rc > 0 ? 404 : 503;
}

static unsigned
write_state(const struct document_from *from, FILE *out, struct err *err)
{
	(void)err;
	shelf_state(from->shelf, NULL, out);
	return 200;
}

static unsigned
write_exports(const struct document_from *from, FILE *out, struct err *err)
{
	(void)err;
	exports_list(from->profile, out);
	return 200;
}

static const struct document documents[] = {
	{ "info", NULL, true, write_info },
	{ "first", NULL, true, write_first },
	{ "table", NULL, true, write_table },
	{ "sites", NULL, true, write_sites },
	{ "site", "id", false, write_site },
	{ "source", "file", false, write_source },
	{ "tree", NULL, true, write_tree },
	{ "cells", NULL, true, write_cells },
	{ "heat", NULL, true, write_heat },
	{ "diff", NULL, false, write_diff },
	{ "state", NULL, false, write_state },
	{ "exports", NULL, false, write_exports },
};

const struct document *
document_find(const char *name)
{
	for (size_t i = 0; i < sizeof(documents) / sizeof(*documents); i++) {
		if (strcmp(documents[i].name, name) == 0)
			return &documents[i];
	}
	return NULL;
}

char *
document_make(const struct document *document, const struct document_from *from, size_t *len,
    unsigned *status, struct err *err)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, len);

	*status = out ? document->write(from, out, err) : 503;
	if (!out || fclose(out) != 0) {
		err_set(err, "no memory");
		*status = 503;
	}
	if (*status == 200)
		return text;
	free(text);
	return NULL;
}

/* Packed; NULL as document_make. */
static struct profile_kept *
document_pack(const struct document *document, const struct document_from *from, unsigned *status,
    struct err *err)
{
	struct profile_kept *kept;
	size_t len;
	char *text = document_make(document, from, &len, status, err);

	if (!text)
		return NULL;
	kept = xcalloc(1, sizeof(*kept));
	kept->whole = len;
	kept->bytes = gzip_pack(text, len, GZIP_QUICK, &kept->len);
	free(text);
	if (kept->bytes)
		return kept;
	*status = 503;
	err_set(err, "it cannot be packed");
	free(kept);
	return NULL;
}

const struct profile_kept *
document_kept(const struct document *document, const struct document_from *from, unsigned *status,
    struct err *err)
{
	struct profile *profile = from->profile;
	struct profile_kept *_Atomic *place = &profile->kept[document - documents];
	struct profile_kept *kept = atomic_load_explicit(place, memory_order_acquire);

	*status = 200;
	if (kept)
		return kept;
	/* who comes meanwhile waits, rather than make it, too */
	pthread_mutex_lock(&profile->making);
	kept = atomic_load_explicit(place, memory_order_acquire);
	if (!kept) {
		kept = document_pack(document, from, status, err);
		atomic_store_explicit(place, kept, memory_order_release);
	}
	pthread_mutex_unlock(&profile->making);
	return kept;
}

void
document_prepare(struct profile *profile, bool is_all)
{
	const struct parameters none = { .count = 0 };
	const struct document_from from = { NULL, profile, &none };
	static const char *const first[] = { "info", "first" };
	struct err err;
	unsigned status;

	for (size_t i = 0; i < sizeof(first) / sizeof(*first); i++)
		(void)document_kept(document_find(first[i]), &from, &status, &err);
	for (size_t i = 0; is_all && i < sizeof(documents) / sizeof(*documents); i++) {
		/* no page asks for all columns */
		if (documents[i].is_kept && documents[i].write != write_sites)
			(void)document_kept(&documents[i], &from, &status, &err);
	}
}
