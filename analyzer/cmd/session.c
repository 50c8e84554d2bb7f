#include "analyzer/cmd/session.h"

#include <fcntl.h>
#include <glob.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "analyzer/trace/packed.h"
#include "analyzer/util/err.h"
#include "analyzer/util/files.h"
#include "analyzer/util/strbuf.h"
#include "analyzer/util/xalloc.h"
#include "preload/record.h"

struct session_trace {
	char *path; /* owned */
	uint64_t session;
	uint64_t begun; /* CLOCK_MONOTONIC, ns */
	uint32_t pid;
	bool given; /* it is the one that was named */
	dev_t dev;
	ino_t ino;
};

/* Of a packed trace: the header that it holds. */
static bool
session_unpack(int fd, struct esc_header *header)
{
	struct err err;
	struct stat status;
	struct packed *packed;
	bool damaged, got;

	if (fstat(fd, &status) != 0)
		return false;
	packed = packed_open(fd, (uint64_t)status.st_size, &damaged, &err);
	got = packed != NULL && packed_read(packed, 0, header, sizeof(*header));
	packed_free(packed);
	return got;
}

bool
session_load(int fd, struct esc_header *header)
{
	memset(header, 0, sizeof(*header));
	if (files_read(fd, 0, header, sizeof(*header)) < sizeof(header->magic))
		return false;
	if (packed_is(header) && !session_unpack(fd, header))
		return false;
	return header->magic == ESC_MAGIC;
}

/* False: it is no trace of a program that was recorded. The path is copied. */
static bool
session_look(const char *path, struct session_trace *trace)
{
	struct esc_header *header = xmalloc(sizeof(*header));
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat status;
	bool is = fd >= 0 && fstat(fd, &status) == 0 && S_ISREG(status.st_mode) &&
	    session_load(fd, header) && (header->flags & ESC_FLAG_STARTED) != 0;

	if (is)
		*trace = (struct session_trace){ .path = xstrdup(path),
			.session = header->session,
			.begun = header->start.monotonic,
			.pid = header->pid,
			.dev = status.st_dev,
			.ino = status.st_ino };
	if (fd >= 0)
		(void)close(fd);
	free(header);
	return is;
}

static int
session_compare(const void *left, const void *right)
{
	const struct session_trace *a = left, *b = right;

	if (a->begun != b->begun)
		return a->begun < b->begun ? -1 : 1;
	if (a->pid != b->pid)
		return a->pid < b->pid ? -1 : 1;
	if (a->given != b->given)
		return a->given ? -1 : 1;
	return strcmp(a->path, b->path);
}

/* What is called a trace in the directory of `trace`: the first has the name that was asked
 * for. */
static bool
session_glob(const char *trace, glob_t *paths)
{
	static const char *const names[] = { "*.esc", "*.esc.zst" };
	const char *slash = strrchr(trace, '/');
	size_t length = slash != NULL ? (size_t)(slash - trace) + 1 : 0;
	struct strbuf pattern = { 0 };
	bool any = false;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		strbuf_clear(&pattern);
		for (size_t at = 0; at < length; at++) {
			if (strchr("*?[\\", trace[at]) != NULL)
				strbuf_adds(&pattern, "\\");
			strbuf_add(&pattern, trace + at, 1);
		}
		strbuf_adds(&pattern, names[i]);
		any |= glob(pattern.text, GLOB_NOSORT | (any ? GLOB_APPEND : 0), NULL, paths) == 0;
	}
	strbuf_release(&pattern);
	return any;
}

/* Of sorted ones; a copy, or what it was before it was packed, is none of its own. */
static size_t
session_drop_copies(struct session_trace *list, size_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++) {
		if (kept > 0 && list[i].begun == list[kept - 1].begun &&
		    list[i].pid == list[kept - 1].pid)
			free(list[i].path);
		else
			list[kept++] = list[i];
	}
	return kept;
}

/* Those of the same run as list[0], which `trace` is; sorted. How many. */
static size_t
session_gather(const char *trace, struct session_trace **list)
{
	glob_t paths = { 0 };
	size_t count = 1, cap = 1;
	struct session_trace one;

	if (!session_glob(trace, &paths))
		return count;
	for (size_t i = 0; i < paths.gl_pathc; i++) {
		if (!session_look(paths.gl_pathv[i], &one))
			continue;
		if (one.session != (*list)[0].session ||
		    (one.dev == (*list)[0].dev && one.ino == (*list)[0].ino)) {
			free(one.path);
			continue;
		}
		*list = xgrow(*list, &cap, count + 1, sizeof(**list));
		(*list)[count++] = one;
	}
	globfree(&paths);
	(*list)[0].given = true;
	qsort(*list, count, sizeof(**list), session_compare);
	return session_drop_copies(*list, count);
}

void
session_find(struct session *session, const char *trace, bool any)
{
	struct session_trace *list = xcalloc(1, sizeof(*list));
	size_t count = 0;

	if (session_look(trace, &list[0]))
		count = list[0].session != 0 ? session_gather(trace, &list) : 1;
	if (count == 0 || (!any && strcmp(list[0].path, trace) != 0)) {
		while (count > 0)
			free(list[--count].path);
		list[count++].path = xstrdup(trace);
	}
	session->count = count;
	session->traces = xcalloc(count, sizeof(*session->traces));
	for (size_t i = 0; i < count; i++)
		session->traces[i] = list[i].path;
	free(list);
}

void
session_release(struct session *session)
{
	for (size_t i = 0; i < session->count; i++)
		free(session->traces[i]);
	free(session->traces);
	*session = (struct session){ .traces = NULL };
}
