/* CRC-32C (Castagnoli): finds every change of up to 32 bits in a row. */
#ifndef UTIL_CRC32C_H
#define UTIL_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* The sum of what `sum` is of (0: of nothing) and of the len bytes behind it. By
 * the processor's instruction where it has one. Any thread, any time. */
uint32_t crc32c(uint32_t sum, const void *bytes, size_t len);

/* The same, by a table. */
uint32_t crc32c_table(uint32_t sum, const void *bytes, size_t len);

#endif
