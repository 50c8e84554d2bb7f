/*
 * Changes a file at a known moment: preloaded into who reads it, before read CHANGE_AT of
 * CHANGE_FILE. CHANGE_KIND says how; CHANGE_WITH is what "replace" renames onto it, and what
 * "bits" turns over: bytes and masks. Each
 * read of it adds a byte to CHANGE_COUNT, for who wants to know how many there are.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static atomic_ulong reads;

static void
change_write(int fd, off_t from, off_t len, int noise)
{
	static unsigned char bytes[1 << 16];
	size_t i, some;

	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] = noise ? (unsigned char)(i * 2654435761U >> 11) : 0;
	for (; len > 0; from += (off_t)some, len -= (off_t)some) {
		some = len < (off_t)sizeof(bytes) ? (size_t)len : sizeof(bytes);
		if (pwrite(fd, bytes, some, from) < 0)
			_exit(99);
	}
}

/* Of "AT MASK AT MASK..." */
static void
change_bits(int fd, const char *with)
{
	unsigned char byte;
	char *end;
	off_t at;

	while (with != NULL && *with != '\0') {
		at = (off_t)strtoull(with, &end, 10);
		if (end == with || pread64(fd, &byte, 1, at) != 1)
			_exit(99);
		byte ^= (unsigned char)strtoul(end, &end, 10);
		if (pwrite(fd, &byte, 1, at) != 1)
			_exit(99);
		with = end;
	}
}

/* The file itself. */
static void
change_within(const char *path, const char *kind)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	struct stat status;
	off_t size;

	if (fd < 0 || fstat(fd, &status) != 0)
		_exit(99);
	size = status.st_size;
	if (strcmp(kind, "grow") == 0)
		change_write(fd, size, 1 << 20, 1);
	else if (strcmp(kind, "zero") == 0)
		change_write(fd, 0, size, 0);
	else if (strcmp(kind, "noise") == 0)
		change_write(fd, size / 3, size / 3, 1);
	else if (strcmp(kind, "header") == 0)
		change_write(fd, 32, 64, 1);
	else if (strcmp(kind, "bits") == 0)
		change_bits(fd, getenv("CHANGE_WITH"));
	else if (ftruncate(fd,
		     strcmp(kind, "half") == 0       ? size / 2
			 : strcmp(kind, "less") == 0 ? size - 1
						     : 0) != 0)
		_exit(99);
	close(fd);
}

static void
change(const char *path, const char *kind)
{
	const char *with = getenv("CHANGE_WITH");
	int failed = 0;

	if (strcmp(kind, "replace") == 0)
		failed = rename(with != NULL ? with : "", path);
	else if (strcmp(kind, "unlink") == 0)
		failed = unlink(path);
	else if (strcmp(kind, "fifo") == 0)
		failed = unlink(path) != 0 || mkfifo(path, 0600) != 0;
	else if (strcmp(kind, "directory") == 0)
		failed = unlink(path) != 0 || mkdir(path, 0700) != 0;
	else
		change_within(path, kind);
	if (failed)
		_exit(99);
}

static void
look(int fd)
{
	const char *path = getenv("CHANGE_FILE"), *at = getenv("CHANGE_AT");
	const char *kind = getenv("CHANGE_KIND"), *count = getenv("CHANGE_COUNT");
	char self[64], name[4096];
	ssize_t len;
	int to;

	if (path == NULL || at == NULL)
		return;
	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	len = readlink(self, name, sizeof(name) - 1);
	if (len < 0)
		return;
	name[len] = '\0';
	if (strcmp(name, path) != 0)
		return;
	to = count != NULL ? open(count, O_WRONLY | O_APPEND | O_CLOEXEC) : -1;
	if (to >= 0 && write(to, "x", 1) != 1)
		_exit(99);
	if (to >= 0)
		close(to);
	if (atomic_fetch_add(&reads, 1) + 1 == strtoul(at, NULL, 10) && kind != NULL)
		change(path, kind);
}

ssize_t
read(int fd, void *to, size_t len)
{
	look(fd);
	return syscall(SYS_read, fd, to, len);
}

ssize_t
pread(int fd, void *to, size_t len, off_t at)
{
	look(fd);
	return syscall(SYS_pread64, fd, to, len, at);
}

ssize_t
pread64(int fd, void *to, size_t len, off64_t at)
{
	look(fd);
	return syscall(SYS_pread64, fd, to, len, at);
}
