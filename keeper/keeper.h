/*
 * The keeper: a process outside the program that makes room for its trace and
 * closes it. It copies nothing. The programs hold a shared flock on the trace
 * through their mapping; when an exclusive one can be had, all are gone.
 */
#ifndef KEEPER_KEEPER_H
#define KEEPER_KEEPER_H

#include <stdint.h>

enum {
	KEEPER_RESERVE = 16 << 20, /* of a new trace, behind its header */
};

/*
 * Backs the file with storage from `from` to `to`, zeroes where it is new.
 * Returns 0, or -1 with errno (ENOSPC, EFBIG, EDQUOT, EIO ...).
 */
int keeper_extend(int fd, uint64_t from, uint64_t to);

/*
 * Keeps the trace open (read-write) at fd, on a file description that no
 * program shares, until its last process is gone; then trims and completes it.
 * `gone` is -1 where the program is there already, else the end of a pipe whose
 * other end is closed when it has ended, or will never be. Returns 0, or -1 with
 * errno where this is no trace to keep. first: path of the run's first trace, whose
 * pauses hold for this one, too, or NULL.
 */
int keeper_run(int fd, int gone, const char *first);

/*
 * Makes this process fit to be a keeper: no terminal, no signals from it,
 * no descriptor but the given ones (gone may be -1).
 */
void keeper_detach(int fd, int gone);

#endif
