/* The traces of one run of `esc record`: beside each other, with one number (record.h). */
#ifndef CMD_SESSION_H
#define CMD_SESSION_H

#include <stdbool.h>
#include <stddef.h>

struct esc_header;

struct session {
	char **traces; /* paths, by when they began; owned, see session_release */
	size_t count;
};

/* The header of a trace that is open at fd, packed or not: false: it is none. */
bool session_load(int fd, struct esc_header *header);

/*
 * The traces of the run of which `trace` is the first; where it is a later one, or alone,
 * or none, that one only. any: of whichever it is one. Those that never recorded are left
 * out.
 */
void session_find(struct session *session, const char *trace, bool any);
void session_release(struct session *session);

#endif
