#include "keeper/keeper.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "analyzer/util/files.h"
#include "keeper/close.h"
#include "keeper/pause.h"
#include "keeper/reclaim.h"
#include "keeper/watch.h"
#include "preload/record.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

enum {
	KEEPER_CHUNK = 1 << 20,       /* the file grows, pages come in, by that */
	KEEPER_PIECE = 1 << 16,       /* zeroes a write */
	KEEPER_WARM = 2 << 20,        /* at least so much ahead is in memory */
	KEEPER_WARM_FIRST = 1 << 18,  /* until so much was written: many write no more */
	KEEPER_AHEAD_MAX = 256 << 20, /* never more reserved */
	KEEPER_MARGIN_PART = 32,      /* of a file system that is left to others */
	KEEPER_MARGIN = 256 << 20,    /* but no more */
	KEEPER_BUSY_MS = 1,
	KEEPER_IDLE_MS = 20,
	KEEPER_RING_MS = 100,      /* a flight recorder that needs no more room */
	KEEPER_ENDING_TICKS = 100, /* short ones, once the program has ended */
};

static const uint64_t KEEPER_MOMENT_NS = 50000000; /* between two moments */
static const uint64_t KEEPER_RECLAIM_REST = 20;    /* times as long as the last took */
static const uint64_t KEEPER_RETRY_NS = 200000000; /* disk full: try again */
static const uint64_t KEEPER_RATE_NS = 10000000;   /* a rate is seen over that */

struct keeper {
	int fd;
	int gone;  /* -1: closed already, or there was none */
	int watch; /* of the trace; -1: there is none */
	struct esc_header *header;
	const struct esc_header *run; /* first trace of the run, whose `asked` holds; or NULL */
	uint64_t reserved;            /* what reserved_end is; the program may write there */
	uint64_t first;               /* it once was; what came later is in memory */
	uint64_t warm;                /* in memory below */
	uint64_t claimed;             /* when last looked */
	uint64_t rate;                /* bytes claimed a second, the fastest lately */
	uint64_t rate_at;             /* when, and where, the rate was taken */
	uint64_t rate_claimed;
	uint64_t moment_at;
	uint64_t reclaim_at; /* not before that */
	uint8_t *ring;       /* all of a flight recorder that is full, mapped */
	uint64_t full_at;    /* 0: the disk is not full */
	bool protected;      /* the trace is, see keeper_protect */
	unsigned ending;     /* ticks since the program ended */
	unsigned idle;       /* ticks without a claim */
};

static const struct keeper *keeper_self; /* for keeper_missed */

static uint64_t
keeper_clock(clockid_t clock)
{
	struct timespec now;

	if (clock_gettime(clock, &now) != 0)
		return 0;
	return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

static uint64_t
keeper_ticks(uint8_t clock)
{
#if defined(__x86_64__)
	if (clock == ESC_CLOCK_TSC)
		return __builtin_ia32_rdtsc();
#elif defined(__aarch64__)
	uint64_t ticks;

	if (clock == ESC_CLOCK_TSC) {
		__asm__ volatile("mrs %0, cntvct_el0" : "=r"(ticks));
		return ticks;
	}
#endif
	(void)clock;
	return keeper_clock(CLOCK_MONOTONIC);
}

static uint32_t
keeper_flags(const struct keeper *keeper)
{
	return __atomic_load_n(&keeper->header->flags, __ATOMIC_ACQUIRE);
}

static void
keeper_flag(struct keeper *keeper, uint32_t flag)
{
	__atomic_fetch_or(&keeper->header->flags, flag, __ATOMIC_RELEASE);
}

/* --- Room --- */

static int
keeper_write_zeroes(int fd, uint64_t from, uint64_t to)
{
	static const char zeroes[KEEPER_PIECE];
	size_t len;

	for (; from < to; from += len) {
		len = to - from < sizeof(zeroes) ? (size_t)(to - from) : sizeof(zeroes);
		if (!files_write(fd, from, zeroes, len))
			return -1;
	}
	return 0;
}

int
keeper_extend(int fd, uint64_t from, uint64_t to)
{
	while (fallocate(fd, 0, (off_t)from, (off_t)(to - from)) != 0) {
		if (errno == EINTR)
			continue;
		if (errno != EOPNOTSUPP && errno != ENOSYS)
			return -1;
		return keeper_write_zeroes(fd, from, to);
	}
	return 0;
}

/* What the program says is claimed, as far as it can be true. */
static uint64_t
keeper_claimed(const struct keeper *keeper)
{
	uint64_t claimed = __atomic_load_n(&keeper->header->claimed, __ATOMIC_ACQUIRE);

	if (claimed < ESC_HEADER_SIZE)
		return ESC_HEADER_SIZE;
	return claimed < keeper->reserved ? claimed : keeper->reserved;
}

/* Follows how fast the programs claim; slows down by and by. */
static void
keeper_measure(struct keeper *keeper, uint64_t now)
{
	uint64_t passed = now - keeper->rate_at;
	uint64_t rate;

	keeper->claimed = keeper_claimed(keeper);
	if (passed < KEEPER_RATE_NS)
		return;
	rate = (keeper->claimed - keeper->rate_claimed) * 1000000U / (passed / 1000U);
	if (rate < keeper->rate)
		rate = (keeper->rate * 31 + rate) / 32;
	keeper->rate = rate;
	keeper->rate_at = now;
	keeper->rate_claimed = keeper->claimed;
}

/* Where the file should be backed up to. */
static uint64_t
keeper_goal(const struct keeper *keeper)
{
	uint64_t ahead = keeper->rate / 5;

	if (ahead < KEEPER_RESERVE)
		ahead = KEEPER_RESERVE;
	if (ahead > KEEPER_AHEAD_MAX)
		ahead = KEEPER_AHEAD_MAX;
	/* Down: what claims less than a chunk costs no growth. */
	return (keeper->claimed + ahead) & ~(uint64_t)(KEEPER_CHUNK - 1);
}

/*
 * The last of a file system is for others: who lives beside us would notice more. Where
 * what is written is copied (btrfs), a page of the trace itself finds no room any more
 * when all is taken, and the program waits for it, or dies.
 */
static bool
keeper_leaves_room(int fd)
{
	struct statvfs disk;
	uint64_t margin;

	if (fstatvfs(fd, &disk) != 0 || disk.f_blocks == 0)
		return true;
	margin = (uint64_t)disk.f_blocks * disk.f_frsize / KEEPER_MARGIN_PART;
	if (margin > KEEPER_MARGIN)
		margin = KEEPER_MARGIN;
	return (uint64_t)disk.f_bavail * disk.f_frsize >= margin + KEEPER_CHUNK;
}

static int
keeper_take(int fd, uint64_t from, uint64_t to)
{
	if (!keeper_leaves_room(fd)) {
		errno = ENOSPC;
		return -1;
	}
	return keeper_extend(fd, from, to) != 0 ? -1 : keeper_write_zeroes(fd, from, to);
}

/*
 * Grows the file by a chunk. Nobody writes there yet, so that its pages can come
 * in by plain writes: large ones, where populating takes a fault a page.
 */
static void
keeper_grow(struct keeper *keeper, uint64_t now)
{
	uint64_t end = (keeper->reserved + KEEPER_CHUNK) & ~(uint64_t)(KEEPER_CHUNK - 1);

	if (keeper_take(keeper->fd, keeper->reserved, end) != 0) {
		keeper->full_at = now;
		keeper->header->refused = (uint32_t)errno;
		keeper_flag(keeper, ESC_FLAG_FULL_DISK);
		return;
	}
	keeper->full_at = 0;
	keeper->reserved = end;
	__atomic_store_n(&keeper->header->reserved_end, end, __ATOMIC_RELEASE);
}

/* Brings pages of the first reserve in before a writer has to wait for them. */
static void
keeper_warm(struct keeper *keeper)
{
	uint64_t ahead = keeper->rate / 10;
	uint64_t least = keeper->claimed < KEEPER_WARM_FIRST ? KEEPER_WARM_FIRST : KEEPER_WARM;
	uint64_t goal, size;
	void *pages;

	if (ahead < least)
		ahead = least;
	goal = keeper->claimed + ahead;
	if (goal > keeper->first)
		goal = keeper->first;
	if (keeper->warm < keeper->claimed)
		keeper->warm = keeper->claimed & ~(uint64_t)(ESC_PAGE - 1);
	size = (goal - keeper->warm) & ~(uint64_t)(ESC_PAGE - 1);
	if (goal <= keeper->warm || size < KEEPER_CHUNK / 4)
		return;
	if (size > KEEPER_CHUNK)
		size = KEEPER_CHUNK;
	pages = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, keeper->fd,
	    (off_t)keeper->warm);
	if (pages != MAP_FAILED) {
		(void)madvise(pages, (size_t)size, MADV_POPULATE_WRITE);
		(void)munmap(pages, (size_t)size);
	}
	keeper->warm += size;
}

/* A writer without room waits as long as this moves. */
static void
keeper_beat(struct keeper *keeper)
{
	__atomic_fetch_add(&keeper->header->heartbeat, 1, __ATOMIC_RELAXED);
}

static void
keeper_make_room(struct keeper *keeper, uint64_t now)
{
	unsigned chunk;

	if (keeper->full_at != 0 && now - keeper->full_at < KEEPER_RETRY_NS)
		return;
	for (chunk = 0; keeper->reserved < keeper_goal(keeper); chunk++) {
		keeper_grow(keeper, now);
		keeper_beat(keeper);
		if (keeper->full_at != 0 || chunk == 64)
			break;
	}
}

/*
 * A file that somebody makes shorter takes memory away from the program. So its owner
 * cannot open it to write while it is recorded, by mistake at least; once the shim, and
 * nobody else, has done so.
 */
static void
keeper_protect(struct keeper *keeper)
{
	struct stat status;

	if (keeper->protected || (keeper_flags(keeper) & ESC_FLAG_STARTED) == 0)
		return;
	keeper->protected =
	    fstat(keeper->fd, &status) == 0 && fchmod(keeper->fd, status.st_mode & 07555) == 0;
}

static void
keeper_unprotect(const struct keeper *keeper)
{
	struct stat status;

	if (keeper->protected && fstat(keeper->fd, &status) == 0)
		(void)fchmod(keeper->fd, (status.st_mode & 07777) | S_IWUSR);
}

/*
 * Who makes it shorter all the same has taken memory from the program, and from us: it comes
 * back, empty, before the program looks for it, if that is not at once. Its length comes
 * first, which takes no time; storage may take as long as there is to write.
 */
static void
keeper_restore(const struct keeper *keeper)
{
	struct stat status;

	if (fstat(keeper->fd, &status) != 0 || (uint64_t)status.st_size >= keeper->reserved)
		return;
	(void)!ftruncate(keeper->fd, (off_t)keeper->reserved);
	(void)keeper_extend(
	    keeper->fd, (uint64_t)status.st_size & ~(uint64_t)(ESC_PAGE - 1), keeper->reserved);
}

/* It was made shorter between two looks, and we have met that. What a handler may call takes
 * no room on the disk for what comes back. */
static void
keeper_missed(int number)
{
	struct stat status;

	if (keeper_self == NULL || fstat(keeper_self->fd, &status) != 0 ||
	    (uint64_t)status.st_size >= keeper_self->reserved ||
	    ftruncate(keeper_self->fd, (off_t)keeper_self->reserved) != 0)
		(void)signal(number, SIG_DFL);
}

/* --- Time --- */

static void
keeper_moment(struct keeper *keeper, uint64_t now)
{
	struct esc_header *header = keeper->header;
	uint64_t free = 0;

	if ((keeper_flags(keeper) & ESC_FLAG_STARTED) == 0)
		return;
	keeper->moment_at = now;
	/* In a flight recorder the writers do it too. */
	if (!__atomic_compare_exchange_n(&header->stamping, &free, keeper_ticks(header->clock) | 1,
		false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED) &&
	    now != 0)
		return;
	header->last.realtime = keeper_clock(CLOCK_REALTIME);
	header->last.monotonic = keeper_clock(CLOCK_MONOTONIC);
	header->last.ticks = keeper_ticks(header->clock);
	__atomic_store_n(&header->stamping, 0, __ATOMIC_RELEASE);
}

/* A flight recorder that begins to overwrite. */
static bool
keeper_is_full_ring(const struct keeper *keeper)
{
	const struct esc_header *header = keeper->header;

	return header->ring_size != 0 && keeper->claimed >= header->ring_size;
}

/* How long until the next tick, in ms. */
static int
keeper_pace(struct keeper *keeper)
{
	int wait = keeper->idle < 20 ? KEEPER_BUSY_MS << keeper->idle / 4 : KEEPER_IDLE_MS;

	if (keeper_is_full_ring(keeper))
		wait = KEEPER_RING_MS;
	wait = pause_wait(keeper->header, keeper_clock(CLOCK_MONOTONIC), wait);
	if (keeper->ending == 0 || keeper->ending >= KEEPER_ENDING_TICKS)
		return wait;
	keeper->ending++;
	return KEEPER_BUSY_MS;
}

/* Sleeps for a tick; the program's end cuts it short, and who makes the trace shorter. */
static void
keeper_sleep(struct keeper *keeper)
{
	const struct timespec tick = { .tv_nsec = 1000000 };
	struct pollfd on[2] = { { .fd = keeper->gone, .events = POLLIN },
		{ .fd = keeper->watch, .events = POLLIN } };
	int ready = poll(on, 2, keeper_pace(keeper));

	if (on[0].revents != 0) {
		(void)close(keeper->gone);
		keeper->gone = -1;
		keeper->ending = 1;
	}
	if (ready < 0 && errno != EINTR) {
		/* Where it cannot poll it must not spin. */
		(void)nanosleep(&tick, NULL);
	}
}

/* True when no process has the trace mapped, and none will again. */
static bool
keeper_alone(struct keeper *keeper)
{
	if (keeper->gone >= 0 && (keeper_flags(keeper) & ESC_FLAG_STARTED) == 0)
		return false;
	return flock(keeper->fd, LOCK_EX | LOCK_NB) == 0;
}

/* Segments of processes that are gone, where there is a lack of them. */
static void
keeper_reclaim(struct keeper *keeper, uint64_t now)
{
	uint64_t took;

	if (!keeper_is_full_ring(keeper) || now < keeper->reclaim_at)
		return;
	if (keeper->ring == NULL)
		keeper->ring = mmap(NULL, (size_t)keeper->reserved, PROT_READ | PROT_WRITE,
		    MAP_SHARED, keeper->fd, 0);
	if (keeper->ring != MAP_FAILED)
		(void)reclaim_segments(keeper->ring, keeper->reserved);
	took = keeper_clock(CLOCK_MONOTONIC) - now;
	keeper->reclaim_at = now + took * KEEPER_RECLAIM_REST;
}

static void
keeper_tick(struct keeper *keeper)
{
	uint64_t now = keeper_clock(CLOCK_MONOTONIC);
	uint64_t before = keeper->claimed;

	keeper_beat(keeper);
	keeper_protect(keeper);
	pause_follow(keeper->header, keeper->run, now);
	keeper_measure(keeper, now);
	if (keeper->header->ring_size == 0)
		keeper_make_room(keeper, now);
	keeper_warm(keeper);
	keeper_reclaim(keeper, now);
	if (now - keeper->moment_at >= KEEPER_MOMENT_NS)
		keeper_moment(keeper, now);
	keeper->idle = keeper->claimed != before ? 0 : keeper->idle + 1;
}

/* --- Life --- */

static int
keeper_map(struct keeper *keeper)
{
	struct stat status;
	void *pages;

	if (fstat(keeper->fd, &status) != 0)
		return -1;
	if (!S_ISREG(status.st_mode) || status.st_size < ESC_HEADER_SIZE) {
		errno = EINVAL;
		return -1;
	}
	pages = mmap(NULL, ESC_HEADER_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, keeper->fd, 0);
	if (pages == MAP_FAILED)
		return -1;
	keeper->header = pages;
	if (keeper->header->magic != ESC_MAGIC || keeper->header->version != ESC_VERSION ||
	    keeper->header->endian != ESC_ENDIAN ||
	    keeper->header->header_size != ESC_HEADER_SIZE ||
	    (keeper->header->flags & ESC_FLAG_COMPLETE) != 0) {
		errno = EINVAL;
		return -1;
	}
	/* what stands behind it in the file is backed, whatever the header says */
	keeper->reserved = (uint64_t)status.st_size & ~(uint64_t)(ESC_PAGE - 1);
	keeper->first = keeper->reserved;
	return 0;
}

/* 0, or -1 with errno: then the trace stays as it is, which readers can bear. */
static int
keeper_finish(struct keeper *keeper)
{
	struct esc_header *header = keeper->header;
	uint64_t end;

	if (close_segments(keeper->fd, keeper_claimed(keeper), &end) != 0)
		return -1;
	header->claimed = end;
	header->reserved_end = end;
	while (ftruncate(keeper->fd, (off_t)end) != 0)
		if (errno != EINTR) {
			header->reserved_end = keeper->reserved;
			break;
		}
	keeper_moment(keeper, 0);
	header->sum = close_header_sum(header);
	keeper_flag(keeper, ESC_FLAG_COMPLETE);
	return 0;
}

int
keeper_run(int fd, int gone, const char *first)
{
	struct keeper keeper = { .fd = fd, .gone = gone };
	int result;

	if (keeper_map(&keeper) != 0)
		return -1;
	keeper.run = pause_first(first, keeper.header);
	keeper.claimed = keeper_claimed(&keeper);
	keeper.rate_claimed = keeper.claimed;
	keeper.rate_at = keeper_clock(CLOCK_MONOTONIC);
	keeper_self = &keeper;
	keeper.watch = watch_open(fd);
	while (!keeper_alone(&keeper)) {
		keeper_tick(&keeper);
		/* What we did ourselves is no news. */
		if (watch_changed(&keeper.watch))
			keeper_restore(&keeper);
		keeper_sleep(&keeper);
		keeper_restore(&keeper);
	}
	keeper_self = NULL;
	if (keeper.watch >= 0)
		(void)close(keeper.watch);
	keeper_protect(&keeper); /* or a killed one has left it so */
	result = keeper_finish(&keeper);
	keeper_unprotect(&keeper);
	(void)munmap(keeper.header, ESC_HEADER_SIZE);
	(void)flock(fd, LOCK_UN);
	return result;
}

/* Closes all but the two, where close_range is not known or not allowed: a pipe of the
 * program that stayed open here would never end. */
static void
keeper_close_listed(int fd, int gone)
{
	struct dirent *entry;
	DIR *list = opendir("/proc/self/fd");
	int one;

	while (list != NULL && (entry = readdir(list)) != NULL) {
		one = (int)strtol(entry->d_name, NULL, 10);
		if (entry->d_name[0] != '.' && one != fd && one != gone && one != dirfd(list))
			(void)close(one);
	}
	if (list != NULL)
		(void)closedir(list);
}

/* Closes all but the two; gone may be -1. */
static void
keeper_close_others(int fd, int gone)
{
	int low = gone < 0 || fd < gone ? fd : gone;
	int high = fd < gone ? gone : fd;

	if ((low > 0 && close_range(0, (unsigned)low - 1, 0) != 0) ||
	    (low + 1 < high && close_range((unsigned)low + 1, (unsigned)high - 1, 0) != 0) ||
	    close_range((unsigned)high + 1, ~0U, 0) != 0)
		keeper_close_listed(fd, gone);
}

void
keeper_detach(int fd, int gone)
{
	static const int ignored[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE, SIGTSTP, SIGTTIN,
		SIGTTOU, SIGXFSZ, SIGUSR1, SIGUSR2, SIGALRM };
	struct rlimit limit;
	sigset_t none;
	size_t i;

	(void)setsid();
	for (i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		(void)signal(ignored[i], SIG_IGN);
	(void)signal(SIGBUS, keeper_missed);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	keeper_close_others(fd, gone);
	/* the trace may grow as far as the system lets anybody */
	if (getrlimit(RLIMIT_FSIZE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_FSIZE, &limit);
	}
	if (chdir("/") != 0)
		errno = 0;
	(void)prctl(PR_SET_NAME, "esc-keeper");
}
