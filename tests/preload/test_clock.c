/* The kernel's clocks: from the vDSO, and by system call where there is none. */
#include "preload/clock.h"

#include <sys/auxv.h>

#include "tests/lib/check.h"

/* Between two answers of libc's. */
static void
compare(clockid_t clock)
{
	struct timespec before, after;
	uint64_t now;

	clock_gettime(clock, &before);
	now = clock_now(clock);
	clock_gettime(clock, &after);
	CHECK(now >= (uint64_t)before.tv_sec * 1000000000U + (uint64_t)before.tv_nsec);
	CHECK(now <= (uint64_t)after.tv_sec * 1000000000U + (uint64_t)after.tv_nsec);
}

static void
both(void)
{
	for (int i = 0; i < 1000; i++) {
		compare(CLOCK_MONOTONIC);
		compare(CLOCK_REALTIME);
	}
}

int
main(void)
{
	static const char not_an_image[256] __attribute__((aligned(8))) = "\177ELX";
	int (*system_call)(clockid_t, struct timespec *) = clock_real;
	uint64_t vdso = getauxval(AT_SYSINFO_EHDR);

	both();
	clock_start(vdso);
	if (vdso != 0)
		CHECK(clock_real != system_call);
	both();
	clock_start((uint64_t)not_an_image);
	CHECK(clock_real == system_call);
	clock_start(0);
	CHECK(clock_real == system_call);
	both();
	return check_done();
}
