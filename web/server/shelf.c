#include "web/server/shelf.h"

#include <stdlib.h>
#include <string.h>

#include "analyzer/format/cells.h"
#include "analyzer/util/json.h"
#include "analyzer/util/xalloc.h"
#include "web/server/profile.h"

void
shelf_init(struct shelf *shelf)
{
	*shelf = (struct shelf){ .revision = 0 };
	pthread_mutex_init(&shelf->lock, NULL);
}

void
shelf_release(struct shelf *shelf)
{
	for (size_t i = 0; i < SHELF_RUNS; i++) {
		profile_drop(shelf->runs[i]);
		free(shelf->errors[i]);
	}
	pthread_mutex_destroy(&shelf->lock);
}

void
shelf_put(struct shelf *shelf, size_t run, struct profile *profile)
{
	struct profile *old;

	pthread_mutex_lock(&shelf->lock);
	old = shelf->runs[run];
	shelf->runs[run] = profile;
	shelf->revision++;
	pthread_mutex_unlock(&shelf->lock);
	profile_drop(old);
}

struct profile *
shelf_take(struct shelf *shelf, size_t run)
{
	struct profile *found = NULL;

	pthread_mutex_lock(&shelf->lock);
	if (run < SHELF_RUNS && shelf->runs[run])
		found = profile_hold(shelf->runs[run]);
	pthread_mutex_unlock(&shelf->lock);
	return found;
}

void
shelf_tell(struct shelf *shelf, size_t run, bool is_running, const char *error)
{
	pthread_mutex_lock(&shelf->lock);
	shelf->is_running[run] = is_running;
	free(shelf->errors[run]);
	shelf->errors[run] = error ? xstrdup(error) : NULL;
	pthread_mutex_unlock(&shelf->lock);
}

static void
shelf_run(struct json *json, const struct profile *profile)
{
	json_begin_object(json);
	json_key(json, "file");
	json_string(json, profile->file);
	json_key(json, "command");
	cells_write_cell(json, rows_at(profile_run(profile), 0, "command"), COLUMN_LIST);
	json_end_object(json);
}

void
shelf_state(struct shelf *shelf, const char *left_out, FILE *out)
{
	const char *error = NULL;
	bool is_running = false;
	struct json json;

	json_start(&json, out);
	json_begin_object(&json);
	pthread_mutex_lock(&shelf->lock);
	json_key(&json, "revision");
	json_uint(&json, shelf->revision);
	for (size_t i = 0; i < SHELF_RUNS; i++) {
		is_running = is_running || shelf->is_running[i];
		error = error ? error : shelf->errors[i];
	}
	json_key(&json, "running");
	json_bool(&json, is_running);
	if (shelf->view) {
		json_key(&json, "view");
		json_string(&json, shelf->view);
	}
	if (error) {
		json_key(&json, "error");
		json_string(&json, error);
	}
	if (left_out) {
		json_key(&json, "left_out");
		json_string(&json, left_out);
	}
	json_key(&json, "runs");
	json_begin_array(&json);
	for (size_t i = 0; i < SHELF_RUNS; i++) {
		if (shelf->runs[i])
			shelf_run(&json, shelf->runs[i]);
	}
	json_end_array(&json);
	pthread_mutex_unlock(&shelf->lock);
	json_end_object(&json);
}
