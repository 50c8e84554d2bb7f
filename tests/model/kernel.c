/*
 * The system calls of the model, and the memory of keeper and reader. build.sh has the
 * real code call model_X for X. The file is the memory at MODEL_TRACE.
 */
#include "tests/model/model.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

#include "keeper/keeper.h"
#include "tests/model/kernel.h"

enum { KERNEL_TRACE = 3, KERNEL_COPY = 4, KERNEL_PID = 1000 };

long
arch_syscall(long nr, long a, long b, long c, long d, long e, long f)
{
	long at = (long)(MODEL_PRIVATE + now.world.arena);

	(void)a, (void)c, (void)d, (void)e, (void)f;
	if (nr != SYS_mmap)
		return 0;
	if (now.world.arena + (uint64_t)b > MODEL_HEAP)
		return -12;
	now.world.arena += ((uint64_t)b + 4095) & ~4095ULL;
	return at;
}

/* --- Processes --- */

/* Its pid stands where ring_tid looks. */
void
kernel_name(struct actor *actor)
{
	uint32_t pid = kernel_pid(actor->process);
	uint8_t stack[4096];

	if (actor->stack_len > sizeof(stack))
		model_fail("the model: a stack is too deep to fork");
	memcpy(stack, memory_piece(actor->stack), actor->stack_len);
	memcpy(stack + actor->stack_len - KERNEL_TP + KERNEL_TID, &pid, sizeof(pid));
	actor->stack = memory_intern(stack, actor->stack_len);
}

/* The child goes on where the parent is about to. */
void
kernel_fork(unsigned int child)
{
	struct actor *parent = &now.actors[acting], *actor = &now.actors[child];
	unsigned int process = 1;

	while (now.world.shared_locks >> process & 1)
		process++;
	*actor = *parent;
	actor->code = 1;
	actor->process = (uint8_t)process;
	actor->tls = thread_tls;
	memset(&actor->local, 0, sizeof(actor->local));
	actor->local.number = (uint8_t)child;
	memcpy(now.private[process], now.private[parent->process], sizeof(now.private[process]));
	now.private[process][memory_place(&ring_self)] = 0; /* MADV_WIPEONFORK */
	now.world.shared_locks |= (uint8_t)(1U << process);
	kernel_name(actor);
}

static bool
kernel_lives(const struct state *state, unsigned int process)
{
	for (unsigned int i = 0; i < ACTORS; i++)
		if (state->actors[i].process == process && state->actors[i].status == STATUS_READY)
			return true;
	return false;
}

/* Its locks go with the last of a process's actors. */
void
kernel_die(struct state *state, unsigned int process)
{
	if (kernel_lives(state, process))
		return;
	state->world.shared_locks &= (uint8_t) ~(1U << process);
	if (state->world.exclusive == process + 1)
		state->world.exclusive = 0;
}

/* What a pause waits for: the header, or the process's page. */
uint64_t
kernel_seen(const struct state *state, unsigned int process)
{
	return state->shared[0] + ((uint64_t)state->shared[1] << 20) +
	    ((uint64_t)state->private[process][memory_place(&ring_self)] << 40);
}

static bool
kernel_others(const struct state *state, unsigned int i)
{
	for (unsigned int other = 0; other < ACTORS; other++)
		if (other != i && state->actors[other].status == STATUS_READY)
			return true;
	return false;
}

bool
kernel_ready(const struct state *state, unsigned int i)
{
	const struct actor *actor = &state->actors[i];

	switch ((enum pending)actor->pending) {
	case PENDING_PAUSE: return kernel_seen(state, actor->process) != actor->seen;
	case PENDING_WAIT:
		if (actor->process == READER_PROCESS)
			return state->actors[0].status != STATUS_READY;
		if (scene->again)
			return state->actors[scene->threads].status != STATUS_READY;
		return (state->actors[0].local.wrote | state->actors[0].local.lost) != 0 ||
		    state->actors[0].status != STATUS_READY;
	case PENDING_POLL:
		if (actor->process == READER_PROCESS)
			return kernel_seen(state, actor->process) != actor->seen ||
			    !kernel_others(state, i);
		return state->world.ticks > 0 ||
		    (state->world.shared_locks == 0 && state->world.exclusive == 0);
	default: return true;
	}
}

/* --- Memory of keeper and reader: given out anew when all was given back --- */

static void
kernel_touch(void *at, uint64_t size)
{
	memory_dirty(at, size, now.actors[acting].process);
}

/* They may have written anywhere into it since. */
void
kernel_touch_all(void)
{
	kernel_touch((void *)(MODEL_PRIVATE + MODEL_HEAP), now.world.heap);
}

void *
model_malloc(size_t size)
{
	uint8_t *at = (uint8_t *)(MODEL_PRIVATE + MODEL_HEAP + now.world.heap);

	size = (size + 31) & ~15ULL;
	if (now.world.heap + size > MODEL_PRIVATE_SIZE - MODEL_HEAP)
		model_fail("the model: the heap is full");
	now.world.heap += size;
	now.world.blocks++;
	kernel_touch(at, size);
	memset(at, 0, size);
	memcpy(at, &size, sizeof(size));
	return at + 16;
}

void *
model_calloc(size_t count, size_t size)
{
	return model_malloc(count * size);
}

void *
model_realloc(void *block, size_t size)
{
	uint64_t old = 0;
	void *at = model_malloc(size);

	if (block == NULL)
		return at;
	memcpy(&old, (uint8_t *)block - 16, sizeof(old));
	memcpy(at, block, old - 16 < size ? old - 16 : size);
	model_free(block);
	return at;
}

void *
model_reallocarray(void *block, size_t count, size_t size)
{
	return model_realloc(block, count * size);
}

void
model_free(void *block)
{
	if (block == NULL)
		return;
	if (--now.world.blocks != 0)
		return;
	kernel_touch_all();
	memset((void *)(MODEL_PRIVATE + MODEL_HEAP), 0, now.world.heap);
	now.world.heap = 0;
}

/* --- Files --- */

int
model_open(const char *path, int flags, ...)
{
	(void)path, (void)flags;
	return KERNEL_TRACE;
}

int
model_memfd_create(const char *name, unsigned int flags)
{
	(void)name, (void)flags;
	return KERNEL_COPY;
}

int
model_close(int fd)
{
	(void)fd;
	return 0;
}

int
model_fstat(int fd, struct stat *status)
{
	model_stop(PENDING_CALL, SIGHT_ALL, NULL, 0);
	memset(status, 0, sizeof(*status));
	status->st_mode = S_IFREG;
	status->st_size = (off_t)(fd == KERNEL_COPY ? now.world.copy_size : now.world.file_size);
	return 0;
}

int
model_fchmod(int fd, mode_t mode)
{
	(void)fd;
	(void)mode;
	return 0;
}

/* How full the disk is, model_fallocate tells. */
int
model_fstatvfs(int fd, struct statvfs *disk)
{
	(void)fd;
	memset(disk, 0, sizeof(*disk));
	return 0;
}

/* So much is copied at once: what can change there, word by word. */
static size_t
kernel_grain(uint64_t at, size_t len)
{
	size_t grain = scene->grain != 0 ? scene->grain : 8;

	if (at >= 2 * CHUNK && at < ESC_HEADER_SIZE)
		return len < ESC_HEADER_SIZE - at ? len : ESC_HEADER_SIZE - at;
	if (at < 2 * CHUNK)
		grain = 64;
	grain -= at % grain;
	return len < grain ? len : grain;
}

ssize_t
model_pread(int fd, void *to, size_t len, off_t offset)
{
	uint64_t at = (uint64_t)offset,
		 end = fd == KERNEL_COPY ? now.world.copy_size : now.world.file_size;
	size_t done = 0, piece;

	if (at >= end)
		return 0;
	if (len > end - at)
		len = end - at;
	for (; done < len; done += piece, at += piece) {
		piece = fd == KERNEL_COPY ? len : kernel_grain(at, len - done);
		if (fd != KERNEL_COPY)
			model_stop(PENDING_READ, SIGHT_ALL, (void *)(MODEL_TRACE + at),
			    (unsigned int)piece);
		if (memory_is_private((uint8_t *)to + done))
			kernel_touch((uint8_t *)to + done, piece);
		memcpy((uint8_t *)to + done,
		    (void *)((fd == KERNEL_COPY ? MODEL_COPY : MODEL_TRACE) + at), piece);
	}
	return (ssize_t)len;
}

ssize_t
model_pwrite(int fd, const void *from, size_t len, off_t offset)
{
	uint64_t at = (uint64_t)offset;

	if (fd == KERNEL_COPY) {
		kernel_touch((void *)(MODEL_COPY + at), len);
		memcpy((void *)(MODEL_COPY + at), from, len);
		return (ssize_t)len;
	}
	model_stop(PENDING_CALL, SIGHT_ALL, (void *)(MODEL_TRACE + at), 0);
	if (at + len > ESC_HEADER_SIZE + SEGMENTS * CHUNK)
		model_fail("the model: the file is too large");
	if (at + len > now.world.file_size)
		now.world.file_size = at + len;
	kernel_touch((void *)(MODEL_TRACE + at), len);
	memcpy((void *)(MODEL_TRACE + at), from, len);
	return (ssize_t)len;
}

int
model_ftruncate(int fd, off_t size)
{
	if (fd == KERNEL_COPY) {
		now.world.copy_size = (uint64_t)size;
		kernel_touch((void *)MODEL_COPY, now.world.copy_size);
		memset((void *)MODEL_COPY, 0, now.world.copy_size);
		return 0;
	}
	model_stop(PENDING_CALL, SIGHT_ALL, NULL, 0);
	now.world.file_size = (uint64_t)size;
	return 0;
}

int
model_fallocate(int fd, int mode, off_t offset, off_t len)
{
	uint64_t at = (uint64_t)offset, end = at + (uint64_t)len;

	(void)fd;
	model_stop(PENDING_CALL, SIGHT_ALL, (void *)(MODEL_TRACE + at), 0);
	if ((mode & FALLOC_FL_PUNCH_HOLE) != 0) {
		kernel_touch((void *)(MODEL_TRACE + at), (uint64_t)len);
		memset((void *)(MODEL_TRACE + at), 0, (uint64_t)len);
		return 0;
	}
	if (now.world.fail > 0 || end > ESC_HEADER_SIZE + SEGMENTS * CHUNK) {
		now.world.fail -= now.world.fail > 0;
		errno = ENOSPC;
		return -1;
	}
	if (end > now.world.file_size)
		now.world.file_size = end;
	return 0;
}

void *
model_mmap(void *at, size_t size, int prot, int flags, int fd, off_t offset)
{
	(void)at, (void)size, (void)prot, (void)flags, (void)fd;
	return (void *)(MODEL_TRACE + (uint64_t)offset);
}

int
model_munmap(void *at, size_t size)
{
	(void)at, (void)size;
	return 0;
}

int
model_madvise(void *at, size_t size, int advice)
{
	(void)at, (void)size, (void)advice;
	return 0;
}

int
model_flock(int fd, int how)
{
	unsigned int process, own;

	(void)fd;
	model_stop(PENDING_LOCK, SIGHT_ALL, NULL, 0);
	process = now.actors[acting].process;
	own = 1U << process;
	errno = EWOULDBLOCK;
	if ((how & LOCK_EX) != 0) {
		if ((now.world.shared_locks & ~own) != 0 ||
		    (now.world.exclusive != 0 && now.world.exclusive != process + 1))
			return -1;
		now.world.exclusive = (uint8_t)(process + 1);
	} else if ((how & LOCK_SH) != 0) {
		if (now.world.exclusive != 0 && now.world.exclusive != process + 1)
			return -1;
		now.world.exclusive = 0;
		now.world.shared_locks |= (uint8_t)own;
	} else {
		now.world.shared_locks &= (uint8_t)~own;
		if (now.world.exclusive == process + 1)
			now.world.exclusive = 0;
	}
	return 0;
}

/* --- Time --- */

/* A keeper has looked at what was left since it slept the last time. */
static void
kernel_slept(void)
{
	const struct esc_header *header = (const struct esc_header *)MODEL_TRACE;

	for (unsigned int i = 0; i < SEGMENTS && scene->slots != 0; i++) {
		const struct esc_segment *segment =
		    (const void *)(MODEL_TRACE + ESC_HEADER_SIZE + i * CHUNK);
		unsigned int owner = now.world.owner[i];

		if (now.world.behind[i] == 0 && owner != 0 && segment->state != 0 &&
		    now.world.was_full && (now.world.dead >> (owner - 1) & 1) != 0)
			model_fail("slot %u of a dead actor, %u, was not given back", i, owner - 1);
	}
	now.world.dead = 0;
	for (unsigned int i = 0; i < ACTORS; i++)
		if (now.actors[i].status >= STATUS_DONE &&
		    !kernel_lives(&now, now.actors[i].process))
			now.world.dead |= (uint8_t)(1U << i);
	/* Nobody is looked for while there is one process alone. */
	now.world.was_full =
	    scene->slots != 0 && header->claimed >= header->ring_size && header->processes >= 2;
}

int
model_poll(struct pollfd *fds, nfds_t count, int wait)
{
	(void)fds, (void)count, (void)wait;
	model_stop(PENDING_POLL, SIGHT_ALL, NULL, 0);
	kernel_slept();
	if (now.world.ticks > 0)
		now.world.ticks--;
	now.world.polls++;
	return 0;
}

/* The model's keeper looks once a tick. */
int
model_inotify_init1(int flags)
{
	(void)flags;
	errno = EMFILE;
	return -1;
}

int
model_nanosleep(const struct timespec *wait, struct timespec *left)
{
	(void)wait, (void)left;
	model_stop(PENDING_POLL, SIGHT_ALL, NULL, 0);
	return 0;
}

/* A reader that asks for CLOCK_MONOTONIC takes the time of its cut: it ends with the
 * answer. */
static uint64_t
kernel_cut(void)
{
	uint64_t time = MODEL_TIME + (now.world.clock << 16) + (1 << 15);
	struct local *local = &now.actors[acting].local;

	now.world.clock++;
	local->took = 1;
	for (unsigned int i = 0; i < ACTORS; i++)
		local->at_cut[i] = now.actors[i].buffered == 0 ? now.actors[i].local.wrote
							       : now.actors[i].local.landed;
	return time;
}

int
model_clock_gettime(clockid_t clock, struct timespec *to)
{
	uint64_t time = MODEL_TIME + (uint64_t)now.world.polls * 300000000;

	if (acting < ACTORS && now.actors[acting].process == READER_PROCESS &&
	    clock == CLOCK_MONOTONIC) {
		model_stop(PENDING_CALL, SIGHT_ALL, NULL, 0);
		time = kernel_cut();
	}
	to->tv_sec = (time_t)(time / 1000000000);
	to->tv_nsec = (long)(time % 1000000000);
	return 0;
}

int (*clock_real)(clockid_t clock, struct timespec *to) = model_clock_gettime;

/* --- Who lives: the pid of process p is 1000 + p, and of two it may be one --- */

uint32_t
kernel_pid(unsigned int process)
{
	return KERNEL_PID + process;
}

int
model_kill(pid_t pid, int signal)
{
	(void)signal;
	model_stop(PENDING_CALL, SIGHT_ALL, NULL, 0);
	if ((uint32_t)pid >= KERNEL_PID && kernel_lives(&now, (unsigned int)pid - KERNEL_PID))
		return 0;
	errno = ESRCH;
	return -1;
}

/* The keeper's own number alone: nobody is in a namespace. */
DIR *
model_opendir(const char *path)
{
	(void)path;
	now.world.listed = 0;
	return (DIR *)&kernel_ready;
}

struct dirent *
model_readdir(DIR *list)
{
	static struct dirent entry = { .d_name = "7" };

	(void)list;
	return now.world.listed++ == 0 ? &entry : NULL;
}

int
model_closedir(DIR *list)
{
	(void)list;
	return 0;
}

FILE *
model_fopen(const char *path, const char *mode)
{
	(void)path, (void)mode;
	now.world.listed = 1;
	return (FILE *)&kernel_ready;
}

char *
model_fgets(char *to, int size, FILE *in)
{
	(void)in;
	if (now.world.listed++ > 1)
		return NULL;
	(void)snprintf(to, (size_t)size, "NSpid:\t7\n");
	return to;
}

int
model_fclose(FILE *in)
{
	(void)in;
	return 0;
}

pid_t
model_getpid(void)
{
	return 7;
}

void
kernel_keeper(void)
{
	(void)keeper_run(KERNEL_TRACE, -1, NULL);
}
