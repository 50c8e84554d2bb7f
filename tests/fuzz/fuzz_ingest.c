/*
 * A trace (trace.h) through a whole analysis, with a resolver whose answers stand in the
 * trace (fake_symbol.c): an error, or a database that is whole and counts what the
 * events say.
 */
#include <sqlite3.h>
#include <string.h>
#include <unistd.h>

#include "analyzer/ingest/ingest.h"
#include "analyzer/trace/definitions.h"
#include "analyzer/trace/merge.h"
#include "analyzer/trace/reader.h"
#include "analyzer/util/err.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/trace.h"

struct ingest_sums {
	uint64_t blocks;
};

/* From the events alone. */
static struct ingest_sums
ingest_expect(const char *path)
{
	struct err err = { "" };
	struct reader *reader = reader_open(path, &err);
	struct ingest_sums sums = { 0 };
	struct definitions *definitions;
	struct streams streams;
	struct merge *merge;
	const struct event *event;
	size_t stream;

	FUZZ_CHECK(reader != NULL);
	definitions = definitions_new(reader, NULL);
	streams_init(&streams, reader, definitions);
	merge = merge_new(reader, &streams);
	while ((event = merge_next(merge, &stream)) != NULL)
		sums.blocks += decode_allocates(event->kind);
	merge_free(merge);
	streams_release(&streams);
	definitions_free(definitions);
	reader_free(reader);
	return sums;
}

static int64_t
ingest_ask(sqlite3 *db, const char *sql, bool is_ok)
{
	sqlite3_stmt *statement;
	int64_t number;

	FUZZ_CHECK(sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK);
	FUZZ_CHECK(sqlite3_step(statement) == SQLITE_ROW);
	number = sqlite3_column_int64(statement, 0);
	if (is_ok)
		FUZZ_CHECK(strcmp((const char *)sqlite3_column_text(statement, 0), "ok") == 0);
	sqlite3_finalize(statement);
	return number;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct fuzz_file file;
	static char database[64];
	const char *const traces[] = { file.path };
	struct ingest_options options = {
		.traces = traces, .trace_count = 1, .database = database, .threads = 1
	};
	struct err err = { "" };
	sqlite3 *db;

	(void)fuzz_trace_load(&file, data, size);
	if (database[0] == '\0')
		snprintf(database, sizeof(database), "/dev/shm/fuzz-ingest.%ld.db", (long)getpid());
	if (ingest_run(&options, &err) != 0) {
		FUZZ_CHECK(err.text[0] != '\0' && strchr(err.text, '\n') == NULL);
		FUZZ_CHECK(access(database, F_OK) != 0);
		return 0;
	}
	FUZZ_CHECK(sqlite3_open_v2(database, &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK);
	(void)ingest_ask(db, "PRAGMA integrity_check", true);
	FUZZ_CHECK(ingest_ask(db, "SELECT total(observed) FROM site", false) ==
	    (int64_t)ingest_expect(file.path).blocks);
	sqlite3_close(db);
	unlink(database);
	return 0;
}
