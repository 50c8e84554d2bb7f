/* A trace packed beside itself; `esc pack` and `esc record --pack` both do it. */
#ifndef CMD_PACK_H
#define CMD_PACK_H

#include <stdbool.h>

struct err;

enum { PACK_LEVEL = 3, PACK_LEVEL_MAX = 19 };

struct pack_job {
	const char *trace;
	const char *output; /* NULL: trace, and ".zst" behind it */
	int level;          /* of zstd, 1 to PACK_LEVEL_MAX */
	bool force;         /* replace a file that is there */
	bool remove;        /* the trace, once the packed one was read back */
	bool say;           /* how much smaller it got */
};

/* Packs it. The file appears whole, or not at all; 0, or -1 with err set. */
int pack_trace(const struct pack_job *job, struct err *err);
/* The name that pack_trace gives, which the caller frees. */
char *pack_name(const struct pack_job *job);

#endif
