#include "analyzer/export/pprof_wrappers.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/export/stack_paths.h"
#include "analyzer/util/strbuf.h"
#include "analyzer/util/term.h"
#include "analyzer/util/xalloc.h"

enum {
	WRAPPERS_MOST =
	    256, /* alternatives: Go's regexp nests them by their prefixes, not too deep */
	WRAPPERS_BYTES = 512, /* of a name */
};

enum wrappers_place { WRAPPERS_INSIDE = 1, WRAPPERS_OUTSIDE = 2 }; /* of the site */

/* Adds what stands for the text alone. */
static void
wrappers_quote(struct strbuf *regex, const char *text)
{
	for (; *text; text++) {
		if (strchr("\\.+*?()|[]{}^$", *text))
			strbuf_adds(regex, "\\");
		strbuf_add(regex, text, 1);
	}
}

/* The node of the site: the innermost frame that is no wrapper, or else the innermost. */
static uint32_t
wrappers_site(const struct stack_paths *paths, size_t path)
{
	uint32_t node = paths->node[path];

	while (node != 0 && paths->frames.wrapper[paths->frame[node]] != 0)
		node = paths->parent[node];
	return node != 0 ? node : paths->node[path];
}

/* By name: where it stands. */
static uint8_t *
wrappers_places(const struct stack_paths *paths)
{
	const struct paths_frames *frames = &paths->frames;
	uint8_t *places = xcalloc(paths->names.count + 1, sizeof(*places));

	for (size_t i = 0; i < paths->count; i++) {
		uint32_t site = wrappers_site(paths, i);
		uint8_t place = WRAPPERS_INSIDE;

		for (uint32_t node = paths->node[i]; node != 0; node = paths->parent[node]) {
			if (node == site)
				place = WRAPPERS_OUTSIDE;
			places[frames->name[paths->frame[node]]] |= place;
		}
	}
	return places;
}

char *
pprof_wrappers(const struct stack_paths *paths)
{
	uint8_t *places = wrappers_places(paths);
	struct strbuf regex = { 0 }, shown = { 0 };
	size_t count = 0;

	for (size_t i = 0; i < paths->names.count && count < WRAPPERS_MOST; i++) {
		const char *name = paths->names.list[i];
		size_t len = strlen(name);

		if (places[i] != WRAPPERS_INSIDE || len == 0 || len > WRAPPERS_BYTES)
			continue;
		strbuf_clear(&shown);
		term_escape(&shown, name, len);
		strbuf_adds(&regex, count++ > 0 ? "|" : "");
		wrappers_quote(&regex, shown.text);
	}
	strbuf_release(&shown);
	free(places);
	return regex.text;
}
