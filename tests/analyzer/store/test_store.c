/* Writes databases and reads them back, the hardened way. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <sqlite3.h>

#include "analyzer/store/query.h"
#include "analyzer/store/store.h"
#include "analyzer/util/err.h"
#include "tests/lib/check.h"

static const char *const path = "test_store.db";

static const struct store_module module = { 1, "/bin/a", "", "dwarf", "", "read", "seccomp", "" };

/* Stores a function name and gives back what the database then has. */
static void
name_check(const char *name, const char *expected)
{
	struct err err = { "" };
	struct store *store = store_create(path, NULL, &err);
	struct store_frame frame = {
		.id = 1, .function = name, .symbol = "", .file = "", .module = 1
	};
	struct query_db *db;
	struct query *query;

	CHECK(store != NULL);
	CHECK(store_add_module(store, &module, &err) == 0);
	CHECK(store_add_frame(store, &frame, &err) == 0);
	CHECK(store_commit(store, &err) == 0);
	store_free(store);
	db = query_open(path, &err);
	CHECK(db != NULL);
	query = query_prepare(db, "SELECT function FROM frame", &err);
	CHECK(query != NULL);
	CHECK(query_next(query, &err) == 1);
	CHECK(strcmp(query_text(query, 0), expected) == 0);
	CHECK(query_next(query, &err) == 0);
	query_finish(query);
	query_close(db);
}

static void
test_names(void)
{
	name_check("plain", "plain");
	name_check("", "");
	name_check("\xc3\xa9t\xc3\xa9", "\xc3\xa9t\xc3\xa9");
	name_check("a\xff", "a\\xff");
	name_check("a\\xff", "a\\x5cxff");
	name_check("a\\b", "a\\b");
	name_check("a\\u{41}", "a\\x5cu{41}");
	name_check("\x1b[2J\n\"';--%_", "\x1b[2J\n\"';--%_");
	name_check("\xed\xa0\x80", "\\xed\\xa0\\x80");
	name_check("\xc0\x80", "\\xc0\\x80");
	name_check("\xf0\x9f\x98", "\\xf0\\x9f\\x98");
}

static void
test_long_name(void)
{
	static const char whole[] = "SELECT max(length(function)),"
				    " count(DISTINCT function), min(length(function)) FROM frame";
	char *name = malloc(STORE_NAME_MAX + 100);
	struct err err = { "" };
	struct query_db *db;
	struct query *query;
	struct store *store = store_create(path, NULL, &err);
	struct store_frame frame = { .id = 1, .symbol = "", .file = "" };

	CHECK(name != NULL && store != NULL);
	memset(name, 'n', STORE_NAME_MAX + 99);
	name[STORE_NAME_MAX + 99] = '\0';
	frame.function = name;
	CHECK(store_add_module(store, &module, &err) == 0);
	frame.module = 1;
	CHECK(store_add_frame(store, &frame, &err) == 0);
	name[STORE_NAME_MAX + 98] = 'm';
	frame.id = 2;
	CHECK(store_add_frame(store, &frame, &err) == 0);
	name[STORE_NAME_MAX] = '\0';
	frame.id = 3;
	CHECK(store_add_frame(store, &frame, &err) == 0);
	CHECK(store_commit(store, &err) == 0);
	store_free(store);
	free(name);
	db = query_open(path, &err);
	query = query_prepare(db, whole, &err);
	CHECK(query_next(query, &err) == 1);
	CHECK(query_int(query, 0) == STORE_NAME_MAX + 17);
	CHECK(query_int(query, 1) == 3);
	CHECK(query_int(query, 2) == STORE_NAME_MAX);
	query_finish(query);
	query_close(db);
}

/* Nothing is at the path before the commit, or after none. */
static void
test_commit(void)
{
	struct err err = { "" };
	struct store *store;
	struct stat status;

	unlink(path);
	store = store_create(path, NULL, &err);
	CHECK(store != NULL);
	CHECK(access(path, F_OK) < 0);
	store_free(store);
	CHECK(access(path, F_OK) < 0);
	store = store_create(path, NULL, &err);
	CHECK(store_add_module(store, &module, &err) == 0);
	CHECK(store_add_module(store, &module, &err) < 0);
	CHECK(err.text[0] != '\0');
	CHECK(store_commit(store, &err) == 0);
	store_free(store);
	CHECK(stat(path, &status) == 0);
	CHECK((status.st_mode & 0777) == 0600);
	CHECK(store_create("/nonexistent/x.db", NULL, &err) == NULL);
}

static void
refused(struct query_db *db, const char *sql)
{
	struct err err = { "" };
	struct query *query = query_prepare(db, sql, &err);

	if (query)
		fprintf(stderr, "not refused: %s\n", sql);
	CHECK(query == NULL);
	CHECK(err.text[0] != '\0');
}

/* Rows of numbers are added some at a time: all are there in the end, whether their number
 * is one of full statements or not, and what is wrong with one is told by then. */
static void
test_rows(int count)
{
	struct err err = { "" };
	struct store *store = store_create(path, NULL, &err);
	struct query_db *db;
	struct query *query;

	CHECK(store != NULL);
	for (int i = 1; i <= count; i++) {
		CHECK(
		    store_add_stack(store,
			&(struct store_stack){
			    .id = i, .parent = i / 2, .frame = 7, .depth = 3 * i, .state = i % 3 },
			&err) == 0);
		CHECK(store_add_size_histogram(store,
			  &(struct store_size_histogram){ .site = 1, .size = i, .blocks = i / 4.0 },
			  &err) == 0);
	}
	CHECK(store_commit(store, &err) == 0);
	store_free(store);
	db = query_open(path, &err);
	CHECK(db != NULL);
	query = query_prepare(db,
	    "SELECT count(*), sum(parent = id / 2 AND frame = 7 AND depth = 3 * id AND"
	    " state = id % 3), max(id) FROM stack UNION ALL SELECT count(*), sum(site = 1 AND"
	    " blocks = size / 4.0), max(size) FROM size_histogram",
	    &err);
	CHECK(query != NULL);
	for (int table = 0; table < 2; table++) {
		CHECK(query_next(query, &err) == 1);
		for (int i = 0; i < 3; i++)
			CHECK(query_int(query, i) == count);
	}
	query_finish(query);
	query_close(db);
}

static void
test_wrong_rows(void)
{
	const struct store_size_histogram bin = { .site = 1, .size = 16, .blocks = 1 };
	struct err err = { "" };
	struct store *store = store_create(path, NULL, &err);

	CHECK(store != NULL);
	CHECK(store_add_size_histogram(store, &bin, &err) == 0);
	CHECK(store_add_size_histogram(store, &bin, &err) < 0 || store_commit(store, &err) < 0);
	CHECK(strstr(err.text, "UNIQUE") != NULL);
	store_free(store);
	store = store_create(path, NULL, &err);
	CHECK(store_add_stack(store, &(struct store_stack){ .id = 1, .frame = 1 }, &err) == 0);
	CHECK(store_add_stack(store, &(struct store_stack){ .id = 3, .frame = 1 }, &err) < 0);
	store_free(store);
}

static void
test_refused(void)
{
	struct err err = { "" };
	struct query_db *db = query_open(path, &err);

	CHECK(db != NULL);
	refused(db, "");
	refused(db, "DELETE FROM run");
	refused(db, "UPDATE run SET pid = 1");
	refused(db, "DROP TABLE run");
	refused(db, "CREATE TABLE x (a)");
	refused(db, "CREATE TEMP TABLE x (a)");
	refused(db, "PRAGMA user_version");
	refused(db, "PRAGMA writable_schema = 1");
	refused(db, "ATTACH 'other.db' AS o");
	refused(db, "VACUUM INTO 'other.db'");
	refused(db, "SELECT load_extension('x')");
	refused(db, "SELECT 1; SELECT 2");
	refused(db, "SELECT writefile('x', 'y')");
	refused(db, "SELECT readfile('/etc/passwd')");
	refused(db, "SELECT edit('x')");
	refused(db, "SELECT fts3_tokenizer('simple')");
	refused(db, "SELECT * FROM sqlite_dbpage");
	refused(db, "SELECT * FROM sqlite_stmt");
	refused(db, "SELECT * FROM generate_series(1, 10)");
	refused(db, "EXPLAIN PRAGMA user_version");
	refused(db, "REINDEX");
	refused(db, "WITH x AS (SELECT 1) DELETE FROM run");
	refused(db, "SELECT * FROM pragma_database_list");
	query_close(db);
}

/* A database in which something else has the name of a table. */
static void
test_impostor(const char *sql)
{
	struct err err = { "" };
	struct store *store = store_create(path, NULL, &err);
	sqlite3 *db;

	CHECK(store_commit(store, &err) == 0);
	store_free(store);
	query_close(query_open(path, &err));
	CHECK_STR(err.text, "");
	CHECK(sqlite3_open(path, &db) == SQLITE_OK);
	CHECK(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK);
	sqlite3_close(db);
	if (query_open(path, &err) != NULL)
		fprintf(stderr, "opened: %s\n", sql);
	CHECK(strstr(err.text, "something else in place of a table") != NULL);
}

static void
test_impostors(void)
{
	test_impostor("DROP TABLE thread_pair; CREATE VIEW thread_pair AS WITH RECURSIVE n(x) AS"
		      " (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x FROM n");
	test_impostor("DROP TABLE thread; CREATE VIRTUAL TABLE thread USING fts5(id)");
	test_impostor("CREATE TRIGGER site AFTER INSERT ON run BEGIN DELETE FROM run; END");
	test_impostor("ALTER TABLE site ADD COLUMN x TEXT AS (zeroblob(1000000))");
	test_impostor("CREATE TABLE other (a, b AS (hex(a)))");
}

static void
test_deadline(void)
{
	struct err err = { "" };
	struct query_db *db = query_open(path, &err);
	struct query *query;

	CHECK(db != NULL);
	query_set_deadline(db, 1);
	query = query_prepare(db,
	    "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n)"
	    " SELECT count(*) FROM n",
	    &err);
	CHECK(query != NULL);
	CHECK(query_next(query, &err) < 0);
	CHECK(strstr(err.text, "more than 1 s") != NULL);
	query_finish(query);
	query_close(db);
}

/* All statements share one deadline: many short ones end, too. */
static void
test_deadline_of_all(void)
{
	struct err err = { "" };
	struct query_db *db = query_open(path, &err);
	time_t end = time(NULL) + 60;
	struct query *query;
	int rc = 1, runs = 0;

	CHECK(db != NULL);
	query_set_deadline(db, 1);
	/* each of a moment, so that a busy machine has time for some */
	while (rc > 0 && time(NULL) < end) {
		query = query_prepare(db,
		    "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n LIMIT 5000)"
		    " SELECT count(*) FROM n",
		    &err);
		rc = query != NULL ? query_next(query, &err) : -1;
		runs += rc > 0;
		query_finish(query);
	}
	CHECK(rc < 0);
	CHECK(runs > 2);
	CHECK(strstr(err.text, "more than 1 s") != NULL);
	/* and what is asked then is not begun again */
	query = query_prepare(db,
	    "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n LIMIT 50000)"
	    " SELECT count(*) FROM n",
	    &err);
	CHECK(query == NULL || query_next(query, &err) < 0);
	query_finish(query);
	query_close(db);
}

/* Rows of one long name that are read until that much text was; their number. */
static uint64_t
read_text(struct query_db *db, struct err *err)
{
	struct query *query = query_prepare(db,
	    "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n LIMIT 20000)"
	    " SELECT f.function FROM n, frame f",
	    err);
	uint64_t bytes = 0;
	int rc = 0;

	CHECK(query != NULL);
	while (query != NULL && (rc = query_next(query, err)) > 0)
		bytes += strlen(query_text(query, 0));
	CHECK(rc < 0);
	query_finish(query);
	return bytes;
}

/* A name that stands everywhere: 128 KiB, 20000 times. */
static void
test_text(void)
{
	char *name = malloc(STORE_NAME_MAX);
	struct err err = { "" };
	struct store *store = store_create(path, NULL, &err);
	struct store_frame frame = { .id = 1, .symbol = "", .file = "", .module = 1 };
	const uint64_t all = UINT64_C(1) << 30;
	struct query_db *db;
	struct stat status;
	uint64_t read;

	CHECK(name != NULL && store != NULL);
	memset(name, 'n', STORE_NAME_MAX - 1);
	name[STORE_NAME_MAX - 1] = '\0';
	frame.function = name;
	CHECK(store_add_module(store, &module, &err) == 0);
	CHECK(store_add_frame(store, &frame, &err) == 0);
	CHECK(store_commit(store, &err) == 0);
	store_free(store);
	free(name);
	db = query_open(path, &err);
	query_set_text(db, 3 << 20);
	CHECK(read_text(db, &err) <= (3 << 20) + STORE_NAME_MAX);
	CHECK(strstr(err.text, "more than 3 MiB of text") != NULL);
	query_close(db);
	/* what holds where nobody says anything */
	CHECK(stat(path, &status) == 0);
	db = query_open(path, &err);
	query_set_deadline(db, 0);
	read = read_text(db, &err);
	CHECK(read > all);
	CHECK(read <= all + 64 * (uint64_t)status.st_size + STORE_NAME_MAX);
	CHECK(strstr(err.text, "MiB of text") != NULL);
	query_close(db);
}

/* What is written to while it is read is told, whatever of it was seen. */
static void
test_changed(void)
{
	struct err err = { "" };
	struct query_db *db = query_open(path, &err);
	struct query *query = query_prepare(db, "SELECT count(*) FROM frame", &err);
	struct timespec times[2] = { { 1, 0 }, { 1, 0 } };

	CHECK(query != NULL && query_next(query, &err) == 1);
	CHECK(utimensat(AT_FDCWD, path, times, 0) == 0);
	CHECK(query_next(query, &err) < 0);
	CHECK(strstr(err.text, "changed while it was read") != NULL);
	query_finish(query);
	query_close(db);
}

static void
write_file(const char *bytes, size_t len)
{
	FILE *file = fopen(path, "wb");

	CHECK(file != NULL);
	CHECK(fwrite(bytes, 1, len, file) == len);
	CHECK(fclose(file) == 0);
}

/* Every cut of a database is refused or read, and breaks nothing. */
static void
test_damaged(void)
{
	static char bytes[1 << 20];
	struct err err = { "" };
	FILE *file = fopen(path, "rb");
	size_t len = fread(bytes, 1, sizeof(bytes), file);

	fclose(file);
	CHECK(len > 4096 && len < sizeof(bytes));
	for (size_t cut = 0; cut < len; cut += 1021) {
		write_file(bytes, cut);
		query_close(query_open(path, &err));
	}
	write_file("SQLite format 3", 16);
	CHECK(query_is_database(path));
	CHECK(query_open(path, &err) == NULL);
	bytes[68] ^= 1; /* application_id */
	write_file(bytes, len);
	CHECK(query_open(path, &err) == NULL);
	CHECK(query_open("/dev/zero", &err) == NULL);
	CHECK(query_open("/", &err) == NULL);
	CHECK(query_open("/nonexistent", &err) == NULL);
}

int
main(void)
{
	test_commit();
	test_rows(1);
	test_rows(32);
	test_rows(33);
	test_rows(1000);
	test_wrong_rows();
	test_refused();
	test_impostors();
	test_commit();
	test_deadline();
	test_deadline_of_all();
	test_names();
	test_text();
	test_changed();
	test_long_name();
	test_damaged();
	unlink(path);
	return check_done();
}
