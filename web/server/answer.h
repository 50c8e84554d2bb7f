/* What stands at which path: the page, compiled in, the documents, and the exports. Any
 * thread. */
#ifndef WEB_SERVER_ANSWER_H
#define WEB_SERVER_ANSWER_H

#include <stdbool.h>
#include <stddef.h>

#include "web/server/exports.h"

struct profile;
struct shelf;

enum { ANSWER_TEXT = 256 };

struct answer {
	unsigned status;  /* of HTTP */
	const char *type; /* of its contents */
	const char *body;
	size_t len;
	const char *links;       /* what a browser is to ask for at once: a header; or NULL */
	bool is_gzip;            /* the body is packed */
	char *owned;             /* the body, if it is to be freed; or NULL */
	struct profile *profile; /* whose the body is, held for it; or NULL */
	int file;                /* an open one that has the body instead, owned; -1: none */
	char name[EXPORTS_NAME]; /* it is to be saved as; "": to be looked at */
	char text[ANSWER_TEXT];  /* room for a body */
};

/* path as it stands in the URL, query what follows its '?'. Whoever asks takes_gzip, or
 * gets it unpacked. Always fills *answer, which answer_release empties. */
void answer_make(struct shelf *shelf, const char *path, const char *query, bool takes_gzip,
    struct answer *answer);
/* One line of text; `text` is static. */
void answer_say(struct answer *answer, unsigned status, const char *text);
void answer_release(struct answer *answer);

#endif
