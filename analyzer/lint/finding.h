/* What a site has to say as a diagnostic: a place, a sentence, notes after it. */
#ifndef LINT_FINDING_H
#define LINT_FINDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct paths;
struct query_db;
struct report_frame;
struct rows;
struct suppressions;

/* Names as they are in the program: whoever writes them escapes them. */
struct finding_place {
	char *function; /* owned, as those below */
	char *symbol;   /* as the linker knows it */
	char *file;     /* as paths_shown() gives it; "" unknown */
	char *module;   /* path of what holds it */
	int64_t line;   /* 0 unknown */
	int64_t column; /* 0 unknown */
};

enum finding_level {
	FINDING_WARNING, /* something to do, and evidence for it */
	FINDING_REMARK,
};

enum finding_kind {
	FINDING_OWNER,   /* the call in the frame that the blocks did not outlive */
	FINDING_FREED,   /* where most of them were freed */
	FINDING_COUNTER, /* the counter-example: where one was freed, or kept */
	FINDING_CONTEXT, /* a caller for whom the blocks have a verdict of their own */
};

struct finding_note {
	enum finding_kind kind;
	char *text; /* owned; harmless */
	struct finding_place place;
	struct finding_place *stack; /* innermost first; NULL: none */
	size_t depth;
};

enum { FINDING_CONTEXTS = 4, FINDING_NOTES = 3 + FINDING_CONTEXTS };

struct finding {
	struct finding_place place;
	enum finding_level level;
	char *verdict;   /* owned */
	char *allocator; /* owned */
	char *message;   /* owned; harmless: "malloc(16) does not escape f: ..." */
	char *fate;      /* owned; harmless: "malloc(16) does not escape f" */
	char *remedy;    /* owned; harmless: "make it a local variable" */
	struct finding_note notes[FINDING_NOTES];
	size_t note_count;
	struct finding_place *stack; /* of the allocation, the site first */
	size_t depth;
	int64_t blocks; /* estimated */
	int64_t bytes;
	int64_t observed;
	int64_t proved;
	int64_t inferred;
	double saved_ns;
	double rank;       /* share of the time in malloc and free that it would save, 0 to 100 */
	uint64_t identity; /* of the site without its lines, the same in the next version */
	uint64_t text;     /* of its line of source, or as above where there is none */
	unsigned identity_copy; /* 1, 2, ... among findings with the same */
	unsigned text_copy;
};

/* What becomes of a site. */
enum finding_choice {
	FINDING_OTHER,      /* it has none of the verdicts */
	FINDING_SUPPRESSED, /* it has, but is known and left as it is */
	FINDING_FEW,        /* left out for min_blocks or is_proved */
	FINDING_KEPT,
};

struct finding_options {
	const char *verdicts; /* with commas */
	const struct paths *paths;
	int64_t min_blocks;                /* fewer: left out */
	bool is_proved;                    /* only sites of which every block is */
	struct suppressions *suppressions; /* those used are marked; NULL: none */
	/* Changes the choices, one a row of report_sites, the order of which findings keep. -1
	 * and err set on failure. NULL: they stay as they are. */
	int (*choose)(
	    void *data, const struct rows *sites, enum finding_choice *choices, struct err *err);
	void *choose_data;
};

struct findings {
	struct finding *list; /* owned; what would save most comes first */
	size_t count;
	size_t left_out; /* for min_blocks or is_proved */
	size_t suppressed;
	int64_t started; /* the first run, seconds since 1970 */
};

/* -1 and err set on failure. Release it in any case. */
int findings_load(struct findings *findings, struct query_db *db,
    const struct finding_options *options, struct err *err);
/* Leaves the first `count`. */
void findings_cut(struct findings *findings, size_t count);
void findings_release(struct findings *findings);

/* Of a row of report_sites. */
enum finding_level finding_level(const struct rows *sites, size_t row);
/* What finding.message says of a row of report_sites; the caller frees it. */
char *finding_message(const struct rows *sites, size_t row);

#endif
