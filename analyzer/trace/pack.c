#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>
#include <zstd.h>

#include "analyzer/trace/packed.h"
#include "analyzer/util/err.h"
#include "analyzer/util/xalloc.h"

struct pack {
	int from, to;
	ZSTD_CCtx *context;
	uint8_t *whole;  /* PACKED_FRAME */
	uint8_t *packed; /* room */
	size_t room;
	uint8_t *table; /* records */
	size_t table_cap;
	size_t table_len;
};

static int
pack_read(struct pack *pack, uint64_t offset, size_t len, struct err *err)
{
	size_t done = 0;
	ssize_t got;

	while (done < len) {
		got = pread(pack->from, pack->whole + done, len - done, (off_t)(offset + done));
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_set(err, "cannot be read: %s", strerror(errno));
		if (got == 0)
			return err_set(err, "got shorter while it was read");
		done += (size_t)got;
	}
	return 0;
}

static int
pack_put(struct pack *pack, const uint8_t *at, size_t len, struct err *err)
{
	ssize_t wrote;

	while (len > 0) {
		wrote = write(pack->to, at, len);
		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote < 0)
			return err_set(err, "cannot be written: %s", strerror(errno));
		at += wrote;
		len -= (size_t)wrote;
	}
	return 0;
}

static void
pack_word(uint8_t *at, uint32_t word)
{
	unsigned i;

	for (i = 0; i < 4; i++)
		at[i] = (uint8_t)(word >> (8 * i));
}

static int
pack_frame(struct pack *pack, uint64_t offset, size_t len, struct err *err)
{
	size_t got;

	if (pack_read(pack, offset, len, err) != 0)
		return -1;
	got = ZSTD_compress2(pack->context, pack->packed, pack->room, pack->whole, len);
	if (ZSTD_isError(got))
		return err_set(err, "zstd: %s", ZSTD_getErrorName(got));
	pack->table = xgrow(pack->table, &pack->table_cap, pack->table_len + PACKED_ENTRY, 1);
	pack_word(pack->table + pack->table_len, (uint32_t)got);
	pack_word(pack->table + pack->table_len + 4, (uint32_t)len);
	pack->table_len += PACKED_ENTRY;
	return pack_put(pack, pack->packed, got, err);
}

static int
pack_table(struct pack *pack, struct err *err)
{
	uint8_t head[PACKED_SKIP_HEAD], foot[PACKED_TABLE_FOOT];

	pack_word(head, PACKED_SKIP_MAGIC);
	pack_word(head + 4, (uint32_t)(pack->table_len + sizeof(foot)));
	pack_word(foot, (uint32_t)(pack->table_len / PACKED_ENTRY));
	foot[4] = 0;
	pack_word(foot + 5, PACKED_TABLE_MAGIC);
	if (pack_put(pack, head, sizeof(head), err) != 0 ||
	    pack_put(pack, pack->table, pack->table_len, err) != 0)
		return -1;
	return pack_put(pack, foot, sizeof(foot), err);
}

static int
pack_all(struct pack *pack, uint64_t size, const struct pack_options *options, struct err *err)
{
	uint64_t at;
	size_t len;

	for (at = 0; at < size; at += len) {
		len = size - at < PACKED_FRAME ? (size_t)(size - at) : PACKED_FRAME;
		if (pack_frame(pack, at, len, err) != 0)
			return -1;
		if (options->progress != NULL)
			options->progress(options->progress_data, at + len, size);
	}
	return pack_table(pack, err);
}

int
pack_write(int from, uint64_t size, int to, const struct pack_options *options, struct err *err)
{
	struct pack pack = { .from = from, .to = to, .room = ZSTD_compressBound(PACKED_FRAME) };
	int status;

	pack.context = ZSTD_createCCtx();
	if (pack.context == NULL)
		return err_set(err, "out of memory");
	(void)ZSTD_CCtx_setParameter(pack.context, ZSTD_c_compressionLevel, options->level);
	(void)ZSTD_CCtx_setParameter(pack.context, ZSTD_c_checksumFlag, 1);
	pack.whole = xmalloc(PACKED_FRAME);
	pack.packed = xmalloc(pack.room);
	status = pack_all(&pack, size, options, err);
	ZSTD_freeCCtx(pack.context);
	free(pack.whole);
	free(pack.packed);
	free(pack.table);
	return status;
}
