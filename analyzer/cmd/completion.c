#include "analyzer/cmd/completion.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "analyzer/cmd/cmd.h"
#include "analyzer/cmd/options.h"

/* --- bash --- */

static void
completion_bash_options(const struct cmd *cmd)
{
	const struct option_def *def;

	printf("\t%s) options='--help", cmd->name);
	for (def = cmd->options; def != NULL && def->name != NULL; def++)
		printf(" --%s%s", def->name,
		    def->argument != NULL && def->argument[0] != '[' ? "=" : "");
	fputs("' ;;\n", stdout);
}

static void
completion_bash(void)
{
	const struct cmd *cmd;
	unsigned at;

	fputs("# bash completion for esc; made from its option tables\n"
	      "_esc()\n{\n"
	      "\tlocal current=${COMP_WORDS[COMP_CWORD]} options=\n"
	      "\tlocal commands='--help --version",
	    stdout);
	for (at = 0; (cmd = cmd_at(at)) != NULL; at++)
		printf(" %s", cmd->name);
	fputs("'\n\n\tCOMPREPLY=()\n"
	      "\tif [ \"$COMP_CWORD\" -eq 1 ]; then\n"
	      "\t\tCOMPREPLY=($(compgen -W \"$commands\" -- \"$current\")"
	      " $(compgen -f -- \"$current\"))\n"
	      "\t\treturn\n\tfi\n"
	      "\tcase ${COMP_WORDS[1]} in\n",
	    stdout);
	for (at = 0; (cmd = cmd_at(at)) != NULL; at++)
		completion_bash_options(cmd);
	fputs("\tesac\n"
	      "\tcase $current in\n"
	      "\t-*)\n"
	      "\t\tCOMPREPLY=($(compgen -W \"$options\" -- \"$current\"))\n"
	      "\t\tcase ${COMPREPLY[0]} in *=) compopt -o nospace ;; esac\n"
	      "\t\treturn\n\t\t;;\n\tesac\n"
	      "\tcase ${COMP_WORDS[1]} in\n",
	    stdout);
	for (at = 0; (cmd = cmd_at(at)) != NULL; at++)
		if (cmd->program)
			printf("\t%s) COMPREPLY=($(compgen -c -- "
			       "\"$current\")) ;;\n",
			    cmd->name);
	fputs("\tesac\n"
	      "\tCOMPREPLY+=($(compgen -f -- \"$current\"))\n"
	      "}\ncomplete -o filenames -F _esc esc\n",
	    stdout);
}

/* --- zsh --- */

/* Inside '...[...]': no quote, bracket or colon of its own. */
static void
completion_zsh_text(const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '\'')
			fputs("'\\'", stdout);
		else if (strchr("[]:\\", *text) != NULL)
			putchar('\\');
		putchar(*text);
	}
}

static void
completion_zsh_option(const struct option_def *def)
{
	bool optional = def->argument != NULL && def->argument[0] == '[';

	printf(" \\\n\t\t    '--%s%s[", def->name,
	    def->argument == NULL ? ""
		: optional        ? "=-"
				  : "=");
	completion_zsh_text(def->help);
	putchar(']');
	if (def->argument != NULL) {
		fputs(optional ? "::" : ":", stdout);
		completion_zsh_text(def->argument + (optional ? 1 : 0));
		fputs(":_files", stdout);
	}
	putchar('\'');
}

static void
completion_zsh_command(const struct cmd *cmd)
{
	const struct option_def *def;

	printf("\t%s)\n\t\t_arguments '--help[show what there is]'", cmd->name);
	for (def = cmd->options; def != NULL && def->name != NULL; def++)
		completion_zsh_option(def);
	printf(
	    " \\\n\t\t    '%s'\n\t\t;;\n", cmd->program ? "*:::program:_normal" : "*:file:_files");
}

static void
completion_zsh(void)
{
	const struct cmd *cmd;
	unsigned at;

	fputs("#compdef esc\n# made from its option tables\n"
	      "local -a commands\ncommands=(",
	    stdout);
	for (at = 0; (cmd = cmd_at(at)) != NULL; at++) {
		printf("\n\t'%s:", cmd->name);
		completion_zsh_text(cmd->summary);
		putchar('\'');
	}
	fputs("\n)\nif (( CURRENT == 2 )); then\n"
	      "\t_describe command commands\n\t_files\n\treturn\nfi\n"
	      "local command=$words[2]\n"
	      "shift words\n(( CURRENT-- ))\n"
	      "case $command in\n",
	    stdout);
	for (at = 0; (cmd = cmd_at(at)) != NULL; at++)
		completion_zsh_command(cmd);
	fputs("*) _files ;;\nesac\n", stdout);
}

int
completion_print(const char *shell)
{
	if (strcmp(shell, "bash") == 0)
		completion_bash();
	else if (strcmp(shell, "zsh") == 0)
		completion_zsh();
	else
		return -1;
	return 0;
}
