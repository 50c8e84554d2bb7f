#include "analyzer/util/files.h"

#include <errno.h>
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
