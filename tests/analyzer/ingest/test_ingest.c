/* Two traces become one database, whose rows add up. */
#include "analyzer/ingest/ingest.h"

#include <stdlib.h>
#include <unistd.h>

#include "analyzer/store/query.h"
#include "analyzer/util/err.h"
#include "tests/lib/check.h"
#include "tests/lib/mktrace.h"

static char trace[] = "test_ingest.XXXXXX";
static char database[] = "test_ingest.XXXXXX";

static struct query_db *db;

static int64_t
ask(const char *sql)
{
	struct err err = { "" };
	struct query *query = query_prepare(db, sql, &err);
	int64_t value = INT64_MIN;

	if (query != NULL && query_next(query, &err) == 1)
		value = query_int(query, 0);
	if (value == INT64_MIN)
		fprintf(stderr, "%s: %s\n", sql, err.text);
	query_finish(query);
	return value;
}

static void
tell(struct mktrace *to, uint32_t thread, uint64_t time, uint8_t kind, uint32_t stack,
    uint64_t address)
{
	struct event event = { .time = time,
		.kind = kind,
		.stack = stack,
		.address = address,
		.size = kind < ESC_EVENT_FREE ? 24 : 0,
		.has_cost = time % 2 == 0,
		.cost = 50 };

	mktrace_event(to, 1, thread, 0, &event);
}

/* Functions as tests/lib/fake_symbol.c names them. */
static void
write_trace(void)
{
	struct mktrace *to = mktrace_new();
	uint32_t module = mktrace_module(to, "/bin/app");
	uint32_t root = mktrace_node(to, 0, module, 0x101, 0);
	uint32_t body = mktrace_node(to, root, module, 0x1005, 0);
	uint32_t a = mktrace_node(to, body, module, 0x2001, 0);
	uint32_t f = mktrace_node(to, body, module, 0x2009, 0);
	uint32_t keep = mktrace_node(to, body, module, 0x2101, 0);
	uint64_t i;

	for (i = 0; i < 200; i++) {
		tell(to, 1, 2000 + i * 4, ESC_EVENT_MALLOC, a, 4096);
		tell(to, 1, 2001 + i * 4, ESC_EVENT_FREE, f, 4096);
	}
	for (i = 0; i < 10; i++)
		tell(to, 1, 5000 + i, ESC_EVENT_CALLOC, keep, 8192 + i * 32);
	tell(to, 2, 6000, ESC_EVENT_FREE, f, 8192);
	tell(to, 2, 6001, ESC_EVENT_FREE, f, 77776);
	CHECK_EQ(mktrace_write(to, trace), 0);
	mktrace_free(to);
}

static unsigned calls;

static void
count_progress(void *data, double share, uint64_t events)
{
	CHECK(data == &calls);
	CHECK(share > 0 && share <= 1);
	CHECK(events > 0);
	calls++;
}

static void
check_rows(void)
{
	CHECK_EQ(ask("SELECT count(*) FROM run"), 2);
	CHECK_EQ(ask("SELECT sum(allocations) FROM run"), 420);
	CHECK_EQ(ask("SELECT sum(frees) FROM run"), 404);
	CHECK_EQ(ask("SELECT sum(recorded) FROM run"), 420);
	CHECK_EQ(ask("SELECT sum(lost) FROM run"), 0);
	CHECK_EQ(ask("SELECT sum(unmatched_frees) FROM run"), 2);
	CHECK_EQ(ask("SELECT min(complete) FROM run"), 1);
	CHECK_EQ(ask("SELECT max(peak_bytes) FROM run"), 240);
	CHECK_EQ(ask("SELECT count(*) FROM thread"), 4);
	CHECK_EQ(ask("SELECT count(*) FROM site"), 4);
	CHECK_EQ(ask("SELECT count(*) FROM site WHERE verdict = 'stack'"), 2);
	/* but for the one that was freed, they may still be at work */
	CHECK_EQ(ask("SELECT count(*) FROM site WHERE verdict = 'thread'"), 2);
	CHECK_EQ(ask("SELECT min(observed = local + up + thread + live +"
		     " censored + unknown) FROM site"),
	    1);
	CHECK_EQ(ask("SELECT sum(cost_allocate) FROM site"), 420 * 50);
	CHECK_EQ(ask("SELECT count(*) FROM site JOIN frame"
		     " ON frame.id = site.frame WHERE function = 'f32'"),
	    2);
	CHECK_EQ(ask("SELECT count(*) FROM site JOIN stack"
		     " ON stack.id = site.stack WHERE stack.frame = site.frame"),
	    4);
	CHECK_EQ(ask("SELECT sum(blocks) FROM path"), 420);
	/* of each run 200 of 1, one of 1000, and those from 5001 to 5009 on until 6001 */
	CHECK_EQ(ask("SELECT sum(life) FROM path"), 2 * (200 + 1000 + 9 * 1001 - 45));
	CHECK_EQ(ask("SELECT CAST(sum(life_squares) AS INTEGER) FROM path"),
	    2 * (200 + 1000 * 1000 + 9 * 1001 * 1001 - 2 * 1001 * 45 + 285));
	CHECK_EQ(ask("SELECT sum(live_bytes) FROM path"),
	    ask("SELECT sum(bytes) FROM size_life WHERE life < 0"));
	CHECK_EQ(ask("SELECT sum(blocks) FROM free_path"), 402);
	CHECK_EQ(ask("SELECT sum(blocks) FROM owner"), 400);
	CHECK_EQ(ask("SELECT sum(blocks) FROM size_histogram"), 420);
	CHECK_EQ(ask("SELECT sum(blocks) FROM life_histogram"), 402);
	CHECK_EQ(ask("SELECT sum(blocks) FROM thread_pair"), 402);
	CHECK_EQ(ask("SELECT sum(allocations) FROM timeline"), 420);
	CHECK_EQ(ask("SELECT sum(blocks) FROM size_life"), 420);
	CHECK_EQ(ask("SELECT sum(blocks) FROM size_life WHERE life < 0"), 18);
	CHECK_EQ(ask("SELECT sum(blocks) FROM path_cell"), 420);
	CHECK_EQ(ask("SELECT sum(p.blocks = c.blocks AND p.bytes = c.bytes) FROM path AS p JOIN"
		     " (SELECT site, stack, sum(blocks) AS blocks, sum(bytes) AS bytes"
		     " FROM path_cell GROUP BY 1, 2) AS c USING (site, stack)"),
	    ask("SELECT count(*) FROM path"));
	CHECK_EQ(ask("SELECT count(*) FROM path_cell AS c JOIN site AS s ON s.id = c.site"
		     " JOIN thread AS t ON t.id = c.thread AND t.run = s.run"),
	    ask("SELECT count(*) FROM path_cell"));
	CHECK_EQ(ask("SELECT count(*) FROM stack AS s LEFT JOIN frame"
		     " ON frame.id = s.frame WHERE frame.id IS NULL"),
	    0);
	CHECK_EQ(ask("SELECT count(*) FROM stack AS s LEFT JOIN stack AS p"
		     " ON p.id = s.parent WHERE s.parent <> 0 AND"
		     " (p.id IS NULL OR p.depth <> s.depth - 1)"),
	    0);
}

/* A site's small blocks stand for many and cost little, its large ones for themselves
 * alone: 4 calls of 60000 ns and about 4000 of 10, not 4000 of a mean of both. So many more
 * were counted. */
static void
write_sampled(uint64_t more)
{
	struct mktrace *to = mktrace_new();
	uint32_t module = mktrace_module(to, "/bin/app");
	uint32_t root = mktrace_node(to, 0, module, 0x101, 0);
	uint32_t a = mktrace_node(to, root, module, 0x2001, 0);
	uint64_t i;

	mktrace_header(to)->mode = ESC_MODE_SAMPLED;
	mktrace_header(to)->sample_interval = 80000;
	mktrace_header(to)->sample_bias = 64;
	mktrace_header(to)->overflow.allocations = more;
	mktrace_header(to)->overflow.bytes = more * 16;
	for (i = 0; i < 8; i++) {
		struct event event = { .time = 2000 + i,
			.kind = ESC_EVENT_MALLOC,
			.stack = a,
			.address = 4096 + i * 4096,
			.interval = 80000,
			.size = i % 2 == 0 ? 16 : 8000000,
			.has_cost = true,
			.cost = i % 2 == 0 ? 10 : 60000 };

		mktrace_event(to, 1, 1, 0, &event);
	}
	CHECK_EQ(mktrace_write(to, trace), 0);
	mktrace_free(to);
}

static void
check_cost(struct ingest_options *options)
{
	struct err err = { "" };
	int64_t cost;

	write_sampled(3998);
	options->trace_count = 1;
	CHECK_EQ(ingest_run(options, &err), 0);
	CHECK_STR(err.text, "");
	db = query_open(database, &err);
	CHECK(db != NULL);
	if (db == NULL)
		return;
	cost = ask("SELECT CAST(sum(cost_allocate) AS INTEGER) FROM site");
	CHECK(cost > 270000 && cost < 300000);
	CHECK_EQ(ask("SELECT sum(timed) FROM site"), 8);
	query_close(db);
}

/* What all blocks stand for comes to what was counted, wherever it is told. */
static void
check_counted(struct ingest_options *options)
{
	static const char *const blocks[][2] = { { "estimated", "site" }, { "blocks", "path" },
		{ "blocks", "size_histogram" }, { "blocks", "size_life" },
		{ "blocks", "path_cell" }, { "allocations", "timeline" } };
	static const char *const bytes[][2] = { { "bytes", "site" }, { "bytes", "path" },
		{ "bytes", "size_life" }, { "bytes", "path_cell" } };
	struct err err = { "" };
	char sql[128];
	size_t i;

	write_sampled(2992);
	CHECK_EQ(ingest_run(options, &err), 0);
	db = query_open(database, &err);
	CHECK(db != NULL);
	if (db == NULL)
		return;
	for (i = 0; i < sizeof(blocks) / sizeof(*blocks); i++) {
		snprintf(sql, sizeof(sql), "SELECT round(total(%s) * 100) FROM %s", blocks[i][0],
		    blocks[i][1]);
		CHECK_EQ(ask(sql), 300000);
	}
	for (i = 0; i < sizeof(bytes) / sizeof(*bytes); i++) {
		snprintf(sql, sizeof(sql), "SELECT round(total(%s) - 32000000) FROM %s",
		    bytes[i][0], bytes[i][1]);
		CHECK_EQ(ask(sql), 2996 * 16);
	}
	query_close(db);
}

/* Five blocks that realloc takes; of two of them, what it makes is there. */
static void
check_reallocs(struct ingest_options *options, uint8_t mode, int64_t reallocs)
{
	struct mktrace *to = mktrace_new();
	uint32_t module = mktrace_module(to, "/bin/app");
	uint32_t root = mktrace_node(to, 0, module, 0x101, 0);
	uint32_t a = mktrace_node(to, root, module, 0x2001, 0);
	uint32_t f = mktrace_node(to, root, module, 0x2009, 0);
	struct err err = { "" };
	uint64_t i;

	mktrace_header(to)->mode = mode;
	for (i = 0; i < 5; i++) {
		tell(to, 1, 2000 + i * 4, ESC_EVENT_MALLOC, a, 4096);
		tell(to, 1, 2001 + i * 4, ESC_EVENT_GIVE_UP, f, 4096);
		if (i < 2)
			tell(to, 1, 2002 + i * 4, ESC_EVENT_REALLOC, f, 8192 + i * 64);
	}
	CHECK_EQ(mktrace_write(to, trace), 0);
	mktrace_free(to);
	options->trace_count = 1;
	CHECK_EQ(ingest_run(options, &err), 0);
	CHECK_STR(err.text, "");
	db = query_open(database, &err);
	CHECK(db != NULL);
	if (db == NULL)
		return;
	CHECK_EQ(ask("SELECT reallocs FROM site WHERE observed = 5"), reallocs);
	CHECK_EQ(ask("SELECT live FROM site WHERE observed = 5"), 0);
	CHECK_EQ(ask("SELECT reallocs FROM site WHERE observed = 2"), 2);
	query_close(db);
}

int
main(void)
{
	const char *const traces[] = { trace, trace };
	struct ingest_options options = { .traces = traces,
		.trace_count = 2,
		.database = database,
		.progress = count_progress,
		.progress_data = &calls };
	struct err err = { "" };

	CHECK(mkstemp(trace) >= 0);
	CHECK(mkstemp(database) >= 0);
	write_trace();
	CHECK_EQ(ingest_run(&options, &err), 0);
	CHECK_STR(err.text, "");
	CHECK(calls > 0);
	db = query_open(database, &err);
	CHECK(db != NULL);
	if (db != NULL)
		check_rows();
	query_close(db);
	check_cost(&options);
	check_counted(&options);
	check_reallocs(&options, ESC_MODE_FULL, 2);
	check_reallocs(&options, ESC_MODE_SAMPLED, 5);
	unlink(trace);
	CHECK_EQ(ingest_run(&options, &err), -1);
	CHECK(strstr(err.text, trace) != NULL);
	unlink(database);
	return check_done();
}
