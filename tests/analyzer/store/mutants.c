/*
 * mutants DATABASE cells STEP | bytes COUNT: changes a database, one thing at a time, and reads
 * each mutant with everything that reads databases. Whatever it holds: nothing crashes or
 * hangs, what fails says so in one line, and no output holds a byte that a terminal obeys.
 *
 * cells: every column gets values that are in no range, of no type it should have, and
 * texts that would do something; one in STEP of all that is tried. bytes: COUNT times,
 * some bytes of some page.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

#include "analyzer/export/export.h"
#include "analyzer/export/tree.h"
#include "analyzer/format/format.h"
#include "analyzer/format/rows.h"
#include "analyzer/lint/annotate.h"
#include "analyzer/lint/finding.h"
#include "analyzer/lint/lint.h"
#include "analyzer/report/page.h"
#include "analyzer/report/report.h"
#include "analyzer/store/query.h"
#include "analyzer/util/err.h"
#include "analyzer/util/paths.h"
#include "analyzer/util/utf8.h"
#include "tests/fuzz/reused.h"

enum { MUTANTS_SECONDS = 1500 };

static const char mutant[] = "mutant.db";
static const char *what = ""; /* is being tried */
static unsigned long opened, refused, failed, tried;

static void
die(const char *why, const char *text)
{
	fprintf(stderr, "FAIL: %s: %s: %.300s\n", what, why, text);
	exit(1);
}

/* ---- what is read, and how it must look */

struct output {
	FILE *file;
	char *text;
	size_t size;
};

static void
output_open(struct output *output)
{
	output->text = NULL;
	output->file = open_memstream(&output->text, &output->size);
	if (!output->file)
		exit(99);
}

static bool
is_obeyed(uint32_t point)
{
	return point < 0x20 || (point >= 0x7f && point < 0xa0) ||
	    (point >= 0x200b && point <= 0x200f) || (point >= 0x2028 && point <= 0x202e) ||
	    (point >= 0x2060 && point <= 0x2069) || point == 0xfeff;
}

/* UTF-8 without anything that moves, hides or colours, but what `allowed` has. */
static void
output_close(struct output *output, const char *from, const char *allowed)
{
	fclose(output->file);
	for (size_t at = 0, step; at < output->size; at += step) {
		uint32_t point = 0;

		step = utf8_decode(output->text + at, output->size - at, &point);
		if (step == 0)
			die(from, "no UTF-8");
		if (is_obeyed(point) && (point > 0x7f || !strchr(allowed, (int)point) || !point))
			die(from, output->text + (at > 100 ? at - 100 : 0));
	}
	free(output->text);
}

static void
output_free(struct output *output)
{
	fclose(output->file);
	free(output->text);
}

static void
said(int rc, const struct err *err)
{
	if (rc == 0)
		return;
	failed++;
	if (err->text[0] == '\0')
		die("failed", "but did not say why");
}

static void
read_reports(struct query_db *db)
{
	for (size_t i = 0; report_at(i); i++) {
		struct format_part part = { report_at(i)->name, NULL, report_at(i)->is_single };
		struct format_document document = { "mutant/1", &part, 1 };
		struct err err = { "" };
		struct rows rows;
		int rc = report_load(db, report_at(i), &rows, &err);

		part.rows = &rows;
		for (size_t j = 0; rc == 0 && format_at(j); j++) {
			struct output output;

			output_open(&output);
			format_at(j)->write(&document, output.file);
			output_close(&output, format_at(j)->name, "\n\r");
		}
		rows_release(&rows);
		said(rc, &err);
	}
}

static void
read_page(struct query_db *db, const struct paths *paths)
{
	struct rows run, sites, modules;
	struct err err = { "" };
	int rc = report_load(db, report_find("run"), &run, &err);

	rows_init(&sites, NULL, 0);
	rows_init(&modules, NULL, 0);
	if (rc == 0)
		rc = report_load(db, report_find("sites"), &sites, &err);
	if (rc == 0)
		rc = report_load(db, report_find("modules"), &modules, &err);
	if (rc == 0 && run.count > 0) {
		struct page page = { .columns = 100, .top = 1000, .paths = paths };
		struct output output;

		output_open(&output);
		page.out = output.file;
		page.run = &run;
		page.sites = page.all = &sites;
		page.modules = &modules;
		rc = page_write(&page, db, &err);
		output_close(&output, "page", "\n");
	}
	rows_release(&run);
	rows_release(&sites);
	rows_release(&modules);
	said(rc, &err);
}

static void
read_findings(struct query_db *db, const struct paths *paths)
{
	struct finding_options options = {
		.verdicts = "stack,buffer,caller,reuse,mixed,large,heap,thread,live,unknown",
		.paths = paths
	};
	const struct lint_options style = { .paths = paths, .columns = 100 };
	const struct annotate annotate = { .paths = paths, .context = 3, .columns = 100 };
	struct findings findings;
	struct err err = { "" };
	struct output output;
	int rc = findings_load(&findings, db, &options, &err);

	for (size_t i = 0; rc == 0 && lint_at(i); i++) {
		output_open(&output);
		lint_at(i)->write(&style, &findings, output.file);
		output_close(&output, lint_at(i)->name, "\n");
	}
	if (rc == 0) {
		output_open(&output);
		annotate_write(&annotate, &findings, output.file);
		output_close(&output, "annotate", "\n");
	}
	findings_release(&findings);
	said(rc, &err);
}

static void
read_exports(struct query_db *db)
{
	for (size_t i = 0; export_at(i); i++) {
		/* another metric each time: what they read is the same; now and then of two */
		struct export_options options = { .metric = tree_metric_at((tried + i) % 5),
			.is_inverted = tried % 2,
			.before = tried % 7 == 0 ? db : NULL };
		struct err err = { "" };
		struct output output;
		int rc;

		output_open(&output);
		rc = export_at(i)->write(&options, db, output.file, &err);
		if (export_at(i)->is_binary)
			output_free(&output);
		else
			output_close(&output, export_at(i)->name, "\n\t");
		said(rc, &err);
	}
}

static void
read_all(void)
{
	struct paths paths = { .root = NULL };
	struct err err = { "" };
	struct query_db *db = query_open(mutant, &err);

	tried++;
	if (!db) {
		refused++;
		if (err.text[0] == '\0')
			die("refused", "but did not say why");
		return;
	}
	opened++;
	query_set_deadline(db, 20);
	/* each report and export asks anew: two thirds of the time was SQLite's compiler */
	reused_works(true);
	paths_set_root(&paths, NULL);
	read_reports(db);
	read_page(db, &paths);
	read_findings(db, &paths);
	read_exports(db);
	paths_release(&paths);
	reused_end();
	query_close(db);
}

/* ---- what is changed */

static char *
file_read(const char *path, size_t *size)
{
	FILE *file = fopen(path, "rb");
	struct stat status;
	char *bytes;

	if (!file || fstat(fileno(file), &status) < 0)
		exit(99);
	*size = (size_t)status.st_size;
	bytes = malloc(*size);
	if (!bytes || fread(bytes, 1, *size, file) != *size)
		exit(99);
	fclose(file);
	return bytes;
}

/* Not made empty first: ext4 would write it to the disk each time. */
static void
file_write(const char *bytes, size_t size)
{
	int fd = open(mutant, O_WRONLY | O_CREAT, 0600);

	if (fd < 0 || write(fd, bytes, size) != (ssize_t)size || ftruncate(fd, (off_t)size) != 0 ||
	    close(fd) != 0)
		exit(99);
}

static void
sql_run(sqlite3 *db, const char *sql)
{
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK) {
		fprintf(stderr, "%s: %s: %s\n", what, sql, sqlite3_errmsg(db));
		exit(99);
	}
}

static sqlite3 *
sql_open(void)
{
	sqlite3 *db;

	if (sqlite3_open(mutant, &db) != SQLITE_OK)
		exit(99);
	sql_run(db, "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF");
	return db;
}

/* Tables that take anything: what a hostile database has instead of ours. */
static char *
base_make(const char *path, size_t *size)
{
	size_t old;
	char *bytes = file_read(path, &old);
	sqlite3 *db;

	what = "base";
	file_write(bytes, old);
	free(bytes);
	db = sql_open();
	sql_run(db,
	    "PRAGMA writable_schema=ON;"
	    "UPDATE sqlite_master SET sql = replace(replace(replace(replace(replace(replace(sql,"
	    " 'STRICT, ', ''), 'STRICT', ''), 'NOT NULL', ''), ' INTEGER', ' BLOB'),"
	    " ' REAL', ' BLOB'), ' TEXT', ' BLOB') WHERE type = 'table';"
	    "UPDATE sqlite_master SET sql = replace(sql, 'id BLOB PRIMARY KEY',"
	    " 'id INTEGER PRIMARY KEY');"
	    "PRAGMA writable_schema=RESET;");
	sqlite3_close(db);
	return file_read(mutant, size);
}

/* SQL, each worth being anywhere. `other`: another row's. */
static const char *const values[] = {
	"NULL",
	"-1",
	"0",
	"9223372036854775807",
	"-9223372036854775808",
	"1e308",
	"-1e308",
	"9e999",
	"-9e999",
	"0.5",
	"''",
	"'x'",
	"x'00ff00'",
	"zeroblob(1000)",
	"'['",
	"'{\"a\":[1,{\"b\":null}]}'",
	"'[\"a\",[\"b\"],{\"c\":1},null,1e999]'",
	"'%s%n' || char(27) || '[2J' || char(10, 13, 9, 155, 8238, 65279) || x'ff'",
	"CAST(x'1b5d303b7807ff00fe' AS TEXT)",
	"printf('%.20000c', 'L')",
	"rowid_of_other",
};

static void
cell_change(const char *base, size_t size, const char *table, const char *column, bool has_rowid,
    const char *value)
{
	const char *set = value;
	char sql[1000];
	sqlite3 *db;

	if (strcmp(value, "rowid_of_other") == 0)
		set = has_rowid ? "rowid + 1" : "1000000";
	file_write(base, size);
	db = sql_open();
	snprintf(sql, sizeof(sql), "UPDATE OR IGNORE %s SET \"%s\" = %s", table, column, set);
	what = sql;
	/* an id must be an integer, a circle of one is no key: then nothing changes */
	(void)sqlite3_exec(db, sql, NULL, NULL, NULL);
	sqlite3_close(db);
	read_all();
}

/* Every column of every table, one in `step` of the values, others for each. */
static void
cells_run(const char *path, unsigned long step)
{
	size_t size;
	char *base = base_make(path, &size);
	unsigned long at = 0;
	sqlite3_stmt *stmt;
	sqlite3 *db;

	if (step == 0 || sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK ||
	    sqlite3_prepare_v2(db,
		"SELECT m.name, c.name, m.sql NOT LIKE '%WITHOUT ROWID%' FROM sqlite_master m,"
		" pragma_table_info(m.name) c WHERE m.type = 'table' ORDER BY 1, c.cid",
		-1, &stmt, NULL) != SQLITE_OK)
		exit(99);
	while (sqlite3_step(stmt) == SQLITE_ROW) {
		for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++)
			if (at++ % step == 0)
				cell_change(base, size, (const char *)sqlite3_column_text(stmt, 0),
				    (const char *)sqlite3_column_text(stmt, 1),
				    sqlite3_column_int(stmt, 2) != 0, values[i]);
	}
	sqlite3_finalize(stmt);
	sqlite3_close(db);
	free(base);
}

static unsigned long
draw(unsigned long below)
{
	static uint64_t state = 0x2545f4914f6cdd1dU;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned long)(state >> 20) % below;
}

/* Each page in turn; most bytes at its beginning, where its structure is. */
static void
bytes_run(const char *path, unsigned long count)
{
	size_t size;
	char *bytes = file_read(path, &size);
	unsigned long pages = size / 4096;
	char *copy = malloc(size);
	char text[100];

	if (!copy || pages < 2)
		exit(99);
	for (unsigned long i = 0; i < count; i++) {
		size_t page = (i % pages) * 4096;
		unsigned long changes = 1 + draw(4);

		snprintf(text, sizeof(text), "bytes %lu, page %lu", i, i % pages);
		what = text;
		memcpy(copy, bytes, size);
		while (changes-- > 0) {
			size_t at = page + (draw(2) ? draw(4096) : draw(200));

			copy[at] =
			    (char)(draw(2) ? (unsigned long)copy[at] ^ 1UL << draw(8) : draw(256));
		}
		file_write(copy, size);
		read_all();
	}
	free(copy);
	free(bytes);
}

int
main(int argc, char **argv)
{
	alarm(MUTANTS_SECONDS);
	if (argc > 3 && strcmp(argv[2], "bytes") == 0)
		bytes_run(argv[1], strtoul(argv[3], NULL, 10));
	else if (argc > 3 && strcmp(argv[2], "cells") == 0)
		cells_run(argv[1], strtoul(argv[3], NULL, 10));
	else
		return 99;
	printf("%lu mutants: %lu refused, %lu read, %lu readings failed\n", tried, refused, opened,
	    failed);
	return opened == 0;
}
