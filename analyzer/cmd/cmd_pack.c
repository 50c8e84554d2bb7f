/* esc pack: a trace made small, still readable everywhere. */
#include <getopt.h>
#include <stddef.h>

#include "analyzer/cmd/cmd.h"
#include "analyzer/cmd/options.h"
#include "analyzer/cmd/pack.h"
#include "analyzer/util/err.h"

extern const struct cmd cmd_pack;

static const struct option_def pack_options_table[] = {
	{ "output", 'o', "FILE", "the packed trace; TRACE.zst unless given" },
	{ "force", 'f', NULL, "replace a file that is there" },
	{ "level", 'l', "N", "how hard to try, 1 to 19 (3)" },
	{ "remove", 'r', NULL, "remove the trace when it is packed" },
	{ "quiet", 'q', NULL, "do not say what was written" },
	{ NULL, 0, NULL, NULL },
};

static void
pack_option(struct pack_job *job, int key)
{
	switch (key) {
	case 'o': job->output = optarg; break;
	case 'f': job->force = true; break;
	case 'l': job->level = (int)options_number(&cmd_pack, "level", 1, PACK_LEVEL_MAX); break;
	case 'r': job->remove = true; break;
	case 'q': job->say = false; break;
	default: break;
	}
}

static int
pack_main(int argc, char **argv)
{
	struct pack_job job = { .level = PACK_LEVEL, .say = true };
	int key, status = CMD_OK;
	struct err err;

	while ((key = options_next(&cmd_pack, argc, argv)) != OPTIONS_END)
		pack_option(&job, key);
	if (optind >= argc)
		options_usage(&cmd_pack, "which trace?");
	if (job.output != NULL && argc - optind > 1)
		options_usage(&cmd_pack, "several traces cannot be one file");
	for (; optind < argc; optind++) {
		job.trace = argv[optind];
		if (pack_trace(&job, &err) != 0)
			status = cmd_fail(&err);
	}
	return status;
}

const struct cmd cmd_pack = {
	.name = "pack",
	.usage = "[OPTION...] TRACE...",
	.summary = "make traces small; every command still reads them",
	.options = pack_options_table,
	.run = pack_main,
};
