#include "analyzer/store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sqlite3.h>

#include "analyzer/util/err.h"
#include "analyzer/util/files.h"
#include "analyzer/util/names.h"
#include "analyzer/util/strbuf.h"
#include "analyzer/util/xalloc.h"

static const char schema[] =
#include "analyzer/store/schema.inc"
    ;

enum kind {
	KIND_INT,
	KIND_INT_OR_NULL,
	KIND_REAL,
	KIND_TEXT,
	KIND_NAME, /* a text that is cut when it is long */
	KIND_JSON, /* of names that were escaped before: stays as it is */
	KIND_TEXT_OR_NULL,
};

struct column {
	const char *name;
	enum kind kind;
	size_t offset;
};

struct table {
	const char *name;
	const struct column *columns;
	size_t count;
	size_t size;   /* of a row's struct */
	bool numbered; /* ids are 1, 2, 3 ...: sqlite gives the same, and searches less */
};

/* Rows that one statement adds, of tables that have numbers alone: half of what a row costs
 * is the statement. */
enum { STORE_ROWS = 32 };

enum table_number {
	TABLE_RUN,
	TABLE_MODULE,
	TABLE_FRAME,
	TABLE_STACK,
	TABLE_SITE,
	TABLE_SITE_CONTEXT,
	TABLE_PATH,
	TABLE_FREE_PATH,
	TABLE_OWNER,
	TABLE_SIZE_HISTOGRAM,
	TABLE_LIFE_HISTOGRAM,
	TABLE_SIZE_LIFE,
	TABLE_PATH_CELL,
	TABLE_TIMELINE,
	TABLE_PROCESS,
	TABLE_SITE_PROCESS,
	TABLE_PHASE,
	TABLE_THREAD,
	TABLE_THREAD_PAIR,
	TABLE_COUNT,
};

#define COLUMN(table, field, kind)                                  \
	{                                                           \
#field, kind, offsetof(struct store_##table, field) \
	}
#define I(table, field) COLUMN(table, field, KIND_INT)
#define IN(table, field) COLUMN(table, field, KIND_INT_OR_NULL)
#define R(table, field) COLUMN(table, field, KIND_REAL)
#define T(table, field) COLUMN(table, field, KIND_TEXT)
#define N(table, field) COLUMN(table, field, KIND_NAME)
#define J(table, field) COLUMN(table, field, KIND_JSON)
#define TN(table, field) COLUMN(table, field, KIND_TEXT_OR_NULL)

static const struct column run_columns[] = {
	I(run, id),
	T(run, trace),
	J(run, command),
	T(run, exe),
	I(run, pid),
	I(run, parent),
	T(run, session),
	T(run, start),
	I(run, duration_ns),
	I(run, window_ns),
	T(run, mode),
	I(run, sample_interval),
	I(run, interval_low),
	I(run, interval_high),
	I(run, interval_last),
	I(run, whole),
	I(run, whole_ns),
	I(run, whole_allocations),
	R(run, budget),
	I(run, spent_ns),
	I(run, allocations),
	I(run, frees),
	I(run, bytes),
	I(run, recorded),
	I(run, lost),
	I(run, lost_from_ns),
	I(run, lost_until_ns),
	T(run, lost_why),
	I(run, paused_ns),
	I(run, pauses),
	I(run, passed),
	I(run, unknown),
	I(run, cut),
	I(run, broken),
	I(run, unmatched_frees),
	I(run, freed_before),
	I(run, pool_unmatched),
	I(run, peak_bytes),
	I(run, peak_ns),
	I(run, threads),
	I(run, processes),
	I(run, complete),
	I(run, running),
	I(run, damaged),
	I(run, missing),
	I(run, stack_limit),
	J(run, wrappers),
	J(run, no_wrappers),
	J(run, found_wrappers),
	T(run, allocator),
	T(run, version),
	T(run, marks),
	I(run, cost_ns),
	R(run, slice_ns),
	I(run, steps),
	I(run, steps_over),
	I(run, steps_proved),
	I(run, steps_presumed),
	I(run, steps_unread),
	I(run, presumed_local),
	I(run, presumed_wrong),
};
static const struct column module_columns[] = {
	I(module, id),
	N(module, path),
	T(module, build_id),
	T(module, symbols),
	N(module, debug_file),
	T(module, code),
	T(module, confined),
	N(module, note),
};
static const struct column frame_columns[] = {
	I(frame, id),
	N(frame, function),
	N(frame, symbol),
	N(frame, file),
	I(frame, line),
	I(frame, column),
	I(frame, module),
	I(frame, inlined),
	I(frame, wrapper),
	I(frame, startup),
	I(frame, tail),
};
static const struct column stack_columns[] = {
	I(stack, id),
	I(stack, parent),
	I(stack, frame),
	I(stack, depth),
	I(stack, state),
};
static const struct column site_columns[] = {
	I(site, id),
	I(site, run),
	I(site, frame),
	N(site, allocator),
	N(site, pool),
	T(site, container),
	T(site, verdict),
	IN(site, owner),
	IN(site, owner_distance),
	I(site, observed),
	R(site, estimated),
	R(site, estimated_low),
	R(site, estimated_high),
	R(site, bytes),
	R(site, bytes_low),
	R(site, bytes_high),
	I(site, local),
	I(site, up),
	I(site, thread),
	I(site, live),
	I(site, censored),
	I(site, unknown),
	J(site, unknown_why),
	I(site, proved),
	I(site, inferred),
	I(site, reallocs),
	I(site, activations),
	I(site, threads),
	R(site, peak_blocks),
	R(site, peak_bytes),
	I(site, size_min),
	I(site, size_max),
	I(site, size_p50),
	I(site, size_p99),
	I(site, size_distinct),
	IN(site, life_min),
	IN(site, life_p50),
	IN(site, life_p90),
	IN(site, life_p99),
	IN(site, life_max),
	R(site, cost_allocate),
	R(site, cost_free),
	I(site, timed),
	R(site, escape_upper),
	I(site, capacity),
	I(site, stack),
	TN(site, counter_fate),
	IN(site, counter_stack),
};
static const struct column site_context_columns[] = {
	I(site_context, site),
	I(site_context, stack),
	I(site_context, callers),
	T(site_context, verdict),
	IN(site_context, owner),
	IN(site_context, owner_distance),
	I(site_context, observed),
	R(site_context, estimated),
	R(site_context, bytes),
	I(site_context, local),
	I(site_context, up),
	I(site_context, far),
	I(site_context, thread),
	I(site_context, live),
	I(site_context, censored),
	I(site_context, unknown),
	I(site_context, reallocs),
	I(site_context, activations),
	I(site_context, size_min),
	I(site_context, size_max),
};
static const struct column path_columns[] = {
	I(path, site),
	I(path, stack),
	R(path, blocks),
	R(path, bytes),
	R(path, local),
	R(path, up),
	R(path, thread),
	R(path, live),
	R(path, unknown),
	R(path, cost),
	R(path, live_bytes),
	R(path, life),
	R(path, life_squares),
	R(path, peak_blocks),
	R(path, peak_bytes),
};
static const struct column free_path_columns[] = {
	I(free_path, site),
	I(free_path, stack),
	T(free_path, fate),
	R(free_path, blocks),
};
static const struct column owner_columns[] = {
	I(owner, site),
	I(owner, frame),
	I(owner, distance),
	T(owner, fate),
	I(owner, blocks),
	I(owner, proved),
};
static const struct column size_histogram_columns[] = {
	I(size_histogram, site),
	I(size_histogram, size),
	R(size_histogram, blocks),
};
static const struct column life_histogram_columns[] = {
	I(life_histogram, site),
	I(life_histogram, life),
	R(life_histogram, blocks),
};
static const struct column size_life_columns[] = {
	I(size_life, site),
	I(size_life, size),
	I(size_life, life),
	R(size_life, blocks),
	R(size_life, bytes),
};
static const struct column path_cell_columns[] = {
	I(path_cell, site),
	I(path_cell, stack),
	I(path_cell, thread),
	I(path_cell, slice),
	I(path_cell, phase),
	R(path_cell, blocks),
	R(path_cell, bytes),
};
static const struct column timeline_columns[] = {
	I(timeline, run),
	I(timeline, at),
	R(timeline, live_bytes),
	R(timeline, allocations),
	R(timeline, frees),
};
static const struct column process_columns[] = {
	I(process, id),
	I(process, run),
	I(process, number),
	I(process, pid),
	I(process, parent),
	I(process, start_ns),
};

static const struct column site_process_columns[] = {
	I(site_process, site),
	I(site_process, process),
};

static const struct column phase_columns[] = {
	I(phase, id),
	I(phase, run),
	N(phase, name),
	I(phase, entered),
	I(phase, first_ns),
	I(phase, time_ns),
};

static const struct column thread_columns[] = {
	I(thread, id),
	I(thread, run),
	I(thread, number),
	I(thread, process),
	I(thread, pid),
	I(thread, tid),
	I(thread, allocations),
	I(thread, frees),
	I(thread, bytes),
	I(thread, lost),
	N(thread, name),
};
static const struct column thread_pair_columns[] = {
	I(thread_pair, run),
	I(thread_pair, allocating),
	I(thread_pair, freeing),
	R(thread_pair, blocks),
};

#define TABLE(table)                                                                         \
	{                                                                                    \
#table, table##_columns, sizeof(table##_columns) / sizeof(*table##_columns), \
		    sizeof(struct store_##table), false                                      \
	}

static const struct table tables[TABLE_COUNT] = {
	[TABLE_RUN] = TABLE(run),
	[TABLE_MODULE] = TABLE(module),
	[TABLE_FRAME] = TABLE(frame),
	[TABLE_STACK] = { "stack", stack_columns, sizeof(stack_columns) / sizeof(*stack_columns),
	    sizeof(struct store_stack), true },
	[TABLE_SITE] = TABLE(site),
	[TABLE_SITE_CONTEXT] = TABLE(site_context),
	[TABLE_PATH] = TABLE(path),
	[TABLE_FREE_PATH] = TABLE(free_path),
	[TABLE_OWNER] = TABLE(owner),
	[TABLE_SIZE_HISTOGRAM] = TABLE(size_histogram),
	[TABLE_LIFE_HISTOGRAM] = TABLE(life_histogram),
	[TABLE_SIZE_LIFE] = TABLE(size_life),
	[TABLE_PATH_CELL] = TABLE(path_cell),
	[TABLE_TIMELINE] = TABLE(timeline),
	[TABLE_PROCESS] = TABLE(process),
	[TABLE_SITE_PROCESS] = TABLE(site_process),
	[TABLE_PHASE] = TABLE(phase),
	[TABLE_THREAD] = TABLE(thread),
	[TABLE_THREAD_PAIR] = TABLE(thread_pair),
};

/* Rows of a table that has numbers alone, until they are enough for one statement. */
struct store_rows {
	sqlite3_stmt *insert; /* STORE_ROWS of them; NULL: not needed yet */
	char *rows;           /* NULL: it is no such table */
	int count;
	int64_t last_id; /* of a numbered table: given by now */
};

struct store {
	sqlite3 *db;
	sqlite3_stmt *insert[TABLE_COUNT]; /* of one row */
	struct store_rows rows[TABLE_COUNT];
	char *path;
	char *temporary; /* NULL once it is at path */
	struct store_watch watch;
	struct strbuf scratch;
};

static int
store_fail(struct store *store, const char *what, struct err *err)
{
	const char *why = store->db ? sqlite3_errmsg(store->db) : "no memory";

	return err_set(err, "%s: %s: %s", store->path, what, why);
}

static int
store_exec(struct store *store, const char *sql, struct err *err)
{
	if (sqlite3_exec(store->db, sql, NULL, NULL, NULL) != SQLITE_OK)
		return store_fail(store, "cannot write the database", err);
	return 0;
}

/* Columns that sqlite is told: not the id that it gives itself. */
static size_t
table_first(const struct table *table)
{
	return table->numbered ? 1 : 0;
}

static bool
table_is_of_numbers(const struct table *table)
{
	for (size_t i = 0; i < table->count; i++)
		if (table->columns[i].kind > KIND_REAL)
			return false;
	return true;
}

/* The statement that adds so many rows. NULL and err set on failure. */
static sqlite3_stmt *
store_prepare(struct store *store, enum table_number number, int rows, struct err *err)
{
	const struct table *table = &tables[number];
	size_t first = table_first(table);
	sqlite3_stmt *stmt = NULL;
	struct strbuf sql = { 0 };
	int rc;

	strbuf_addf(&sql, "INSERT INTO %s (", table->name);
	for (size_t i = first; i < table->count; i++)
		strbuf_addf(&sql, "%s\"%s\"", i > first ? "," : "", table->columns[i].name);
	strbuf_adds(&sql, ") VALUES ");
	for (int row = 0; row < rows; row++) {
		strbuf_adds(&sql, row > 0 ? ",(" : "(");
		for (size_t i = first; i < table->count; i++)
			strbuf_adds(&sql, i > first ? ",?" : "?");
		strbuf_adds(&sql, ")");
	}
	rc = sqlite3_prepare_v2(store->db, sql.text, -1, &stmt, NULL);
	strbuf_release(&sql);
	if (rc != SQLITE_OK)
		store_fail(store, table->name, err);
	return stmt;
}

static void
store_tell(const struct store *store, const char *temporary)
{
	if (store->watch.temporary != NULL)
		store->watch.temporary(store->watch.data, temporary);
}

/* An empty file of ours beside path; sqlite opens it by its name. */
static int
store_reserve(struct store *store, struct err *err)
{
	const char *here = strchr(store->path, '/') ? "" : "./";
	sigset_t all, before;
	int fd;

	store->temporary = xasprintf("%s%s.XXXXXX", here, store->path);
	/* A signal may end us when its handler knows of the file, not in between. */
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	fd = files_create(store->temporary);
	if (fd >= 0)
		store_tell(store, store->temporary);
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (fd < 0) {
		free(store->temporary);
		store->temporary = NULL;
		return err_set(err, "%s: cannot create: %s", store->path, strerror(errno));
	}
	close(fd);
	return 0;
}

struct store *
store_create(const char *path, const struct store_watch *watch, struct err *err)
{
	struct store *store = xcalloc(1, sizeof(*store));

	store->path = xstrdup(path);
	if (watch != NULL)
		store->watch = *watch;
	if (store_reserve(store, err) < 0)
		goto fail;
	/* Nobody asks how much memory it has; too late, it does no harm. */
	(void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	if (sqlite3_open_v2(store->temporary, &store->db,
		SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK) {
		store_fail(store, "cannot create the database", err);
		goto fail;
	}
	/* A crash loses the temporary file alone, so nothing has to be safe. */
	if (store_exec(store,
		"PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;"
		"PRAGMA locking_mode=EXCLUSIVE; PRAGMA cache_size=-16384;"
		"PRAGMA temp_store=MEMORY;",
		err) < 0 ||
	    store_exec(store, schema, err) < 0 || store_exec(store, "BEGIN", err) < 0)
		goto fail;
	for (int i = 0; i < TABLE_COUNT; i++) {
		store->insert[i] = store_prepare(store, (enum table_number)i, 1, err);
		if (store->insert[i] == NULL)
			goto fail;
		if (table_is_of_numbers(&tables[i]))
			store->rows[i].rows = xreallocarray(NULL, STORE_ROWS, tables[i].size);
	}
	return store;
fail:
	store_free(store);
	return NULL;
}

static void
store_close(struct store *store)
{
	for (int i = 0; i < TABLE_COUNT; i++) {
		sqlite3_finalize(store->insert[i]);
		sqlite3_finalize(store->rows[i].insert);
		free(store->rows[i].rows);
		store->insert[i] = NULL;
		store->rows[i] = (struct store_rows){ 0 };
	}
	sqlite3_close(store->db);
	store->db = NULL;
}

static int
store_sync(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int rc;

	if (fd < 0)
		return -1;
	rc = fsync(fd);
	close(fd);
	return rc;
}

void
store_free(struct store *store)
{
	if (!store)
		return;
	store_close(store);
	if (store->temporary) {
		unlink(store->temporary);
		store_tell(store, NULL);
	}
	free(store->temporary);
	free(store->path);
	strbuf_release(&store->scratch);
	free(store);
}

static uint64_t
text_hash(const char *text, size_t len)
{
	uint64_t hash = 0xcbf29ce484222325U;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ (unsigned char)text[i]) * 0x100000001b3U;
	return hash;
}

static int
bind_text(struct store *store, sqlite3_stmt *stmt, int at, const char *text, bool is_name)
{
	size_t len = strlen(text);
	bool is_long = is_name && len > STORE_NAME_MAX;
	int rc;

	if (!is_long && names_are_plain(text, len))
		return sqlite3_bind_text64(stmt, at, text, len, SQLITE_STATIC, SQLITE_UTF8);
	strbuf_clear(&store->scratch);
	names_escape(&store->scratch, text, is_long ? STORE_NAME_MAX : len);
	if (is_long)
		strbuf_addf(&store->scratch, "~%016llx", (unsigned long long)text_hash(text, len));
	rc = sqlite3_bind_text64(
	    stmt, at, store->scratch.text, store->scratch.len, SQLITE_TRANSIENT, SQLITE_UTF8);
	return rc;
}

static int
bind_column(
    struct store *store, sqlite3_stmt *stmt, int at, const struct column *column, const void *row)
{
	const void *field = (const char *)row + column->offset;
	int64_t number;
	double real;
	const char *text;

	switch (column->kind) {
	case KIND_INT:
	case KIND_INT_OR_NULL:
		memcpy(&number, field, sizeof(number));
		if (column->kind == KIND_INT_OR_NULL && number == STORE_NULL)
			return sqlite3_bind_null(stmt, at);
		return sqlite3_bind_int64(stmt, at, number);
	case KIND_REAL:
		memcpy(&real, field, sizeof(real));
		return sqlite3_bind_double(stmt, at, real);
	case KIND_TEXT:
	case KIND_NAME:
	case KIND_JSON:
	case KIND_TEXT_OR_NULL:
		memcpy(&text, field, sizeof(text));
		if (!text && column->kind == KIND_TEXT_OR_NULL)
			return sqlite3_bind_null(stmt, at);
		text = text ? text : "";
		if (column->kind == KIND_JSON)
			return sqlite3_bind_text(stmt, at, text, -1, SQLITE_STATIC);
		return bind_text(store, stmt, at, text, column->kind == KIND_NAME);
	}
	return SQLITE_MISUSE;
}

/* Adds so many rows, which stand one behind the other, by the statement for them. */
static int
store_step(struct store *store, const struct table *table, sqlite3_stmt *stmt, const void *rows,
    int count, struct err *err)
{
	const char *row = rows;
	int rc = SQLITE_OK, at = 1;

	for (int n = 0; n < count; n++, row += table->size)
		for (size_t i = table_first(table); rc == SQLITE_OK && i < table->count; i++)
			rc = bind_column(store, stmt, at++, &table->columns[i], row);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(stmt);
	if (rc != SQLITE_DONE) {
		store_fail(store, table->name, err);
		sqlite3_reset(stmt);
		return -1;
	}
	sqlite3_reset(stmt);
	return 0;
}

/* The rows that wait. */
static int
store_flush(struct store *store, enum table_number number, struct err *err)
{
	const struct table *table = &tables[number];
	struct store_rows *rows = &store->rows[number];
	int count = rows->count;

	rows->count = 0;
	if (count == STORE_ROWS) {
		if (rows->insert == NULL)
			rows->insert = store_prepare(store, number, STORE_ROWS, err);
		return rows->insert == NULL
		    ? -1
		    : store_step(store, table, rows->insert, rows->rows, count, err);
	}
	for (int i = 0; i < count; i++)
		if (store_step(store, table, store->insert[number],
			rows->rows + (size_t)i * table->size, 1, err) < 0)
			return -1;
	return 0;
}

static int
store_add(struct store *store, enum table_number number, const void *row, struct err *err)
{
	const struct table *table = &tables[number];
	struct store_rows *rows = &store->rows[number];
	int64_t id;

	if (rows->rows == NULL)
		return store_step(store, table, store->insert[number], row, 1, err);
	if (table->numbered) {
		memcpy(&id, row, sizeof(id));
		if (id != ++rows->last_id)
			return err_set(
			    err, "%s: %s: ids are not in order", store->path, table->name);
	}
	memcpy(rows->rows + (size_t)rows->count * table->size, row, table->size);
	return ++rows->count < STORE_ROWS ? 0 : store_flush(store, number, err);
}

int
store_commit(struct store *store, struct err *err)
{
	for (int i = 0; i < TABLE_COUNT; i++)
		if (store_flush(store, (enum table_number)i, err) < 0)
			return -1;
	if (store_exec(store, "COMMIT", err) < 0)
		return -1;
	store_close(store);
	if (store_sync(store->temporary) < 0 || rename(store->temporary, store->path) < 0)
		return err_set(err, "%s: cannot write: %s", store->path, strerror(errno));
	store_tell(store, NULL);
	free(store->temporary);
	store->temporary = NULL;
	return 0;
}

#define ADD(table, TABLE_NUMBER)                                                   \
	int store_add_##table(                                                     \
	    struct store *store, const struct store_##table *row, struct err *err) \
	{                                                                          \
		return store_add(store, TABLE_NUMBER, row, err);                   \
	}

ADD(run, TABLE_RUN)
ADD(module, TABLE_MODULE)
ADD(frame, TABLE_FRAME)
ADD(stack, TABLE_STACK)
ADD(site, TABLE_SITE)
ADD(site_context, TABLE_SITE_CONTEXT)
ADD(path, TABLE_PATH)
ADD(free_path, TABLE_FREE_PATH)
ADD(owner, TABLE_OWNER)
ADD(size_histogram, TABLE_SIZE_HISTOGRAM)
ADD(life_histogram, TABLE_LIFE_HISTOGRAM)
ADD(size_life, TABLE_SIZE_LIFE)
ADD(path_cell, TABLE_PATH_CELL)
ADD(timeline, TABLE_TIMELINE)
ADD(process, TABLE_PROCESS)
ADD(site_process, TABLE_SITE_PROCESS)
ADD(phase, TABLE_PHASE)
ADD(thread, TABLE_THREAD)
ADD(thread_pair, TABLE_THREAD_PAIR)
