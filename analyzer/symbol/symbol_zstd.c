#include "analyzer/symbol/symbol_zstd.h"

#include <zstd.h>

bool
symbol_zstd_available(void)
{
	return true;
}

bool
symbol_zstd_unpack(void *to, size_t size, const void *from, size_t from_size)
{
	size_t got = ZSTD_decompress(to, size, from, from_size);

	return !ZSTD_isError(got) && got == size;
}
