#include "analyzer/util/lines.h"

#include <errno.h>
#include <string.h>

#include "analyzer/util/err.h"

void
lines_init(struct lines *lines, FILE *file, const char *name)
{
	*lines = (struct lines){ .file = file, .name = name };
}

int
lines_next(struct lines *lines, const char **text, struct err *err)
{
	int byte;

	lines->number++;
	strbuf_clear(&lines->text);
	strbuf_adds(&lines->text, "");
	while ((byte = getc(lines->file)) != EOF && byte != '\n') {
		char letter = (char)byte;

		if (byte == '\0')
			return err_set(err, "%s:%zu: there is a zero byte: is it a text?",
			    lines->name, lines->number);
		if (lines->text.len >= LINES_LONGEST)
			return err_set(err, "%s:%zu: longer than %d bytes", lines->name,
			    lines->number, LINES_LONGEST);
		strbuf_add(&lines->text, &letter, 1);
	}
	if (ferror(lines->file))
		return err_set(err, "%s: %s", lines->name, strerror(errno));
	/* as some editors and version control leave it */
	if (lines->text.len > 0 && lines->text.text[lines->text.len - 1] == '\r')
		lines->text.text[lines->text.len - 1] = '\0';
	*text = lines->text.text;
	return byte != EOF || lines->text.len > 0;
}

void
lines_release(struct lines *lines)
{
	strbuf_release(&lines->text);
}
