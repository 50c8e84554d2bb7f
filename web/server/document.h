/*
 * What the server tells of the files that it shows, as the commands tell it: JSON
 * documents by name. Most are made once for each file and kept; the others ask the database
 * under its lock. Any thread.
 */
#ifndef WEB_SERVER_DOCUMENT_H
#define WEB_SERVER_DOCUMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct err;
struct parameters;
struct profile;
struct profile_kept;
struct shelf;

/* What a document is made of. */
struct document_from {
	struct shelf *shelf;
	struct profile *profile; /* the run that was asked for */
	const struct parameters *parameters;
};

struct document {
	const char *name;
	const char *parameter; /* that it must have, beside `run`; NULL: none */
	bool is_kept;          /* the same for ever: made once for a profile */
	/* Writes it. An HTTP status: 200, or nothing is to be used of what was written and err
	 * says in a line why. */
	unsigned (*write)(const struct document_from *from, FILE *out, struct err *err);
};

/* The document of that name, or NULL. */
const struct document *document_find(const char *name);
/* A kept one, made now if it was not yet; it lives as long as the profile. NULL: it
 * cannot be made, *status and err say why. */
const struct profile_kept *document_kept(const struct document *document,
    const struct document_from *from, unsigned *status, struct err *err);
/* Makes those that a page asks for first, or all that are kept, so that nobody waits for
 * them; what cannot be made is left for who asks. */
void document_prepare(struct profile *profile, bool is_all);
/* Any other; the caller frees the text. NULL as above. */
char *document_make(const struct document *document, const struct document_from *from, size_t *len,
    unsigned *status, struct err *err);

#endif
