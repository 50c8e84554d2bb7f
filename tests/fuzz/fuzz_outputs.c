/*
 * Hostile names, in a database, through everything that esc writes for people and tools:
 * each is what a strict reader takes (strict.c), has nothing in it that acts, has as many
 * lines, elements and members as with names that are harmless, and gives the bytes back.
 */
#define _GNU_SOURCE
#include <sqlite3.h>
#include <string.h>
#include <unistd.h>

#include "analyzer/export/export.h"
#include "analyzer/export/tree.h"
#include "analyzer/format/format.h"
#include "analyzer/format/rows.h"
#include "analyzer/lint/finding.h"
#include "analyzer/lint/lint.h"
#include "analyzer/report/order.h"
#include "analyzer/report/page.h"
#include "analyzer/report/report.h"
#include "analyzer/store/query.h"
#include "analyzer/store/store.h"
#include "analyzer/util/err.h"
#include "analyzer/util/json.h"
#include "analyzer/util/names.h"
#include "analyzer/util/paths.h"
#include "analyzer/util/strbuf.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/reused.h"
#include "tests/fuzz/strict.h"

enum { OUTPUTS_NAME = 400, OUTPUTS_LINE = 7, OUTPUTS_FRESH = 1024 };

/* What the program calls its things. */
struct outputs_names {
	char *function;
	char *symbol;
	char *file;
	char *module;
	char *argument;
	const char *verdict;
};

static const struct paths outputs_paths;

/* ---- a database ---- */

static void
outputs_add_frames(struct store *store, const struct outputs_names *names, struct err *err)
{
	const struct store_frame frames[] = {
		{ 1, "main", "main", "/nowhere/main.c", 3, 1, 1, 0, 0, 0, 0 },
		{ 2, names->function, names->symbol, names->file, OUTPUTS_LINE, 5, 2, 0, 0, 0, 0 },
		{ 3, "malloc", "malloc", "", 0, 0, 1, 0, 1, 0, 0 },
	};
	const struct store_stack stacks[] = { { 1, 0, 1, 1, 0 }, { 2, 1, 2, 2, 0 },
		{ 3, 2, 3, 3, 0 } };
	const struct store_module modules[] = {
		{ 1, "/nowhere/app", "aa", "dwarf", "", "read", "seccomp", "" },
		{ 2, names->module, "bb", "dwarf", names->file, "read", "seccomp", names->argument }
	};

	for (size_t i = 0; i < 2; i++)
		FUZZ_CHECK(store_add_module(store, &modules[i], err) == 0);
	for (size_t i = 0; i < 3; i++) {
		FUZZ_CHECK(store_add_frame(store, &frames[i], err) == 0);
		FUZZ_CHECK(store_add_stack(store, &stacks[i], err) == 0);
	}
}

static void
outputs_add_site(struct store *store, const struct outputs_names *names, struct err *err)
{
	const struct store_site site = { .id = 1,
		.run = 1,
		.frame = 2,
		.allocator = "malloc",
		.container = "",
		.verdict = names->verdict,
		.owner = 2,
		.owner_distance = 0,
		.observed = 100,
		.estimated = 100,
		.estimated_low = 100,
		.estimated_high = 100,
		.bytes = 1600,
		.bytes_low = 1600,
		.bytes_high = 1600,
		.local = 60,
		.up = 40,
		.unknown_why = "{}",
		.proved = 60,
		.activations = 10,
		.threads = 1,
		.size_min = 16,
		.size_max = 16,
		.size_p50 = 16,
		.size_p99 = 16,
		.size_distinct = 1,
		.life_min = 1,
		.life_p50 = 2,
		.life_p90 = 3,
		.life_p99 = 4,
		.life_max = 5,
		.cost_allocate = 3000,
		.cost_free = 2000,
		.escape_upper = 0.03,
		.capacity = 16,
		.stack = 2,
		.counter_fate = "up",
		.counter_stack = 1 };
	const struct store_path path = { .site = 1,
		.stack = 3,
		.blocks = 100,
		.bytes = 1600,
		.local = 60,
		.up = 40,
		.cost = 5000,
		.life = 200 };
	const struct store_free_path freed = { 1, 2, "local", 60 };
	const struct store_path_cell cell = { 1, 3, 1, 2, 0, 100, 1600 };
	const struct store_size_life heat = { 1, 4, 1, 100, 1600 };
	const struct store_owner owner = { 1, 2, 0, "local", 60, 60 };
	const struct store_site_context contexts[] = {
		{ .site = 1,
		    .stack = 2,
		    .callers = 1,
		    .verdict = "stack",
		    .owner = 2,
		    .observed = 60,
		    .estimated = 60,
		    .bytes = 960,
		    .local = 60,
		    .activations = 1,
		    .size_min = 16,
		    .size_max = 16 },
		{ .site = 1,
		    .stack = 3,
		    .callers = 1,
		    .verdict = "heap",
		    .owner = 2,
		    .observed = 40,
		    .estimated = 40,
		    .bytes = 640,
		    .up = 40,
		    .activations = 1,
		    .size_min = 16,
		    .size_max = 16 },
	};

	FUZZ_CHECK(store_add_site(store, &site, err) == 0);
	FUZZ_CHECK(store_add_path(store, &path, err) == 0);
	FUZZ_CHECK(store_add_free_path(store, &freed, err) == 0);
	FUZZ_CHECK(store_add_path_cell(store, &cell, err) == 0);
	FUZZ_CHECK(store_add_size_life(store, &heat, err) == 0);
	FUZZ_CHECK(store_add_owner(store, &owner, err) == 0);
	for (size_t i = 0; i < 2; i++)
		FUZZ_CHECK(store_add_site_context(store, &contexts[i], err) == 0);
}

/* As ingest writes the arguments. */
static char *
outputs_command(const struct outputs_names *names)
{
	char *text = NULL, *shown = names_escaped(names->argument);
	struct json json;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	FUZZ_CHECK(out != NULL);
	json_start(&json, out);
	json_begin_array(&json);
	json_string(&json, shown);
	json_end_array(&json);
	FUZZ_CHECK(fclose(out) == 0);
	free(shown);
	return text;
}

/* Makes a new database at that path, as ingest would write it. */
static void
outputs_create(const struct outputs_names *names, const char *path)
{
	char *command = outputs_command(names);
	const struct store_run run = { .id = 1,
		.trace = names->file,
		.command = command,
		.exe = names->module,
		.pid = 1,
		.start = "2026-11-20T20:00:00Z",
		.duration_ns = 1000000,
		.window_ns = 1000000,
		.mode = "full",
		.sample_interval = 1,
		.interval_low = 1,
		.interval_high = 1,
		.interval_last = 1,
		.whole = 1,
		.allocations = 100,
		.frees = 100,
		.bytes = 1600,
		.recorded = 100,
		.threads = 1,
		.processes = 1,
		.complete = 1,
		.stack_limit = 4096,
		.wrappers = "[]",
		.no_wrappers = "[]",
		.found_wrappers = "[]",
		.allocator = names->module,
		.marks = "",
		.cost_ns = 5000 };
	struct store *store;
	struct err err;

	store = store_create(path, NULL, &err);
	FUZZ_CHECK(store != NULL && store_add_run(store, &run, &err) == 0);
	outputs_add_frames(store, names, &err);
	outputs_add_site(store, names, &err);
	FUZZ_CHECK(store_commit(store, &err) == 0);
	store_free(store);
	free(command);
}

/* A new one, and who may change it if that is wanted; it has no name any more. */
static struct query_db *
outputs_fresh(const struct outputs_names *names, sqlite3 **writer)
{
	char path[64];
	struct query_db *db;
	struct err err;

	(void)snprintf(path, sizeof(path), "%s/esc-fuzz-%ld",
	    access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp", (long)getpid());
	outputs_create(names, path);
	reused_works(writer != NULL);
	db = query_open(path, &err);
	FUZZ_CHECK(db != NULL);
	if (writer != NULL)
		FUZZ_CHECK(sqlite3_open(path, writer) == SQLITE_OK);
	FUZZ_CHECK(unlink(path) == 0);
	return db;
}

/* Most of an execution would be SQLite, which makes tables and compiles statements: the
 * same database is used again (reused.c), where other names come into its rows. */
static struct {
	struct query_db *db;
	sqlite3 *writer;
} outputs_kept;

enum outputs_parameter {
	OUTPUTS_TRACE = 1,
	OUTPUTS_COMMAND,
	OUTPUTS_MODULE,
	OUTPUTS_FUNCTION,
	OUTPUTS_SYMBOL,
	OUTPUTS_ARGUMENT,
	OUTPUTS_VERDICT,
};

/* The columns that outputs_create fills with names, one statement a table. */
static const char *const outputs_renames[] = {
	"UPDATE run SET trace = ?1, command = ?2, exe = ?3, allocator = ?3",
	"UPDATE module SET path = ?3, debug_file = ?1, note = ?6 WHERE id = 2",
	"UPDATE frame SET function = ?4, symbol = ?5, file = ?1 WHERE id = 2",
	"UPDATE site SET verdict = ?7",
};
enum { OUTPUTS_RENAMES = sizeof(outputs_renames) / sizeof(*outputs_renames) };

/* As the store writes it: escaped. */
static void
outputs_bind(sqlite3_stmt *statement, enum outputs_parameter at, const char *name)
{
	if ((int)at <= sqlite3_bind_parameter_count(statement))
		FUZZ_CHECK(
		    sqlite3_bind_text(statement, at, names_escaped(name), -1, free) == SQLITE_OK);
}

static void
outputs_rename(const struct outputs_names *names)
{
	static sqlite3_stmt *statements[OUTPUTS_RENAMES];
	sqlite3 *writer = outputs_kept.writer;

	if (statements[0] == NULL) {
		FUZZ_CHECK(sqlite3_exec(writer, "PRAGMA journal_mode = OFF; PRAGMA synchronous = 0",
			       NULL, NULL, NULL) == SQLITE_OK);
		for (size_t i = 0; i < OUTPUTS_RENAMES; i++)
			FUZZ_CHECK(sqlite3_prepare_v2(writer, outputs_renames[i], -1,
				       &statements[i], NULL) == SQLITE_OK);
	}
	FUZZ_CHECK(sqlite3_exec(writer, "BEGIN", NULL, NULL, NULL) == SQLITE_OK);
	for (size_t i = 0; i < OUTPUTS_RENAMES; i++) {
		outputs_bind(statements[i], OUTPUTS_TRACE, names->file);
		outputs_bind(statements[i], OUTPUTS_MODULE, names->module);
		outputs_bind(statements[i], OUTPUTS_FUNCTION, names->function);
		outputs_bind(statements[i], OUTPUTS_SYMBOL, names->symbol);
		outputs_bind(statements[i], OUTPUTS_ARGUMENT, names->argument);
		outputs_bind(statements[i], OUTPUTS_VERDICT, names->verdict);
		if (i == 0)
			FUZZ_CHECK(sqlite3_bind_text(statements[i], OUTPUTS_COMMAND,
				       outputs_command(names), -1, free) == SQLITE_OK);
		FUZZ_CHECK(sqlite3_step(statements[i]) == SQLITE_DONE);
		FUZZ_CHECK(sqlite3_reset(statements[i]) == SQLITE_OK);
	}
	FUZZ_CHECK(sqlite3_exec(writer, "COMMIT", NULL, NULL, NULL) == SQLITE_OK);
}

/* The one that is kept, with these names. */
static struct query_db *
outputs_open(const struct outputs_names *names)
{
	if (outputs_kept.db == NULL) {
		reused_begin();
		outputs_kept.db = outputs_fresh(names, &outputs_kept.writer);
		query_set_deadline(outputs_kept.db, 0);
		query_set_text(outputs_kept.db, UINT64_MAX);
	}
	outputs_rename(names);
	return outputs_kept.db;
}

/* ---- all that is written ---- */

enum outputs_kind {
	OUTPUTS_FOLDED,
	OUTPUTS_CALLGRIND,
	OUTPUTS_MASSIF,
	OUTPUTS_SVG,
	OUTPUTS_TREE,
	OUTPUTS_SPEEDSCOPE,
	OUTPUTS_DHAT,
	OUTPUTS_CELLS,
	OUTPUTS_FIREFOX,
	OUTPUTS_HEAT,
	OUTPUTS_GCC,
	OUTPUTS_SARIF,
	OUTPUTS_GITHUB,
	OUTPUTS_REMARKS,
	OUTPUTS_JSON,
	OUTPUTS_CSV,
	OUTPUTS_PAGE,
	OUTPUTS_KINDS,
};

/* Each text is owned. */
struct outputs {
	char *text[OUTPUTS_KINDS];
};

static void
outputs_export(
    struct outputs *outputs, enum outputs_kind kind, const char *name, struct query_db *db)
{
	const struct export_options options = { .metric = tree_metric_at(0) };
	struct err err;
	size_t len;
	FILE *out = open_memstream(&outputs->text[kind], &len);

	FUZZ_CHECK(out != NULL && export_find(name)->write(&options, db, out, &err) == 0);
	FUZZ_CHECK(fclose(out) == 0 && strlen(outputs->text[kind]) == len);
}

static void
outputs_lint(struct outputs *outputs, struct query_db *db)
{
	static const char *const names[] = { "gcc", "sarif", "github", "remarks" };
	static const struct finding_options options = {
		.verdicts = "stack,buffer,caller,reuse,large,mixed,heap,thread,live,unknown",
		.paths = &outputs_paths,
	};
	const struct lint_options how = { .paths = &outputs_paths, .columns = 100 };
	struct findings findings;
	struct err err;
	size_t len;

	FUZZ_CHECK(findings_load(&findings, db, &options, &err) == 0 && findings.count == 1);
	for (size_t i = 0; i < 4; i++) {
		char **text = &outputs->text[OUTPUTS_GCC + i];
		FILE *out = open_memstream(text, &len);

		FUZZ_CHECK(out != NULL);
		lint_find(names[i])->write(&how, &findings, out);
		FUZZ_CHECK(fclose(out) == 0 && strlen(*text) == len);
	}
	findings_release(&findings);
}

static void
outputs_format(struct outputs *outputs, enum outputs_kind kind, const char *name,
    const struct rows *run, const struct rows *sites)
{
	const struct format_part parts[] = { { "run", run, true }, { "sites", sites, false } };
	const struct format_document document = { "esc-report/1", parts, 2 };
	size_t len;
	FILE *out = open_memstream(&outputs->text[kind], &len);

	FUZZ_CHECK(out != NULL);
	format_find(name)->write(&document, out);
	FUZZ_CHECK(fclose(out) == 0 && strlen(outputs->text[kind]) == len);
}

static void
outputs_report(struct outputs *outputs, struct query_db *db)
{
	struct rows run = { 0 }, sites = { 0 }, modules = { 0 };
	struct page page = { .columns = 100,
		.run = &run,
		.sites = &sites,
		.all = &sites,
		.modules = &modules,
		.paths = &outputs_paths };
	struct err err;
	size_t len;

	FUZZ_CHECK(report_load(db, report_find("run"), &run, &err) == 0);
	FUZZ_CHECK(report_load(db, report_find("sites"), &sites, &err) == 0);
	FUZZ_CHECK(report_load(db, report_find("modules"), &modules, &err) == 0);
	outputs_format(outputs, OUTPUTS_JSON, "json", &run, &sites);
	outputs_format(outputs, OUTPUTS_CSV, "csv", &run, &sites);
	page.out = open_memstream(&outputs->text[OUTPUTS_PAGE], &len);
	FUZZ_CHECK(page.out != NULL && page_write(&page, db, &err) == 0);
	FUZZ_CHECK(fclose(page.out) == 0 && strlen(outputs->text[OUTPUTS_PAGE]) == len);
	rows_release(&run);
	rows_release(&sites);
	rows_release(&modules);
}

static void
outputs_make(struct outputs *outputs, struct query_db *db)
{
	outputs_export(outputs, OUTPUTS_FOLDED, "folded", db);
	outputs_export(outputs, OUTPUTS_CALLGRIND, "callgrind", db);
	outputs_export(outputs, OUTPUTS_MASSIF, "massif", db);
	outputs_export(outputs, OUTPUTS_FIREFOX, "firefox", db);
	outputs_export(outputs, OUTPUTS_SVG, "svg", db);
	outputs_export(outputs, OUTPUTS_TREE, "tree", db);
	outputs_export(outputs, OUTPUTS_SPEEDSCOPE, "speedscope", db);
	outputs_export(outputs, OUTPUTS_DHAT, "dhat", db);
	outputs_export(outputs, OUTPUTS_CELLS, "cells", db);
	outputs_export(outputs, OUTPUTS_HEAT, "heat", db);
	outputs_lint(outputs, db);
	outputs_report(outputs, db);
}

static void
outputs_release(struct outputs *outputs)
{
	for (size_t i = 0; i < OUTPUTS_KINDS; i++)
		free(outputs->text[i]);
}

/* What comes of a database that the store has just written is the same. */
static void
outputs_check_fresh(const struct outputs_names *names, const struct outputs *is)
{
	struct outputs fresh = { 0 };
	struct query_db *db;

	reused_works(false);
	db = outputs_fresh(names, NULL);
	outputs_make(&fresh, db);
	query_close(db);
	reused_works(true);
	for (size_t i = 0; i < OUTPUTS_KINDS; i++)
		FUZZ_CHECK(strcmp(fresh.text[i], is->text[i]) == 0);
	outputs_release(&fresh);
}

/* ---- what must hold ---- */

static size_t
outputs_count(const char *text, const char *what)
{
	size_t count = 0;

	for (; (text = strstr(text, what)) != NULL; text += strlen(what))
		count++;
	return count;
}

/* The bytes that a shown name stands for are those of the program. */
static void
outputs_check_back(const char *shown, const char *name)
{
	struct strbuf back = { 0 };

	names_restore(&back, shown);
	FUZZ_CHECK(strcmp(back.text, name) == 0);
	strbuf_release(&back);
}

/* The sentence about that verdict names the function. */
static void
outputs_check_named(const struct outputs_names *names, const char *shown)
{
	const char *function = *names->function != '\0' ? names->function : "??";
	char *back = names_restored(shown);

	if (strcmp(names->verdict, "stack") == 0)
		FUZZ_CHECK(strstr(back, function) != NULL);
	free(back);
}

/* "main;NAME;malloc 100", one line. */
static void
outputs_check_folded(const char *text, const char *function)
{
	char *copy = strdup(text), *value = strrchr(copy, ' '), *frame;

	FUZZ_CHECK(outputs_count(text, "\n") == 1 && text[strlen(text) - 1] == '\n');
	FUZZ_CHECK(value != NULL && strcmp(value, " 100\n") == 0);
	*value = '\0';
	strict_text(copy, strlen(copy), true, false);
	FUZZ_CHECK(outputs_count(copy, ";") == 1 || outputs_count(copy, ";") == 2);
	FUZZ_CHECK(strncmp(copy, "main;", 5) == 0);
	frame = copy + 5;
	frame[strcspn(frame, ";")] = '\0';
	outputs_check_back(frame, *function != '\0' ? function : "??");
	free(copy);
}

static void
outputs_check_svg(const char *text, const char *function)
{
	struct strbuf plain = { 0 };
	const char *at = text;
	bool found = false;

	strict_xml(text);
	while (!found && (at = strstr(at, " data-n=\"")) != NULL) {
		char *back;

		at += 9;
		strbuf_clear(&plain);
		strict_xml_text(at, '"', &plain);
		back = names_restored(plain.text);
		found = strcmp(back, *function != '\0' ? function : "??") == 0;
		free(back);
	}
	FUZZ_CHECK(found);
	strbuf_release(&plain);
}

/* The first member of that name, restored. */
static void
outputs_check_member(const char *text, const char *key, const char *name)
{
	struct strbuf value = { 0 };
	const char *at = strstr(text, key);

	FUZZ_CHECK(at != NULL);
	at += strlen(key);
	at += strspn(at, ": ");
	FUZZ_CHECK(*at == '"');
	at++;
	strict_json_string(&at, &value);
	outputs_check_back(value.text, name);
	strbuf_release(&value);
}

/* One command of a workflow in one line, its percent escapes whole. */
static void
outputs_check_github(const struct outputs_names *names, const char *text)
{
	struct strbuf plain = { 0 };

	for (const char *at = text; *at != '\0'; at++) {
		char byte = *at;

		if (*at == '%') {
			char digits[3] = { at[1], at[2], '\0' };

			FUZZ_CHECK(strspn(digits, "0123456789ABCDEF") == 2);
			byte = (char)strtoul(digits, NULL, 16);
			at += 2;
		}
		strbuf_add(&plain, &byte, 1);
	}
	outputs_check_named(names, plain.text);
	strbuf_release(&plain);
	FUZZ_CHECK(strncmp(text, "::warning ", 10) == 0 || strncmp(text, "::notice ", 9) == 0);
	FUZZ_CHECK(outputs_count(text, "\n") == 1 && text[strlen(text) - 1] == '\n');
	strict_text(text, strlen(text), true, true);
}

/* Texts in double quotes, whose escapes are known; *to is the rest. */
static void
outputs_yaml(const char *text, struct strbuf *to)
{
	static const struct {
		char code;
		size_t digits;
	} known[] = { { '"', 0 }, { '\\', 0 }, { 'x', 2 }, { 'u', 4 }, { 'U', 8 } };

	for (bool quoted = false; *text != '\0'; text++) {
		FUZZ_CHECK((*text >= 0x20 && *text < 0x7f) || (*text == '\n' && !quoted));
		if (!quoted || *text == '"')
			strbuf_add(to, text, 1);
		if (*text == '"') {
			quoted = !quoted;
		} else if (quoted && *text == '\\') {
			size_t i = 0;

			for (text++; i < 5 && known[i].code != *text; i++)
				continue;
			FUZZ_CHECK(i < 5);
			FUZZ_CHECK(strspn(text + 1, "0123456789abcdef") >= known[i].digits);
			text += known[i].digits;
		}
	}
}

static void
outputs_check_remarks(const char *text, const char *usual)
{
	struct strbuf rest = { 0 }, should = { 0 };

	outputs_yaml(text, &rest);
	outputs_yaml(usual, &should);
	FUZZ_CHECK(strcmp(rest.text, should.text) == 0);
	strbuf_release(&rest);
	strbuf_release(&should);
}

/* Lines of a source that is there would be shown, too. */
static bool
outputs_has_source(const struct outputs_names *names)
{
	char *kept = names_escaped(names->file), *shown = paths_shown(&outputs_paths, kept);
	int fd = paths_open(&outputs_paths, shown);

	if (fd >= 0)
		close(fd);
	free(shown);
	free(kept);
	return fd >= 0;
}

static void
outputs_check_gcc(const struct outputs_names *names, const char *text, const char *usual)
{
	strict_text(text, strlen(text), true, true);
	if (!outputs_has_source(names))
		FUZZ_CHECK(outputs_count(text, "\n") == outputs_count(usual, "\n"));
	FUZZ_CHECK(outputs_count(text, "\n") >= 2);
	outputs_check_named(names, text);
}

static void
outputs_check(
    const struct outputs_names *names, const struct outputs *is, const struct outputs *usual)
{
	const char *function = *names->function != '\0' ? names->function : "??";

	outputs_check_folded(is->text[OUTPUTS_FOLDED], names->function);
	for (size_t i = OUTPUTS_CALLGRIND; i <= OUTPUTS_MASSIF; i++)
		strict_text(is->text[i], strlen(is->text[i]), true, true);
	FUZZ_CHECK(outputs_count(is->text[OUTPUTS_MASSIF], "\n") ==
	    outputs_count(usual->text[OUTPUTS_MASSIF], "\n"));
	outputs_check_svg(is->text[OUTPUTS_SVG], names->function);
	FUZZ_CHECK(outputs_count(is->text[OUTPUTS_SVG], "<g ") ==
	    outputs_count(usual->text[OUTPUTS_SVG], "<g "));
	outputs_check_gcc(names, is->text[OUTPUTS_GCC], usual->text[OUTPUTS_GCC]);
	strict_json(is->text[OUTPUTS_SARIF]);
	outputs_check_member(is->text[OUTPUTS_SARIF], "\"fullyQualifiedName\"", function);
	outputs_check_github(names, is->text[OUTPUTS_GITHUB]);
	outputs_check_remarks(is->text[OUTPUTS_REMARKS], usual->text[OUTPUTS_REMARKS]);
	for (size_t i = OUTPUTS_TREE; i <= OUTPUTS_HEAT; i++)
		strict_json(is->text[i]);
	strict_json(is->text[OUTPUTS_JSON]);
	outputs_check_member(is->text[OUTPUTS_JSON], "\"function\"", names->function);
	strict_text(is->text[OUTPUTS_CSV], strlen(is->text[OUTPUTS_CSV]), true, true);
	strict_csv(is->text[OUTPUTS_CSV]);
	FUZZ_CHECK(outputs_count(is->text[OUTPUTS_CSV], "\n") ==
	    outputs_count(usual->text[OUTPUTS_CSV], "\n"));
	strict_text(is->text[OUTPUTS_PAGE], strlen(is->text[OUTPUTS_PAGE]), true, true);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const verdicts[] = { "stack", "buffer", "caller", "reuse", "large",
		"mixed", "heap", "thread", "live", "unknown" };
	static struct outputs usual[10];
	static unsigned count;
	struct fuzz_input input = { data, size };
	unsigned verdict = fuzz_byte(&input) % 10;
	struct outputs_names names = { (char[]){ "f" }, (char[]){ "f" }, (char[]){ "/nowhere/f" },
		(char[]){ "/nowhere/m" }, (char[]){ "x" }, verdicts[verdict] };
	struct outputs is = { 0 };

	if (usual[verdict].text[0] == NULL)
		outputs_make(&usual[verdict], outputs_open(&names));
	names.function = fuzz_text(&input, OUTPUTS_NAME);
	names.symbol = fuzz_text(&input, OUTPUTS_NAME);
	names.file = fuzz_text(&input, OUTPUTS_NAME);
	names.module = fuzz_text(&input, OUTPUTS_NAME);
	names.argument = fuzz_text(&input, OUTPUTS_NAME);
	outputs_make(&is, outputs_open(&names));
	if (count++ % OUTPUTS_FRESH == 0)
		outputs_check_fresh(&names, &is);
	outputs_check(&names, &is, &usual[verdict]);
	outputs_release(&is);
	free(names.function);
	free(names.symbol);
	free(names.file);
	free(names.module);
	free(names.argument);
	return 0;
}
