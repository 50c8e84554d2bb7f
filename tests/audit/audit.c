/*
 * audit TRACE DATABASE [SITES]
 *
 * What esc says without return marks, held against what it says with them: judges
 * the recorded events of a trace that has marks twice. DATABASE is written as
 * without. Prints a line of numbers, of blocks:
 *
 *   all      recorded
 *   near     the owner is presumed or proved to be at most 3 frames up
 *   decided  of near: marks know the owner
 *   wrong    of near: the owner was gone, it is farther out
 *   said     of near: at sites that, says the verdict, need no heap
 *   farther  of said: as wrong
 *   broken   of farther: so far that the verdict is no advice for them: they are not
 *            freed by the site's function (stack, buffer, mixed), or not within 3
 *            frames (caller, reuse, large)
 *   proved   of near: by the code, without marks
 *   wrong    of these: an error in a proof
 *
 * and, into SITES, a line for each site that a wrong block came from: wrong blocks,
 * proved ones, near ones, verdict, name.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/escape/logical.h"
#include "analyzer/ingest/ingest.h"
#include "analyzer/store/query.h"
#include "analyzer/util/err.h"
#include "analyzer/util/xalloc.h"

enum { FAR = 3 };

struct block {
	uint32_t owner; /* levels outside of it, itself included */
	uint32_t frame; /* of the site; 0: no block began here */
	uint8_t distance, fate;
	bool proved;
};

/* By its frame in the judgement without marks. */
struct site {
	char *name, *verdict;
	bool said, local; /* it needs no heap; as it is freed by the function */
	uint64_t near, wrong, wrong_proved;
};

struct sums {
	uint64_t all, near, decided, wrong, said, farther, broken, proved, proved_wrong;
};

struct audit {
	struct block *blocks[2]; /* by event, without and with marks */
	size_t block_cap[2];
	struct site *sites;
	size_t site_cap;
	int now;
};

static void *
grow(void *array, size_t *cap, size_t need, size_t size)
{
	size_t before = *cap;

	array = xgrow(array, cap, need, size);
	if (*cap > before)
		memset((char *)array + before * size, 0, (*cap - before) * size);
	return array;
}

static void
add(void *data, const struct ingest_block *block)
{
	struct audit *audit = data;
	struct block **blocks = &audit->blocks[audit->now];
	struct site *site;

	*blocks = grow(*blocks, &audit->block_cap[audit->now], block->seq + 1, sizeof(**blocks));
	(*blocks)[block->seq] = (struct block){
		.owner = block->owner_levels < block->site_levels ? block->owner_levels
								  : block->site_levels,
		.frame = block->frame,
		.distance = block->distance > FAR ? FAR + 1 : (uint8_t)block->distance,
		.fate = (uint8_t)block->fate,
		.proved = block->proved,
	};
	if (audit->now != 0)
		return;
	audit->sites =
	    grow(audit->sites, &audit->site_cap, (size_t)block->frame + 1, sizeof(*audit->sites));
	site = &audit->sites[block->frame];
	if (site->name == NULL)
		site->name = xasprintf(
		    "%s %s:%u", block->site->function, block->site->file, block->site->line);
}

static int
judge(struct audit *audit, const char *trace, const char *database, struct err *err)
{
	const char *const traces[] = { trace };
	const struct ingest_options options = {
		.traces = traces,
		.trace_count = 1,
		.database = database,
		.no_marks = audit->now == 0,
		.block = add,
		.block_data = audit,
	};

	return ingest_run(&options, err);
}

static int
read_verdicts(struct audit *audit, const char *database, struct err *err)
{
	static const char *const needless[] = { "stack", "buffer", "mixed", "caller", "reuse",
		"large" };
	struct query_db *db = query_open(database, err);
	struct query *query;
	int status = -1;

	if (db == NULL)
		return -1;
	query = query_prepare(db, "SELECT frame, verdict FROM site", err);
	while (query != NULL && (status = query_next(query, err)) == 1) {
		size_t frame = (size_t)query_int(query, 0);
		const char *verdict = query_text(query, 1);

		if (frame >= audit->site_cap)
			continue;
		audit->sites[frame].verdict = xstrdup(verdict);
		for (size_t i = 0; i < sizeof(needless) / sizeof(*needless); i++)
			if (strcmp(verdict, needless[i]) == 0) {
				audit->sites[frame].said = true;
				audit->sites[frame].local = i < 3;
			}
	}
	query_finish(query);
	query_close(db);
	return status;
}

static bool
is_near(const struct block *block)
{
	return (block->fate == FATE_LOCAL || block->fate == FATE_UP) && block->distance <= FAR;
}

static void
compare_one(
    struct site *site, const struct block *without, const struct block *with, struct sums *sums)
{
	bool freed = with->fate == FATE_LOCAL || with->fate == FATE_UP;
	bool gone = with->fate != FATE_UNKNOWN && (!freed || with->owner < without->owner);

	sums->near++;
	sums->said += site->said;
	sums->proved += without->proved;
	sums->decided += gone || with->proved;
	site->near++;
	if (!gone)
		return;
	sums->wrong++;
	sums->farther += site->said;
	sums->broken += site->said && !(site->local ? with->fate == FATE_LOCAL : is_near(with));
	sums->proved_wrong += without->proved;
	site->wrong++;
	site->wrong_proved += without->proved;
}

static void
compare(const struct audit *audit)
{
	struct sums sums = { .all = 0 };

	for (size_t i = 0; i < audit->block_cap[0] && i < audit->block_cap[1]; i++) {
		const struct block *without = &audit->blocks[0][i], *with = &audit->blocks[1][i];

		sums.all += without->frame != 0;
		if (without->frame != 0 && with->frame != 0 && is_near(without))
			compare_one(&audit->sites[without->frame], without, with, &sums);
	}
	printf("%llu %llu %llu %llu %llu %llu %llu %llu %llu\n", (unsigned long long)sums.all,
	    (unsigned long long)sums.near, (unsigned long long)sums.decided,
	    (unsigned long long)sums.wrong, (unsigned long long)sums.said,
	    (unsigned long long)sums.farther, (unsigned long long)sums.broken,
	    (unsigned long long)sums.proved, (unsigned long long)sums.proved_wrong);
}

static int
write_sites(const struct audit *audit, const char *path)
{
	FILE *file = fopen(path, "w");

	if (file == NULL)
		return -1;
	for (size_t i = 0; i < audit->site_cap; i++) {
		const struct site *site = &audit->sites[i];

		if (site->wrong > 0)
			fprintf(file, "%llu %llu %llu %s %s\n", (unsigned long long)site->wrong,
			    (unsigned long long)site->wrong_proved, (unsigned long long)site->near,
			    site->verdict != NULL ? site->verdict : "?", site->name);
	}
	return fclose(file);
}

int
main(int argc, char **argv)
{
	struct audit audit = { .now = 0 };
	struct err err;
	char *marked;

	if (argc < 3) {
		fprintf(stderr, "usage: audit TRACE DATABASE [SITES]\n");
		return 99;
	}
	marked = xasprintf("%s.marks", argv[2]);
	if (judge(&audit, argv[1], argv[2], &err) != 0 ||
	    read_verdicts(&audit, argv[2], &err) != 0) {
		fprintf(stderr, "audit: %s\n", err.text);
		return 1;
	}
	audit.now = 1;
	if (judge(&audit, argv[1], marked, &err) != 0) {
		fprintf(stderr, "audit: %s\n", err.text);
		return 1;
	}
	compare(&audit);
	return argc > 3 && write_sites(&audit, argv[3]) != 0;
}
