#include "analyzer/lint/suppressions.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/format/rows.h"
#include "analyzer/report/advice.h"
#include "analyzer/report/report.h"
#include "analyzer/util/err.h"
#include "analyzer/util/lines.h"
#include "analyzer/util/paths.h"
#include "analyzer/util/xalloc.h"

enum { SUPPRESSIONS_MOST = 100000 };

/* Whether text, or where is_open a part of it, is a pattern that has no ^. What follows a
 * star is looked for as early as it can be: then only the last star has to be tried again. */
static bool
is_match(const char *pattern, const char *text, bool is_open)
{
	const char *star = is_open ? pattern : NULL; /* what follows the last one */
	const char *from = text;                     /* where that was tried */

	for (;;) {
		bool is_end = *pattern == '$' && !pattern[1];

		if (*pattern == '*') {
			star = ++pattern;
			from = text;
		} else if (*pattern == '\0' || (is_end && !*text)) {
			return true;
		} else if (*text && *pattern == *text && !is_end) {
			pattern++;
			text++;
		} else if (star && *from) {
			pattern = star;
			text = ++from;
		} else {
			return false;
		}
	}
}

bool
suppressions_find(const char *pattern, const char *text)
{
	return *pattern == '^' ? is_match(pattern + 1, text, false) : is_match(pattern, text, true);
}

/* "esc", or a verdict: 0, and *of is it or NULL; -1: neither. */
static int
type_read(const char *text, size_t len, const char **of)
{
	*of = NULL;
	if (len == 3 && memcmp(text, "esc", 3) == 0)
		return 0;
	for (size_t i = 0; advice_at(i); i++) {
		const char *verdict = advice_at(i)->verdict;

		if (strlen(verdict) == len && memcmp(text, verdict, len) == 0) {
			*of = verdict;
			return 0;
		}
	}
	return -1;
}

static int
line_read(
    struct suppressions *suppressions, const struct lines *lines, const char *text, struct err *err)
{
	size_t len = strlen(text), type = strcspn(text, ":");
	const char *of;

	while (len > 0 && strchr(" \t\r", text[len - 1]))
		len--;
	if (len == 0 || *text == '#')
		return 0;
	if (type >= len || type_read(text, type, &of) < 0)
		return err_set(err,
		    "%s:%zu: begins with no type: esc:PATTERN, or a verdict instead of esc",
		    lines->name, lines->number);
	if (type + 1 == len)
		return err_set(err, "%s:%zu: there is no pattern behind the colon", lines->name,
		    lines->number);
	if (suppressions->count >= SUPPRESSIONS_MOST)
		return err_set(
		    err, "%s: more than %d suppressions", lines->name, SUPPRESSIONS_MOST);
	suppressions->list = xgrow(suppressions->list, &suppressions->cap, suppressions->count + 1,
	    sizeof(*suppressions->list));
	suppressions->list[suppressions->count++] = (struct suppression){
		.text = xstrndup(text, len), .of = of, .pattern = type + 1, .line = lines->number
	};
	return 0;
}

int
suppressions_read(struct suppressions *suppressions, FILE *file, const char *name, struct err *err)
{
	struct lines lines;
	const char *text;
	int rc;

	lines_init(&lines, file, name);
	while ((rc = lines_next(&lines, &text, err)) > 0) {
		rc = line_read(suppressions, &lines, text + strspn(text, " \t"), err);
		if (rc < 0)
			break;
	}
	lines_release(&lines);
	return rc;
}

int
suppressions_load(struct suppressions *suppressions, const char *path, struct err *err)
{
	FILE *file = fopen(path, "re");
	int rc;

	if (!file)
		return err_set(err, "%s: %s", path, strerror(errno));
	rc = suppressions_read(suppressions, file, path, err);
	(void)fclose(file);
	return rc;
}

static bool
frame_is(const struct paths *paths, const struct report_frame *frame, const char *pattern)
{
	char *file;
	bool is;

	if (suppressions_find(pattern, frame->function) ||
	    suppressions_find(pattern, frame->module))
		return true;
	if (!*frame->file)
		return false;
	file = paths_shown(paths, frame->file);
	is = suppressions_find(pattern, file);
	free(file);
	return is;
}

int
suppressions_match(struct suppressions *suppressions, struct query_db *db,
    const struct paths *paths, const struct rows *sites, size_t row, struct err *err)
{
	const char *verdict = rows_text(sites, row, "verdict");
	struct report_frame *frames;
	size_t count;
	int is = 0;

	if (suppressions->count == 0)
		return 0;
	frames = report_stack(db, rows_int(sites, row, ".stack_id"), &count, err);
	if (!frames)
		return -1;
	for (size_t i = 0; i < suppressions->count && !is; i++) {
		struct suppression *one = &suppressions->list[i];

		if (one->of && strcmp(one->of, verdict) != 0)
			continue;
		for (size_t at = 0; at < count && !is; at++)
			is = frame_is(paths, &frames[at], one->text + one->pattern);
		one->is_used = one->is_used || is;
	}
	report_stack_free(frames, count);
	return is;
}

void
suppressions_release(struct suppressions *suppressions)
{
	for (size_t i = 0; i < suppressions->count; i++)
		free(suppressions->list[i].text);
	free(suppressions->list);
	*suppressions = (struct suppressions){ .list = NULL };
}
