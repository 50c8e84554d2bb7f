/*
 * The page with its data in one file, which needs neither a server nor a network.
 *
 * The documents stand in it as <script type="application/json+gzip" data-name="NAME">,
 * base64 of gzip: nothing in them can be markup. NAME is `info?run=1` and the like, or
 * `state`; `site?run=1` and `source?run=1` are objects of these documents by id and file.
 */
#ifndef WEB_SERVER_SINGLE_H
#define WEB_SERVER_SINGLE_H

#include <stdio.h>

struct err;
struct shelf;

enum {
	SINGLE_SITES = 2000,       /* of which the details are in it */
	SINGLE_DETAILS = 32 << 20, /* bytes of these at most */
	SINGLE_SOURCES = 16 << 20, /* bytes of annotated sources at most */
};

/* Writes it; -1 and err set on failure, then what was written is to be thrown away. */
int single_write(struct shelf *shelf, FILE *out, struct err *err);

#endif
