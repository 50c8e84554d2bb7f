/* esc record: runs a program and records what it allocates. */
#include "analyzer/cmd/record.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "analyzer/cmd/cmd.h"
#include "analyzer/cmd/options.h"
#include "analyzer/cmd/pack.h"
#include "analyzer/cmd/record_options.h"
#include "analyzer/cmd/session.h"
#include "analyzer/trace/reader.h"
#include "analyzer/util/err.h"
#include "analyzer/util/show.h"
#include "analyzer/util/xalloc.h"
#include "preload/record.h"

extern const struct cmd cmd_record;

static const struct option_def record_option_table[] = {
	RECORD_OPTIONS,
	{ NULL, 0, NULL, NULL },
};

void
record_release(struct record *record)
{
	free(record->program);
	free(record->exe);
	free(record->trace);
	free(record->lib);
	free(record->lib_any);
	free(record->keeper);
	free(record->child);
	free(record->exclude);
}

/* --- What there is to say afterwards --- */

static void
record_say_lost(const struct record_summary *summary)
{
	char when[64] = "";

	if (summary->lost_until != 0)
		(void)snprintf(when, sizeof(when), " from %.1f s to %.1f s after the start",
		    summary->lost_from, summary->lost_until);
	if (summary->dropped != 0)
		cmd_note("%llu event%s lost%s: %s", (unsigned long long)summary->dropped,
		    summary->dropped == 1 ? " was" : "s were", when, summary->lost_why);
	if (summary->ring != 0 && summary->missing != 0)
		cmd_note("half of the trace is stacks: new ones are no more known; use a larger "
			 "--ring");
}

/* Their names are nobody's to guess: one command is enough for all. */
static void
record_say_followed(const struct record *record)
{
	struct session session;
	size_t others;

	session_find(&session, record->trace, false);
	others = session.count - 1;
	if (others > 0)
		cmd_note(
		    "%zu more program%s of its run %s a trace beside it: esc report %s takes all",
		    others, show_s((double)others), others == 1 ? "has" : "have", record->trace);
	session_release(&session);
}

/* A script's `exec`, env: the program that was meant is the last. */
static void
record_say_elsewhere(const struct record *record)
{
	char *last = record_trace_last(record);

	if (strcmp(last, record->trace) != 0)
		cmd_note("it became another program: see %s", last);
	free(last);
	if (record->follow)
		record_say_followed(record);
}

/* --exact was asked for. */
static void
record_say_unmarked(const struct record *record, const struct record_summary *summary)
{
	char why[128];

	reader_unmarked(summary->unmarked, summary->runtime, why, sizeof(why));
	cmd_note("%s ran unmarked: %s", record->argv[0], why);
}

/* The name of what takes the trace's place, or NULL: what fails leaves it as it is. */
static char *
record_pack_one(const struct record *record, const char *trace)
{
	struct pack_job job = {
		.trace = trace,
		.level = PACK_LEVEL,
		.force = record->force,
		.remove = true,
	};
	struct err err;

	if (pack_trace(&job, &err) == 0)
		return pack_name(&job);
	(void)cmd_fail(&err);
	return NULL;
}

/* --pack: the trace, and that of what the program became. */
static void
record_pack(struct record *record)
{
	char *last = record_trace_last(record);
	char *packed = record_pack_one(record, record->trace);

	if (strcmp(last, record->trace) != 0) {
		record_trace_settle(last);
		free(record_pack_one(record, last));
	}
	free(last);
	if (packed == NULL)
		return;
	free(record->trace);
	record->trace = packed;
}

static void
record_say_checked(const struct record_summary *summary)
{
	cmd_note("%llu of %llu stack%s differ%s from libunwind's",
	    (unsigned long long)summary->differed, (unsigned long long)summary->checked,
	    show_s((double)summary->checked), summary->differed == 1 ? "s" : "");
}

/* That processes still run is news only where it is known that the program ended. */
static void
record_say_trace(struct record *record, const struct record_summary *summary, bool ended)
{
	if (record->pack && !record->running)
		record_pack(record);
	if (record->running && (ended || !record->quiet))
		cmd_note("processes of %s still run: %s goes on", record->argv[0], record->trace);
	else if (!record->running && !record->quiet && summary->allocations != 0)
		cmd_note("wrote %s (%llu allocation%s)", record->trace,
		    (unsigned long long)summary->allocations, show_s((double)summary->allocations));
	if (!record->quiet)
		record_say_elsewhere(record);
	if (!record->running && summary->allocations == 0)
		cmd_note("%s never called malloc: %s is empty", record->argv[0], record->trace);
	if (!record->running && (summary->flags & ESC_FLAG_COMPLETE) == 0)
		cmd_note("%s is not complete: it was never closed", record->trace);
	record_say_lost(summary);
	if ((summary->flags & ESC_FLAG_TASKS) != 0)
		cmd_note("two tasks of %s have one thread pointer: counts are at least these",
		    record->argv[0]);
	if ((summary->flags & ESC_FLAG_UNMARKED) != 0)
		record_say_unmarked(record, summary);
	if (record->check)
		record_say_checked(summary);
	record_children_say(record, summary);
}

/* It may be that nobody wanted it recorded, but programs that it starts. */
static bool
record_is_filtered(const struct record *record)
{
	return record->child != NULL || record->exclude != NULL;
}

/* Says where the trace is, or why there is none. Of a program that could not be waited for
 * that was said: it may not have started yet. */
static void
record_say(struct record *record, bool ended)
{
	struct record_summary summary;
	struct err err;

	if (record->trace == NULL)
		return;
	if (record_trace_summary(record->trace, &summary, &err) != 0) {
		(void)cmd_fail(&err);
		return;
	}
	if (summary.emptied) {
		cmd_note("%s was emptied or written over while it was recorded: what was recorded "
			 "is lost",
		    record->trace);
		record_trace_drop(record);
	} else if ((summary.flags & ESC_FLAG_OWN_MALLOC) != 0) {
		cmd_note("not profiled: %s has a malloc of its own (%s), "
			 "which nothing can be put before",
		    record->argv[0], summary.allocator);
		record_trace_drop(record);
	} else if ((summary.flags & ESC_FLAG_STARTED) == 0) {
		if (ended && (summary.flags & ESC_FLAG_REFUSED) == 0 && !record_is_filtered(record))
			cmd_note("not profiled: libesc.so never started in %s, or could not open "
				 "%s; the loader's words are above, if it had any",
			    record->argv[0], record->trace);
		record_trace_drop(record);
	} else {
		record_say_trace(record, &summary, ended);
	}
}

/* --- The run --- */

static int
record_exec_failed(struct record *record, struct record_child *child, int error)
{
	struct err err;

	(void)record_start_wait(record, child, &err);
	record_start_finish(record, child);
	record_trace_drop(record);
	record_signals_release();
	cmd_note("%s: cannot run it: %s", record->argv[0], strerror(error));
	return error == ENOENT ? CMD_NOT_FOUND : CMD_NOT_EXECUTABLE;
}

/* There is no process to be had: ours becomes the program, as if we were not there. */
static int
record_become(struct record *record, const struct err *err)
{
	if (record->strict) {
		(void)cmd_fail(err);
		return CMD_RECORD_FAILED;
	}
	cmd_note("not profiled: %s", err->text);
	(void)execvp(record->program, record->argv);
	cmd_note("%s: cannot run it: %s", record->argv[0], strerror(errno));
	return errno == ENOENT ? CMD_NOT_FOUND : CMD_NOT_EXECUTABLE;
}

/* The program waits; makes its trace, unless it cannot be profiled. No place or
 * no room for one is no reason not to run it; a name that is taken is. */
static int
record_prepare(struct record *record, struct record_child *child, bool profiled)
{
	struct err err;

	if (!profiled)
		return CMD_OK;
	if (record_trace_create(record, child->pid, &err) == 0 &&
	    record_start_keeper(record, child, &err) == 0) {
		record_signals_pause(record, child->keeper);
		return CMD_OK;
	}
	record_trace_drop(record);
	if (!record->strict && !record->taken) {
		cmd_note("not profiled: %s", err.text);
		return CMD_OK;
	}
	record_start_cancel(child);
	(void)cmd_fail(&err);
	return CMD_RECORD_FAILED;
}

static int
record_execute(struct record *record, bool profiled)
{
	struct record_child child;
	struct err err;
	int status;

	if (record_start_fork(record, &child, &err) != 0)
		return record_become(record, &err);
	/* before there is anything that a signal would leave behind */
	record_signals_take(record, child.pid);
	status = record_prepare(record, &child, profiled);
	if (status != CMD_OK) {
		record_signals_release();
		return status;
	}
	status = record_start_go(record, &child);
	if (status != 0)
		return record_exec_failed(record, &child, status);
	if (record_start_wait(record, &child, &err) != 0) {
		(void)cmd_fail(&err);
		status = CMD_RECORD_FAILED;
	}
	record_start_finish(record, &child);
	record_say(record, status == CMD_OK);
	record_signals_release();
	return status;
}

int
record_run(struct record *record)
{
	struct err err;
	int status;
	char *why;

	record->trace_fd = -1;
	record->session = record_trace_session();
	status = record_find_program(record, &err);
	if (status == 0 && record_find_lib(record, &err) != 0)
		status = CMD_RECORD_FAILED;
	if (status != 0) {
		(void)cmd_fail(&err);
		return status;
	}
	why = record_check(record);
	if (why != NULL)
		cmd_note("not profiled: %s", why);
	status =
	    why != NULL && record->strict ? CMD_RECORD_FAILED : record_execute(record, why == NULL);
	free(why);
	return status;
}

int
record_exit(const struct record *record)
{
	struct rlimit none = { .rlim_cur = 0, .rlim_max = 0 };
	sigset_t all;
	int number;

	if (WIFEXITED(record->wait_status))
		return WEXITSTATUS(record->wait_status);
	number = WTERMSIG(record->wait_status);
	/* the core, if any, was the program's */
	(void)setrlimit(RLIMIT_CORE, &none);
	(void)signal(number, SIG_DFL);
	(void)sigemptyset(&all);
	(void)sigaddset(&all, number);
	(void)sigprocmask(SIG_UNBLOCK, &all, NULL);
	(void)raise(number);
	return 128 + number;
}

void
record_options_read(const struct cmd *cmd, struct record *record, int argc, char **argv)
{
	int key;

	while ((key = options_next(cmd, argc, argv)) != OPTIONS_END)
		record_option(cmd, record, key);
	if (optind >= argc)
		options_usage(cmd, "which program?");
	if ((record->child != NULL || record->exclude != NULL) && !record->follow)
		options_usage(cmd, "--child and --exclude-child need --follow-fork");
	record->argv = argv + optind;
}

/* One of them, the last that was asked for. */
static void
record_mode(struct record *record, bool full, const char *budget, uint64_t sample)
{
	record->full = full;
	record->budget = budget;
	record->sample = sample;
}

/* Hundredths of a second: 300 years. */
static const uint64_t LONGEST = 1000000000000;

/* One more pattern of names. */
static void
record_pattern(const struct cmd *cmd, const char *name, char **patterns)
{
	char *more;

	if (optarg[0] == '\0' || strchr(optarg, '/') != NULL)
		options_usage(cmd, "--%s=%s: programs are known by their base names", name, optarg);
	more = *patterns != NULL ? xasprintf("%s/%s", *patterns, optarg) : xstrdup(optarg);
	free(*patterns);
	*patterns = more;
	if (strlen(more) >= RECORD_PATTERNS)
		options_usage(cmd, "--%s: together longer than %d bytes", name, RECORD_PATTERNS);
}

static void
record_pause(const struct cmd *cmd, struct record *record)
{
	record->pause = record_pause_number(optarg);
	if (record->pause == 0)
		options_usage(cmd, "--pause-signal=%s is no signal for that", optarg);
}

static void
record_output(const struct cmd *cmd, struct record *record)
{
	if (strcmp(optarg, "-") == 0 || optarg[0] == '\0')
		options_usage(cmd, "a trace needs a file");
	record->output = optarg;
}

void
/* NOLINTNEXTLINE(readability-function-size): a line an option */
record_option(const struct cmd *cmd, struct record *record, int key)
{
	switch (key) {
	case 'o': record_output(cmd, record); break;
	case 'f': record->force = true; break;
	case RECORD_FULL: record_mode(record, true, NULL, 0); break;
	case RECORD_SAMPLE:
		record_mode(record, false, NULL, options_size(cmd, "sample", 1, 1ULL << 40));
		break;
	case RECORD_BUDGET: record_mode(record, false, options_percent(cmd, "budget"), 0); break;
	case RECORD_RING: record->ring = options_size(cmd, "ring", 1 << 20, 1ULL << 40); break;
	case RECORD_DEPTH: record->depth = options_number(cmd, "depth", 8, 16384); break;
	case RECORD_COST: record->cost = options_number(cmd, "cost", 1, 1ULL << 30); break;
	case RECORD_FOLLOW: record->follow = true; break;
	case RECORD_CHILD: record_pattern(cmd, "child", &record->child); break;
	case RECORD_EXCLUDE: record_pattern(cmd, "exclude-child", &record->exclude); break;
	case RECORD_AFTER: record->after = options_seconds(cmd, "start-after", 0, LONGEST); break;
	case RECORD_DURATION:
		record->duration = options_seconds(cmd, "duration", 1, LONGEST);
		break;
	case RECORD_PAUSE: record_pause(cmd, record); break;
	case RECORD_STRICT: record->strict = true; break;
	case RECORD_NO_CMDLINE: record->hide_command = true; break;
	case RECORD_CHECK: record->check = true; break;
	case RECORD_EXACT: record->exact = true; break;
	case RECORD_PACK: record->pack = true; break;
	case 'q': record->quiet = true; break;
	default: break;
	}
}

static int
record_main(int argc, char **argv)
{
	struct record record = { .trace_fd = -1 };
	int status;

	record_options_read(&cmd_record, &record, argc, argv);
	status = record_run(&record);
	if (status == CMD_OK)
		status = record_exit(&record);
	record_release(&record);
	return status;
}

const struct cmd cmd_record = {
	.name = "record",
	.usage = "[OPTION...] [--] PROG [ARG...]",
	.summary = "run a program and record what it allocates",
	.options = record_option_table,
	.run = record_main,
	.program = true,
};
