#include "analyzer/lint/identity.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/lint/finding.h"
#include "analyzer/report/snippet.h"
#include "analyzer/util/map.h"
#include "analyzer/util/paths.h"
#include "analyzer/util/xalloc.h"

#define IDENTITY_START 0xcbf29ce484222325U /* FNV-1a: the same everywhere, for ever */
#define IDENTITY_PRIME 0x100000001b3U

/* With an end that no text holds. */
static uint64_t
hash_text(uint64_t hash, const char *text)
{
	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * IDENTITY_PRIME;
	return (hash ^ 0xff) * IDENTITY_PRIME;
}

/* Functions and allocator: what a line that moves leaves as it is. */
static uint64_t
identity_of(const struct finding *finding)
{
	uint64_t hash = hash_text(IDENTITY_START, finding->allocator);

	for (size_t i = 0; i < finding->depth; i++)
		hash = hash_text(hash, finding->stack[i].function);
	return hash;
}

/* The line without its blanks. */
static uint64_t
text_of(const struct finding *finding, const struct paths *paths)
{
	int64_t changed;
	char *text = snippet_line(paths, finding->place.file, finding->place.line, &changed);
	uint64_t hash = finding->identity;
	size_t kept = 0;

	for (size_t i = 0; text && text[i]; i++) {
		if (!isspace((unsigned char)text[i]))
			text[kept++] = text[i];
	}
	if (text) {
		text[kept] = '\0';
		hash = hash_text(hash_text(IDENTITY_START, text), finding->place.function);
	}
	free(text);
	return hash;
}

static int
by_place(const void *a, const void *b)
{
	const struct finding_place *one = &(*(struct finding *const *)a)->place;
	const struct finding_place *other = &(*(struct finding *const *)b)->place;
	int order = strcmp(one->file, other->file);

	if (order == 0)
		order = (one->line > other->line) - (one->line < other->line);
	if (order == 0)
		order = (one->column > other->column) - (one->column < other->column);
	return order ? order : strcmp(one->function, other->function);
}

static unsigned
next_copy(struct map *seen, uint64_t kind, uint64_t hash)
{
	uint64_t *count = map_insert(seen, (struct map_key){ kind, hash }, NULL);

	return (unsigned)++*count;
}

void
identity_find(struct findings *findings, const struct paths *paths)
{
	struct finding **sorted = xcalloc(findings->count + 1, sizeof(struct finding *));
	struct map seen = { .slots = NULL };

	for (size_t i = 0; i < findings->count; i++)
		sorted[i] = &findings->list[i];
	qsort(sorted, findings->count, sizeof(struct finding *), by_place);
	for (size_t i = 0; i < findings->count; i++) {
		sorted[i]->identity = identity_of(sorted[i]);
		sorted[i]->text = text_of(sorted[i], paths);
		sorted[i]->identity_copy = next_copy(&seen, 0, sorted[i]->identity);
		sorted[i]->text_copy = next_copy(&seen, 1, sorted[i]->text);
	}
	map_release(&seen);
	free(sorted);
}
