#include "tests/fuzz/reused.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/util/files.h"
#include "tests/fuzz/fuzz.h"

enum { REUSED_STATEMENTS = 256, REUSED_FUNCTIONS = 64 };

static struct {
	bool works;
	struct {
		sqlite3 *db;
		char *sql;
		sqlite3_stmt *statement;
		bool used;
	} statements[REUSED_STATEMENTS];
	size_t statement_count;
	struct {
		sqlite3 *db;
		char *name;
		int count;
	} functions[REUSED_FUNCTIONS];
	size_t function_count;
} reused;

void
reused_begin(void)
{
	FUZZ_CHECK(sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0) == SQLITE_OK);
	FUZZ_CHECK(sqlite3_config(SQLITE_CONFIG_SINGLETHREAD) == SQLITE_OK);
}

void
reused_works(bool works)
{
	reused.works = works;
}

int __real_sqlite3_open_v2(const char *path, sqlite3 **db, int flags, const char *files);
int __wrap_sqlite3_open_v2(const char *path, sqlite3 **db, int flags, const char *files);
int __real_sqlite3_prepare_v2(
    sqlite3 *db, const char *sql, int len, sqlite3_stmt **to, const char **tail);
int __wrap_sqlite3_prepare_v2(
    sqlite3 *db, const char *sql, int len, sqlite3_stmt **to, const char **tail);
int __real_sqlite3_finalize(sqlite3_stmt *statement);
int __wrap_sqlite3_finalize(sqlite3_stmt *statement);
typedef void reused_call(sqlite3_context *context, int count, sqlite3_value **values);
int __real_sqlite3_create_function(sqlite3 *db, const char *name, int count, int how, void *data,
    reused_call *call, reused_call *step, void (*end)(sqlite3_context *));
int __wrap_sqlite3_create_function(sqlite3 *db, const char *name, int count, int how, void *data,
    reused_call *call, reused_call *step, void (*end)(sqlite3_context *));
bool __real_files_changed(int fd, const struct files_stamp *since);
bool __wrap_files_changed(int fd, const struct files_stamp *since);

/* A file that is said not to change is never read again. */
int
__wrap_sqlite3_open_v2(const char *path, sqlite3 **db, int flags, const char *files)
{
	const char *immutable = strstr(path, "&immutable=1");
	char *plain;
	int rc;

	if (!reused.works || immutable == NULL)
		return __real_sqlite3_open_v2(path, db, flags, files);
	plain = strndup(path, (size_t)(immutable - path));
	FUZZ_CHECK(plain != NULL);
	rc = __real_sqlite3_open_v2(plain, db, flags, files);
	free(plain);
	return rc;
}

/* It changes here. */
bool
__wrap_files_changed(int fd, const struct files_stamp *since)
{
	return !reused.works && __real_files_changed(fd, since);
}

int
__wrap_sqlite3_prepare_v2(
    sqlite3 *db, const char *sql, int len, sqlite3_stmt **to, const char **tail)
{
	size_t i;
	int rc;

	for (i = 0; reused.works && i < reused.statement_count; i++) {
		if (reused.statements[i].used || reused.statements[i].db != db ||
		    strcmp(reused.statements[i].sql, sql) != 0)
			continue;
		reused.statements[i].used = true;
		*to = reused.statements[i].statement;
		if (tail != NULL)
			*tail = sql + strlen(sql);
		return SQLITE_OK;
	}
	rc = __real_sqlite3_prepare_v2(db, sql, len, to, tail);
	if (!reused.works || rc != SQLITE_OK)
		return rc;
	FUZZ_CHECK(i < REUSED_STATEMENTS && (tail == NULL || **tail == '\0'));
	reused.statements[i].db = db;
	reused.statements[i].sql = strdup(sql);
	reused.statements[i].statement = *to;
	reused.statements[i].used = true;
	reused.statement_count++;
	return rc;
}

int
__wrap_sqlite3_finalize(sqlite3_stmt *statement)
{
	for (size_t i = 0; statement != NULL && i < reused.statement_count; i++) {
		if (reused.statements[i].statement != statement)
			continue;
		reused.statements[i].used = false;
		(void)sqlite3_clear_bindings(statement);
		return sqlite3_reset(statement);
	}
	return __real_sqlite3_finalize(statement);
}

void
reused_end(void)
{
	while (reused.statement_count > 0) {
		reused.statement_count--;
		FUZZ_CHECK(!reused.statements[reused.statement_count].used);
		(void)__real_sqlite3_finalize(reused.statements[reused.statement_count].statement);
		free(reused.statements[reused.statement_count].sql);
	}
	while (reused.function_count > 0)
		free(reused.functions[--reused.function_count].name);
	reused.works = false;
}

/* Made once more, it would make SQLite compile all statements again. */
int
__wrap_sqlite3_create_function(sqlite3 *db, const char *name, int count, int how, void *data,
    reused_call *call, reused_call *step, void (*end)(sqlite3_context *))
{
	size_t i = 0;

	while (i < reused.function_count &&
	    (reused.functions[i].db != db || reused.functions[i].count != count ||
		strcmp(reused.functions[i].name, name) != 0))
		i++;
	if (reused.works && i < reused.function_count)
		return SQLITE_OK;
	if (reused.works) {
		FUZZ_CHECK(i < REUSED_FUNCTIONS);
		reused.functions[i].db = db;
		reused.functions[i].name = strdup(name);
		reused.functions[i].count = count;
		reused.function_count++;
	}
	return __real_sqlite3_create_function(db, name, count, how, data, call, step, end);
}
