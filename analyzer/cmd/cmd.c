#include "analyzer/cmd/cmd.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/util/err.h"
#include "analyzer/util/strbuf.h"
#include "analyzer/util/term.h"

#define X(name) extern const struct cmd cmd_##name;
#include "analyzer/cmd/table.inc"
#undef X

static const struct cmd *const cmd_table[] = {
#define X(name) &cmd_##name,
#include "analyzer/cmd/table.inc"
#undef X
};

const struct cmd *
cmd_at(unsigned at)
{
	if (at >= sizeof(cmd_table) / sizeof(cmd_table[0]))
		return NULL;
	return cmd_table[at];
}

const struct cmd *
cmd_find(const char *name)
{
	const struct cmd *cmd;
	unsigned at;

	for (at = 0; (cmd = cmd_at(at)) != NULL; at++)
		if (strcmp(cmd->name, name) == 0)
			return cmd;
	return NULL;
}

static void
cmd_say(const char *text)
{
	struct strbuf line = { 0 };

	strbuf_adds(&line, "esc: ");
	term_escape(&line, text, strlen(text));
	strbuf_adds(&line, "\n");
	/* one write: the program's own lines may come in between */
	(void)fwrite(line.text, 1, line.len, stderr);
	(void)fflush(stderr);
	strbuf_release(&line);
}

void
cmd_note(const char *format, ...)
{
	va_list args;
	char *text;
	int len;

	va_start(args, format);
	len = vasprintf(&text, format, args);
	va_end(args);
	if (len < 0)
		return;
	cmd_say(text);
	free(text);
}

int
cmd_fail(const struct err *err)
{
	cmd_say(err->text);
	return CMD_FAILED;
}

int
cmd_finish(void)
{
	if (fflush(stdout) == 0 && ferror(stdout) == 0)
		return CMD_OK;
	cmd_note("standard output: %s", strerror(errno));
	return CMD_FAILED;
}
