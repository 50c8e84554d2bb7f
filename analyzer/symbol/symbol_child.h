/*
 * The process that reads one module's files, as the resolver sees it: it is started when
 * first asked, opens its files through us, has limits, and may fail. Then it is lost, with
 * it what more it could have said of its module, and nothing else.
 *
 * At most a number of them run; the one that was not asked for longest makes room and is
 * started anew when it is asked again.
 */
#ifndef SYMBOL_SYMBOL_CHILD_H
#define SYMBOL_SYMBOL_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "analyzer/symbol/symbol_ask.h"
#include "analyzer/symbol/symbol_broker.h"
#include "analyzer/util/bytes.h"
#include "analyzer/util/map.h"

struct symbol_children; /* all of one resolver */

struct symbol_children *symbol_children_new(void);
void symbol_children_free(struct symbol_children *children); /* ends those that run */

struct symbol_child {
	struct symbol_children *children;
	struct symbol_broker broker; /* what module it is; nothing of it is owned */
	bool failed;
	char failure[96];    /* why */
	struct bytes opened; /* what was opened for SYMBOL_ASK_FILES: names, sizes, times */
	uint64_t file_bytes; /* of all files that were opened */

	/* private */
	bool running;
	int fd;
	pid_t pid;
	uint64_t asked; /* when, in questions of all */
	unsigned losses;
	unsigned files;
	bool recording;
	struct map seen; /* files */
	struct bytes message;
	unsigned idle; /* seconds without an answer and without work */
	uint64_t worked;
	const char *gave_up; /* on it, why */
};

/* The question kind (enum symbol_ask_kind) with a number, a text or NULL. *answer is valid
 * until the next question to this child. False: the child has failed, now or before. */
bool symbol_child_ask(struct symbol_child *child, enum symbol_ask_kind kind, uint64_t number,
    const char *text, struct bytes_reader *answer);
/* Its answer made no sense, or it goes too far: it has failed. */
void symbol_child_fail(struct symbol_child *child, const char *why);
void symbol_child_release(struct symbol_child *child);

#endif
