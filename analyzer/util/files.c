#include "analyzer/util/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

size_t
files_read(int fd, uint64_t offset, void *to, size_t len)
{
	size_t done = 0;
	ssize_t got;

	errno = 0;
	while (done < len && offset <= (uint64_t)INT64_MAX - done) {
		got = pread(fd, (char *)to + done, len - done, (off_t)(offset + done));
		if (got < 0 && errno == EINTR)
			continue;
		if (got == 0)
			errno = 0;
		if (got <= 0)
			return done;
		done += (size_t)got;
	}
	return done;
}

bool
files_write(int fd, uint64_t offset, const void *from, size_t len)
{
	size_t done = 0;
	ssize_t wrote;

	while (done < len) {
		wrote = pwrite(fd, (const char *)from + done, len - done, (off_t)(offset + done));
		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote == 0)
			errno = ENOSPC;
		if (wrote <= 0)
			return false;
		done += (size_t)wrote;
	}
	return true;
}

struct files_stamp
files_stamp(int fd)
{
	struct files_stamp stamp = { 0 };
	struct stat status;

	if (fstat(fd, &status) == 0) {
		stamp.size = (uint64_t)status.st_size;
		stamp.written = status.st_mtim;
	}
	return stamp;
}

bool
files_changed(int fd, const struct files_stamp *since)
{
	struct files_stamp now = files_stamp(fd);

	return now.size != since->size || now.written.tv_sec != since->written.tv_sec ||
	    now.written.tv_nsec != since->written.tv_nsec;
}

int
files_create(char *path)
{
	int fd = mkostemp(path, O_CLOEXEC);
	int saved;

	/* the umask may have taken our own rights, too */
	if (fd < 0 || fchmod(fd, S_IRUSR | S_IWUSR) == 0)
		return fd;
	saved = errno;
	close(fd);
	unlink(path);
	errno = saved;
	return -1;
}

const char *
files_distrust(const char *path, const char *of)
{
	struct stat file, owner;

	if (lstat(path, &file) < 0)
		return errno == ENOENT ? NULL : "cannot be looked at";
	if (!S_ISREG(file.st_mode))
		return "is no regular file";
	if (file.st_uid != geteuid() && (stat(of, &owner) < 0 || owner.st_uid != file.st_uid))
		return "belongs to another user";
	return (file.st_mode & (S_IWGRP | S_IWOTH)) != 0 ? "may be written by others" : NULL;
}
