/* What may stand behind an option's =, for who completes it. */
#ifndef CMD_VALUES_H
#define CMD_VALUES_H

struct cmd;
struct option_def;
struct strbuf;

enum values_kind {
	VALUES_NONE,  /* it takes no value */
	VALUES_ANY,   /* a number, a pattern: nothing to offer */
	VALUES_FILE,  /* a file */
	VALUES_DIR,   /* a folder */
	VALUES_WORDS, /* one of the words */
	VALUES_LIST,  /* some of them, with commas */
	VALUES_KEYS,  /* one of them, a = and what nobody can tell */
};

enum values_operands {
	VALUES_FILES,   /* traces, databases */
	VALUES_COMMAND, /* the name of a program */
	VALUES_PROGRAM, /* the same, and all that is its own behind it */
};

/* The kind of an option's value; its words, with a blank between any two, are added
 * to `words`. They are those that the option's help consists of. */
enum values_kind values_find(const struct option_def *def, struct strbuf *words);
/* What a command's operands are. */
enum values_operands values_operands(const struct cmd *cmd);

#endif
