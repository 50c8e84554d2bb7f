/* What a program's children did beside it: of what they execute nothing is in its trace. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "analyzer/cmd/cmd.h"
#include "analyzer/cmd/record.h"
#include "preload/record.h"

/* Less than this is not worth a line: children of a tenth of a second. */
static const double CHILDREN_LEAST = 0.1;

/* proc(5): behind the name, which may hold anything, are the fields 3 and further: 14 to 17
 * are utime, stime, cutime, cstime. */
static void
children_parse(const char *stat, struct record_usage *usage)
{
	const double tick = (double)sysconf(_SC_CLK_TCK);
	unsigned long own[2];
	long waited[2];

	stat = strrchr(stat, ')');
	if (stat == NULL ||
	    sscanf(stat, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %ld %ld", &own[0],
		&own[1], &waited[0], &waited[1]) != 4)
		return;
	usage->own = (double)(own[0] + own[1]) / tick;
	usage->children = (double)(waited[0] + waited[1]) / tick;
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
