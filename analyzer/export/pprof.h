/*
 * The tables of a profile in pprof's form (profile.proto): texts, functions, locations and
 * mappings, each written when it is named for the first time. A location is a place in the
 * machine code with all that was inlined there.
 */
#ifndef EXPORT_PPROF_H
#define EXPORT_PPROF_H

#include <stddef.h>
#include <stdint.h>

#include "analyzer/export/packer.h"
#include "analyzer/util/map.h"
#include "analyzer/util/strbuf.h"

struct stack_paths;

/* Fields of Profile. */
enum pprof_field {
	PPROF_SAMPLE_TYPE = 1,
	PPROF_SAMPLE = 2,
	PPROF_MAPPING = 3,
	PPROF_LOCATION = 4,
	PPROF_FUNCTION = 5,
	PPROF_STRING = 6,
	PPROF_DROP = 7,
	PPROF_TIME = 9,
	PPROF_DURATION = 10,
	PPROF_PERIOD_TYPE = 11,
	PPROF_PERIOD = 12,
	PPROF_COMMENT = 13,
	PPROF_DEFAULT_TYPE = 14,
};

struct pprof {
	struct packer *packer;           /* not owned */
	const struct stack_paths *paths; /* not owned */
	struct map texts;                /* key of the text -> number */
	int64_t text_count;
	struct map functions, locations; /* key of what is in it -> number */
	int64_t function_count, location_count;
	int64_t *frame_functions; /* by frame: number, 0: none yet */
	int64_t *node_locations;  /* by node: number, 0: none yet */
	uint32_t *node_outer;     /* by node: the one that the location around begins with */
	int64_t *module_mappings; /* by module: number, 0: none yet */
	int64_t mapping_count;
};

/* exe: path of the module that is to be the main one. Both have to stay. */
void pprof_start(
    struct pprof *pprof, struct packer *packer, const struct stack_paths *paths, const char *exe);
void pprof_release(struct pprof *pprof);

/* The number of the text, as terminals may see it: 0 is the empty one. */
int64_t pprof_text(struct pprof *pprof, const char *text);
/* The location that the node is in, as its innermost; *node becomes the first one outside
 * of it, 0: none. */
int64_t pprof_location(struct pprof *pprof, uint32_t *node);
/* One field of the profile itself. */
void pprof_int(struct pprof *pprof, enum pprof_field field, int64_t value);
void pprof_message(struct pprof *pprof, enum pprof_field field, const struct strbuf *message);

#endif
