/* A file that somebody makes shorter is told of at once; what a program stores is not. */
#include "keeper/watch.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/lib/check.h"

enum { SIZE = 1 << 20, LONG_MS = 60000 /* a hang alone */ };

/* Whether poll(2) wakes for it. */
static bool
tells(int watch, int wait)
{
	struct pollfd on = { .fd = watch, .events = POLLIN };

	return poll(&on, 1, wait) == 1 && on.revents == POLLIN;
}

static void
test_told(int fd, int other, volatile char *pages)
{
	int watch = watch_open(fd);

	CHECK(watch >= 0);
	CHECK(!watch_changed(&watch));
	for (int i = 0; i < SIZE; i += 4096)
		pages[i] = 1;
	CHECK(msync((void *)pages, SIZE, MS_SYNC) == 0);
	CHECK(fchmod(other, 0400) == 0);
	CHECK(!tells(watch, 0) && !watch_changed(&watch));
	CHECK(ftruncate(other, 100) == 0);
	CHECK(tells(watch, LONG_MS) && watch_changed(&watch) && !watch_changed(&watch));
	/* Ours is told of, too, and all there was is told of once. */
	CHECK(ftruncate(fd, SIZE) == 0 && fallocate(fd, 0, 0, SIZE) == 0);
	CHECK(tells(watch, LONG_MS) && watch_changed(&watch));
	CHECK(!tells(watch, 0) && !watch_changed(&watch));
	for (int i = 0; i < 1000; i++)
		CHECK(ftruncate(i % 2 != 0 ? fd : other, SIZE - i) == 0);
	CHECK(watch_changed(&watch) && !watch_changed(&watch));
	CHECK(close(watch) == 0);
}

/* What it cannot do it leaves, and opens nothing. */
static void
test_none(int fd)
{
	struct rlimit limit, none;
	int ends[2], free_one = dup(fd), watch;

	CHECK(watch_open(-1) == -1);
	CHECK(close(free_one) == 0);
	CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
	none = limit;
	none.rlim_cur = (rlim_t)free_one;
	CHECK(setrlimit(RLIMIT_NOFILE, &none) == 0);
	CHECK(watch_open(fd) == -1);
	CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	/* One that fails says so once, since it may have missed something. */
	CHECK(pipe(ends) == 0);
	watch = ends[1];
	CHECK(watch_changed(&watch) && watch == -1);
	CHECK(!watch_changed(&watch));
	CHECK(fcntl(ends[1], F_GETFD) == -1);
	CHECK(close(ends[0]) == 0);
	CHECK_EQ(dup(fd), free_one);
}

int
main(void)
{
	char path[] = "test_watch.XXXXXX";
	int fd = mkstemp(path), other = open(path, O_RDWR);
	volatile char *pages;

	CHECK(fd >= 0 && other >= 0 && ftruncate(fd, SIZE) == 0);
	CHECK(unlink(path) == 0); /* it needs no name */
	pages = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(pages != MAP_FAILED);
	test_told(fd, other, pages);
	test_none(fd);
	return check_done();
}
