#include "analyzer/report/page_parts.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "analyzer/format/rows.h"
#include "analyzer/report/page.h"
#include "analyzer/util/names.h"
#include "analyzer/util/show.h"
#include "analyzer/util/strbuf.h"

void
page_color(const struct page *page, const char *code)
{
	if (page->is_colored)
		fprintf(page->out, "\033[%sm", code);
}

void
page_title(const struct page *page, const char *title)
{
	fputc('\n', page->out);
	page_color(page, BOLD);
	fputs(title, page->out);
	page_color(page, "0");
	fputc('\n', page->out);
}

const char *page_class_color(enum advice_class class)
{
	switch (class) {
	case ADVICE_SAVE: return "1;32";
	case ADVICE_PART: return "33";
	case ADVICE_KEEP: return "36";
	case ADVICE_OPEN: break;
	}
	return "35";
}

/* Text from outside, harmless, at most `columns` wide; returns its width. */
size_t
page_text(const struct page *page, const char *text, size_t columns)
{
	struct strbuf buf = { 0 };
	size_t width;

	strbuf_adds(&buf, "");
	width = show_text(&buf, text, columns);
	fputs(buf.text, page->out);
	strbuf_release(&buf);
	return width;
}

/* A file as a person names it from here. */
const char *
page_near(const char *path)
{
	static struct strbuf here;
	char real[4096];
	size_t len;

	if (!here.text)
		names_escape(&here, real, getcwd(real, sizeof(real)) ? strlen(real) : 0);
	len = here.len;
	if (len > 1 && strncmp(path, here.text, len) == 0 && path[len] == '/')
		return path + len + 1;
	return path;
}

/* The end of a path, from a slash on if there is one where it fits. */
static void
path_add(struct strbuf *buf, const char *path, size_t columns)
{
	size_t len = strlen(path);
	const char *slash;

	if (len > columns && columns > 0) {
		slash = strchr(path + len - columns, '/');
		if (slash && slash[1])
			path = slash + 1;
	}
	show_tail(buf, path, columns);
}

void
page_path(const struct page *page, const char *path, size_t columns)
{
	struct strbuf buf = { 0 };

	strbuf_adds(&buf, "");
	show_tail(&buf, page_near(path), columns);
	fputs(buf.text, page->out);
	strbuf_release(&buf);
}

/* file:line, or the module in brackets where the file is not known. */
void
page_add_where(
    struct strbuf *buf, const char *file, int64_t line, const char *module, size_t columns)
{
	const char *base = strrchr(module, '/');
	char tail[24] = "";

	if (!*file) {
		base = base ? base + 1 : module;
		strbuf_adds(buf, "(");
		show_text(buf, *base ? base : "??", columns - 2);
		strbuf_adds(buf, ")");
		return;
	}
	if (line > 0)
		snprintf(tail, sizeof(tail), ":%lld", (long long)line);
	if (columns > strlen(tail))
		path_add(buf, page_near(file), columns - strlen(tail));
	strbuf_adds(buf, tail);
}
