#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>
#include <zstd.h>

#include "analyzer/trace/packed.h"
#include "analyzer/util/err.h"
#include "analyzer/util/files.h"
#include "analyzer/util/xalloc.h"

enum {
	PACK_THREADS = 8, /* at most */
	PACK_ROUND = 32,  /* frames that are packed, then written in their order */
};

/* A frame of a round. */
struct pack_frame {
	uint8_t *whole;  /* pack.frame */
	uint8_t *packed; /* room for it */
	uint64_t offset;
	size_t len;
	size_t got; /* packed; 0: err says why not */
	struct err err;
};

/* Packs frames at, at + step, ... of a round. */
struct pack_worker {
	struct pack *pack;
	ZSTD_CCtx *context;
	pthread_t thread;
	bool started;
	unsigned at;
};

struct pack {
	int from, to;
	size_t frame; /* bytes in one */
	size_t room;  /* of a packed one */
	struct pack_frame frames[PACK_ROUND];
	unsigned frame_count; /* in this round */
	struct pack_worker workers[PACK_THREADS];
	unsigned worker_count;
	uint8_t *table; /* records */
	size_t table_cap;
	size_t table_len;
};

/* --- A frame --- */

static int
pack_read(const struct pack *pack, struct pack_frame *frame)
{
	if (files_read(pack->from, frame->offset, frame->whole, frame->len) == frame->len)
		return 0;
	return err_set(&frame->err, "cannot be read: %s",
	    errno != 0 ? strerror(errno) : "it got shorter meanwhile");
}

static void
pack_frame(const struct pack *pack, ZSTD_CCtx *context, struct pack_frame *frame)
{
	size_t got;

	frame->got = 0;
	if (pack_read(pack, frame) != 0)
		return;
	got = ZSTD_compress2(context, frame->packed, pack->room, frame->whole, frame->len);
	if (ZSTD_isError(got))
		err_set(&frame->err, "zstd: %s", ZSTD_getErrorName(got));
	else
		frame->got = got;
}

static void *
pack_work(void *data)
{
	const struct pack_worker *worker = data;
	struct pack *pack = worker->pack;
	unsigned i;

	for (i = worker->at; i < pack->frame_count; i += pack->worker_count)
		pack_frame(pack, worker->context, &pack->frames[i]);
	return NULL;
}

/* --- The file --- */

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
pack_put_frame(struct pack *pack, const struct pack_frame *frame, struct err *err)
{
	if (frame->got == 0)
		return err_set(err, "%s", frame->err.text);
	pack->table = xgrow(pack->table, &pack->table_cap, pack->table_len + PACKED_ENTRY, 1);
	pack_word(pack->table + pack->table_len, (uint32_t)frame->got);
	pack_word(pack->table + pack->table_len + 4, (uint32_t)frame->len);
	pack->table_len += PACKED_ENTRY;
	return pack_put(pack, frame->packed, frame->got, err);
}

/* One of the workers is who called; where a thread cannot be had, its frames too. */
static int
pack_round(struct pack *pack, struct err *err)
{
	struct pack_worker *worker;
	unsigned i;

	for (i = 1; i < pack->worker_count; i++) {
		worker = &pack->workers[i];
		worker->started = worker->at < pack->frame_count &&
		    pthread_create(&worker->thread, NULL, pack_work, worker) == 0;
	}
	for (i = 0; i < pack->worker_count; i++)
		if (!pack->workers[i].started)
			(void)pack_work(&pack->workers[i]);
	for (i = 1; i < pack->worker_count; i++)
		if (pack->workers[i].started)
			(void)pthread_join(pack->workers[i].thread, NULL);
	for (i = 0; i < pack->frame_count; i++)
		if (pack_put_frame(pack, &pack->frames[i], err) != 0)
			return -1;
	return 0;
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
	struct pack_frame *frame;
	uint64_t at = 0;

	while (at < size) {
		for (pack->frame_count = 0; at < size && pack->frame_count < PACK_ROUND;
		     pack->frame_count++) {
			frame = &pack->frames[pack->frame_count];
			frame->offset = at;
			frame->len = size - at < pack->frame ? (size_t)(size - at) : pack->frame;
			at += frame->len;
		}
		if (pack_round(pack, err) != 0)
			return -1;
		if (options->progress != NULL)
			options->progress(options->progress_data, at, size);
	}
	return pack_table(pack, err);
}

static int
pack_start(struct pack *pack, const struct pack_options *options, struct err *err)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	struct pack_worker *worker;
	unsigned i;

	pack->worker_count = cores < 1 ? 1 : cores > PACK_THREADS ? PACK_THREADS : (unsigned)cores;
	for (i = 0; i < pack->worker_count; i++) {
		worker = &pack->workers[i];
		worker->pack = pack;
		worker->at = i;
		worker->context = ZSTD_createCCtx();
		if (worker->context == NULL)
			return err_set(err, "out of memory");
		(void)ZSTD_CCtx_setParameter(
		    worker->context, ZSTD_c_compressionLevel, options->level);
		(void)ZSTD_CCtx_setParameter(worker->context, ZSTD_c_checksumFlag, 1);
	}
	for (i = 0; i < PACK_ROUND; i++) {
		pack->frames[i].whole = xmalloc(pack->frame);
		pack->frames[i].packed = xmalloc(pack->room);
	}
	return 0;
}

int
pack_write(int from, uint64_t size, int to, const struct pack_options *options, struct err *err)
{
	struct pack *pack = xcalloc(1, sizeof(*pack));
	int status;
	unsigned i;

	pack->from = from;
	pack->to = to;
	pack->frame = options->frame != 0 ? options->frame : PACKED_FRAME;
	pack->room = ZSTD_compressBound(pack->frame);
	status = pack_start(pack, options, err);
	if (status == 0)
		status = pack_all(pack, size, options, err);
	for (i = 0; i < pack->worker_count; i++)
		ZSTD_freeCCtx(pack->workers[i].context);
	for (i = 0; i < PACK_ROUND; i++) {
		free(pack->frames[i].whole);
		free(pack->frames[i].packed);
	}
	free(pack->table);
	free(pack);
	return status;
}
