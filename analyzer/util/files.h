/* Bytes of files, whole: at once, interrupted or in pieces, the caller sees none of it. */
#ifndef UTIL_FILES_H
#define UTIL_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Reads len bytes at offset. Returns how many there are: fewer at the end of the file,
 * with errno 0, or where it cannot be read, with errno set. */
size_t files_read(int fd, uint64_t offset, void *to, size_t len);

/* Writes len bytes at offset; false, with errno set, if not all could be. */
bool files_write(int fd, uint64_t offset, const void *from, size_t len);

#endif
