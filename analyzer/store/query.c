#include "analyzer/store/query.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <sqlite3.h>

#include "analyzer/util/err.h"
#include "analyzer/util/files.h"
#include "analyzer/util/strbuf.h"
#include "analyzer/util/xalloc.h"

enum {
	QUERY_APPLICATION = 0x45534344,
	QUERY_SECONDS = 60,
	QUERY_ARGUMENTS = 16, /* most of a function */
	QUERY_STEPS = 10000,  /* of sqlite's machine between looks at the clock */
	QUERY_SWELL = 64,     /* bytes of text that one of the file may become, and more: */
};
#define QUERY_SWELL_MORE (UINT64_C(1) << 30)

struct query_db {
	sqlite3 *db;
	char *path;
	int fd; /* the file's; -1: it is a copy in memory */
	struct files_stamp stamp;
	unsigned seconds;
	struct timespec started; /* what is at work, by sqlite */
	uint64_t spent_ns;       /* by it before */
	bool is_late;
	uint64_t text_most; /* bytes of text that may be read of it */
	uint64_t text;      /* that were */
};

struct query {
	struct query_db *db;
	sqlite3_stmt *stmt;
};

bool
query_is_database(const char *path)
{
	static const char magic[16] = "SQLite format 3";
	char head[sizeof(magic)];
	/* it may be anything, and then nothing is to wait for it */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat status;
	bool is_ours;

	if (fd < 0)
		return false;
	is_ours = fstat(fd, &status) == 0 && S_ISREG(status.st_mode) &&
	    files_read(fd, 0, head, sizeof(head)) == sizeof(head) &&
	    memcmp(head, magic, sizeof(head)) == 0;
	close(fd);
	return is_ours;
}

static int
query_fail(const struct query_db *db, struct err *err)
{
	if (db->is_late)
		return err_set(err, "%s: it took more than %u s to read it", db->path, db->seconds);
	return err_set(err, "%s: %s", db->path, db->db ? sqlite3_errmsg(db->db) : "no memory");
}

/* What sqlite has worked, in all: whoever reads what comes of it may take his time. */
static uint64_t
query_spent(const struct query_db *db)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return db->spent_ns + (uint64_t)(now.tv_sec - db->started.tv_sec) * 1000000000 +
	    (uint64_t)now.tv_nsec - (uint64_t)db->started.tv_nsec;
}

static int
query_tick(void *data)
{
	struct query_db *db = data;

	db->is_late = db->seconds != 0 && query_spent(db) > db->seconds * UINT64_C(1000000000);
	return db->is_late;
}

/* sqlite begins to work, and ends. */
static void
query_start(struct query_db *db)
{
	clock_gettime(CLOCK_MONOTONIC, &db->started);
}

static void
query_stop(struct query_db *db)
{
	db->spent_ns = query_spent(db);
}

static bool
table_is_ours(const char *name)
{
	static const char *const tables[] = { "run", "module", "frame", "stack", "site",
		"site_context", "path", "free_path", "owner", "size_histogram", "life_histogram",
		"size_life", "path_cell", "timeline", "process", "site_process", "phase", "thread",
		"thread_pair", "sqlite_master", "sqlite_schema", "json_each", "json_tree" };

	for (size_t i = 0; i < sizeof(tables) / sizeof(*tables); i++) {
		if (sqlite3_stricmp(name, tables[i]) == 0)
			return true;
	}
	return false;
}

static int
query_authorize(void *data, int action, const char *first, const char *second, const char *database,
    const char *context)
{
	(void)data;
	(void)database;
	(void)context; /* a view, which is off already, or only a WITH */
	switch (action) {
	case SQLITE_SELECT:
	case SQLITE_RECURSIVE: return SQLITE_OK;
	case SQLITE_READ:
		/* no column: only its rows are counted, it may be a WITH */
		return *second == '\0' || table_is_ours(first) ? SQLITE_OK : SQLITE_DENY;
	case SQLITE_FUNCTION:
		/* these reach outside of the database; the latter tells an address */
		return sqlite3_stricmp(second, "load_extension") == 0 ||
			sqlite3_stricmp(second, "fts3_tokenizer") == 0
		    ? SQLITE_DENY
		    : SQLITE_OK;
	default: return SQLITE_DENY;
	}
}

static int64_t
query_pragma(struct query_db *db, const char *sql)
{
	sqlite3_stmt *stmt = NULL;
	int64_t value = -1;

	if (sqlite3_prepare_v2(db->db, sql, -1, &stmt, NULL) == SQLITE_OK &&
	    sqlite3_step(stmt) == SQLITE_ROW)
		value = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	return value;
}

static bool
query_is_sound(struct query_db *db)
{
	sqlite3_stmt *stmt = NULL;
	bool is_sound = false;

	if (sqlite3_prepare_v2(db->db, "PRAGMA quick_check(1)", -1, &stmt, NULL) == SQLITE_OK &&
	    sqlite3_step(stmt) == SQLITE_ROW)
		is_sound = strcmp((const char *)sqlite3_column_text(stmt, 0), "ok") == 0;
	sqlite3_finalize(stmt);
	return is_sound;
}

/*
 * Our tables are tables: no view, no module's virtual table, no column that is computed
 * when it is read, which could make any amount of text of nothing. The schema is looked
 * at as text first: nothing of it must have been called to be refused.
 */
static bool
query_is_plain(struct query_db *db)
{
	sqlite3_stmt *stmt = NULL;
	bool is_plain = sqlite3_prepare_v2(db->db,
			    "SELECT name, type = 'table' AND rootpage > 0 FROM sqlite_master", -1,
			    &stmt, NULL) == SQLITE_OK;
	int rc = SQLITE_DONE;

	while (is_plain && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
		const unsigned char *name = sqlite3_column_text(stmt, 0);

		is_plain =
		    !name || !table_is_ours((const char *)name) || sqlite3_column_int(stmt, 1) != 0;
	}
	sqlite3_finalize(stmt);
	return is_plain && rc == SQLITE_DONE &&
	    query_pragma(db,
		"SELECT count(*) FROM sqlite_master m, pragma_table_xinfo(m.name) x"
		" WHERE m.type = 'table' AND m.rootpage > 0 AND x.hidden <> 0") == 0;
}

static void
query_limit(struct query_db *db)
{
	static const int limits[][2] = {
		{ SQLITE_LIMIT_LENGTH, 64 << 20 },
		{ SQLITE_LIMIT_SQL_LENGTH, 64 << 10 },
		{ SQLITE_LIMIT_COLUMN, 200 },
		{ SQLITE_LIMIT_EXPR_DEPTH, 200 },
		{ SQLITE_LIMIT_COMPOUND_SELECT, 50 },
		{ SQLITE_LIMIT_VDBE_OP, 50000 },
		{ SQLITE_LIMIT_FUNCTION_ARG, 100 },
		{ SQLITE_LIMIT_ATTACHED, 0 },
		{ SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 1000 },
		{ SQLITE_LIMIT_TRIGGER_DEPTH, 1 },
		{ SQLITE_LIMIT_WORKER_THREADS, 0 },
	};

	for (size_t i = 0; i < sizeof(limits) / sizeof(*limits); i++)
		sqlite3_limit(db->db, limits[i][0], limits[i][1]);
}

/* What one group came to so far. */
struct query_sum {
	int64_t whole;
	double real;
	bool is_any;
	bool is_real;
};

static void
query_sum_step(sqlite3_context *context, int count, sqlite3_value **values)
{
	struct query_sum *sum = sqlite3_aggregate_context(context, sizeof(*sum));
	int type = sqlite3_value_numeric_type(values[0]);
	int64_t whole = sqlite3_value_int64(values[0]);

	(void)count;
	if (!sum || type == SQLITE_NULL)
		return;
	sum->is_any = true;
	sum->is_real |= type != SQLITE_INTEGER;
	sum->real += sqlite3_value_double(values[0]);
	if (__builtin_add_overflow(sum->whole, whole, &sum->whole))
		sum->whole = whole < 0 ? INT64_MIN : INT64_MAX;
}

static void
query_sum_end(sqlite3_context *context)
{
	struct query_sum *sum = sqlite3_aggregate_context(context, 0);

	if (!sum || !sum->is_any)
		sqlite3_result_null(context);
	else if (sum->is_real)
		sqlite3_result_double(context, sum->real);
	else
		sqlite3_result_int64(context, sum->whole);
}

static int
query_check(struct query_db *db, struct err *err)
{
	static const int on[] = { SQLITE_DBCONFIG_DEFENSIVE };
	static const int off[] = { SQLITE_DBCONFIG_TRUSTED_SCHEMA, SQLITE_DBCONFIG_ENABLE_VIEW,
		SQLITE_DBCONFIG_ENABLE_TRIGGER, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION,
		SQLITE_DBCONFIG_DQS_DML, SQLITE_DBCONFIG_DQS_DDL };

	for (size_t i = 0; i < sizeof(on) / sizeof(*on); i++)
		sqlite3_db_config(db->db, on[i], 1, NULL);
	for (size_t i = 0; i < sizeof(off) / sizeof(*off); i++)
		sqlite3_db_config(db->db, off[i], 0, NULL);
	query_limit(db);
	sqlite3_progress_handler(db->db, QUERY_STEPS, query_tick, db);
	if (sqlite3_exec(db->db,
		"PRAGMA cell_size_check=ON; PRAGMA mmap_size=0; PRAGMA temp_store=MEMORY;"
		/* sets them up, which the authorizer would not allow */
		"SELECT 1 FROM json_each('[]'); SELECT 1 FROM json_tree('[]');",
		NULL, NULL, NULL) != SQLITE_OK)
		return query_fail(db, err);
	/* where SQL's own sum() would be an error */
	if (sqlite3_create_function(db->db, "add_up", 1, SQLITE_UTF8 | SQLITE_DIRECTONLY, NULL,
		NULL, query_sum_step, query_sum_end) != SQLITE_OK)
		return query_fail(db, err);
	if (query_pragma(db, "PRAGMA application_id") != QUERY_APPLICATION)
		return err_set(err, "%s: not a database of esc", db->path);
	if (query_pragma(db, "PRAGMA user_version") != QUERY_VERSION)
		return err_set(err,
		    "%s: a database of another version of esc; analyze the "
		    "trace again",
		    db->path);
	if (!query_is_plain(db))
		return db->is_late
		    ? query_fail(db, err)
		    : err_set(
			  err, "%s: the database has something else in place of a table", db->path);
	if (!query_is_sound(db))
		return db->is_late ? query_fail(db, err)
				   : err_set(err, "%s: the database is damaged", db->path);
	sqlite3_set_authorizer(db->db, query_authorize, db);
	return 0;
}

/* What was just opened: limits it, and looks whether it can be ours. */
static int
query_harden(struct query_db *db, struct err *err)
{
	int rc;

	query_start(db);
	rc = query_check(db, err);
	query_stop(db);
	return rc;
}

/* Behind the last row: pages that were read before and after something wrote to the file
 * may be of two databases. */
static int
query_same(const struct query_db *db, struct err *err)
{
	if (db->fd < 0 || !files_changed(db->fd, &db->stamp))
		return 0;
	return err_set(err, "%s: it changed while it was read", db->path);
}

/* immutable: no journal beside the file is believed, no lock is taken; ours are
 * replaced whole and never changed. */
static char *
query_uri(const char *path)
{
	struct strbuf uri = { 0 };

	strbuf_adds(&uri, "file:");
	if (path[0] != '/')
		strbuf_adds(&uri, "./");
	for (; *path; path++) {
		if (isalnum((unsigned char)*path) || strchr("/._-", *path))
			strbuf_add(&uri, path, 1);
		else
			strbuf_addf(&uri, "%%%02X", (unsigned char)*path);
	}
	strbuf_adds(&uri, "?mode=ro&immutable=1");
	return uri.text;
}

/* sqlite opens it again, by its name: what that is now may be anything, and nothing is
 * to wait for it either. */
static int
query_open_quick(const char *path, int flags, int mode)
{
	return open(path, flags | O_NONBLOCK | O_NOCTTY, mode);
}

static int
query_open_file(struct query_db *db, struct err *err)
{
	sqlite3_vfs *files = sqlite3_vfs_find(NULL);
	struct stat status;

	db->fd = open(db->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (db->fd < 0 || fstat(db->fd, &status) < 0)
		return err_set(err, "%s: %m", db->path);
	if (!S_ISREG(status.st_mode))
		return err_set(err, "%s: not a regular file", db->path);
	db->stamp = files_stamp(db->fd);
	if (files && files->iVersion >= 3 && files->xSetSystemCall)
		files->xSetSystemCall(files, "open", (sqlite3_syscall_ptr)query_open_quick);
	return 0;
}

struct query_db *
query_open(const char *path, struct err *err)
{
	struct query_db *db = xcalloc(1, sizeof(*db));
	char *uri;
	int rc;

	db->path = xstrdup(path);
	db->seconds = QUERY_SECONDS;
	if (query_open_file(db, err) < 0) {
		query_close(db);
		return NULL;
	}
	db->text_most = db->stamp.size * QUERY_SWELL + QUERY_SWELL_MORE;
	uri = query_uri(path);
	rc = sqlite3_open_v2(
	    uri, &db->db, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX, NULL);
	free(uri);
	if (rc != SQLITE_OK) {
		query_fail(db, err);
	} else if (query_harden(db, err) == 0) {
		return db;
	}
	query_close(db);
	return NULL;
}

void
query_close(struct query_db *db)
{
	if (!db)
		return;
	sqlite3_close(db->db);
	if (db->fd >= 0)
		close(db->fd);
	free(db->path);
	free(db);
}

/* What stands behind the last slash. */
static void
query_base(sqlite3_context *context, int count, sqlite3_value **values)
{
	const char *path = (const char *)sqlite3_value_text(values[0]);
	const char *slash = path ? strrchr(path, '/') : NULL;

	(void)count;
	sqlite3_result_text(context, slash ? slash + 1 : path ? path : "", -1, SQLITE_TRANSIENT);
}

/* In this order: command is made of exe. VACUUM leaves nothing of what was there. */
static const char anonymise_sql[] =
    "UPDATE run SET exe = base(exe), allocator = base(allocator), trace = '', pid = 0,"
    " start = '1970-01-01T00:00:00.000000000Z', wrappers = '[]', no_wrappers = '[]',"
    " filter = CASE filter WHEN '' THEN '' ELSE 'filtered' END;"
    "UPDATE run SET command = json_array(exe);"
    "UPDATE module SET path = base(path), debug_file = base(debug_file),"
    " note = CASE WHEN instr(note, '/') = 0 THEN note"
    "  ELSE substr(note, 1, instr(note, ': ') + 1) || base(note) END;"
    "UPDATE frame SET file = base(file), function = base_of_nameless(function);"
    "UPDATE thread SET pid = 0, tid = 0;"
    "VACUUM;";

/* A function without a name is called by its file: "/home/me/app+0x12". */
static void
query_base_of_nameless(sqlite3_context *context, int count, sqlite3_value **values)
{
	const char *name = (const char *)sqlite3_value_text(values[0]);
	const char *plus = name ? strrchr(name, '+') : NULL;

	if (plus && strncmp(plus, "+0x", 3) == 0)
		query_base(context, count, values);
	else
		sqlite3_result_value(context, values[0]);
}

/* A copy of all pages in memory, in place of the file. */
static int
query_copy(struct query_db *db, struct err *err)
{
	sqlite3_backup *backup = NULL;
	sqlite3 *copy = NULL;
	int rc;

	if (db->fd < 0)
		return 0;
	rc = sqlite3_open_v2(":memory:", &copy,
	    SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);

	if (rc == SQLITE_OK)
		backup = sqlite3_backup_init(copy, "main", db->db, "main");
	rc = backup ? sqlite3_backup_step(backup, -1) : SQLITE_ERROR;
	if (sqlite3_backup_finish(backup) != SQLITE_OK || rc != SQLITE_DONE) {
		rc = err_set(err, "%s: cannot copy: %s", db->path,
		    copy ? sqlite3_errmsg(copy) : "no memory");
		sqlite3_close(copy);
		return rc;
	}
	sqlite3_close(db->db);
	db->db = copy;
	if (query_same(db, err) < 0)
		return -1;
	close(db->fd);
	db->fd = -1;
	return 0;
}

int
query_detach(struct query_db *db, struct err *err)
{
	if (db->fd < 0)
		return 0;
	if (query_copy(db, err) < 0)
		return -1;
	return query_harden(db, err);
}

int
query_edit(
    struct query_db *db, const char *sql, const char *const *texts, size_t count, struct err *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc;

	sqlite3_set_authorizer(db->db, NULL, NULL);
	query_start(db);
	rc = sqlite3_prepare_v2(db->db, sql, -1, &stmt, NULL);
	for (size_t i = 0; i < count && rc == SQLITE_OK; i++)
		rc = sqlite3_bind_text(stmt, (int)i + 1, texts[i], -1, SQLITE_TRANSIENT);
	if (rc == SQLITE_OK) {
		while ((rc = sqlite3_step(stmt)) == SQLITE_ROW)
			;
	}
	query_stop(db);
	sqlite3_finalize(stmt);
	sqlite3_set_authorizer(db->db, query_authorize, db);
	return rc == SQLITE_DONE ? 0 : query_fail(db, err);
}

int
query_anonymise(struct query_db *db, struct err *err)
{
	if (query_copy(db, err) < 0)
		return -1;
	sqlite3_set_authorizer(db->db, NULL, NULL);
	sqlite3_limit(db->db, SQLITE_LIMIT_ATTACHED, 1); /* VACUUM is made of it */
	sqlite3_db_config(db->db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
	if (sqlite3_create_function(db->db, "base", 1, SQLITE_UTF8, NULL, query_base, NULL, NULL) !=
		SQLITE_OK ||
	    sqlite3_create_function(db->db, "base_of_nameless", 1, SQLITE_UTF8, NULL,
		query_base_of_nameless, NULL, NULL) != SQLITE_OK ||
	    sqlite3_exec(db->db, anonymise_sql, NULL, NULL, NULL) != SQLITE_OK)
		return query_fail(db, err);
	return query_harden(db, err);
}

int
query_save(struct query_db *db, FILE *out, struct err *err)
{
	sqlite3_int64 size = 0;
	unsigned char *bytes;
	int rc = 0;

	/* it asks by a PRAGMA how many pages there are */
	sqlite3_set_authorizer(db->db, NULL, NULL);
	query_start(db);
	bytes = sqlite3_serialize(db->db, "main", &size, 0);
	query_stop(db);
	sqlite3_set_authorizer(db->db, query_authorize, db);
	if (!bytes)
		return query_fail(db, err);
	if (query_same(db, err) < 0) {
		sqlite3_free(bytes);
		return -1;
	}
	if (fwrite(bytes, 1, (size_t)size, out) != (size_t)size)
		rc = err_set(err, "cannot write the database: %m");
	sqlite3_free(bytes);
	return rc;
}

void
query_set_deadline(struct query_db *db, unsigned seconds)
{
	db->seconds = seconds;
}

void
query_set_text(struct query_db *db, uint64_t bytes)
{
	db->text_most = bytes;
}

void
query_count_text(struct query_db *db, uint64_t bytes)
{
	if (__builtin_add_overflow(db->text, bytes, &db->text))
		db->text = UINT64_MAX;
}

void
query_renew(struct query_db *db)
{
	db->spent_ns = 0;
	db->is_late = false;
	db->text = 0;
}

static void
query_call(sqlite3_context *context, int count, sqlite3_value **values)
{
	const struct query_function *function = sqlite3_user_data(context);
	double numbers[QUERY_ARGUMENTS] = { 0 };

	for (int i = 0; i < count && i < QUERY_ARGUMENTS; i++)
		numbers[i] = sqlite3_value_double(values[i]);
	if (function->text)
		sqlite3_result_text(context, function->text(numbers), -1, SQLITE_STATIC);
	else
		sqlite3_result_double(context, function->real(numbers));
}

int
query_add_functions(struct query_db *db, const struct query_function *functions, struct err *err)
{
	for (; functions->name; functions++) {
		if (functions->count > QUERY_ARGUMENTS ||
		    sqlite3_create_function(db->db, functions->name, functions->count,
			SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY, (void *)functions,
			query_call, NULL, NULL) != SQLITE_OK)
			return query_fail(db, err);
	}
	return 0;
}

struct query *
query_prepare(struct query_db *db, const char *sql, struct err *err)
{
	struct query *query;
	sqlite3_stmt *stmt = NULL;
	const char *tail = NULL;
	int rc;

	query_start(db);
	rc = sqlite3_prepare_v2(db->db, sql, -1, &stmt, &tail);
	query_stop(db);
	if (rc != SQLITE_OK) {
		query_fail(db, err);
		return NULL;
	}
	while (tail && (isspace((unsigned char)*tail) || *tail == ';'))
		tail++;
	if (!stmt || (tail && *tail) || !sqlite3_stmt_readonly(stmt) ||
	    sqlite3_column_count(stmt) == 0) {
		sqlite3_finalize(stmt);
		err_set(err, "one SELECT is wanted");
		return NULL;
	}
	query = xcalloc(1, sizeof(*query));
	query->db = db;
	query->stmt = stmt;
	return query;
}

void
query_finish(struct query *query)
{
	if (!query)
		return;
	sqlite3_finalize(query->stmt);
	free(query);
}

void
query_bind_int(struct query *query, int at, int64_t value)
{
	sqlite3_bind_int64(query->stmt, at, value);
}

void
query_bind_text(struct query *query, int at, const char *value)
{
	sqlite3_bind_text(query->stmt, at, value, -1, SQLITE_TRANSIENT);
}

int
query_next(struct query *query, struct err *err)
{
	int rc;

	if (query->db->text > query->db->text_most)
		return err_set(err,
		    "%s: more than %llu MiB of text: a long name was used too often",
		    query->db->path, (unsigned long long)(query->db->text_most >> 20));
	query_start(query->db);
	rc = sqlite3_step(query->stmt);
	query_stop(query->db);
	if (rc == SQLITE_ROW)
		return 1;
	if (query_same(query->db, err) < 0)
		return -1;
	return rc == SQLITE_DONE ? 0 : query_fail(query->db, err);
}

void
query_reset(struct query *query)
{
	sqlite3_reset(query->stmt);
}

int
query_columns(const struct query *query)
{
	return sqlite3_column_count(query->stmt);
}

const char *
query_name(const struct query *query, int column)
{
	const char *name = sqlite3_column_name(query->stmt, column);

	return name ? name : "";
}

enum query_type
query_type(const struct query *query, int column)
{
	switch (sqlite3_column_type(query->stmt, column)) {
	case SQLITE_INTEGER: return QUERY_INT;
	case SQLITE_FLOAT: return QUERY_REAL;
	case SQLITE_NULL: return QUERY_NULL;
	default: return QUERY_TEXT;
	}
}

int64_t
query_int(const struct query *query, int column)
{
	return sqlite3_column_int64(query->stmt, column);
}

double
query_real(const struct query *query, int column)
{
	return sqlite3_column_double(query->stmt, column);
}

const char *
query_text(const struct query *query, int column)
{
	const unsigned char *text = sqlite3_column_text(query->stmt, column);

	query->db->text += (uint64_t)sqlite3_column_bytes(query->stmt, column);
	return text ? (const char *)text : "";
}
