#include "analyzer/store/filter.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/store/query.h"
#include "analyzer/util/err.h"
#include "analyzer/util/strbuf.h"

/* SQL: what stands below a directory is called by that name as well. */
#define FILTER_BASE(path) "replace(" path ", rtrim(" path ", replace(" path ", '/', '')), '')"

/* What a pattern is held against; what a row has of it is one of names. */
static const struct filter_kind {
	const char *key;
	const char *names[2];
	bool is_whole; /* a part is not enough */
} kinds[FILTER_KEYS] = {
	[FILTER_VERDICT] = { "verdict", { "s.verdict" }, true },
	[FILTER_FUNCTION] = { "function", { "f.function" }, false },
	[FILTER_FILE] = { "file", { "f.file", FILTER_BASE("f.file") }, false },
	[FILTER_POOL] = { "pool", { "s.pool" }, true },
	[FILTER_MODULE] = { "module", { "m.path", FILTER_BASE("m.path") }, false },
	[FILTER_THROUGH] = { "through", { "f.function" }, false },
	[FILTER_THREAD] = { "thread", { "t.number" }, true },
	[FILTER_PROCESS] = { "process", { "t.pid" }, true },
	[FILTER_PHASE] = { "phase", { "coalesce(p.name, '')" }, true },
	[FILTER_TIME] = { "time", { NULL }, true },
};

static bool
filter_time(struct filter_one *one)
{
	char *end;

	one->from = 0;
	one->to = INFINITY;
	if (*one->value != '-') {
		one->from = strtod(one->value, &end);
		if (end == one->value || *end != '-')
			return false;
	} else {
		end = (char *)one->value;
	}
	if (end[1] != '\0') {
		const char *to = end + 1;

		one->to = strtod(to, &end);
		if (end == to || *end != '\0')
			return false;
	}
	return one->from >= 0 && one->to > one->from;
}

int
filter_add(struct filter *filter, const char *text, struct err *err)
{
	struct filter_one one = { .text = text };
	const char *equal = strchr(text, '=');
	size_t len = equal ? (size_t)(equal - text) : 0;

	if (len > 0 && text[len - 1] == '!') {
		one.is_not = true;
		len--;
	}
	while (one.key < FILTER_KEYS &&
	    (strlen(kinds[one.key].key) != len || memcmp(kinds[one.key].key, text, len) != 0))
		one.key++;
	if (!equal || one.key == FILTER_KEYS)
		return err_set(
		    err, "a filter is KEY=PATTERN, with KEY one of " FILTER_NAMES ", not %s", text);
	one.value = equal + 1;
	if (strlen(text) > FILTER_TEXT || filter->count == FILTER_MOST)
		return err_set(err, "%d filters of %d bytes at most", FILTER_MOST, FILTER_TEXT);
	if (one.key == FILTER_TIME && (one.is_not || !filter_time(&one)))
		return err_set(
		    err, "time=FROM-TO in seconds, either of them may be left out, not %s", text);
	filter->list[filter->count++] = one;
	return 0;
}

static bool
filter_has(const struct filter *filter, enum filter_key key)
{
	for (size_t i = 0; i < filter->count; i++) {
		if (filter->list[i].key == key)
			return true;
	}
	return false;
}

/* As GLOB takes it. */
static void
filter_pattern(struct strbuf *pattern, const struct filter_one *one)
{
	bool is_part = !kinds[one->key].is_whole && strpbrk(one->value, "*?") == NULL;

	strbuf_adds(pattern, is_part ? "*" : "");
	for (const char *at = one->value; *at; at++)
		strbuf_addf(pattern, *at == '[' ? "[%c]" : "%c", *at);
	strbuf_adds(pattern, is_part ? "*" : "");
}

/* A condition that is about to be made, and what it is bound to. */
struct filter_sql {
	struct strbuf sql;
	struct strbuf patterns[FILTER_MOST];
	const char *texts[FILTER_MOST];
	size_t count;
};

static void
filter_sql_release(struct filter_sql *made)
{
	strbuf_release(&made->sql);
	for (size_t i = 0; i < made->count; i++)
		strbuf_release(&made->patterns[i]);
}

static void
filter_sql_match(struct filter_sql *made, const struct filter_one *one)
{
	const struct filter_kind *kind = &kinds[one->key];

	filter_pattern(&made->patterns[made->count], one);
	made->texts[made->count] = made->patterns[made->count].text;
	made->count++;
	strbuf_addf(&made->sql, "(%s GLOB ?%zu", kind->names[0], made->count);
	if (kind->names[1])
		strbuf_addf(&made->sql, " OR %s GLOB ?%zu", kind->names[1], made->count);
	strbuf_adds(&made->sql, ")");
}

/* AND what one key says. */
static void
filter_sql_add(struct filter_sql *made, const struct filter *filter, enum filter_key key)
{
	const char *join = " AND (";

	for (size_t i = 0; i < filter->count; i++) {
		if (filter->list[i].key != key || filter->list[i].is_not)
			continue;
		strbuf_adds(&made->sql, join);
		filter_sql_match(made, &filter->list[i]);
		join = " OR ";
	}
	strbuf_adds(&made->sql, *join == ' ' && join[1] == 'O' ? ")" : "");
	for (size_t i = 0; i < filter->count; i++) {
		if (filter->list[i].key != key || !filter->list[i].is_not)
			continue;
		strbuf_adds(&made->sql, " AND NOT ");
		filter_sql_match(made, &filter->list[i]);
	}
}

static int
filter_run(struct query_db *db, struct filter_sql *made, struct err *err)
{
	int rc = query_edit(db, made->sql.text, made->texts, made->count, err);

	filter_sql_release(made);
	return rc;
}

static int
filter_edit(struct query_db *db, const char *const *list, size_t count, struct err *err)
{
	int rc = 0;

	for (size_t i = 0; i < count && rc == 0; i++)
		rc = query_edit(db, list[i], NULL, 0, err);
	return rc;
}

#define FILTER_EDIT(db, list, err) filter_edit(db, list, sizeof(list) / sizeof(*(list)), err)

/* Sites by what they are. */
static int
filter_sites(const struct filter *filter, struct query_db *db, struct err *err)
{
	struct filter_sql made = { .count = 0 };

	strbuf_adds(&made.sql,
	    "DELETE FROM site WHERE id NOT IN (SELECT s.id FROM site s"
	    " LEFT JOIN frame f ON f.id = s.frame LEFT JOIN module m ON m.id = f.module"
	    " WHERE 1");
	for (enum filter_key key = FILTER_VERDICT; key <= FILTER_MODULE; key++)
		filter_sql_add(&made, filter, key);
	strbuf_adds(&made.sql, ")");
	return filter_run(db, &made, err);
}

/* What sites and paths came to, before anything of them is taken away. */
static const char *const remember[] = {
	"CREATE TEMP TABLE whole_site AS SELECT site AS id, total(blocks) AS blocks,"
	" total(bytes) AS bytes, total(cost) AS cost, total(local) AS local, total(up) AS up,"
	" total(thread) AS thread, total(live) AS live, total(unknown) AS unknown"
	" FROM path GROUP BY site",
	"CREATE TEMP TABLE whole_path(site, stack, blocks, bytes, PRIMARY KEY (site, stack))"
	" WITHOUT ROWID",
	"INSERT INTO temp.whole_path SELECT site, stack, total(blocks), total(bytes)"
	" FROM path_cell GROUP BY site, stack",
};

/* Paths by what is on their stacks: marks a stack and all inside of it. Of a stack that was
 * put together in a circle nothing is done twice. */
static int
filter_one_through(struct query_db *db, const struct filter_one *one, struct err *err)
{
	struct filter_sql made = { .count = 0 };

	strbuf_addf(&made.sql,
	    "%s INTO temp.passed WITH RECURSIVE hit(id) AS ("
	    "SELECT k.id FROM stack k JOIN frame f ON f.id = k.frame WHERE ",
	    "INSERT OR IGNORE");
	filter_sql_match(&made, one);
	strbuf_adds(&made.sql,
	    " UNION SELECT k.id FROM hit JOIN temp.inside k ON k.parent = hit.id)"
	    " SELECT id FROM hit");
	return filter_run(db, &made, err);
}

static int
filter_through(const struct filter *filter, struct query_db *db, bool is_not, struct err *err)
{
	bool is_any = false;
	int rc = query_edit(db, "DELETE FROM temp.passed", NULL, 0, err);

	for (size_t i = 0; i < filter->count && rc == 0; i++) {
		const struct filter_one *one = &filter->list[i];

		if (one->key != FILTER_THROUGH || one->is_not != is_not)
			continue;
		is_any = true;
		rc = filter_one_through(db, one, err);
	}
	if (rc < 0 || !is_any)
		return rc;
	rc = query_edit(db,
	    is_not ? "DELETE FROM path WHERE stack IN (SELECT id FROM temp.passed)"
		   : "DELETE FROM path WHERE stack NOT IN (SELECT id FROM temp.passed)",
	    NULL, 0, err);
	return rc < 0 ? rc
		      : query_edit(db,
			    is_not ? "DELETE FROM path_cell WHERE stack IN"
				     " (SELECT id FROM temp.passed)"
				   : "DELETE FROM path_cell WHERE stack NOT IN"
				     " (SELECT id FROM temp.passed)",
			    NULL, 0, err);
}

static int
filter_paths(const struct filter *filter, struct query_db *db, struct err *err)
{
	static const char *const begin[] = {
		"CREATE TEMP TABLE passed(id INTEGER PRIMARY KEY)",
		"CREATE TEMP TABLE inside(parent, id, PRIMARY KEY (parent, id)) WITHOUT ROWID",
		"INSERT INTO temp.inside SELECT parent, id FROM stack",
	};

	if (FILTER_EDIT(db, begin, err) < 0 || filter_through(filter, db, false, err) < 0)
		return -1;
	return filter_through(filter, db, true, err);
}

/* A range is that of all slices which it touches, as the page has it. Times are told in
 * whole nanoseconds and slices are none, so that one to either side does not count. */
static void
filter_sql_time(struct filter_sql *made, const struct filter *filter)
{
	const char *join = " AND (";

	for (size_t i = 0; i < filter->count; i++) {
		const struct filter_one *one = &filter->list[i];

		if (one->key != FILTER_TIME)
			continue;
		strbuf_addf(&made->sql,
		    "%s((c.slice + 1) * r.slice_ns > %.17g - (r.duration_ns - r.window_ns) + 1",
		    join, one->from * 1e9);
		if (isfinite(one->to))
			strbuf_addf(&made->sql,
			    " AND c.slice * r.slice_ns < %.17g - (r.duration_ns - r.window_ns) - 1",
			    one->to * 1e9);
		strbuf_adds(&made->sql, ")");
		join = " OR ";
	}
	strbuf_adds(&made->sql, join[1] == 'O' ? ")" : "");
}

/* Cells by thread and time, and paths by what is left of theirs. */
static int
filter_cells(const struct filter *filter, struct query_db *db, struct err *err)
{
	static const char *const after[] = {
		"CREATE TEMP TABLE left_path(site, stack, blocks, bytes,"
		" PRIMARY KEY (site, stack)) WITHOUT ROWID",
		"INSERT INTO temp.left_path SELECT site, stack, total(blocks), total(bytes)"
		" FROM path_cell GROUP BY site, stack",
		"DELETE FROM path WHERE NOT EXISTS (SELECT 1 FROM temp.left_path l"
		" WHERE l.site = path.site AND l.stack = path.stack)",
		"UPDATE path SET blocks = l.blocks, bytes = l.bytes,"
		" local = local * l.blocks / w.blocks, up = up * l.blocks / w.blocks,"
		" thread = thread * l.blocks / w.blocks, live = live * l.blocks / w.blocks,"
		" unknown = unknown * l.blocks / w.blocks, cost = cost * l.blocks / w.blocks,"
		" life = life * l.blocks / w.blocks, live_bytes = live_bytes * l.blocks / w.blocks,"
		" life_squares = life_squares * l.blocks / w.blocks,"
		" peak_blocks = peak_blocks * l.blocks / w.blocks,"
		" peak_bytes = peak_bytes * l.blocks / w.blocks"
		" FROM temp.left_path l JOIN temp.whole_path w"
		"  ON w.site = l.site AND w.stack = l.stack"
		" WHERE l.site = path.site AND l.stack = path.stack"
		"  AND w.blocks > 0 AND l.blocks < w.blocks",
	};
	struct filter_sql made = { .count = 0 };

	strbuf_adds(&made.sql,
	    "DELETE FROM path_cell WHERE rowid NOT IN (SELECT c.rowid FROM path_cell c"
	    " JOIN site s ON s.id = c.site JOIN run r ON r.id = s.run"
	    " LEFT JOIN thread t ON t.id = c.thread LEFT JOIN phase p ON p.id = c.phase WHERE 1");
	filter_sql_add(&made, filter, FILTER_THREAD);
	filter_sql_add(&made, filter, FILTER_PROCESS);
	filter_sql_add(&made, filter, FILTER_PHASE);
	filter_sql_time(&made, filter);
	strbuf_adds(&made.sql, ")");
	if (filter_run(db, &made, err) < 0)
		return -1;
	return FILTER_EDIT(db, after, err);
}

/* Of a count by its share: never 0 where there was any. A damaged database has anything. */
static double
filter_part(const double *values)
{
	double part = ceil(values[0] * values[1] - 1e-6);

	return part > 0 && part < 9e18 ? part : 0;
}

static const struct query_function functions[] = {
	{ .name = "filter_part", .count = 2, .real = filter_part },
	{ .name = NULL },
};

#define FILTER_PART(column, share) column " = filter_part(" column ", " share ")"
#define FILTER_REAL(column, share) column " = " column " * " share
#define FILTER_FATE(column) FILTER_PART(column, "p." column "_part")

#define FILTER_FROM_PART(table) " FROM temp.part p WHERE p.id = " table

/* What is said of sites is about the paths that are left of them: their blocks as sums, and
 * their fates, of which paths know estimates; the rest by the part of the blocks that is
 * left. */
/* clang-format off */
static const char *const sum_up[] = {
	"CREATE TEMP TABLE part AS SELECT w.id, coalesce(p.blocks / w.blocks, 0.0) AS part,"
	" coalesce(p.bytes / w.bytes, 0.0) AS bytes_part,"
	" coalesce(p.cost / w.cost, 0.0) AS cost_part,"
	" coalesce(p.local / w.local, 0.0) AS local_part, coalesce(p.up / w.up, 0.0) AS up_part,"
	" coalesce(p.thread / w.thread, 0.0) AS thread_part,"
	" coalesce(p.live / w.live, 0.0) AS live_part,"
	" coalesce(p.unknown / w.unknown, 0.0) AS unknown_part, p.peak_blocks, p.peak_bytes"
	" FROM temp.whole_site w JOIN (SELECT site, total(blocks) AS blocks,"
	"  total(bytes) AS bytes, total(cost) AS cost, total(local) AS local, total(up) AS up,"
	"  total(thread) AS thread, total(live) AS live, total(unknown) AS unknown,"
	"  total(peak_blocks) AS peak_blocks, total(peak_bytes) AS peak_bytes"
	"  FROM path GROUP BY site) p ON p.site = w.id WHERE w.blocks > 0",
	"DELETE FROM site WHERE id NOT IN (SELECT id FROM temp.part)",
	/* 0: of threads that are not known one by one, which may have been in any of them */
	"CREATE TEMP TABLE left_process(site, process, PRIMARY KEY (site, process)) WITHOUT ROWID",
	"INSERT INTO temp.left_process SELECT DISTINCT c.site, coalesce(p.id, 0)"
	" FROM path_cell c LEFT JOIN thread t ON t.id = c.thread"
	" LEFT JOIN process p ON p.run = t.run AND p.number = t.process",
	"DELETE FROM site_process WHERE NOT EXISTS (SELECT 1 FROM temp.left_process l"
	" WHERE l.site = site_process.site AND l.process IN (site_process.process, 0))",
	"DELETE FROM temp.part WHERE part = 1.0",
	"CREATE UNIQUE INDEX temp.part_id ON part(id)",
	"UPDATE site SET " FILTER_REAL("estimated", "p.part") ","
	FILTER_REAL("estimated_low", "p.part") "," FILTER_REAL("estimated_high", "p.part") ","
	FILTER_REAL("bytes", "p.bytes_part") "," FILTER_REAL("bytes_low", "p.bytes_part") ","
	FILTER_REAL("bytes_high", "p.bytes_part") ","
	FILTER_REAL("cost_allocate", "p.cost_part") "," FILTER_REAL("cost_free", "p.cost_part") ","
	"peak_blocks = p.peak_blocks, peak_bytes = p.peak_bytes,"
	FILTER_FATE("local") "," FILTER_FATE("up") "," FILTER_FATE("thread") ","
	FILTER_FATE("live") "," FILTER_FATE("unknown") ","
	FILTER_PART("censored", "p.live_part") "," FILTER_PART("proved", "p.part") ","
	FILTER_PART("inferred", "p.part") "," FILTER_PART("reallocs", "p.part") ","
	FILTER_PART("activations", "p.part") "," FILTER_PART("timed", "p.part")
	FILTER_FROM_PART("site.id"),
	"UPDATE site SET observed = local + up + thread + live + censored + unknown"
	" WHERE id IN (SELECT id FROM temp.part)",
	/* the path that is shown is one of those that are left */
	"UPDATE site SET stack = coalesce((WITH RECURSIVE up(id, depth) AS ("
	" SELECT * FROM (SELECT stack, 0 FROM path WHERE path.site = site.id"
	"  ORDER BY blocks DESC, stack LIMIT 1)"
	" UNION SELECT k.parent, up.depth + 1 FROM up JOIN stack k ON k.id = up.id"
	"  WHERE up.depth < 4096)"
	" SELECT k.id FROM up JOIN stack k ON k.id = up.id WHERE k.frame = site.frame"
	"  ORDER BY up.depth LIMIT 1), stack)"
	" WHERE id IN (SELECT id FROM temp.part)",
	"UPDATE free_path SET " FILTER_REAL("blocks", "p.part") FILTER_FROM_PART("free_path.site"),
	"UPDATE owner SET " FILTER_PART("blocks", "p.part") "," FILTER_PART("proved", "p.part")
	FILTER_FROM_PART("owner.site"),
	"UPDATE size_histogram SET " FILTER_REAL("blocks", "p.part")
	FILTER_FROM_PART("size_histogram.site"),
	"UPDATE life_histogram SET " FILTER_REAL("blocks", "p.part")
	FILTER_FROM_PART("life_histogram.site"),
	"UPDATE size_life SET " FILTER_REAL("blocks", "p.part") ","
	FILTER_REAL("bytes", "p.bytes_part") FILTER_FROM_PART("size_life.site"),
	"UPDATE site_context SET " FILTER_REAL("estimated", "p.part") ","
	FILTER_REAL("bytes", "p.bytes_part") "," FILTER_PART("observed", "p.part") ","
	FILTER_PART("local", "p.part") "," FILTER_PART("up", "p.part") ","
	FILTER_PART("far", "p.part") "," FILTER_PART("thread", "p.part") ","
	FILTER_PART("live", "p.part") "," FILTER_PART("censored", "p.part") ","
	FILTER_PART("unknown", "p.part") "," FILTER_PART("reallocs", "p.part") ","
	FILTER_PART("activations", "p.part") FILTER_FROM_PART("site_context.site"),
};
/* clang-format on */

/* Rows of sites that are no more. */
static const char *const sweep[] = {
	"DELETE FROM path WHERE site NOT IN (SELECT id FROM site)",
	"DELETE FROM path_cell WHERE site NOT IN (SELECT id FROM site)",
	"DELETE FROM free_path WHERE site NOT IN (SELECT id FROM site)",
	"DELETE FROM site_context WHERE site NOT IN (SELECT id FROM site)",
	"DELETE FROM owner WHERE site NOT IN (SELECT id FROM site)",
	"DELETE FROM size_histogram WHERE site NOT IN (SELECT id FROM site)",
	"DELETE FROM life_histogram WHERE site NOT IN (SELECT id FROM site)",
	"DELETE FROM size_life WHERE site NOT IN (SELECT id FROM site)",
	"DELETE FROM site_process WHERE site NOT IN (SELECT id FROM site)",
	"DELETE FROM thread_pair",
};

/* The time line follows times, but nothing else. */
static int
filter_timeline(const struct filter *filter, struct query_db *db, struct err *err)
{
	struct filter_sql made = { .count = 0 };

	strbuf_adds(&made.sql, "DELETE FROM timeline");
	for (size_t i = 0; i < filter->count; i++) {
		const struct filter_one *one = &filter->list[i];

		if (one->key != FILTER_TIME) {
			filter_sql_release(&made);
			return query_edit(db, "DELETE FROM timeline", NULL, 0, err);
		}
		strbuf_addf(
		    &made.sql, "%s NOT (at > %.17g", i == 0 ? " WHERE" : " AND", one->from * 1e9);
		if (isfinite(one->to))
			strbuf_addf(&made.sql, " AND at < %.17g + (SELECT max(slice_ns) FROM run)",
			    one->to * 1e9);
		strbuf_adds(&made.sql, ")");
	}
	return filter_run(db, &made, err);
}

static double
filter_number(struct query_db *db, const char *sql)
{
	struct err err;
	struct query *query = query_prepare(db, sql, &err);
	double number = query && query_next(query, &err) > 0 ? query_real(query, 0) : 0;

	query_finish(query);
	return number;
}

/* In each run, for whoever reads the database later. */
static int
filter_say(const struct filter *filter, struct query_db *db, struct err *err)
{
	struct strbuf text = { 0 };
	const char *texts[1];
	int rc;

	for (size_t i = 0; i < filter->count; i++)
		strbuf_addf(&text, "%s%s", i > 0 ? " " : "", filter->list[i].text);
	texts[0] = text.text;
	rc = query_edit(db,
	    "UPDATE run SET filter = filter || CASE filter WHEN '' THEN '' ELSE ' ' END || ?1",
	    texts, 1, err);
	strbuf_release(&text);
	return rc;
}

/* Blocks by where, by whom and when they were allocated. */
static int
filter_parts(
    const struct filter *filter, struct query_db *db, struct filter_said *said, struct err *err)
{
	bool is_time = filter_has(filter, FILTER_TIME);
	bool is_thread = filter_has(filter, FILTER_THREAD) || filter_has(filter, FILTER_PROCESS);
	bool is_through = filter_has(filter, FILTER_THROUGH);
	bool is_cell = is_time || is_thread || filter_has(filter, FILTER_PHASE);

	if (!is_cell && !is_through)
		return 0;
	if (FILTER_EDIT(db, remember, err) < 0)
		return -1;
	if (is_time)
		said->slice = filter_number(db, "SELECT max(slice_ns) FROM run") / 1e9;
	if (is_through && filter_paths(filter, db, err) < 0)
		return -1;
	if (is_thread)
		said->others =
		    filter_number(db, "SELECT total(blocks) FROM path_cell WHERE thread = 0");
	if (is_cell && filter_cells(filter, db, err) < 0)
		return -1;
	return FILTER_EDIT(db, sum_up, err);
}

int
filter_apply(
    const struct filter *filter, struct query_db *db, struct filter_said *said, struct err *err)
{
	*said = (struct filter_said){ .slice = 0 };
	if (filter->count == 0)
		return 0;
	if (query_detach(db, err) < 0 || query_add_functions(db, functions, err) < 0 ||
	    filter_sites(filter, db, err) < 0 || FILTER_EDIT(db, sweep, err) < 0 ||
	    filter_parts(filter, db, said, err) < 0 || FILTER_EDIT(db, sweep, err) < 0 ||
	    filter_timeline(filter, db, err) < 0)
		return -1;
	return filter_say(filter, db, err);
}
