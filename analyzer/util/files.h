/* Bytes of files, whole: at once, interrupted or in pieces, the caller sees none of it. */
#ifndef UTIL_FILES_H
#define UTIL_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

/* Reads len bytes at offset. Returns how many there are: fewer at the end of the file,
 * with errno 0, or where it cannot be read, with errno set. */
size_t files_read(int fd, uint64_t offset, void *to, size_t len);

/* Writes len bytes at offset; false, with errno set, if not all could be. */
bool files_write(int fd, uint64_t offset, const void *from, size_t len);

/* What a file was at one moment, as far as who reads it can tell. */
struct files_stamp {
	uint64_t size;
	struct timespec written; /* last */
};

/* Of an open file; all zero where the kernel does not say. */
struct files_stamp files_stamp(int fd);
/* Whether the open file was written or cut since then, as its size and time tell. */
bool files_changed(int fd, const struct files_stamp *since);

/* Makes a new, empty file, as mkstemp does of a path that ends in XXXXXX, which becomes
 * its own: mode 0600 whatever the umask, closed by exec. -1, with errno set, if it cannot
 * be made. */
int files_create(char *path);

/*
 * Why what stands at `path` is not to be taken for a file that the caller made beside
 * `of`: it is no regular file, another user's (neither the caller's nor that of `of`'s
 * owner), or others may write it. A text that follows the path in a sentence; NULL:
 * nothing speaks against it, or nothing is there.
 */
const char *files_distrust(const char *path, const char *of);

#endif
