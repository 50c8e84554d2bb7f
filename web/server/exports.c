#include "web/server/exports.h"

#include <ctype.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "analyzer/export/export.h"
#include "analyzer/export/tree.h"
#include "analyzer/format/format.h"
#include "analyzer/lint/finding.h"
#include "analyzer/lint/lint.h"
#include "analyzer/report/report.h"
#include "analyzer/store/query.h"
#include "analyzer/util/err.h"
#include "analyzer/util/json.h"
#include "analyzer/util/xalloc.h"
#include "web/server/profile.h"

enum {
	EXPORTS_PROGRAM = 40, /* characters of the program's name */
	EXPORTS_BLOCKS = 10,  /* as esc lint */
	EXPORTS_COLUMNS = 100,
};

static const char exports_lint[] = "lint-";
static const char exports_report[] = "report-";

/* The rest of name behind prefix, or NULL. */
static const char *
exports_rest(const char *name, const char *prefix)
{
	size_t len = strlen(prefix);

	return strncmp(name, prefix, len) == 0 ? name + len : NULL;
}

static const struct format *
exports_format(const char *name)
{
	const char *rest = exports_rest(name, exports_report);

	/* text is for terminals: esc report makes a page of it, which no format does */
	return rest && strcmp(rest, "text") != 0 ? format_find(rest) : NULL;
}

static const struct lint *
exports_diagnostics(const char *name)
{
	const char *rest = exports_rest(name, exports_lint);

	return rest ? lint_find(rest) : NULL;
}

/* What of the program's name any file system and any header takes. */
static void
exports_program(const struct profile *profile, char *to)
{
	const struct cell *command = rows_at(profile_run(profile), 0, "command");
	const char *name = command->count > 0 ? command->list[0] : "";
	const char *slash = strrchr(name, '/');
	size_t len = 0;

	for (name = slash ? slash + 1 : name; *name && len < EXPORTS_PROGRAM; name++) {
		unsigned char c = (unsigned char)*name;

		if (c < 0x80 && (isalnum(c) || strchr("._+-", c)))
			to[len++] = (char)c;
	}
	if (len == 0 || to[0] == '.' || to[0] == '-') {
		memmove(to + 1, to, len);
		to[0] = '_';
		len++;
	}
	to[len] = '\0';
}

int
exports_file(const struct profile *profile, const char *name, char *file)
{
	const struct export *export = export_find(name);
	const struct format *format = exports_format(name);
	char program[EXPORTS_PROGRAM + 2];
	const char *ending = "txt";

	if (!export && !format && !exports_diagnostics(name))
		return -1;
	if (export)
		ending = export->extension ? export->extension : "json";
	else if (format)
		ending = strcmp(format->name, "csv") == 0 ? "csv" : "json";
	else if (strcmp(name, "lint-sarif") == 0)
		ending = "sarif";
	exports_program(profile, program);
	(void)snprintf(file, EXPORTS_NAME, "%s.%.40s.%.20s", program, name, ending);
	return 0;
}

static void
exports_entry(const struct profile *profile, const char *prefix, const char *name,
    const char *summary, struct json *json)
{
	char whole[EXPORTS_NAME], file[EXPORTS_NAME];

	(void)snprintf(whole, sizeof(whole), "%s%s", prefix, name);
	if (exports_file(profile, whole, file) < 0)
		return;
	json_begin_object(json);
	json_key(json, "name");
	json_string(json, whole);
	json_key(json, "summary");
	json_string(json, summary);
	json_key(json, "file");
	json_string(json, file);
	json_end_object(json);
}

void
exports_list(const struct profile *profile, FILE *out)
{
	struct json json;

	json_start(&json, out);
	json_begin_array(&json);
	for (size_t i = 0; export_at(i); i++)
		exports_entry(profile, "", export_at(i)->name, export_at(i)->summary, &json);
	for (size_t i = 0; lint_at(i); i++)
		exports_entry(profile, exports_lint, lint_at(i)->name, lint_at(i)->summary, &json);
	for (size_t i = 0; format_at(i); i++)
		exports_entry(
		    profile, exports_report, format_at(i)->name, format_at(i)->summary, &json);
	json_end_array(&json);
}

static int
exports_diagnose(struct profile *profile, const struct lint *lint, struct query_db *db, FILE *out,
    struct err *err)
{
	const struct finding_options wanted = { .verdicts = "stack,buffer,caller,reuse,mixed",
		.paths = profile->paths,
		.min_blocks = EXPORTS_BLOCKS };
	const struct lint_options style = { .paths = profile->paths, .columns = EXPORTS_COLUMNS };
	struct findings findings;
	int rc = findings_load(&findings, db, &wanted, err);

	if (rc == 0) {
		if (lint->top)
			findings_cut(&findings, lint->top);
		lint->write(&style, &findings, out);
	}
	findings_release(&findings);
	return rc;
}

static int
exports_sites(struct profile *profile, const struct format *format, struct query_db *db, FILE *out,
    struct err *err)
{
	struct rows sites = { .columns = NULL };
	const struct format_part parts[] = {
		{ "run", profile_run(profile), true },
		{ "sites", &sites, false },
	};
	const struct format_document document = { "esc-report/1", parts, 2 };
	int rc = report_load(db, report_find("sites"), &sites, err);

	if (rc == 0) {
		rows_show_paths(&sites, "file", profile->paths);
		format->write(&document, out);
	}
	rows_release(&sites);
	return rc;
}

/* The database is locked. */
static int
exports_make(struct profile *profile, const char *name, FILE *out, struct err *err)
{
	const struct export_options options = { .metric = tree_metric_at(0) };
	const struct export *export = export_find(name);
	const struct format *format = exports_format(name);
	const struct lint *lint = exports_diagnostics(name);

	if (export)
		return export->write(&options, profile->db, out, err);
	if (format)
		return exports_sites(profile, format, profile->db, out, err);
	if (lint)
		return exports_diagnose(profile, lint, profile->db, out, err);
	return err_set(err, "no such export");
}

int
exports_write(struct profile *profile, const char *name, FILE *out, struct err *err)
{
	int rc;

	profile_lock(profile);
	rc = exports_make(profile, name, out, err);
	profile_unlock(profile);
	return rc;
}

/* A new one of those of the profile; -1 and err set on failure. */
static int
exports_keep(struct profile *profile, const char *name, struct err *err)
{
	FILE *out = tmpfile();
	struct profile_file *file;
	int fd = -1;

	if (!out)
		return err_set(err, "there is no room for it: %m");
	if (exports_make(profile, name, out, err) == 0) {
		if (fflush(out) == 0 && !ferror(out))
			fd = fcntl(fileno(out), F_DUPFD_CLOEXEC, 0);
		if (fd < 0)
			err_set(err, "there is no room for it: %m");
	}
	fclose(out);
	if (fd < 0)
		return -1;
	file = xcalloc(1, sizeof(*file));
	*file = (struct profile_file){ xstrdup(name), fd, profile->files };
	profile->files = file;
	return fd;
}

int
exports_open(struct profile *profile, const char *name, struct err *err)
{
	const struct profile_file *file;
	int fd;

	profile_lock(profile);
	for (file = profile->files; file && strcmp(file->name, name) != 0; file = file->next)
		;
	fd = file ? file->fd : exports_keep(profile, name, err);
	if (fd >= 0) {
		fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
		if (fd < 0)
			err_set(err, "no descriptors are left: %m");
	}
	profile_unlock(profile);
	return fd;
}
