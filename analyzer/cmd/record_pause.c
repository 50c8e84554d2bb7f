/* Pauses of a run that its launcher asks for: the keepers do them (keeper/pause.h). */
#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/wait.h>
#include <time.h>

#include "analyzer/cmd/cmd.h"
#include "analyzer/cmd/record.h"
#include "analyzer/util/files.h"
#include "preload/record.h"

/* Those by which we follow the program, or cannot be asked. */
static bool
record_pause_is_other(int number)
{
	static const int others[] = { SIGKILL, SIGSTOP, SIGCHLD, SIGCONT, SIGTSTP, SIGTTIN,
		SIGTTOU };
	size_t i;

	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (others[i] == number)
			return true;
	return false;
}

int
record_pause_number(const char *name)
{
	const char *abbreviation;
	char *end;
	int number, found = 0;

	if (isdigit((unsigned char)name[0])) {
		found = (int)strtol(name, &end, 10);
		if (*end != '\0' || strlen(name) > 2 || found > SIGRTMAX)
			found = 0;
	}
	if (strncasecmp(name, "SIG", 3) == 0)
		name += 3;
	for (number = 1; number < NSIG && found == 0; number++) {
		abbreviation = sigabbrev_np(number);
		if (abbreviation != NULL && strcasecmp(abbreviation, name) == 0)
			found = number;
	}
	return record_pause_is_other(found) ? 0 : found;
}

void
record_pause_times(const struct record *record, struct esc_header *header)
{
	const uint64_t hundredth = 10000000; /* ns */
	struct timespec now;
	uint64_t begin;

	if ((record->after == 0 && record->duration == 0) ||
	    clock_gettime(CLOCK_MONOTONIC, &now) != 0)
		return;
	begin =
	    (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec + record->after * hundredth;
	if (record->after != 0)
		header->gate.begin_at = begin;
	if (record->duration != 0)
		header->gate.end_at = begin + record->duration * hundredth;
}

/* Whether it was killed; that is not taken from who waits for it. One that has ended has
 * closed its trace: what has followed the program has keepers of its own. */
static bool
record_pause_is_killed(pid_t keeper)
{
	siginfo_t info = { .si_pid = 0 };

	return keeper <= 0 ||
	    waitid(P_PID, (id_t)keeper, &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
	    (info.si_pid != 0 && info.si_code != CLD_EXITED);
}

void
record_pause_toggle(const struct record *record, pid_t keeper)
{
	const uint64_t at = ESC_ASKED_AT;
	uint32_t asked;

	if (record_pause_is_killed(keeper)) {
		cmd_note("cannot pause: the keeper of %s was killed", record->trace);
		return;
	}
	if (files_read(record->trace_fd, at, &asked, sizeof(asked)) != sizeof(asked)) {
		cmd_note("cannot pause: %s: %s", record->trace, strerror(errno));
		return;
	}
	asked = asked == 0 ? ESC_PAUSE_ASKED : 0;
	if (!files_write(record->trace_fd, at, &asked, sizeof(asked)))
		cmd_note("cannot pause: %s: %s", record->trace, strerror(errno));
	else if (!record->quiet)
		cmd_note(asked != 0 ? "paused" : "resumed");
}
