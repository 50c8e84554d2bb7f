#include "analyzer/trace/packed.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>
#include <zstd.h>

#include "analyzer/util/err.h"
#include "analyzer/util/files.h"
#include "analyzer/util/xalloc.h"

enum {
	PACKED_HEAD_MAX = 18,              /* bytes of a frame that tell its size */
	PACKED_SLOTS = 512,                /* frames kept, at most */
	PACKED_PIECE = PACKED_ENTRY << 12, /* of the table read at once */
};

struct packed_frame {
	uint64_t at;    /* in the file */
	uint64_t start; /* in the whole */
};

struct packed_slot {
	uint8_t *data; /* NULL: free */
	size_t len;
	uint64_t used; /* when, by packed.clock */
	uint32_t frame;
};

struct packed {
	int fd;
	uint64_t file_size;
	struct packed_frame *frames; /* frame_count and one that ends the last */
	size_t frame_cap;
	uint32_t frame_count;
	uint16_t *where; /* by frame: its slot + 1; 0: not kept */
	struct packed_slot slots[PACKED_SLOTS];
	size_t kept; /* bytes of them */
	size_t keep; /* of these at most */
	uint64_t clock;
	ZSTD_DCtx *context;
	uint8_t *raw; /* a packed frame */
	size_t raw_cap;
};

static bool
packed_fetch(const struct packed *packed, uint64_t offset, void *to, size_t len)
{
	return offset <= packed->file_size && len <= packed->file_size - offset &&
	    files_read(packed->fd, offset, to, len) == len;
}

static uint32_t
packed_word(const uint8_t *at)
{
	return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 |
	    (uint32_t)at[3] << 24;
}

/* --- Where the frames are --- */

uint64_t
packed_size(const struct packed *packed)
{
	return packed->frames[packed->frame_count].start;
}

/* The next frame; false if it cannot be one. */
static bool
packed_add(struct packed *packed, uint64_t len, uint64_t whole)
{
	uint64_t limit = PACKED_SIZE_MIN;
	const struct packed_frame *last;

	if (packed->file_size > limit / PACKED_RATIO)
		limit = packed->file_size * PACKED_RATIO;
	packed->frames = xgrow(packed->frames, &packed->frame_cap, (size_t)packed->frame_count + 2,
	    sizeof(*packed->frames));
	if (packed->frame_count == 0)
		packed->frames[0] = (struct packed_frame){ 0, 0 };
	last = &packed->frames[packed->frame_count];
	if (len == 0 || len > ZSTD_compressBound(PACKED_FRAME_MAX) ||
	    len > packed->file_size - last->at || whole > PACKED_FRAME_MAX ||
	    whole > limit - last->start || packed->frame_count == UINT32_MAX - 1)
		return false;
	packed->frames[packed->frame_count + 1] =
	    (struct packed_frame){ last->at + len, last->start + whole };
	packed->frame_count++;
	return true;
}

/* The table's records, between its head at `at` and its foot. */
static bool
packed_load_records(struct packed *packed, uint64_t at, uint32_t count, uint32_t record)
{
	uint8_t *buf = xmalloc((size_t)PACKED_PIECE * 2);
	const uint32_t most = PACKED_PIECE / PACKED_ENTRY;
	uint64_t table = at;
	bool good = true;
	uint32_t i, some;

	at += PACKED_SKIP_HEAD;
	while (good && count > 0) {
		some = count;
		if (some > most)
			some = most;
		good = packed_fetch(packed, at, buf, (size_t)some * record);
		for (i = 0; good && i < some; i++)
			good = packed_add(packed, packed_word(buf + (size_t)i * record),
			    packed_word(buf + (size_t)i * record + 4));
		at += (uint64_t)some * record;
		count -= some;
	}
	free(buf);
	return good && packed->frames[packed->frame_count].at == table;
}

/* Frames tell their sizes too: where one differs, all behind it would be read as
 * if they stood somewhere else. */
static bool
packed_agree(const struct packed *packed)
{
	uint8_t head[PACKED_HEAD_MAX];
	const struct packed_frame *at;
	unsigned long long whole;
	size_t len;
	uint32_t i;

	for (i = 0; i < packed->frame_count; i++) {
		at = &packed->frames[i];
		len = at[1].at - at->at < sizeof(head) ? (size_t)(at[1].at - at->at) : sizeof(head);
		if (len < 4 || !packed_fetch(packed, at->at, head, len))
			return false;
		whole = packed_is(head) ? ZSTD_getFrameContentSize(head, len) : 0;
		if (whole != at[1].start - at->start && whole != ZSTD_CONTENTSIZE_UNKNOWN)
			return false;
	}
	return true;
}

static bool
packed_load_table(struct packed *packed)
{
	uint8_t foot[PACKED_TABLE_FOOT], head[PACKED_SKIP_HEAD];
	uint64_t size = packed->file_size, len;
	uint32_t count, record;

	if (size < sizeof(foot) + sizeof(head) ||
	    !packed_fetch(packed, size - sizeof(foot), foot, sizeof(foot)) ||
	    packed_word(foot + 5) != PACKED_TABLE_MAGIC)
		return false;
	count = packed_word(foot);
	record = PACKED_ENTRY + ((foot[4] & PACKED_SUMMED) != 0 ? 4 : 0);
	len = (uint64_t)count * record + sizeof(foot);
	if (count == 0 || (foot[4] & 0x7c) != 0 || len > size - sizeof(head) ||
	    !packed_fetch(packed, size - len - sizeof(head), head, sizeof(head)))
		return false;
	return packed_word(head) == PACKED_SKIP_MAGIC && packed_word(head + 4) == len &&
	    packed_load_records(packed, size - len - sizeof(head), count, record) &&
	    packed_agree(packed);
}

/* Reads the frame at `at` into buf, as much of it as is there: its length, or 0. */
static size_t
packed_frame(struct packed *packed, uint64_t at, uint8_t *buf, size_t room)
{
	uint64_t left = packed->file_size - at;
	/* most are far smaller than the largest */
	size_t some = (size_t)2 * PACKED_FRAME;
	size_t len;

	while (true) {
		if (some > left)
			some = (size_t)left;
		if (!packed_fetch(packed, at, buf, some))
			return 0;
		len = ZSTD_findFrameCompressedSize(buf, some);
		if (!ZSTD_isError(len))
			return len;
		if (some == left || some == room)
			return 0;
		some = room;
	}
}

/* Without a table: frame after frame, as far as they are whole. */
static bool
packed_walk(struct packed *packed)
{
	size_t room = ZSTD_compressBound(PACKED_FRAME_MAX), len;
	uint8_t *buf = xmalloc(room);
	unsigned long long whole;
	uint64_t at = 0;

	packed->frame_count = 0;
	while (at < packed->file_size) {
		len = packed_frame(packed, at, buf, room);
		if (len < 4)
			break;
		whole = packed_is(buf) ? ZSTD_getFrameContentSize(buf, len) : 0;
		if (whole > PACKED_FRAME_MAX || !packed_add(packed, len, whole))
			break;
		at += len;
	}
	free(buf);
	return packed->frame_count > 0 && packed_size(packed) > 0;
}

struct packed *
packed_open(int fd, uint64_t size, bool *damaged, struct err *err)
{
	struct packed *packed = xcalloc(1, sizeof(*packed));

	packed->fd = fd;
	packed->file_size = size;
	packed->keep = PACKED_KEEP;
	*damaged = !packed_load_table(packed);
	if (*damaged && !packed_walk(packed)) {
		err_set(err, "not a trace that esc packed");
		packed_free(packed);
		return NULL;
	}
	packed->where = xcalloc(packed->frame_count, sizeof(*packed->where));
	packed->context = ZSTD_createDCtx();
	if (packed->context == NULL) {
		err_set(err, "out of memory");
		packed_free(packed);
		return NULL;
	}
	return packed;
}

void
packed_free(struct packed *packed)
{
	size_t i;

	if (packed == NULL)
		return;
	for (i = 0; i < PACKED_SLOTS; i++)
		free(packed->slots[i].data);
	ZSTD_freeDCtx(packed->context);
	free(packed->raw);
	free(packed->where);
	free(packed->frames);
	free(packed);
}

void
packed_keep(struct packed *packed, size_t bytes)
{
	packed->keep = bytes;
}

/* --- What is in them --- */

static void
packed_drop(struct packed *packed, struct packed_slot *slot)
{
	packed->where[slot->frame] = 0;
	packed->kept -= slot->len;
	free(slot->data);
	slot->data = NULL;
}

/* A slot for len bytes: a free one, or that of the frame not used for longest. */
static struct packed_slot *
packed_make_room(struct packed *packed, size_t len)
{
	struct packed_slot *best, *slot;

	for (;;) {
		best = packed->slots;
		for (slot = best; slot < packed->slots + PACKED_SLOTS; slot++)
			if (slot->data != NULL && (best->data == NULL || slot->used < best->used))
				best = slot;
		if (best->data == NULL || packed->kept + len <= packed->keep)
			break;
		packed_drop(packed, best);
	}
	for (slot = packed->slots; slot < packed->slots + PACKED_SLOTS; slot++)
		if (slot->data == NULL)
			return slot;
	packed_drop(packed, best);
	return best;
}

/* The frame, unpacked; NULL if it is damaged. */
static const uint8_t *
packed_unpack(struct packed *packed, uint32_t frame)
{
	const struct packed_frame *at = &packed->frames[frame];
	size_t len = (size_t)(at[1].at - at->at), whole = (size_t)(at[1].start - at->start);
	struct packed_slot *slot;

	if (packed->where[frame] != 0) {
		slot = &packed->slots[packed->where[frame] - 1];
		slot->used = ++packed->clock;
		return slot->data;
	}
	packed->raw = xgrow(packed->raw, &packed->raw_cap, len, 1);
	if (!packed_fetch(packed, at->at, packed->raw, len))
		return NULL;
	slot = packed_make_room(packed, whole);
	slot->data = xmalloc(whole);
	if (ZSTD_decompressDCtx(packed->context, slot->data, whole, packed->raw, len) != whole) {
		free(slot->data);
		slot->data = NULL;
		return NULL;
	}
	slot->len = whole;
	slot->frame = frame;
	slot->used = ++packed->clock;
	packed->kept += whole;
	packed->where[frame] = (uint16_t)(slot - packed->slots + 1);
	return slot->data;
}

/* The last frame that begins at or before offset. */
static uint32_t
packed_find(const struct packed *packed, uint64_t offset)
{
	uint32_t low = 0, high = packed->frame_count, middle;

	while (high - low > 1) {
		middle = low + (high - low) / 2;
		if (packed->frames[middle].start <= offset)
			low = middle;
		else
			high = middle;
	}
	return low;
}

bool
packed_read(struct packed *packed, uint64_t offset, void *to, size_t len)
{
	const struct packed_frame *frame;
	const uint8_t *data;
	uint8_t *at = to;
	size_t some, skip;
	uint32_t i;

	if (offset > packed_size(packed) || len > packed_size(packed) - offset)
		return false;
	for (i = packed_find(packed, offset); len > 0; i++) {
		frame = &packed->frames[i];
		if (frame[1].start == frame->start)
			continue;
		data = packed_unpack(packed, i);
		if (data == NULL)
			return false;
		skip = (size_t)(offset - frame->start);
		some = (size_t)(frame[1].start - offset);
		if (some > len)
			some = len;
		memcpy(at, data + skip, some);
		at += some;
		offset += some;
		len -= some;
	}
	return true;
}
