#include "analyzer/cmd/values.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "analyzer/cmd/cmd.h"
#include "analyzer/cmd/options.h"
#include "analyzer/report/advice.h"
#include "analyzer/util/strbuf.h"

static bool
values_is_among(const char *argument, const char *const *names)
{
	for (; *names != NULL; names++) {
		if (strcmp(argument, *names) == 0)
			return true;
	}
	return false;
}

/* Whether nothing of a list stands behind its last word. */
static bool
values_is_end(const char *at)
{
	return *at == '\0' || *at == ';' || strncmp(at, " (", 2) == 0;
}

/*
 * "order of the sites: cost, blocks or bytes" is cost, blocks, bytes: what stands behind
 * the last colon, single words with ", " and " or " between; fewer than
 * two are no list, and behind the one after "or" anything may follow.
 */
static bool
values_add_listed(struct strbuf *words, const char *help)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-_";
	const char *at = strrchr(help, ':');
	struct strbuf found = { 0 };
	size_t count = 0;
	size_t len;
	bool is_last = false;
	bool is_behind_or = false;

	at = at != NULL && at[1] == ' ' ? at + 2 : help;
	while (!is_last && (len = strspn(at, letters)) > 0) {
		strbuf_addf(&found, "%s%.*s", count > 0 ? " " : "", (int)len, at);
		count++;
		at += len;
		is_last = is_behind_or || values_is_end(at);
		is_behind_or = strncmp(at, " or ", 4) == 0;
		if (is_behind_or)
			at += 4;
		else if (strncmp(at, ", ", 2) == 0)
			at += 2;
		else
			break;
	}
	if (is_last && count > 1)
		strbuf_adds(words, found.text);
	strbuf_release(&found);
	return is_last && count > 1;
}

enum values_kind
values_find(const struct option_def *def, struct strbuf *words)
{
	static const char *const files[] = { "FILE", "DB", "OUT", NULL };
	static const char *const folders[] = { "DIR", "OLD=NEW", NULL };
	const char *argument = def->argument;

	if (argument == NULL)
		return VALUES_NONE;
	if (strcmp(argument, "V,...") == 0) {
		for (size_t at = 0; advice_at(at) != NULL; at++)
			strbuf_addf(words, "%s%s", at > 0 ? " " : "", advice_at(at)->verdict);
		return VALUES_LIST;
	}
	if (values_is_among(argument, folders))
		return VALUES_DIR;
	if (values_is_among(argument, files))
		return VALUES_FILE;
	if (values_add_listed(words, def->help))
		return strncmp(argument, "KEY=", 4) == 0 ? VALUES_KEYS : VALUES_WORDS;
	return VALUES_ANY;
}

enum values_operands
values_operands(const struct cmd *cmd)
{
	if (cmd->program)
		return VALUES_PROGRAM;
	return strstr(cmd->usage, "PROG") != NULL ? VALUES_COMMAND : VALUES_FILES;
}
