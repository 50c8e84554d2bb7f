/* What stands at which path: the page, compiled in, and the documents. Any thread. */
#ifndef WEB_SERVER_ANSWER_H
#define WEB_SERVER_ANSWER_H

#include <stdbool.h>
#include <stddef.h>

struct document;

struct answer {
	unsigned status;  /* of HTTP */
	const char *type; /* of its contents */
	const char *body;
	size_t len;
	char *owned; /* the body, if it is to be freed; or NULL */
};

/* path as it stands in the URL, query what follows its '?'. Always fills *answer. */
void answer_make(
    const struct document *document, const char *path, const char *query, struct answer *answer);
/* False: built without what bundles it, so that only documents are answered. */
bool answer_has_page(void);
/* One line of text; `text` is static. */
void answer_say(struct answer *answer, unsigned status, const char *text);

#endif
