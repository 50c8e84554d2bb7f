/* The trace file: its name, its first room, what it holds in the end. */
#include "analyzer/cmd/record.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "analyzer/cmd/session.h"
#include "analyzer/trace/reader.h"
#include "analyzer/util/err.h"
#include "analyzer/util/files.h"
#include "analyzer/util/strbuf.h"
#include "analyzer/util/xalloc.h"
#include "keeper/keeper.h"
#include "preload/record.h"

enum { TRACE_TRIES = 1000 }; /* names of ours */

/* --- Its name --- */

static void
record_trace_expand(struct strbuf *name, const char *pattern, pid_t pid)
{
	char host[256] = "";

	strbuf_adds(name, ""); /* a text in any case */
	for (; *pattern != '\0'; pattern++) {
		if (pattern[0] != '%' || pattern[1] == '\0' || strchr("ph%", pattern[1]) == NULL) {
			strbuf_add(name, pattern, 1);
			continue;
		}
		pattern++;
		if (*pattern == 'p') {
			strbuf_addf(name, "%d", (int)pid);
		} else if (*pattern == '%') {
			strbuf_adds(name, "%");
		} else {
			if (gethostname(host, sizeof(host) - 1) != 0)
				strcpy(host, "localhost");
			strbuf_adds(name, host);
		}
	}
}

/* esc.PROG.PID.esc, then esc.PROG.PID.2.esc; a name that is too long for a file is cut. */
static void
record_trace_default(struct strbuf *name, const char *program, pid_t pid, unsigned try)
{
	const char *slash = strrchr(program, '/');

	strbuf_addf(name, "esc.%.200s.%d", slash != NULL ? slash + 1 : program, (int)pid);
	if (try > 1)
		strbuf_addf(name, ".%u", try);
	strbuf_adds(name, ".esc");
}

static bool
record_trace_is_directory(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

/* The absolute path; NULL: there is no working directory. Whether the name is ours. */
static char *
record_trace_name(const struct record *record, pid_t pid, unsigned try, bool *ours)
{
	struct strbuf name = { 0 };
	char *here, *path;

	*ours = record->output == NULL;
	if (!*ours) {
		record_trace_expand(&name, record->output, pid);
		*ours = record_trace_is_directory(name.text);
		if (*ours)
			strbuf_adds(&name, "/");
	}
	if (*ours)
		record_trace_default(&name, record->program, pid, try);
	if (name.text[0] == '/')
		return name.text;
	here = getcwd(NULL, 0);
	path = here != NULL ? xasprintf("%s/%s", here, name.text) : NULL;
	free(here);
	strbuf_release(&name);
	return path;
}

/* --- Making it --- */

static void
record_trace_command(struct esc_header *header, char **argv)
{
	size_t len;

	for (; *argv != NULL; argv++) {
		len = strlen(*argv) + 1;
		if (len > sizeof(header->command) - header->command_len) {
			header->flags |= ESC_FLAG_COMMAND_CUT;
			return;
		}
		memcpy(header->command + header->command_len, *argv, len);
		header->command_len += (uint32_t)len;
	}
}

static int
record_trace_header(const struct record *record, int fd, uint64_t size)
{
	struct esc_header *header = xcalloc(1, sizeof(*header));
	size_t exe_len = strlen(record->exe);
	bool written;

	header->magic = ESC_MAGIC;
	header->version = ESC_VERSION;
	header->endian = ESC_ENDIAN;
	header->header_size = ESC_HEADER_SIZE;
	header->reserved_end = size;
	header->ring_size = record->ring;
	header->claimed = ESC_HEADER_SIZE;
	header->session = record->session;
	record_pause_times(record, header);
	if (exe_len < sizeof(header->exe))
		memcpy(header->exe, record->exe, exe_len + 1);
	if (!record->hide_command)
		record_trace_command(header, record->argv);
	written = files_write(fd, 0, header, sizeof(*header));
	free(header);
	return written ? 0 : -1;
}

/* Room for the header and the first segments, whatever `ulimit -f` says. */
static int
record_trace_fill(const struct record *record, int fd)
{
	uint64_t size = record->ring != 0 ? record->ring : ESC_HEADER_SIZE + KEEPER_RESERVE;
	struct rlimit was, raised;
	void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
	bool limited = getrlimit(RLIMIT_FSIZE, &was) == 0;
	int result, error;

	raised = was;
	raised.rlim_cur = raised.rlim_max;
	if (limited)
		(void)setrlimit(RLIMIT_FSIZE, &raised);
	result = keeper_extend(fd, 0, size);
	if (result == 0)
		result = record_trace_header(record, fd, size);
	error = errno;
	if (limited)
		(void)setrlimit(RLIMIT_FSIZE, &was);
	(void)signal(SIGXFSZ, handler);
	errno = error;
	return result;
}

/* -f: out of the way, but only what can be a trace. */
static int
record_trace_replace(const char *path, struct err *err)
{
	struct stat status;

	if (lstat(path, &status) != 0)
		return 0;
	if (!S_ISREG(status.st_mode))
		return err_set(err, "%s: not a file, not replaced", path);
	if (unlink(path) != 0 && errno != ENOENT)
		return err_set(err, "%s: %s", path, strerror(errno));
	return 0;
}

static int
record_trace_open(struct record *record, const char *path, struct err *err)
{
	int fd;

	if (record->force && record_trace_replace(path, err) != 0) {
		record->taken = true;
		return -1;
	}
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	record->taken = fd < 0 && errno == EEXIST;
	if (record->taken)
		return err_set(err, "%s is there already (-f replaces it)", path);
	if (fd < 0)
		return err_set(err, "%s: %s", path, strerror(errno));
	/* the umask may have taken our own rights, too */
	(void)fchmod(fd, 0600);
	return fd;
}

/* As -o says, or the first name of ours that nobody has: a container's processes have
 * the same numbers as the last one's. */
static int
record_trace_take(struct record *record, pid_t pid, struct err *err)
{
	unsigned try;
	bool ours;
	char *path;
	int fd;

	for (try = 1; try <= TRACE_TRIES; try++) {
		path = record_trace_name(record, pid, try, &ours);
		if (path == NULL)
			return err_set(err, "no working directory: %s", strerror(errno));
		fd = strlen(path) < 4096 ? record_trace_open(record, path, err)
					 : err_set(err, "the trace's path is too long");
		if (fd >= 0) {
			record->trace = path;
			return fd;
		}
		free(path);
		if (!ours || !record->taken)
			break;
	}
	return -1;
}

uint64_t
record_trace_session(void)
{
	struct timespec now = { .tv_sec = 0 };
	uint64_t number = 0;

	if (getrandom(&number, sizeof(number), GRND_NONBLOCK) != sizeof(number)) {
		(void)clock_gettime(CLOCK_REALTIME, &now);
		number = ((uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec) * 65521U ^
		    (uint64_t)getpid();
	}
	number &= (1ULL << 48) - 1;
	return number != 0 ? number : 1;
}

int
record_trace_create(struct record *record, pid_t pid, struct err *err)
{
	record->trace_fd = record_trace_take(record, pid, err);
	if (record->trace_fd < 0)
		return -1;
	if (record_trace_fill(record, record->trace_fd) == 0)
		return 0;
	(void)err_set(err, "%s: no room for a trace: %s", record->trace, strerror(errno));
	record_trace_drop(record);
	return -1;
}

void
record_trace_drop(struct record *record)
{
	if (record->trace == NULL)
		return;
	(void)unlink(record->trace);
	(void)close(record->trace_fd);
	free(record->trace);
	record->trace = NULL;
	record->trace_fd = -1;
}

/* --- What it holds --- */

static void
record_trace_count(struct record_summary *summary, const struct esc_counters *counters)
{
	summary->allocations += counters->allocations;
	summary->frees += counters->frees;
	summary->dropped += counters->dropped;
}

/* Those of a flight recorder's threads, which stand in definitions. */
static void
record_trace_threads(int fd, uint64_t at, uint64_t len, struct record_summary *summary)
{
	struct esc_def_thread thread;
	uint64_t end = at + len;

	while (end - at >= sizeof(thread.def) &&
	    files_read(fd, at, &thread, sizeof(thread)) >= sizeof(thread.def)) {
		if (thread.def.type == ESC_DEF_THREAD && end - at >= sizeof(thread))
			record_trace_count(summary, &thread.counters);
		if (thread.def.slots == 0 || thread.def.slots > (end - at) / ESC_SLOT)
			return;
		at += (uint64_t)thread.def.slots * ESC_SLOT;
	}
}

/* Adds up the counters at the head of each stream: 0, or the errno of what could not be
 * read. */
static int
record_trace_streams(int fd, const struct esc_header *header, struct record_summary *summary)
{
	uint64_t at = ESC_HEADER_SIZE;
	struct esc_segment segment;

	while (at < header->claimed) {
		if (files_read(fd, at, &segment, sizeof(segment)) != sizeof(segment))
			return errno;
		/* A flight recorder's that was about to be used. */
		if (segment.size == 0)
			segment.size = header->ring_slot;
		if (segment.magic == ESC_SEGMENT_MAGIC && segment.kind == ESC_SEGMENT_EVENTS &&
		    segment.seq == 0 && segment.level == 0)
			record_trace_count(summary, &segment.counters);
		if (segment.magic == ESC_SEGMENT_MAGIC && segment.kind == ESC_SEGMENT_DEFS &&
		    summary->ring != 0)
			record_trace_threads(fd, at + sizeof(segment), segment.used, summary);
		if (segment.size < ESC_SEGMENT_MIN)
			return 0;
		at += segment.size;
	}
	return 0;
}

static void
record_trace_lost(struct record_summary *summary, const struct esc_header *header)
{
	uint64_t begin = header->start.ticks;
	double ticks = (double)header->last.ticks - (double)begin;
	double ns = (double)header->last.monotonic - (double)header->start.monotonic;

	summary->lost_why = reader_lost_why(header);
	if (ticks <= 0 || ns <= 0 || header->lost_from <= begin ||
	    header->lost_until < header->lost_from)
		return;
	summary->lost_from = (double)(header->lost_from - begin) / ticks * ns / 1e9;
	summary->lost_until = (double)(header->lost_until - begin) / ticks * ns / 1e9;
}

int
record_trace_summary(const char *path, struct record_summary *summary, struct err *err)
{
	struct esc_header *header;
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	size_t got;
	int error;

	if (fd < 0)
		return err_set(err, "%s: %s", path, strerror(errno));
	*summary = (struct record_summary){ 0 };
	header = xmalloc(sizeof(*header));
	got = files_read(fd, 0, header, sizeof(*header));
	error = errno;
	if (got == sizeof(*header)) {
		summary->emptied = header->magic != ESC_MAGIC;
		summary->flags = header->flags;
		summary->ring = header->ring_size;
		summary->missing = header->missing;
		summary->processes = header->processes;
		summary->checked = header->checked;
		summary->differed = header->differed;
		summary->unmarked = header->unmarked;
		memcpy(summary->runtime, header->runtime, sizeof(summary->runtime) - 1);
		memcpy(summary->allocator, header->allocator, sizeof(summary->allocator) - 1);
		record_trace_lost(summary, header);
		record_trace_count(summary, &header->overflow);
		error = record_trace_streams(fd, header, summary);
	}
	free(header);
	(void)close(fd);
	if (got == sizeof(*header) && error == 0)
		return 0;
	return err_set(
	    err, "%s: cannot read it: %s", path, error != 0 ? strerror(error) : "it was cut short");
}

/* --- Programs that became others --- */

/* When the trace at `path` of process `pid` began; 0: it is none. */
static uint64_t
record_trace_begun(const char *path, pid_t pid)
{
	struct esc_header *header = xmalloc(sizeof(*header));
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	uint64_t begun = 0;

	if (fd >= 0 && session_load(fd, header) && header->pid == (uint32_t)pid &&
	    (header->flags & ESC_FLAG_STARTED) != 0)
		begun = header->start.monotonic;
	if (fd >= 0)
		(void)close(fd);
	free(header);
	return begun;
}

/* esc.PROG.PID.esc or esc.PROG.PID.N.esc, as the shim names its own, or that packed. */
static bool
record_trace_is_of(const char *name, pid_t pid)
{
	const char *end = strrchr(name, '.');
	char part[32];

	(void)snprintf(part, sizeof(part), ".%d.", (int)pid);
	if (end != NULL && strcmp(end, ".zst") == 0 && end - name > 8)
		end -= strlen(".esc");
	return strncmp(name, "esc.", 4) == 0 && end != NULL && end - name > 4 &&
	    (strcmp(end, ".esc") == 0 || strcmp(end, ".esc.zst") == 0) &&
	    strstr(name, part) != NULL;
}

/* The keeper of an image that was exec'd is not ours: it may still be closing. */
void
record_trace_settle(const char *path)
{
	const struct timespec step = { .tv_nsec = 5000000 };
	struct esc_header *header = xmalloc(sizeof(*header));
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	unsigned i;

	for (i = 0; fd >= 0 && i < 400; i++) {
		if (!session_load(fd, header) || (header->flags & ESC_FLAG_COMPLETE) != 0)
			break;
		(void)nanosleep(&step, NULL);
	}
	if (fd >= 0)
		(void)close(fd);
	free(header);
}

char *
record_trace_last(const struct record *record)
{
	char *last = xstrdup(record->trace);
	int dir_len = (int)(strrchr(last, '/') - last + 1);
	char *dir_name = xasprintf("%.*s", dir_len, last);
	uint64_t newest = record_trace_begun(last, record->pid);
	DIR *dir = opendir(dir_name);
	struct dirent *entry;
	uint64_t begun;
	char *path;

	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		if (!record_trace_is_of(entry->d_name, record->pid))
			continue;
		path = xasprintf("%s%s", dir_name, entry->d_name);
		begun = record_trace_begun(path, record->pid);
		if (begun > newest) {
			newest = begun;
			free(last);
			last = path;
		} else {
			free(path);
		}
	}
	if (dir != NULL)
		(void)closedir(dir);
	free(dir_name);
	return last;
}
