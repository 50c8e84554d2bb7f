/* Reads UTF-8 that may not be UTF-8. */
#ifndef UTIL_UTF8_H
#define UTIL_UTF8_H

#include <stddef.h>
#include <stdint.h>

/*
 * Decodes the character that `text` (len > 0 bytes) begins with. Returns the
 * bytes that it takes, 0 where they are none (overlong, a surrogate, cut).
 */
size_t utf8_decode(const char *text, size_t len, uint32_t *point);

#endif
