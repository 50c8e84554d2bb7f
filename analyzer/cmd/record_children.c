/* What a program's children did beside it: of what they execute nothing is in its trace. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "analyzer/cmd/cmd.h"
#include "analyzer/cmd/record.h"

/* Less than this is not worth a line: children of a tenth of a second. */
static const double CHILDREN_LEAST = 0.1;

/* proc(5), counted from 1: utime, stime, cutime, cstime. The second, a name, may hold
 * anything; the third is a letter. */
enum { CHILDREN_THIRD = 3, CHILDREN_FIRST = 14, CHILDREN_LAST = 17 };

static void
children_parse(const char *stat, struct record_usage *usage)
{
	const double tick = (double)sysconf(_SC_CLK_TCK);
	double times[CHILDREN_LAST - CHILDREN_FIRST + 1];
	char *end;

	stat = strrchr(stat, ')');
	if (stat == NULL || stat[1] != ' ' || stat[2] == '\0')
		return;
	stat += 3;
	for (int field = CHILDREN_THIRD + 1; field <= CHILDREN_LAST; field++) {
		long long value = strtoll(stat, &end, 10);

		if (end == stat)
			return;
		stat = end;
		if (field >= CHILDREN_FIRST)
			times[field - CHILDREN_FIRST] = (double)value / tick;
	}
	usage->own = times[0] + times[1];
	usage->children = times[2] + times[3];
}

void
record_children_look(pid_t pid, struct record_usage *usage)
{
	char path[32], stat[1024];
	size_t got;
	FILE *file;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	file = fopen(path, "re");
	if (file == NULL)
		return;
	got = fread(stat, 1, sizeof(stat) - 1, file);
	(void)fclose(file);
	stat[got] = '\0';
	children_parse(stat, usage);
}

void
record_children_say(const struct record *record, const struct record_summary *summary)
{
	const struct record_usage *usage = &record->usage;

	if (record->follow || usage->children < CHILDREN_LEAST || usage->children <= usage->own)
		return;
	/* forked children are recorded: it may be that they executed nothing */
	cmd_note("of %.1f s of CPU time, %.1f s were its children's; %s not in the trace "
		 "(--follow-fork records them)",
	    usage->own + usage->children, usage->children,
	    summary->processes > 1 ? "programs that they executed, if any, are"
				   : "the programs that they executed are");
}
