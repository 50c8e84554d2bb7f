/*
 * Which blocks of a database are looked at: those that pass a list of filters. What is left
 * is a database in memory, with the others' rows taken away and the sums of their sites and
 * paths made anew, so that whoever reads it need not know of filters.
 *
 * A verdict is that of all blocks of a site, whatever is left of them. Blocks of a site that
 * are left out in part leave their share in what is not known by path, thread and time:
 * histograms, owners, freeing paths, fates; a fate that any block had is never rounded away.
 * What is known of whole runs alone is taken away with the first filter that it could not
 * follow: the time line, who frees whose blocks. Rows of run, thread and module stay.
 */
#ifndef STORE_FILTER_H
#define STORE_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct query_db;

/* By what. All but time take a pattern: * and ? as in a shell; where there is neither, a part
 * of a name is enough, but for verdicts, pools, phases and numbers. */
enum filter_key {
	FILTER_VERDICT,  /* of the site */
	FILTER_FUNCTION, /* of the site */
	FILTER_FILE,     /* of the site */
	FILTER_POOL,     /* of the site; "" of what is none's */
	FILTER_MODULE,   /* of the site */
	FILTER_THROUGH,  /* a function anywhere on the allocating stack */
	FILTER_THREAD,   /* the allocating one's number */
	FILTER_PROCESS,  /* its pid */
	FILTER_PHASE,    /* of the program, when the block was allocated */
	FILTER_TIME,     /* FROM-TO, seconds from the start; either may be missing */
	FILTER_KEYS
};

enum { FILTER_MOST = 32, FILTER_TEXT = 1024 };

struct filter_one {
	enum filter_key key;
	bool is_not;       /* what does not match */
	const char *text;  /* of the caller's: KEY=PATTERN */
	const char *value; /* in it */
	double from, to;   /* of a time, seconds; to: INFINITY */
};

/* Those with one key pass what any of them passes (with !=: what all do); all keys must. */
struct filter {
	struct filter_one list[FILTER_MOST];
	size_t count;
};

/* How exact it was: seconds. */
struct filter_said {
	double slice;  /* times are known in slices of that length; 0: none was asked for */
	double others; /* blocks of threads that are not known one by one, left out */
};

/* The names of the keys, as help and errors list them. */
#define FILTER_NAMES \
	"verdict, function, file, pool, module, through, thread, process, phase or time"

/* Takes KEY=PATTERN or KEY!=PATTERN; the text must live as long. -1 and err set: which it
 * is not. */
int filter_add(struct filter *filter, const char *text, struct err *err);
/* Leaves in db what passes; nothing is done where there is no filter. It comes before
 * statements and functions of the caller's. -1 and err set on failure: db is then only to
 * be closed. */
int filter_apply(
    const struct filter *filter, struct query_db *db, struct filter_said *said, struct err *err);

#endif
