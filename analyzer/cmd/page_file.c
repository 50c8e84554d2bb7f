#include "analyzer/cmd/page_file.h"

#include <stdio.h>
#include <string.h>

#include "analyzer/cmd/cmd.h"
#include "analyzer/cmd/filter_options.h"
#include "analyzer/cmd/output.h"
#include "analyzer/cmd/source.h"
#include "web/server/profile.h"
#include "web/server/shelf.h"
#include "web/server/single.h"

struct query_db *
page_file_open(const struct page_file *how, const char *file, struct err *err)
{
	return how->filter ? filter_open(file, how->source, how->filter, err)
			   : source_open(file, how->source, err);
}

int
page_file_read(const struct page_file *how, struct query_db *db, struct shelf *shelf, size_t run,
    const char *file, struct err *err)
{
	struct profile *profile = profile_new(db, file, how->paths, err);

	if (!profile)
		return -1;
	shelf_put(shelf, run, profile);
	return 0;
}

int
page_file_load(
    const struct page_file *how, struct shelf *shelf, size_t run, const char *file, struct err *err)
{
	struct query_db *db = page_file_open(how, file, err);

	return db ? page_file_read(how, db, shelf, run, file, err) : -1;
}

static int
page_file_put(void *data, FILE *out, struct err *err)
{
	return single_write(data, out, err);
}

int
page_file_write(const struct output *output, struct shelf *shelf, struct err *err)
{
	if (strcmp(output->path, "-") == 0)
		return single_write(shelf, stdout, err);
	if (output_whole(output, page_file_put, shelf, err) < 0)
		return -1;
	cmd_note("wrote %s", output->path);
	return 0;
}
