#include "analyzer/cmd/pack.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "analyzer/cmd/cmd.h"
#include "analyzer/cmd/progress.h"
#include "analyzer/trace/packed.h"
#include "analyzer/trace/reader.h"
#include "analyzer/util/err.h"
#include "analyzer/util/files.h"
#include "analyzer/util/show.h"
#include "analyzer/util/xalloc.h"

char *
pack_name(const struct pack_job *job)
{
	return job->output != NULL ? xstrdup(job->output) : xasprintf("%s.zst", job->trace);
}

/* --- The file that it goes to --- */

struct pack_file {
	int fd;
	char *path;      /* in the end */
	char *directory; /* where that is */
	char *temporary; /* until then; NULL: it has no name */
};

static int
pack_file_open(struct pack_file *file, struct err *err)
{
	const char *slash = strrchr(file->path, '/');

	file->directory =
	    slash != NULL ? xstrndup(file->path, (size_t)(slash - file->path) + 1) : xstrdup(".");
	/* without a name, nothing stays of it whatever ends us */
	file->fd = open(file->directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (file->fd >= 0 && fchmod(file->fd, 0600) == 0)
		return 0;
	if (file->fd >= 0)
		close(file->fd);
	file->temporary = xasprintf("%s.XXXXXX", file->path);
	file->fd = files_create(file->temporary);
	if (file->fd >= 0)
		return 0;
	return err_set(err, "%s: cannot create: %s", file->path, strerror(errno));
}

/* Gives a nameless file one; -1 and errno where that is taken. */
static int
pack_file_link(const struct pack_file *file, const char *name)
{
	char self[64];

	snprintf(self, sizeof(self), "/proc/self/fd/%d", file->fd);
	return linkat(AT_FDCWD, self, AT_FDCWD, name, AT_SYMLINK_FOLLOW);
}

static int
pack_file_place(struct pack_file *file, bool force)
{
	if (!force && file->temporary == NULL)
		return pack_file_link(file, file->path);
	if (!force) {
		if (link(file->temporary, file->path) != 0)
			return -1;
		return unlink(file->temporary);
	}
	if (file->temporary == NULL) {
		file->temporary = xasprintf("%s.%d", file->path, (int)getpid());
		if (pack_file_link(file, file->temporary) != 0) {
			free(file->temporary);
			file->temporary = NULL;
			return -1;
		}
	}
	return rename(file->temporary, file->path);
}

/* On the disk, where something is removed then. */
static int
pack_file_finish(struct pack_file *file, const struct pack_job *job, struct err *err)
{
	int directory;

	if (job->remove && fsync(file->fd) != 0)
		return err_set(err, "%s: %s", file->path, strerror(errno));
	if (pack_file_place(file, job->force) != 0)
		return err_set(err, "%s: %s%s", file->path, strerror(errno),
		    errno == EEXIST ? " (-f replaces it)" : "");
	free(file->temporary);
	file->temporary = NULL;
	if (!job->remove)
		return 0;
	directory = open(file->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (directory >= 0) {
		(void)fsync(directory);
		close(directory);
	}
	return 0;
}

static void
pack_file_release(struct pack_file *file)
{
	if (file->fd >= 0)
		close(file->fd);
	if (file->temporary != NULL)
		(void)unlink(file->temporary);
	free(file->temporary);
	free(file->directory);
	free(file->path);
}

/* --- What goes there --- */

/* Reads it back: every byte as it is in the trace. */
static int
pack_compare(int from, uint64_t size, int to, uint64_t packed_len, struct err *err)
{
	bool damaged = true, same = false;
	struct packed *packed = packed_open(to, packed_len, &damaged, err);
	uint8_t *a = xmalloc(PACKED_FRAME), *b = xmalloc(PACKED_FRAME);
	uint64_t at;
	size_t len;

	if (packed != NULL)
		same = !damaged && packed_size(packed) == size;
	for (at = 0; same && at < size; at += len) {
		len = size - at < PACKED_FRAME ? (size_t)(size - at) : PACKED_FRAME;
		same = pread(from, a, len, (off_t)at) == (ssize_t)len &&
		    packed_read(packed, at, b, len) && memcmp(a, b, len) == 0;
	}
	free(a);
	free(b);
	packed_free(packed);
	return same ? 0 : err_set(err, "what was packed differs from it; it was kept");
}

static int
pack_bytes(const struct pack_job *job, int from, uint64_t size, int to, struct err *err)
{
	struct progress progress;
	struct pack_options options = {
		.level = job->level,
		.progress = progress_show,
		.progress_data = &progress,
	};
	struct files_stamp before = files_stamp(from);
	struct stat status;
	struct err why = { "" };
	int rc;

	progress_start(&progress, "packing");
	rc = pack_write(from, size, to, &options, &why);
	if (rc == 0 && fstat(to, &status) == 0 && job->remove)
		rc = pack_compare(from, size, to, (uint64_t)status.st_size, &why);
	progress_end(&progress);
	if (rc == 0 && files_changed(from, &before))
		rc = err_set(&why, "it changed while it was packed; it was kept");
	return rc == 0 ? 0 : err_set(err, "%s: %s", job->trace, why.text);
}

/* A descriptor of the trace and its size; -1 where there is none to pack. */
static int
pack_open_trace(const struct pack_job *job, uint64_t *size, struct err *err)
{
	struct reader *reader = reader_open(job->trace, err);
	struct stat status;
	int fd = -1;

	if (reader == NULL)
		return -1;
	if (reader->packed != NULL)
		err_set(err, "%s is packed already", job->trace);
	else if (reader->running || reader_may_grow(job->trace))
		err_set(err, "%s is still written: pack it when its program has ended", job->trace);
	/* its name may be another file's by now, one that would have us wait */
	else if ((fd = open(job->trace, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)) < 0 ||
	    fstat(fd, &status) != 0)
		err_set(err, "%s: %s", job->trace, strerror(errno));
	else if (!S_ISREG(status.st_mode)) {
		err_set(err, "%s: not a regular file", job->trace);
		close(fd);
		fd = -1;
	} else
		*size = (uint64_t)status.st_size;
	reader_free(reader);
	return fd;
}

static void
pack_say(const struct pack_job *job, const struct pack_file *file, uint64_t size)
{
	char number[3][SHOW_SIZE];
	struct stat status;

	if (!job->say || stat(file->path, &status) != 0)
		return;
	cmd_note("wrote %s: %s instead of %s (%s)", file->path,
	    show_bytes(number[0], (double)status.st_size), show_bytes(number[1], (double)size),
	    show_share(number[2], (double)status.st_size, (double)size));
}

int
pack_trace(const struct pack_job *job, struct err *err)
{
	struct pack_file file = { .fd = -1 };
	uint64_t size = 0;
	int from = pack_open_trace(job, &size, err);
	int rc = -1;

	if (from < 0)
		return -1;
	/* a file that may not grow is an error like any other */
	(void)signal(SIGXFSZ, SIG_IGN);
	file.path = pack_name(job);
	if (!job->force && access(file.path, F_OK) == 0)
		err_set(err, "%s is there already (-f replaces it)", file.path);
	else if (pack_file_open(&file, err) == 0 &&
	    pack_bytes(job, from, size, file.fd, err) == 0 &&
	    pack_file_finish(&file, job, err) == 0)
		rc = 0;
	if (rc == 0 && job->remove && unlink(job->trace) != 0)
		rc = err_set(err, "%s: cannot remove: %s", job->trace, strerror(errno));
	if (rc == 0)
		pack_say(job, &file, size);
	pack_file_release(&file);
	close(from);
	return rc;
}
