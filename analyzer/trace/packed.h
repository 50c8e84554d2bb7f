/*
 * A trace packed by zstd, in its "seekable format": frames that stand for
 * themselves, and behind them, in a frame that `zstd -d` steps over, a table of
 * their sizes. Read at any offset, as if it were not packed.
 */
#ifndef TRACE_PACKED_H
#define TRACE_PACKED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct packed; /* opaque */

/* The table, behind its frames: a frame that readers skip, of a head (two
 * words), a record a frame, and a foot. All little endian. */
#define PACKED_SKIP_MAGIC 0x184d2a5eU
#define PACKED_TABLE_MAGIC 0x8f92eab1U
#define PACKED_SKIP_HEAD 8U
#define PACKED_TABLE_FOOT 9U /* number of frames, flags (1 byte), magic */
#define PACKED_ENTRY 8U      /* packed and whole size */
#define PACKED_SUMMED 0x80U  /* flag: records have 4 bytes more, a checksum */

#define PACKED_FRAME (128U << 10)     /* bytes in a frame that esc writes */
#define PACKED_FRAME_MAX (8U << 20)   /* in one that it reads */
#define PACKED_SIZE_MIN (64ULL << 20) /* a whole that is always accepted */
#define PACKED_RATIO 8192U            /* and for more, how many times its packed size */
#define PACKED_KEEP (8U << 20)        /* of frames in memory */

/* Whether a file with these first bytes is packed. */
static inline bool
packed_is(const void *bytes)
{
	const uint8_t *at = bytes;

	return at[0] == 0x28 && at[1] == 0xb5 && at[2] == 0x2f && at[3] == 0xfd;
}

/*
 * Opens the file of that size behind fd, which stays the caller's and must stay
 * open. Where the table is missing or damaged, the frames are looked for one by
 * one, and *damaged is set. NULL and err set where it is not such a file, or
 * this build cannot unpack.
 */
struct packed *packed_open(int fd, uint64_t size, bool *damaged, struct err *err);
void packed_free(struct packed *packed); /* takes NULL */
/* Of the whole, unpacked. */
uint64_t packed_size(const struct packed *packed);
/* Reads len bytes at offset; false where there are none, or they are damaged.
 * Frames that were unpacked lately are kept. One thread at a time. */
bool packed_read(struct packed *packed, uint64_t offset, void *to, size_t len);
/* How many bytes of them at most; PACKED_KEEP unless told. */
void packed_keep(struct packed *packed, size_t bytes);

struct pack_options {
	int level;    /* of zstd, 1 to 19 */
	size_t frame; /* bytes in one, at most PACKED_FRAME; 0: that */
	/* Called now and then with bytes done and bytes to do; may be NULL. */
	void (*progress)(void *data, uint64_t done, uint64_t total);
	void *progress_data;
};

/* Packs the `size` bytes of `from` and writes them to `to`, from where that
 * stands. 0, or -1 with err set. */
int pack_write(
    int from, uint64_t size, int to, const struct pack_options *options, struct err *err);

#endif
