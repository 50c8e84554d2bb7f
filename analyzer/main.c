/* esc: finds the command and runs it. */
#include "config.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "analyzer/cmd/cmd.h"
#include "analyzer/cmd/completion.h"
#include "analyzer/store/query.h"
#include "analyzer/util/xalloc.h"
#include "preload/record.h"

static int
main_help(void)
{
	const struct cmd *cmd;
	unsigned at;

	printf("usage: esc COMMAND [OPTION...] [OPERAND...]\n"
	       "       esc FILE\n\n"
	       "Finds heap blocks that do not escape: what could be a local "
	       "variable,\nwhat outlives its function, and what it costs.\n\n");
	for (at = 0; (cmd = cmd_at(at)) != NULL; at++)
		printf("  %-12s%s\n", cmd->name, cmd->summary);
	printf("\nStart with: esc run PROG. More: esc COMMAND --help, "
	       "man esc.\n");
	return cmd_finish();
}

static int
main_version(void)
{
	printf("esc %s\n", PACKAGE_VERSION);
	printf("traces: writes version %d, reads %d and %d\n", ESC_VERSION, ESC_VERSION_UNSUMMED,
	    ESC_VERSION);
	printf("databases: version %d\n", QUERY_VERSION);
	printf("built for %s with %s\n", ESC_BUILT_FOR, ESC_BUILT_WITH);
	return cmd_finish();
}

/* For the build, which installs what it prints. */
static int
main_completion(const char *shell)
{
	if (shell == NULL || completion_print(shell) != 0) {
		cmd_note("--completion needs a shell: bash, zsh");
		return CMD_USAGE;
	}
	return cmd_finish();
}

/* `esc FILE` is `esc report FILE`. */
static int
main_report(int argc, char **argv)
{
	const struct cmd *report = cmd_find("report");
	struct stat status;

	if (report == NULL || stat(argv[0], &status) != 0) {
		cmd_note("no command or file %s (see: esc --help)", argv[0]);
		return CMD_USAGE;
	}
	/* argv[-1] is esc's own name, which no command reads */
	argv[-1] = (char *)(uintptr_t)report->name;
	return report->run(argc + 1, argv - 1);
}

/*
 * Started with one of the three closed: nothing of ours may take its number,
 * and a program that we exec finds it closed still.
 */
static void
main_fill_descriptors(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		(void)close(fd);
}

int
main(int argc, char **argv)
{
	const struct cmd *cmd;

	main_fill_descriptors();
	if (argc < 2) {
		cmd_note("no command given (see: esc --help)");
		return CMD_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
	    strcmp(argv[1], "help") == 0)
		return main_help();
	if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0)
		return main_version();
	if (strcmp(argv[1], "--completion") == 0)
		return main_completion(argv[2]);
	cmd = cmd_find(argv[1]);
	if (cmd != NULL) {
		/* what the program exits with is not to be taken for ours */
		if (cmd->program)
			xalloc_exit_with(CMD_RECORD_FAILED);
		return cmd->run(argc - 1, argv + 1);
	}
	if (argv[1][0] == '-') {
		cmd_note("no option %s (see: esc --help)", argv[1]);
		return CMD_USAGE;
	}
	return main_report(argc - 1, argv + 1);
}
