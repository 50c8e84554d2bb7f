#include "analyzer/export/packer.h"

#include <stdlib.h>
#include <zlib.h>

#include "analyzer/util/err.h"
#include "analyzer/util/xalloc.h"

enum {
	PACKER_WINDOW = 15 + 16, /* the largest, and with gzip's head */
	PACKER_MEMORY = 8,
	PACKER_CHUNK = 1 << 16,
	PACKER_MOST = 1 << 30, /* bytes at a time */
};

struct packer {
	z_stream stream;
	FILE *out;
	unsigned char chunk[PACKER_CHUNK];
};

struct packer *
packer_new(FILE *out, struct err *err)
{
	struct packer *packer = xcalloc(1, sizeof(*packer));

	packer->out = out;
	if (deflateInit2(&packer->stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, PACKER_WINDOW,
		PACKER_MEMORY, Z_DEFAULT_STRATEGY) == Z_OK)
		return packer;
	free(packer);
	err_set(err, "no memory to pack it with gzip");
	return NULL;
}

/* Until nothing is left to be taken or, at the end, to be given. */
static void
packer_run(struct packer *packer, int flush)
{
	z_stream *stream = &packer->stream;

	do {
		stream->next_out = packer->chunk;
		stream->avail_out = PACKER_CHUNK;
		(void)deflate(stream, flush);
		fwrite(packer->chunk, 1, PACKER_CHUNK - stream->avail_out, packer->out);
	} while (stream->avail_out == 0);
}

void
packer_add(struct packer *packer, const void *bytes, size_t len)
{
	const unsigned char *next = bytes;

	while (len > 0) {
		size_t step = len < PACKER_MOST ? len : PACKER_MOST;

		packer->stream.next_in = (unsigned char *)next;
		packer->stream.avail_in = (unsigned)step;
		packer_run(packer, Z_NO_FLUSH);
		next += step;
		len -= step;
	}
}

void
packer_finish(struct packer *packer)
{
	if (!packer)
		return;
	packer_run(packer, Z_FINISH);
	deflateEnd(&packer->stream);
	free(packer);
}
