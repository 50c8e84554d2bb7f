#include "analyzer/report/snippet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "analyzer/util/paths.h"
#include "analyzer/util/show.h"
#include "analyzer/util/strbuf.h"
#include "analyzer/util/term.h"
#include "analyzer/util/utf8.h"
#include "analyzer/util/xalloc.h"

const char snippet_unread[] =
    "cannot be read, or is private; --source-root or --map-path say where it is";

enum { SNIPPET_FILE = 16 << 20, SNIPPET_TAB = 8, SNIPPET_READ = 64 << 10 };

static FILE *
snippet_open(const struct paths *paths, const char *file, int64_t *changed_s)
{
	struct stat status;
	int fd = paths_open(paths, file);

	if (fd < 0)
		return NULL;
	if (fstat(fd, &status) < 0 || status.st_size > SNIPPET_FILE) {
		close(fd);
		return NULL;
	}
	*changed_s = status.st_mtime;
	return fdopen(fd, "r");
}

char *
snippet_line(const struct paths *paths, const char *name, int64_t line, int64_t *changed_s)
{
	FILE *file;
	char *text = NULL;
	size_t cap = 0;
	ssize_t len = -1;

	if (line <= 0 || line > SNIPPET_FILE || !*name)
		return NULL;
	file = snippet_open(paths, name, changed_s);
	if (!file)
		return NULL;
	for (int64_t i = 0; i < line; i++) {
		len = getline(&text, &cap, file);
		if (len < 0)
			break;
	}
	fclose(file);
	if (len < 0) {
		free(text);
		return NULL;
	}
	if (len > 0 && text[len - 1] == '\n')
		text[--len] = '\0';
	if (len > 0 && text[len - 1] == '\r')
		text[len - 1] = '\0';
	return text;
}

char *
snippet_file(const struct paths *paths, const char *name, size_t *len, int64_t *changed_s)
{
	FILE *file = *name ? snippet_open(paths, name, changed_s) : NULL;
	size_t cap = 0;
	char *text = NULL;
	size_t took;

	*len = 0;
	if (!file)
		return NULL;
	do {
		text = xgrow(text, &cap, *len + SNIPPET_READ + 1, 1);
		took = fread(text + *len, 1, SNIPPET_READ, file);
		*len += took;
	} while (took > 0 && *len <= SNIPPET_FILE);
	text[*len] = '\0';
	fclose(file);
	return text;
}

void
snippet_expand(struct strbuf *to, const char *text, int64_t column, size_t *caret)
{
	size_t at = 0;

	strbuf_adds(to, "");
	for (int64_t byte = 1; text[byte - 1]; byte++) {
		if (byte == column)
			*caret = at;
		if (text[byte - 1] != '\t') {
			strbuf_add(to, text + byte - 1, 1);
			at++;
			continue;
		}
		do
			strbuf_adds(to, " ");
		while (++at % SNIPPET_TAB);
	}
}

bool
snippet_add(struct strbuf *buf, const struct paths *paths, const struct snippet_place *place,
    unsigned columns, int64_t *changed_s)
{
	struct strbuf plain = { 0 };
	size_t caret = SIZE_MAX;
	size_t room = columns > 10 ? columns - 10 : 0;
	size_t indent = 0;
	char *text;

	text = snippet_line(paths, place->file, place->line, changed_s);
	if (!text)
		return false;
	snippet_expand(&plain, text, place->column, &caret);
	/* what is indented far is worth no columns */
	while (plain.text[indent] == ' ')
		indent++;
	indent = indent > SNIPPET_TAB ? indent - SNIPPET_TAB : 0;
	/* a long line: the part with the caret, if only the beginning is ASCII */
	if (caret != SIZE_MAX && caret > indent + room - room / 4)
		indent = caret - room / 2;
	strbuf_addf(buf, "%7lld | ", (long long)place->line);
	show_text(buf, plain.text + indent, room);
	if (caret != SIZE_MAX && caret >= indent && caret - indent < room)
		strbuf_addf(buf, "\n%7s | %*s^", "", (int)(caret - indent), "");
	strbuf_adds(buf, "\n");
	strbuf_release(&plain);
	free(text);
	return true;
}
