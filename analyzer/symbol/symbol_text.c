#include "analyzer/symbol/symbol_text.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/util/files.h"
#include "analyzer/util/xalloc.h"

enum {
	PIECE = 64 * 1024,
	HELD_MAX = 8 * 1024 * 1024,   /* when nothing is in use */
	USED_MAX = 512 * 1024 * 1024, /* unless the file is hostile */
};

/* The piece with its bytes, of which the file has `*size`. */
static const uint8_t *
find_piece(struct symbol_text *text, uint64_t number, uint64_t *size)
{
	struct map_key key = { .lo = number };
	uint64_t *known = map_find(&text->pieces, key);
	uint8_t *piece;

	if (known == NULL) {
		/* how much there is stands before it */
		piece = xmalloc(sizeof(*size) + PIECE);
		*size = files_read(text->fd, number * PIECE, piece + sizeof(*size), PIECE);
		memcpy(piece, size, sizeof(*size));
		*map_insert(&text->pieces, key, NULL) = (uintptr_t)piece;
		text->held += PIECE;
	} else {
		piece = (uint8_t *)(uintptr_t)*known;
		memcpy(size, piece, sizeof(*size));
	}
	return piece + sizeof(*size);
}

/* False if the file ends before. */
static bool
copy(struct symbol_text *text, uint64_t offset, uint8_t *to, uint64_t size)
{
	uint64_t done = 0;

	while (done < size) {
		uint64_t at = (offset + done) % PIECE;
		uint64_t part = PIECE - at < size - done ? PIECE - at : size - done;
		uint64_t there;
		const uint8_t *piece = find_piece(text, (offset + done) / PIECE, &there);

		if (at + part > there)
			return false;
		memcpy(to + done, piece + at, part);
		done += part;
	}
	return true;
}

static const uint8_t *
find_span(struct symbol_text *text, uint64_t offset, uint64_t size)
{
	struct map_key key = { offset, size };
	const uint64_t *known = map_find(&text->spans, key);
	uint8_t *span;

	if (known != NULL)
		return (const uint8_t *)(uintptr_t)*known;
	if (size > USED_MAX || text->held > USED_MAX - size)
		return NULL;
	span = xmalloc(size);
	if (!copy(text, offset, span, size)) {
		free(span);
		return NULL;
	}
	*map_insert(&text->spans, key, NULL) = (uintptr_t)span;
	text->held += size;
	return span;
}

const uint8_t *
symbol_text_bytes(struct symbol_text *text, uint64_t offset, uint64_t size)
{
	uint64_t at = offset % PIECE;
	const uint8_t *piece;
	uint64_t there;

	if (size > text->size || offset > text->size - size)
		return NULL;
	if (at + size > PIECE)
		return find_span(text, offset, size);
	piece = find_piece(text, offset / PIECE, &there);
	return at + size <= there ? piece + at : NULL;
}

static void
free_all(struct map *map)
{
	struct map_key key;
	uint64_t value;
	size_t at = 0;

	while (map_next(map, &at, &key, &value))
		free((void *)(uintptr_t)value);
	map_release(map);
}

void
symbol_text_forget(struct symbol_text *text)
{
	if (text->held > HELD_MAX)
		symbol_text_release(text);
}

void
symbol_text_release(struct symbol_text *text)
{
	free_all(&text->pieces);
	free_all(&text->spans);
	text->held = 0;
}
