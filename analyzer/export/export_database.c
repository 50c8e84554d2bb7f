/* The database itself: a file as esc analyze writes it. */
#include "analyzer/export/export.h"
#include "analyzer/store/query.h"

static int
write_database(
    const struct export_options *options, struct query_db *db, FILE *out, struct err *err)
{
	(void)options;
	return query_save(db, out, err);
}

const struct export export_database = {
	.name = "database",
	.extension = "db",
	.summary = "the database, see esc-db(5)",
	.is_binary = true,
	.write = write_database,
};
