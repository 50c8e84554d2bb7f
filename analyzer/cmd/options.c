#include "analyzer/cmd/options.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/cmd/cmd.h"
#include "analyzer/util/strbuf.h"
#include "analyzer/util/xalloc.h"

enum { OPTIONS_HELP = OPTIONS_KEY - 1, OPTIONS_COLUMN = 26, OPTIONS_WIDTH = 79 };

static bool
options_is_letter(int key)
{
	return key > 0 && key < OPTIONS_HELP;
}

static size_t
options_count(const struct cmd *cmd)
{
	size_t count = 0;

	while (cmd->options != NULL && cmd->options[count].name != NULL)
		count++;
	return count;
}

static int
options_has_arg(const struct option_def *def)
{
	if (def->argument == NULL)
		return no_argument;
	return def->argument[0] == '[' ? optional_argument : required_argument;
}

/* getopt's two descriptions; both live as long as the process. */
static struct option *
options_table(const struct cmd *cmd, struct strbuf *letters)
{
	size_t count = options_count(cmd);
	struct option *table = xcalloc(count + 2, sizeof(*table));
	const struct option_def *def;
	size_t i;

	strbuf_adds(letters, cmd->program ? "+:" : ":");
	for (i = 0; i < count; i++) {
		def = &cmd->options[i];
		table[i].name = def->name;
		table[i].has_arg = options_has_arg(def);
		table[i].val = def->key;
		if (options_is_letter(def->key))
			strbuf_addf(letters, "%c%.*s", def->key, table[i].has_arg, "::");
	}
	table[count].name = "help";
	table[count].val = OPTIONS_HELP;
	return table;
}

/* The rest of a line that is at OPTIONS_COLUMN, and further ones that begin there. */
static void
options_wrap(const char *help)
{
	size_t most = OPTIONS_WIDTH - OPTIONS_COLUMN;

	while (strlen(help) > most) {
		size_t len = most;

		while (len > 0 && help[len] != ' ')
			len--;
		if (len == 0)
			break;
		printf("%.*s\n%*s", (int)len, help, OPTIONS_COLUMN, "");
		help += len + 1;
	}
	puts(help);
}

static void
options_print(int key, const char *name, const char *argument, const char *help)
{
	struct strbuf left = { 0 };

	if (options_is_letter(key))
		strbuf_addf(&left, "  -%c, --%s", key, name);
	else
		strbuf_addf(&left, "      --%s", name);
	if (argument != NULL && argument[0] == '[')
		strbuf_addf(&left, "[=%s", argument + 1);
	else if (argument != NULL)
		strbuf_addf(&left, "=%s", argument);
	if (left.len + 2 > OPTIONS_COLUMN)
		printf("%s\n%*s", left.text, OPTIONS_COLUMN, "");
	else
		printf("%-*s", OPTIONS_COLUMN, left.text);
	options_wrap(help);
	strbuf_release(&left);
}

static void
options_help(const struct cmd *cmd)
{
	const struct option_def *def;

	printf("usage: esc %s %s\n\n%c%s.\n\n", cmd->name, cmd->usage,
	    toupper((unsigned char)cmd->summary[0]), cmd->summary + 1);
	for (def = cmd->options; def != NULL && def->name != NULL; def++)
		options_print(def->key, def->name, def->argument, def->help);
	options_print(OPTIONS_HELP, "help", NULL, "show this");
}

int
options_status(const struct cmd *cmd)
{
	return cmd->program ? CMD_RECORD_FAILED : CMD_USAGE;
}

void
options_usage(const struct cmd *cmd, const char *format, ...)
{
	va_list args;
	char *text = NULL;

	va_start(args, format);
	if (vasprintf(&text, format, args) >= 0)
		cmd_note("%s: %s (see: esc %s --help)", cmd->name, text, cmd->name);
	va_end(args);
	free(text);
	exit(options_status(cmd));
}

/* The word of argv that getopt stumbled over. */
static const char *
options_word(int argc, char **argv)
{
	return optind > 0 && optind <= argc ? argv[optind - 1] : "";
}

/* It is one of the command's: a letter that is none never is. */
static bool
options_has_key(const struct option *table, int key)
{
	while (table->name != NULL && table->val != key)
		table++;
	return table->name != NULL;
}

int
options_next(const struct cmd *cmd, int argc, char **argv)
{
	static const struct cmd *last;
	static struct option *table;
	static struct strbuf letters;
	int key;

	if (table == NULL || last != cmd) {
		free(table);
		strbuf_clear(&letters);
		table = options_table(cmd, &letters);
		last = cmd;
		optind = 0;
		opterr = 0;
	}
	key = getopt_long(argc, argv, letters.text, table, NULL);
	switch (key) {
	case OPTIONS_HELP: options_help(cmd); exit(cmd_finish());
	case ':': options_usage(cmd, "%s needs a value", options_word(argc, argv));
	case '?':
		if (optopt != 0 && !options_has_key(table, optopt))
			options_usage(cmd, "no option -%c", optopt);
		options_usage(cmd, optopt != 0 ? "%s takes no value" : "no option %s",
		    options_word(argc, argv));
	default:
		if (key == OPTIONS_END)
			last = NULL;
		return key;
	}
}

/* The number that text begins with; -1 if there is none. */
static int
options_read(const char *text, uint64_t *value, char **end)
{
	if (!isdigit((unsigned char)text[0]))
		return -1;
	errno = 0;
	*value = strtoull(text, end, 10);
	return errno == 0 ? 0 : -1;
}

static void
options_bounds(const struct cmd *cmd, const char *name, uint64_t low, uint64_t high, uint64_t value)
{
	if (value < low || value > high)
		options_usage(cmd, "--%s=%s is not within %llu and %llu", name, optarg,
		    (unsigned long long)low, (unsigned long long)high);
}

uint64_t
options_number(const struct cmd *cmd, const char *name, uint64_t low, uint64_t high)
{
	uint64_t value;
	char *end;

	if (options_read(optarg, &value, &end) != 0 || *end != '\0')
		options_usage(cmd, "--%s=%s is no number", name, optarg);
	options_bounds(cmd, name, low, high, value);
	return value;
}

uint64_t
options_size(const struct cmd *cmd, const char *name, uint64_t low, uint64_t high)
{
	static const char units[] = "KMGT";
	const char *unit;
	uint64_t value;
	unsigned shift;
	char *end;

	if (options_read(optarg, &value, &end) != 0)
		options_usage(cmd, "--%s=%s is no size", name, optarg);
	if (*end != '\0') {
		unit = strchr(units, toupper((unsigned char)*end));
		if (unit == NULL || end[1] != '\0')
			options_usage(cmd, "--%s=%s is no size", name, optarg);
		shift = 10 * (unsigned)(unit - units + 1);
		if (value > UINT64_MAX >> shift)
			options_usage(cmd, "--%s=%s is too large", name, optarg);
		value <<= shift;
	}
	options_bounds(cmd, name, low, high, value);
	return value;
}

uint64_t
options_seconds(const struct cmd *cmd, const char *name, uint64_t low, uint64_t high)
{
	size_t whole = strspn(optarg, "0123456789"), behind = 0;
	uint64_t hundredths;

	if (optarg[whole] == '.')
		behind = 1 + strspn(optarg + whole + 1, "0123456789");
	if (whole < 1 || whole > 10 || behind == 1 || behind > 3 || optarg[whole + behind] != '\0')
		options_usage(cmd, "--%s=%s is no number of seconds", name, optarg);
	hundredths = strtoull(optarg, NULL, 10) * 100;
	if (behind > 1)
		hundredths += strtoull(optarg + whole + 1, NULL, 10) * (behind == 2 ? 10 : 1);
	if (hundredths < low || hundredths > high)
		options_usage(cmd, "--%s=%s is not within %g and %g", name, optarg,
		    (double)low / 100, (double)high / 100);
	return hundredths;
}

const char *
options_percent(const struct cmd *cmd, const char *name)
{
	size_t whole = strspn(optarg, "0123456789"), behind = 0;
	double value;

	if (optarg[whole] == '.') {
		behind = strspn(optarg + whole + 1, "0123456789");
		if (behind < 1 || behind > 2)
			options_usage(cmd, "--%s=%s is no percentage", name, optarg);
		behind++;
	}
	if (whole < 1 || whole > 3 || optarg[whole + behind] != '\0')
		options_usage(cmd, "--%s=%s is no percentage", name, optarg);
	value = strtod(optarg, NULL);
	if (!(value >= 0.01 && value <= 100))
		options_usage(cmd, "--%s=%s is not within 0.01 and 100", name, optarg);
	return optarg;
}
