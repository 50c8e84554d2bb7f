#include "analyzer/symbol/symbol_zstd.h"

bool
symbol_zstd_available(void)
{
	return false;
}

bool
symbol_zstd_unpack(void *to, size_t size, const void *from, size_t from_size)
{
	(void)to;
	(void)size;
	(void)from;
	(void)from_size;
	return false;
}
