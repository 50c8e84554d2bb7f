/* What zsh reads: arguments of _arguments. */
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "analyzer/cmd/cmd.h"
#include "analyzer/cmd/completion.h"
#include "analyzer/cmd/options.h"
#include "analyzer/cmd/values.h"
#include "analyzer/util/strbuf.h"

/* Inside '...[...]': no quote, bracket or colon of its own. */
static void
zsh_text(const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '\'')
			fputs("'\\'", stdout);
		else if (strchr("[]:\\", *text) != NULL)
			putchar('\\');
		putchar(*text);
	}
}

/* What stands behind ":NAME:". */
static void
zsh_values(const struct option_def *def)
{
	struct strbuf words = { 0 };

	switch (values_find(def, &words)) {
	case VALUES_FILE: fputs("_files", stdout); break;
	case VALUES_DIR: fputs("_files -/", stdout); break;
	case VALUES_WORDS: printf("(%s)", words.text); break;
	case VALUES_LIST: printf("_values -s , value %s", words.text); break;
	case VALUES_KEYS: printf("compadd -S = -- %s", words.text); break;
	case VALUES_NONE:
	case VALUES_ANY: putchar(' '); break; /* its name alone, as a message */
	}
	strbuf_release(&words);
}

/* What stands between the name and its value. */
static const char *
zsh_equals(const struct option_def *def)
{
	if (def->argument == NULL)
		return "";
	return def->argument[0] == '[' ? "=-" : "=";
}

/* One that takes a value, in the way that it is written: --name=, or -n. */
static void
zsh_option(const struct option_def *def, bool is_short)
{
	bool is_optional = def->argument != NULL && def->argument[0] == '[';

	fputs(" \\\n\t\t    '", stdout);
	if (strstr(def->help, "repeated") != NULL)
		putchar('*');
	else if (def->key < OPTIONS_KEY)
		printf("(-%c --%s)", def->key, def->name);
	if (is_short)
		printf("-%c%s[", def->key, def->argument != NULL ? "+" : "");
	else
		printf("--%s%s[", def->name, zsh_equals(def));
	zsh_text(def->help);
	putchar(']');
	if (def->argument != NULL) {
		fputs(is_optional ? "::" : ":", stdout);
		zsh_text(def->argument + (is_optional ? 1 : 0));
		putchar(':');
		zsh_values(def);
	}
	putchar('\'');
}

static void
zsh_command(const struct cmd *cmd)
{
	static const char *const operands[] = {
		[VALUES_FILES] = "*:file:_files",
		[VALUES_COMMAND] = "*:program:_command_names -e",
		[VALUES_PROGRAM] = "*:::program:_normal",
	};
	const struct option_def *def;

	/* the options of a program are its own */
	printf("\t%s)\n\t\t_arguments -s -S%s '--help[show what there is]'", cmd->name,
	    cmd->program ? " -A '-*'" : "");
	for (def = cmd->options; def != NULL && def->name != NULL; def++) {
		zsh_option(def, false);
		if (def->key < OPTIONS_KEY)
			zsh_option(def, true);
	}
	printf(" \\\n\t\t    '%s'\n\t\t;;\n", operands[values_operands(cmd)]);
}

void
completion_zsh(void)
{
	const struct cmd *cmd;
	unsigned at;

	/* `commands' is zsh's own, of all programs */
	fputs("#compdef esc\n# made from its option tables\nlocal -a esc_commands\nesc_commands=(",
	    stdout);
	for (at = 0; (cmd = cmd_at(at)) != NULL; at++) {
		printf("\n\t'%s:", cmd->name);
		zsh_text(cmd->summary);
		putchar('\'');
	}
	fputs("\n)\nif (( CURRENT == 2 )); then\n"
	      "\tif [[ $words[2] == -* ]]; then\n"
	      "\t\tcompadd -- --help --version\n\t\treturn\n\tfi\n"
	      "\t_describe -t commands command esc_commands || _files\n\treturn\nfi\n"
	      "local command=$words[2]\n"
	      "shift words\n(( CURRENT-- ))\n"
	      "case $command in\n",
	    stdout);
	for (at = 0; (cmd = cmd_at(at)) != NULL; at++)
		zsh_command(cmd);
	fputs("*) _files ;;\nesac\n", stdout);
}
