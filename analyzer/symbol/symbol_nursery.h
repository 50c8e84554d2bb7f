/*
 * A process that does nothing but start others: forked while there is one thread and
 * little memory, it knows nothing of the trace, and neither do its children.
 *
 * Not safe for concurrent use.
 */
#ifndef SYMBOL_SYMBOL_NURSERY_H
#define SYMBOL_SYMBOL_NURSERY_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct symbol_nursery; /* opaque */

enum { SYMBOL_NURSERY_JOB_MAX = 32 * 1024 };

/* What a started process does: fd is its end of a socket, the job what
 * symbol_nursery_start was given. Signals of a terminal do not concern it, its standard
 * descriptors are /dev/null, its environment is empty; it ends with its starter. */
typedef void symbol_nursery_work(int fd, const uint8_t *job, size_t size);

/* Forks it. Without success, the first start tries again. */
struct symbol_nursery *symbol_nursery_new(symbol_nursery_work *work);
void symbol_nursery_free(struct symbol_nursery *nursery); /* and all it started */

/* Starts a process for a job of at most SYMBOL_NURSERY_JOB_MAX bytes: 0 and *fd, the other
 * end of its socket (close-on-exec), and *pid; or an errno. Where the nursery is gone, a
 * few times another is made. */
int symbol_nursery_start(
    struct symbol_nursery *nursery, const void *job, size_t size, int *fd, pid_t *pid);

/* Kills the process, if it runs still. How it ended, as wait says it; -1: not known. */
int symbol_nursery_end(struct symbol_nursery *nursery, pid_t pid);

#endif
