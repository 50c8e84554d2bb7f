/* What bash reads: the tables, and completion.bash, which asks them. */
#include <stddef.h>
#include <stdio.h>

#include "analyzer/cmd/cmd.h"
#include "analyzer/cmd/completion.h"
#include "analyzer/cmd/options.h"
#include "analyzer/cmd/values.h"
#include "analyzer/util/strbuf.h"

static const char rest[] =
#include "analyzer/cmd/completion_bash.inc"
    ;

static void
bash_options(const struct cmd *cmd)
{
	const struct option_def *def;

	printf("\t%s) values='--help", cmd->name);
	for (def = cmd->options; def != NULL && def->name != NULL; def++)
		printf(" --%s%s", def->name,
		    def->argument != NULL && def->argument[0] != '[' ? "=" : "");
	fputs("' ;;\n", stdout);
}

static void
bash_values(const struct cmd *cmd)
{
	static const char *const kinds[] = {
		[VALUES_ANY] = "any",
		[VALUES_FILE] = "files",
		[VALUES_DIR] = "directories",
		[VALUES_WORDS] = "words",
		[VALUES_LIST] = "list",
		[VALUES_KEYS] = "keys",
	};
	const struct option_def *def;
	struct strbuf words = { 0 };
	enum values_kind kind;

	for (def = cmd->options; def != NULL && def->name != NULL; def++) {
		strbuf_clear(&words);
		kind = values_find(def, &words);
		/* one that may be left out stands behind a = or nowhere */
		if (kind == VALUES_NONE || def->argument[0] == '[')
			continue;
		printf("\t'%s --%s'", cmd->name, def->name);
		if (def->key < OPTIONS_KEY)
			printf(" | '%s -%c'", cmd->name, def->key);
		printf(") kind=%s", kinds[kind]);
		if (words.len > 0)
			printf(" values='%s'", words.text);
		fputs(" ;;\n", stdout);
	}
	strbuf_release(&words);
}

void
completion_bash(void)
{
	static const char *const operands[] = {
		[VALUES_FILES] = "files",
		[VALUES_COMMAND] = "command",
		[VALUES_PROGRAM] = "program",
	};
	const struct cmd *cmd;
	unsigned at;

	fputs("# bash completion for esc; made from its option tables\n_esc_commands='", stdout);
	for (at = 0; (cmd = cmd_at(at)) != NULL; at++)
		printf("%s%s", at > 0 ? " " : "", cmd->name);
	fputs("'\n\n_esc_options()\n{\n\tvalues=--help\n\tcase $1 in\n", stdout);
	for (at = 0; (cmd = cmd_at(at)) != NULL; at++)
		bash_options(cmd);
	fputs("\tesac\n}\n\n_esc_operands()\n{\n\toperands=files\n\tcase $1 in\n", stdout);
	for (at = 0; (cmd = cmd_at(at)) != NULL; at++)
		printf("\t%s) operands=%s ;;\n", cmd->name, operands[values_operands(cmd)]);
	fputs("\tesac\n}\n\n_esc_values()\n{\n\tcase $1 in\n", stdout);
	for (at = 0; (cmd = cmd_at(at)) != NULL; at++)
		bash_values(cmd);
	fputs("\tesac\n}\n", stdout);
	fputs(rest, stdout);
}
