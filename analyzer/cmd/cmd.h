/*
 * A command is a file cmd_NAME.c that defines `const struct cmd cmd_NAME`, and
 * a line in tables.am. What goes wrong it says once, with the functions below.
 */
#ifndef CMD_CMD_H
#define CMD_CMD_H

#include <stdbool.h>

struct err;

enum cmd_status {
	CMD_OK = 0,
	CMD_FAILED = 1, /* also: `check` or `lint --error` found something */
	CMD_USAGE = 2,
	CMD_RECORD_FAILED = 125, /* record, run: esc itself */
	CMD_NOT_EXECUTABLE = 126,
	CMD_NOT_FOUND = 127,
};

struct option_def; /* options.h */

struct cmd {
	const char *name;
	const char *usage;                /* what follows "esc NAME " */
	const char *summary;              /* one line, a verb first, no full stop */
	const struct option_def *options; /* ended by one without a name */
	/* argv[0] is the command's name; returns the exit status */
	int (*run)(int argc, char **argv);
	/* The operands are a program: options end at the first of them, and
	 * a usage error exits with 125, which no program's status hides. */
	bool program;
};

/* The command of that name, or NULL. */
const struct cmd *cmd_find(const char *name);
/* The at-th command, in the table's order, or NULL behind the last. */
const struct cmd *cmd_at(unsigned at);
/* One line on stderr: `esc: ` and the message, hostile characters escaped. */
void cmd_note(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The same for err's message. Returns CMD_FAILED. */
int cmd_fail(const struct err *err);
/* Flushes stdout: CMD_OK, or CMD_FAILED said on stderr where that failed. */
int cmd_finish(void);

#endif
