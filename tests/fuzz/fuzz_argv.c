/*
 * The words of a command line, through the table of a command's options: a value that is
 * taken is the one that a slow reader finds in the same word, and within its bounds;
 * one that is refused is refused by that reader as well, with a line that has the word in
 * it. What getopt stumbles over is in the line, too; operands are what is left.
 *
 * Stands in the place of cmd.c; exit comes back here.
 */
#include <ctype.h>
#include <getopt.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include "analyzer/cmd/cmd.h"
#include "analyzer/cmd/options.h"
#include "tests/fuzz/fuzz.h"

enum { ARGV_WORDS = 8, ARGV_LONG = OPTIONS_KEY, ARGV_MAYBE };

static const struct option_def argv_options[] = {
	{ "number", 'n', "N", "a number" },
	{ "size", 's', "SIZE", "a size" },
	{ "percent", 'p', "PERCENT", "a percentage" },
	{ "flag", 'f', NULL, "a flag" },
	{ "long-only", ARGV_LONG, "N", "a number" },
	{ "maybe", ARGV_MAYBE, "[WORD]", "a word" },
	{ NULL, 0, NULL, NULL },
};

static struct cmd argv_cmd = { .name = "fuzz",
	.usage = "[option...] FILE",
	.summary = "reads words",
	.options = argv_options };

static jmp_buf argv_back;
static bool argv_runs;
static int argv_status;
static char *argv_said; /* what cmd_note was told, NULL: nothing */

/* ---- cmd.c's ---- */

void
cmd_note(const char *format, ...)
{
	va_list args;

	FUZZ_CHECK(argv_said == NULL);
	va_start(args, format);
	FUZZ_CHECK(vasprintf(&argv_said, format, args) >= 0);
	va_end(args);
}

int
cmd_finish(void)
{
	return CMD_OK;
}

void __real_exit(int status) __attribute__((noreturn));
void __wrap_exit(int status) __attribute__((noreturn));

void
__wrap_exit(int status)
{
	if (!argv_runs)
		__real_exit(status);
	argv_status = status;
	longjmp(argv_back, 1);
}

/* ---- the slow reader ---- */

/* Digits, then perhaps a unit, and no more. False: it is none. */
static bool
argv_read(const char *text, bool units, unsigned __int128 *value)
{
	static const char letters[] = "KMGT";
	const char *unit;

	*value = 0;
	if (!isdigit((unsigned char)*text))
		return false;
	for (; isdigit((unsigned char)*text); text++)
		if (*value >> 100 == 0)
			*value = *value * 10 + (unsigned)(*text - '0');
	if (*text == '\0')
		return true;
	unit = strchr(letters, *text >= 'a' && *text <= 'z' ? *text - 32 : *text);
	if (!units || unit == NULL || text[1] != '\0')
		return false;
	for (long i = 0; i <= unit - letters && *value >> 100 == 0; i++)
		*value *= 1024;
	return true;
}

/* In hundredths; false: it is no percentage, or out of its bounds. */
static bool
argv_read_percent(const char *text, unsigned *hundredths)
{
	size_t whole = 0, behind = 0;

	for (*hundredths = 0; isdigit((unsigned char)text[whole]); whole++)
		if (whole < 4)
			*hundredths = *hundredths * 10 + (unsigned)(text[whole] - '0');
	text += whole;
	if (*text == '.') {
		text++;
		while (isdigit((unsigned char)text[behind]))
			behind++;
		if (behind == 0)
			return false;
	}
	for (size_t i = 0; i < 2; i++)
		*hundredths = *hundredths * 10 + (i < behind ? (unsigned)(text[i] - '0') : 0);
	return whole >= 1 && whole <= 3 && behind <= 2 && text[behind] == '\0' &&
	    *hundredths >= 1 && *hundredths <= 10000;
}

/* ---- one command line ---- */

/* What is asked of the value that is being read: is it to be taken? */
static volatile bool argv_good, argv_asked;
static const char *volatile argv_word;

static void
argv_expect(bool good)
{
	argv_good = good;
	argv_asked = true;
	argv_word = optarg;
}

static void
argv_number(const char *name, bool size, uint64_t low, uint64_t high)
{
	unsigned __int128 value;
	uint64_t is;

	argv_expect(argv_read(optarg, size, &value) && value >= low && value <= high);
	is = size ? options_size(&argv_cmd, name, low, high)
		  : options_number(&argv_cmd, name, low, high);
	FUZZ_CHECK(argv_good && is == value);
	argv_asked = false;
}

static void
argv_percent(void)
{
	unsigned hundredths;

	argv_expect(argv_read_percent(optarg, &hundredths));
	FUZZ_CHECK(options_percent(&argv_cmd, "percent") == optarg && argv_good);
	argv_asked = false;
}

static void
argv_take(int key)
{
	switch (key) {
	case 'n': argv_number("number", false, 1, 1000000); break;
	case 's': argv_number("size", true, 0, UINT64_MAX); break;
	case ARGV_LONG: argv_number("long-only", false, 0, UINT64_MAX); break;
	case 'p': argv_percent(); break;
	case ARGV_MAYBE:
	case 'f': break;
	default: FUZZ_CHECK(!"a key that is in no table");
	}
}

static void
argv_check_refused(int argc, char *const *argv)
{
	bool found = false;

	FUZZ_CHECK(argv_said != NULL && argv_status == options_status(&argv_cmd));
	FUZZ_CHECK(strncmp(argv_said, "fuzz: ", 6) == 0);
	FUZZ_CHECK(strstr(argv_said, " (see: esc fuzz --help)") != NULL);
	if (argv_asked) {
		FUZZ_CHECK(!argv_good && strstr(argv_said, argv_word) != NULL);
		return;
	}
	/* no such option: some word of the line, or a letter of one */
	for (int i = 1; i < argc && !found; i++) {
		found = strstr(argv_said, argv[i]) != NULL;
		for (const char *at = argv[i]; argv[i][0] == '-' && *at != '\0' && !found; at++) {
			char letter[16];

			(void)snprintf(letter, sizeof(letter), "no option -%c ", *at);
			found = strstr(argv_said, letter) != NULL;
		}
	}
	FUZZ_CHECK(found);
}

static void
argv_run(int argc, char **argv)
{
	int key;

	if (setjmp(argv_back) == 0) {
		argv_runs = true;
		while ((key = options_next(&argv_cmd, argc, argv)) != OPTIONS_END)
			argv_take(key);
		FUZZ_CHECK(argv_said == NULL && optind >= 1 && optind <= argc);
	} else if (argv_said == NULL) {
		FUZZ_CHECK(argv_status == CMD_OK); /* --help */
	} else {
		argv_check_refused(argc, argv);
	}
	argv_runs = false;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char name[] = "fuzz";
	struct fuzz_input input = { data, size };
	/* getopt's state is begun anew for another command */
	static const struct cmd other = { .name = "other", .options = argv_options };
	char *argv[ARGV_WORDS + 2] = { name }, *kept[ARGV_WORDS + 2], *help = NULL;
	FILE *out = stdout;
	size_t len;
	int argc = 1;

	argv_cmd.program = fuzz_byte(&input) % 2 != 0;
	while (argc <= ARGV_WORDS && input.left > 0) {
		kept[argc] = argv[argc] = fuzz_text(&input, 64);
		argc++;
	}
	argv_asked = false;
	argv_said = NULL;
	stdout = open_memstream(&help, &len);
	FUZZ_CHECK(stdout != NULL);
	FUZZ_CHECK(options_next(&other, 1, argv) == OPTIONS_END);
	argv_run(argc, argv);
	FUZZ_CHECK(fclose(stdout) == 0);
	stdout = out;
	FUZZ_CHECK(len == 0 || (argv_said == NULL && strstr(help, "--long-only=N") != NULL));
	free(help);
	free(argv_said);
	while (argc-- > 1)
		free(kept[argc]);
	return 0;
}
