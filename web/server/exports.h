/* What can be had as a file: from the tables of exports, diagnostics and formats. */
#ifndef WEB_SERVER_EXPORTS_H
#define WEB_SERVER_EXPORTS_H

#include <stdio.h>

struct err;
struct profile;

enum { EXPORTS_NAME = 128 };

/* The document `exports`: an array of name, summary and file. */
void exports_list(const struct profile *profile, FILE *out);
/* What its file is called, into EXPORTS_NAME bytes, of harmless characters alone; -1: there
 * is no export of that name. */
int exports_file(const struct profile *profile, const char *name, char *file);
/* Writes it; -1 and err set on failure, also where there is none of that name. */
int exports_write(struct profile *profile, const char *name, FILE *out, struct err *err);
/* It as an open file, which the caller closes and reads by offsets alone: it is made once
 * for a profile, and does not go through memory. -1 and err set on failure. */
int exports_open(struct profile *profile, const char *name, struct err *err);

#endif
