/*
 * The options of a command, from one table: getopt_long, --help and usage
 * errors all follow it.
 *
 *	while ((key = options_next(&cmd_dump, argc, argv)) != OPTIONS_END)
 *		switch (key) { case 'm': path = optarg; break; ... }
 *	operands: argv[optind] .. argv[argc - 1]
 */
#ifndef CMD_OPTIONS_H
#define CMD_OPTIONS_H

#include <stdint.h>

struct cmd;

struct option_def {
	const char *name;     /* long, without its dashes */
	int key;              /* a letter is the short option too; else OPTIONS_KEY + n */
	const char *argument; /* its name; "[NAME]": may be left out; NULL: none */
	/* one of few words: they are listed here, "as what: one, two or three", and the
	 * shells' completions take them from here (values.h) */
	const char *help;
};

enum {
	OPTIONS_END = -1,
	OPTIONS_KEY = 256, /* keys from here on have no short option */
};

/*
 * The key of the next option, its argument in optarg; OPTIONS_END behind the
 * last. Prints --help and exits 0; says what is wrong and exits with
 * options_status().
 */
int options_next(const struct cmd *cmd, int argc, char **argv);
/* CMD_USAGE, or CMD_RECORD_FAILED for a command that runs a program. */
int options_status(const struct cmd *cmd);
/* Says what is wrong with the operands or a value, and exits as above. */
_Noreturn void options_usage(const struct cmd *cmd, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* optarg as a whole number within the bounds; a usage error if it is none. */
uint64_t options_number(const struct cmd *cmd, const char *name, uint64_t low, uint64_t high);
/* The same for a size: K, M, G, T (KiB and so on) may follow. */
uint64_t options_size(const struct cmd *cmd, const char *name, uint64_t low, uint64_t high);
/* optarg, seconds with at most two digits behind the point, in hundredths of one, within
 * the bounds (in hundredths as well). */
uint64_t options_seconds(const struct cmd *cmd, const char *name, uint64_t low, uint64_t high);
/* optarg itself, if it is 0.01 to 100 with at most two digits behind the point. */
const char *options_percent(const struct cmd *cmd, const char *name);

#endif
