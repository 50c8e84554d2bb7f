#include "web/server/profile.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "analyzer/report/order.h"
#include "analyzer/report/report.h"
#include "analyzer/store/query.h"
#include "analyzer/util/err.h"
#include "analyzer/util/xalloc.h"

enum { PROFILE_DEADLINE = 20 }; /* seconds for a question */

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

const struct rows *
profile_run(const struct profile *profile)
{
	return &profile->info.parts[INFO_RUN];
}
