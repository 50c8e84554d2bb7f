#include "analyzer/export/pprof.h"

#include <stdlib.h>
#include <string.h>

#include "analyzer/export/stack_paths.h"
#include "analyzer/util/proto.h"
#include "analyzer/util/term.h"
#include "analyzer/util/xalloc.h"

enum {
	MAPPING_ID = 1,
	MAPPING_FILE = 5,
	MAPPING_BUILD_ID = 6,
	MAPPING_HAS = 7,
	MAPPING_HAS_END = 11
};
enum { LOCATION_ID = 1, LOCATION_MAPPING = 2, LOCATION_LINE = 4 };
enum { LINE_FUNCTION = 1, LINE_LINE = 2, LINE_COLUMN = 3 };
enum { FUNCTION_ID = 1, FUNCTION_NAME = 2, FUNCTION_SYMBOL = 3, FUNCTION_FILE = 4 };

void
pprof_int(struct pprof *pprof, enum pprof_field field, int64_t value)
{
	struct strbuf bytes = { 0 };

	proto_int(&bytes, field, value);
	if (bytes.len > 0)
		packer_add(pprof->packer, bytes.text, bytes.len);
	strbuf_release(&bytes);
}

void
pprof_message(struct pprof *pprof, enum pprof_field field, const struct strbuf *message)
{
	struct strbuf bytes = { 0 };

	proto_bytes(&bytes, field, message->text, message->len);
	packer_add(pprof->packer, bytes.text, bytes.len);
	strbuf_release(&bytes);
}

int64_t
pprof_text(struct pprof *pprof, const char *text)
{
	bool is_fresh;
	uint64_t *number = map_insert(
	    &pprof->texts, map_key_of((struct map_key){ 0, 0 }, text, strlen(text)), &is_fresh);
	int64_t count = pprof->text_count;
	struct strbuf shown = { 0 };

	if (!is_fresh)
		return (int64_t)*number;
	*number = (uint64_t)count;
	pprof->text_count++;
	term_escape(&shown, text, strlen(text));
	pprof_message(pprof, PPROF_STRING, &shown);
	strbuf_release(&shown);
	return count;
}

static int64_t
pprof_mapping(struct pprof *pprof, uint32_t module)
{
	const struct stack_paths *paths = pprof->paths;
	struct strbuf mapping = { 0 };

	/* the first one has no name */
	if (module == 0 || pprof->module_mappings[module] != 0)
		return pprof->module_mappings[module];
	pprof->module_mappings[module] = ++pprof->mapping_count;
	proto_int(&mapping, MAPPING_ID, pprof->mapping_count);
	proto_int(&mapping, MAPPING_FILE, pprof_text(pprof, paths->modules.list[module]));
	if (module < paths->build_id_count)
		proto_int(&mapping, MAPPING_BUILD_ID, pprof_text(pprof, paths->build_ids[module]));
	/* functions, files, lines, inlined ones: as many as could be had, so that pprof does
	 * not look for more, which it could not find without addresses */
	for (unsigned has = MAPPING_HAS; has < MAPPING_HAS_END; has++)
		proto_int(&mapping, has, 1);
	pprof_message(pprof, PPROF_MAPPING, &mapping);
	strbuf_release(&mapping);
	return pprof->mapping_count;
}

static int64_t
pprof_function(struct pprof *pprof, uint32_t frame)
{
	const struct stack_paths *paths = pprof->paths;
	const struct paths_frames *frames = &paths->frames;
	const uint32_t what[] = { frames->name[frame], frames->symbol[frame], frames->file[frame] };
	struct strbuf function = { 0 };
	bool is_fresh;
	uint64_t *number;

	if (pprof->frame_functions[frame] != 0)
		return pprof->frame_functions[frame];
	number = map_insert(
	    &pprof->functions, map_key_of((struct map_key){ 0, 0 }, what, sizeof(what)), &is_fresh);
	if (is_fresh) {
		const char *name = paths->names.list[frames->name[frame]];
		const char *symbol = paths->symbols.list[frames->symbol[frame]];

		*number = (uint64_t)++pprof->function_count;
		name = *name ? name : "??";
		proto_int(&function, FUNCTION_ID, pprof->function_count);
		proto_int(&function, FUNCTION_NAME, pprof_text(pprof, name));
		proto_int(&function, FUNCTION_SYMBOL, pprof_text(pprof, *symbol ? symbol : name));
		proto_int(&function, FUNCTION_FILE,
		    pprof_text(pprof, paths->files.list[frames->file[frame]]));
		pprof_message(pprof, PPROF_FUNCTION, &function);
		strbuf_release(&function);
	}
	pprof->frame_functions[frame] = (int64_t)*number;
	return pprof->frame_functions[frame];
}

/* Adds the line of that frame to the location, and what makes it another one to the key. */
static void
pprof_line(struct pprof *pprof, uint32_t frame, struct strbuf *location, struct map_key *key)
{
	const struct paths_frames *frames = &pprof->paths->frames;
	const int64_t line[] = { pprof_function(pprof, frame), frames->line[frame],
		frames->column[frame], frames->module[frame] };
	struct strbuf message = { 0 };

	*key = map_key_of(*key, line, sizeof(line));
	proto_int(&message, LINE_FUNCTION, line[0]);
	proto_int(&message, LINE_LINE, line[1]);
	proto_int(&message, LINE_COLUMN, line[2]);
	proto_bytes(location, LOCATION_LINE, message.text, message.len);
	strbuf_release(&message);
}

static int64_t
pprof_new_location(struct pprof *pprof, uint32_t *node)
{
	const struct stack_paths *paths = pprof->paths;
	struct map_key key = { 0, 0 };
	struct strbuf lines = { 0 }, location = { 0 };
	uint32_t at = *node, frame, module = paths->frames.module[paths->frame[at]];
	bool is_inlined = true, is_fresh;
	uint64_t *number;

	while (is_inlined && at != 0) {
		frame = paths->frame[at];
		if (at != *node && paths->frames.module[frame] != module)
			break;
		pprof_line(pprof, frame, &lines, &key);
		is_inlined = paths->frames.inlined[frame] != 0;
		at = paths->parent[at];
	}
	number = map_insert(&pprof->locations, key, &is_fresh);
	if (is_fresh) {
		*number = (uint64_t)++pprof->location_count;
		proto_int(&location, LOCATION_ID, pprof->location_count);
		proto_int(&location, LOCATION_MAPPING, pprof_mapping(pprof, module));
		strbuf_add(&location, lines.text, lines.len);
		pprof_message(pprof, PPROF_LOCATION, &location);
		strbuf_release(&location);
	}
	strbuf_release(&lines);
	*node = at;
	return (int64_t)*number;
}

int64_t
pprof_location(struct pprof *pprof, uint32_t *node)
{
	uint32_t first = *node;

	if (pprof->node_locations[first] == 0) {
		pprof->node_locations[first] = pprof_new_location(pprof, node);
		pprof->node_outer[first] = *node;
	}
	*node = pprof->node_outer[first];
	return pprof->node_locations[first];
}

void
pprof_start(
    struct pprof *pprof, struct packer *packer, const struct stack_paths *paths, const char *exe)
{
	*pprof = (struct pprof){ .packer = packer, .paths = paths };
	pprof->frame_functions = xcalloc(paths->frames.count + 1, sizeof(*pprof->frame_functions));
	pprof->node_locations = xcalloc(paths->node_count + 1, sizeof(*pprof->node_locations));
	pprof->node_outer = xcalloc(paths->node_count + 1, sizeof(*pprof->node_outer));
	pprof->module_mappings = xcalloc(paths->modules.count + 1, sizeof(*pprof->module_mappings));
	pprof_text(pprof, "");
	for (uint32_t i = 1; i < paths->modules.count; i++) {
		if (strcmp(paths->modules.list[i], exe) == 0)
			pprof_mapping(pprof, i);
	}
}

void
pprof_release(struct pprof *pprof)
{
	map_release(&pprof->texts);
	map_release(&pprof->functions);
	map_release(&pprof->locations);
	free(pprof->frame_functions);
	free(pprof->node_locations);
	free(pprof->node_outer);
	free(pprof->module_mappings);
	*pprof = (struct pprof){ .packer = NULL };
}
