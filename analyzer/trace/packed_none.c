#include "analyzer/trace/packed.h"

#include "analyzer/util/err.h"

static const char packed_none[] = "packed by zstd, and this esc was built without it";

struct packed *
packed_open(int fd, uint64_t size, bool *damaged, struct err *err)
{
	(void)fd;
	(void)size;
	(void)damaged;
	err_set(err, "%s", packed_none);
	return NULL;
}

void
packed_free(struct packed *packed)
{
	(void)packed;
}

void
packed_keep(struct packed *packed, size_t bytes)
{
	(void)packed;
	(void)bytes;
}

uint64_t
packed_size(const struct packed *packed)
{
	(void)packed;
	return 0;
}

bool
packed_read(struct packed *packed, uint64_t offset, void *to, size_t len)
{
	(void)packed;
	(void)offset;
	(void)to;
	(void)len;
	return false;
}

int
pack_write(int from, uint64_t size, int to, const struct pack_options *options, struct err *err)
{
	(void)from;
	(void)size;
	(void)to;
	(void)options;
	return err_set(err, "%s", "this esc was built without zstd");
}
