/* What an export was made of, and what is missing there: for where its format has room for it. */
#ifndef EXPORT_ORIGIN_H
#define EXPORT_ORIGIN_H

#include <stddef.h>
#include <stdint.h>

struct err;
struct query_db;

/* Of several runs the command, the process and the start are the first one's. */
struct origin {
	char *command; /* the arguments with blanks between them */
	char *exe;     /* path */
	int64_t pid;
	int64_t start_ns;    /* since 1970, UTC; 0: not known */
	int64_t duration_ns; /* of the longest run */
	int64_t peak_bytes;  /* most that were live at a time, in one run */
	char **notes;        /* a sentence each, without a full stop; names as in the database */
	size_t note_count, note_cap;
};

/* -1 and err set on failure; release it in any case. */
int origin_load(struct origin *origin, struct query_db *db, struct err *err);
void origin_release(struct origin *origin);

#endif
