#include "web/server/gzip.h"

#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <zlib.h>

#include "analyzer/util/xalloc.h"

enum { GZIP_WINDOW = 15 + 16 /* a gzip head, not zlib's */, GZIP_PIECE = 1 << 30 };

/* zlib counts in 32 bits. */
static unsigned
gzip_piece(size_t len)
{
	return len < GZIP_PIECE ? (unsigned)len : GZIP_PIECE;
}

char *
gzip_pack(const char *bytes, size_t len, int level, size_t *packed)
{
	z_stream stream = { .next_in = (Bytef *)(uintptr_t)bytes };
	size_t cap = 0, left = len;
	char *to = NULL;
	int rc = Z_OK;

	*packed = 0;
	if (deflateInit2(&stream, level, Z_DEFLATED, GZIP_WINDOW, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		return NULL;
	while (rc == Z_OK || rc == Z_BUF_ERROR) {
		if (stream.avail_in == 0) {
			stream.avail_in = gzip_piece(left);
			left -= stream.avail_in;
		}
		to = xgrow(to, &cap, *packed + (64 << 10), 1);
		stream.next_out = (Bytef *)to + *packed;
		stream.avail_out = gzip_piece(cap - *packed);
		rc = deflate(&stream, left == 0 ? Z_FINISH : Z_NO_FLUSH);
		*packed = (size_t)((char *)stream.next_out - to);
	}
	deflateEnd(&stream);
	if (rc == Z_STREAM_END)
		return to;
	free(to);
	return NULL;
}

char *
gzip_unpack(const char *bytes, size_t len, size_t whole)
{
	z_stream stream = { .next_in = (Bytef *)(uintptr_t)bytes };
	size_t got = 0, left = len;
	char *to = xmalloc(whole + 1);
	int rc = Z_OK;

	if (inflateInit2(&stream, GZIP_WINDOW) != Z_OK) {
		free(to);
		return NULL;
	}
	while (rc == Z_OK) {
		if (stream.avail_in == 0) {
			stream.avail_in = gzip_piece(left);
			left -= stream.avail_in;
		}
		stream.next_out = (Bytef *)to + got;
		stream.avail_out = gzip_piece(whole + 1 - got);
		rc = inflate(&stream, Z_NO_FLUSH);
		got = (size_t)((char *)stream.next_out - to);
	}
	inflateEnd(&stream);
	if (rc == Z_STREAM_END && got == whole)
		return to;
	free(to);
	return NULL;
}
