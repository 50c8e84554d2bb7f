/* What a report yields and a format writes: typed columns, rows of cells. */
#ifndef FORMAT_ROWS_H
#define FORMAT_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct paths;

enum column_kind {
	COLUMN_TEXT,
	COLUMN_PATH,  /* a text of which the end tells most */
	COLUMN_INT,   /* a number that is no quantity: a line, an id */
	COLUMN_COUNT, /* shown with a unit, whole in JSON */
	COLUMN_BYTES,
	COLUMN_NS,
	COLUMN_REAL,
	COLUMN_SHARE, /* a real number of 0 to 1, shown in percent */
	COLUMN_LINE,  /* of a file; 0: not known */
	COLUMN_LIST,  /* texts; in a database: a JSON array of them */
	COLUMN_STACK, /* a list; in a database: stack(id), innermost first */
	COLUMN_BOOL,
	COLUMN_ROWS, /* rows of their own, in JSON alone; in a database: their key */
};

struct column {
	/* "blocks.observed" is a member of "blocks" in JSON; ".id" is written
	 * by no format */
	const char *name;
	const char *title; /* over it in a table; NULL: not in one */
	enum column_kind kind;
};

/* Whether its numbers are no whole ones. */
bool column_is_real(enum column_kind kind);

enum cell_type { CELL_NULL, CELL_INT, CELL_REAL, CELL_TEXT, CELL_LIST, CELL_CHAIN, CELL_ROWS };

/* One text of a chain: a list that shares its end with others. */
struct cell_link {
	const char *text;
	const struct cell_link *next;
};

/* There are fifty of them to a site: small. */
struct cell {
	enum cell_type type;
	uint32_t count; /* of a list or chain */
	union {
		int64_t integer;
		double real;
		char *text;                    /* owned */
		char **list;                   /* owned, and so are the texts */
		const struct cell_link *chain; /* somebody else's */
		struct rows *rows;             /* owned; NULL where there is nothing in the cell */
	};
};

/* Zero-initialised is one without columns. */
struct rows {
	const struct column *columns; /* the caller's */
	size_t width;
	struct cell *cells; /* row by row */
	size_t count;       /* rows */
	size_t cap;
	struct rows_block *blocks; /* private: what rows_keep gave */
};

enum { ROWS_TIES = 8 };

void rows_init(struct rows *rows, const struct column *columns, size_t width);
void rows_release(struct rows *rows);
/* Memory, aligned for anything, that lives as long as the rows do. */
void *rows_keep(struct rows *rows, size_t size);
/* A new last row of NULLs; valid until the next one. */
struct cell *rows_add(struct rows *rows);
/* Leaves the first `count` rows. */
void rows_cut(struct rows *rows, size_t count);
/* The place of a column of that name, which must exist. */
size_t rows_column(const struct rows *rows, const char *name);
/* The cell in a column of that name, which must exist. */
const struct cell *rows_at(const struct rows *rows, size_t row, const char *column);
/* Its value: 0 and "" where it has none of that type. */
int64_t rows_int(const struct rows *rows, size_t row, const char *column);
double rows_real(const struct rows *rows, size_t row, const char *column);
const char *rows_text(const struct rows *rows, size_t row, const char *column);
/* Largest value of the column first; rows that are equal stay in order. */
void rows_sort(struct rows *rows, const char *column);
/* The same, but what is equal by the largest of a second column, and then by those in ties,
 * ROWS_TIES at most: texts as strcmp has them, or the smallest number first. */
void rows_sort_ties(struct rows *rows, const char *column, const char *second,
    const char *const *ties, size_t count);
/* Texts of the column become what paths_shown() makes of them. */
void rows_show_paths(struct rows *rows, const char *column, const struct paths *paths);

void cell_set_int(struct cell *cell, int64_t value);
void cell_set_real(struct cell *cell, double value);
void cell_set_text(struct cell *cell, const char *value); /* copies */
void cell_append(struct cell *cell, const char *value);   /* makes it a list */
/* Makes it the first `count` texts of a chain, which must live as long and be as long. */
void cell_set_chain(struct cell *cell, const struct cell_link *chain, uint32_t count);
/* Makes it rows, which it then owns; they are the caller's to fill. */
struct rows *cell_set_rows(struct cell *cell, const struct column *columns, size_t width);

/* The texts of a list or chain, one after the other. */
struct cell_texts {
	const struct cell *cell;
	const struct cell_link *link; /* of a chain: the next */
	uint32_t at;
};

struct cell_texts cell_texts_of(const struct cell *cell);
/* NULL behind the last one, and at once where the cell is something else. */
const char *cell_texts_next(struct cell_texts *texts);

double cell_number(const struct cell *cell);
/* The same, rounded and held within int64_t. */
int64_t cell_whole(const struct cell *cell);

#endif
