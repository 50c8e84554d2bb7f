#include "web/server/profile.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "analyzer/report/order.h"
#include "analyzer/report/report.h"
#include "analyzer/store/query.h"
#include "analyzer/util/err.h"
#include "analyzer/util/xalloc.h"

enum { PROFILE_DEADLINE = 20 }; /* seconds for a question */

/* Where a site's row is, and where its file is named. */
struct profile_place {
	const char *file;
	size_t row;
};

static int
profile_place_compare(const void *left, const void *right)
{
	const struct profile_place *one = left, *other = right;
	int order = strcmp(one->file, other->file);

	return order != 0 ? order : (one->row > other->row) - (one->row < other->row);
}

static void
profile_sort_files(struct profile *profile)
{
	const struct rows *sites = &profile->sites;
	struct profile_place *places = xcalloc(sites->count + 1, sizeof(*places));

	profile->by_file = xcalloc(sites->count + 1, sizeof(*profile->by_file));
	for (size_t i = 0; i < sites->count; i++)
		places[i] = (struct profile_place){ rows_text(sites, i, "file"), i };
	qsort(places, sites->count, sizeof(*places), profile_place_compare);
	for (size_t i = 0; i < sites->count; i++)
		profile->by_file[i] = places[i].row;
	free(places);
}

struct profile *
profile_new(struct query_db *db, const char *file, const struct paths *paths, struct err *err)
{
	struct profile *profile = xcalloc(1, sizeof(*profile));

	profile->holders = 1;
	profile->db = db;
	profile->file = xstrdup(file);
	profile->paths = paths;
	pthread_mutex_init(&profile->making, NULL);
	pthread_mutex_init(&profile->lock, NULL);
	if (report_load_plain(db, report_find("sites"), &profile->sites, err) < 0 ||
	    info_load(&profile->info, db, &profile->sites, err) < 0)
		goto fail;
	if (profile_run(profile)->count == 0) {
		err_set(err, "the database holds no run");
		goto fail;
	}
	rows_show_paths(&profile->sites, "file", paths);
	rows_show_paths(&profile->sites, ".owner_file", paths);
	rows_sort(&profile->sites, order_find("cost"));
	profile_sort_files(profile);
	query_set_deadline(db, PROFILE_DEADLINE);
	return profile;
fail:
	profile_drop(profile);
	return NULL;
}

struct profile *
profile_hold(struct profile *profile)
{
	atomic_fetch_add_explicit(&profile->holders, 1, memory_order_relaxed);
	return profile;
}

void
profile_drop(struct profile *profile)
{
	if (!profile || atomic_fetch_sub_explicit(&profile->holders, 1, memory_order_acq_rel) > 1)
		return;
	for (size_t i = 0; i < PROFILE_KEPT; i++) {
		struct profile_kept *kept = profile->kept[i];

		if (kept)
			free(kept->bytes);
		free(kept);
	}
	while (profile->files) {
		struct profile_file *file = profile->files;

		profile->files = file->next;
		close(file->fd);
		free(file->name);
		free(file);
	}
	query_close(profile->db);
	pthread_mutex_destroy(&profile->lock);
	pthread_mutex_destroy(&profile->making);
	info_release(&profile->info);
	rows_release(&profile->sites);
	free(profile->by_file);
	free(profile->file);
	free(profile);
}

struct query_db *
profile_lock(struct profile *profile)
{
	pthread_mutex_lock(&profile->lock);
	query_renew(profile->db);
	return profile->db;
}

void
profile_unlock(struct profile *profile)
{
	pthread_mutex_unlock(&profile->lock);
}

/* How many of them stand in a file before that one; or_same: or in that one. */
static size_t
profile_files_before(const struct profile *profile, const char *file, bool or_same)
{
	size_t low = 0, high = profile->sites.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order =
		    strcmp(rows_text(&profile->sites, profile->by_file[middle], "file"), file);

		if (order < 0 || (or_same && order == 0))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const size_t *
profile_in_file(const struct profile *profile, const char *file, size_t *count)
{
	size_t first = profile_files_before(profile, file, false);

	*count = profile_files_before(profile, file, true) - first;
	return profile->by_file + first;
}

const struct rows *
profile_run(const struct profile *profile)
{
	return &profile->info.parts[INFO_RUN];
}
