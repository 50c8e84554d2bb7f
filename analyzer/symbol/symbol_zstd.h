/* What zstd has packed. */
#ifndef SYMBOL_SYMBOL_ZSTD_H
#define SYMBOL_SYMBOL_ZSTD_H

#include <stdbool.h>
#include <stddef.h>

/* True if this build can unpack it. */
bool symbol_zstd_available(void);
/* Unpacks `from` into `to`; false unless that makes exactly size bytes. */
bool symbol_zstd_unpack(void *to, size_t size, const void *from, size_t from_size);

#endif
