/* The page, compiled in. */
#ifndef WEB_SERVER_BUNDLE_H
#define WEB_SERVER_BUNDLE_H

#include <stdbool.h>
#include <stddef.h>

struct bundle_file {
	const char *path; /* in the URL */
	const char *type;
	const char *body;
	size_t len;
	const char *sum;   /* SHA-256, hexadecimal; "" of what is never put into another */
	const char *links; /* what a browser is to ask for with it: a header; NULL: nothing */
};

/* The same as gzip. */
struct bundle_packed {
	char *bytes; /* NULL: no memory */
	size_t len;
};

/* NULL: nothing of ours has that path. */
const struct bundle_file *bundle_find(const char *path);
/* One of them packed; it stays until the process ends. Any thread. */
const struct bundle_packed *bundle_packed(const struct bundle_file *file);
/* This esc was built with its page, not only the documents. */
bool bundle_is_whole(void);

#endif
