/* Why a library function failed. Libraries never print; cmd does, once. */
#ifndef UTIL_ERR_H
#define UTIL_ERR_H

struct err {
	char text[1024]; /* "" while nothing failed */
};

/* Writes the message (cut to fit). Returns -1, so that `return err_set(...)`. */
int err_set(struct err *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
