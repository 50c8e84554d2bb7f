/* Bytes as gzip, and back. Any thread. */
#ifndef WEB_SERVER_GZIP_H
#define WEB_SERVER_GZIP_H

#include <stddef.h>

/* Small: the highest level takes three times as long to save a fiftieth. */
enum { GZIP_QUICK = 1, GZIP_SMALL = 6 };

/* Packed bytes, which the caller frees; *packed becomes how many they are. NULL: no memory. */
char *gzip_pack(const char *bytes, size_t len, int level, size_t *packed);
/* The same the other way; `whole` is how many they must become. NULL: they do not. */
char *gzip_unpack(const char *bytes, size_t len, size_t whole);

#endif
