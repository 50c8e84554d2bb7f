/* A report is a SELECT and its columns; any format writes it. */
#ifndef REPORT_REPORT_H
#define REPORT_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cell;
struct column;
struct err;
struct query_db;
struct query;
struct query_function;
struct rows;

struct report {
	const char *name; /* the member that it is in JSON */
	const char *summary;
	const char *sql; /* one result column for each of `columns`; NULL: see derive */
	const struct column *columns;
	size_t width;
	bool is_single;                         /* always one row */
	const struct query_function *functions; /* that sql calls; NULL: none */
	/* What its columns of rows are: for each the rows of this one, whose sql has
	 * the column's value, a text, as ?1. */
	const struct report *part;
	/* Binds what sql asks for; NULL: nothing. -1 and err set on failure. */
	int (*bind)(struct query_db *db, struct query *query, struct err *err);
	/* Reads what sql leaves out, of all rows at once; NULL: nothing. -1 and err set on
	 * failure. */
	int (*load)(struct query_db *db, struct rows *rows, struct err *err);
	/* Fills in what SQL cannot say; NULL: nothing. */
	void (*finish)(struct rows *rows);
	/* No SQL: it is made of the rows of the report `of`. */
	const struct report *of;
	void (*derive)(struct rows *rows, const struct rows *of);
};

/* The report of that name, or NULL. */
const struct report *report_find(const char *name);
/* The at-th report, or NULL behind the last. */
const struct report *report_at(size_t at);
/* Reads it into *rows, which the caller releases, also on failure (-1). */
int report_load(
    struct query_db *db, const struct report *report, struct rows *rows, struct err *err);
/* The same, but of a stack its number alone: for who wants few of them, or none. */
int report_load_plain(
    struct query_db *db, const struct report *report, struct rows *rows, struct err *err);
/* Puts the stacks of one row in the place of their numbers. -1 and err set on failure. */
int report_complete(struct query_db *db, struct rows *rows, size_t row, struct err *err);

/* When the run of report_run began, seconds since 1970; 0: that is not known. */
int64_t report_started(const struct rows *run);

/* A frame of a stack, as report_stack gives it. */
struct report_frame {
	char *function; /* owned, as the two below */
	char *file;
	char *module; /* path of the file that it was loaded from */
	char *symbol; /* as the linker knows it */
	long long line;
	long long column;
	bool is_wrapper;
	bool is_startup;
};

/* The frames of stack(id), innermost first; *count is 0 for an unknown one.
 * Free with report_stack_free. NULL and err set on failure. */
struct report_frame *report_stack(
    struct query_db *db, long long id, size_t *count, struct err *err);
/* The same for who reads many, whose queries are prepared once: NULL and err set on failure.
 * It must be freed before the database is closed. */
struct report_reader *report_reader_new(struct query_db *db, struct err *err);
struct report_frame *report_reader_stack(
    struct report_reader *reader, long long id, size_t *count, struct err *err);
void report_reader_free(struct report_reader *reader); /* takes NULL */
/* How many of them there are without the start-up code outside. */
size_t report_stack_main(const struct report_frame *frames, size_t count);
void report_stack_free(struct report_frame *frames, size_t count);

#endif
