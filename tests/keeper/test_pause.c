/* When the gate of a trace is closed: by time, and as somebody asks. */
#include "keeper/pause.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "preload/record.h"
#include "tests/lib/check.h"

static struct esc_header own, *run;

static void
by_time(void)
{
	struct esc_gate *gate = &own.gate;

	gate->begin_at = 1000;
	gate->end_at = 5000;
	pause_follow(&own, NULL, 100); /* nothing, before it has begun */
	CHECK_EQ(gate->closed, 0);
	own.flags = ESC_FLAG_STARTED;
	pause_follow(&own, NULL, 100);
	CHECK_EQ(gate->closed, ESC_GATE_BEFORE);
	pause_follow(&own, NULL, 999);
	CHECK_EQ(gate->closed, ESC_GATE_BEFORE);
	pause_follow(&own, NULL, 1000);
	CHECK_EQ(gate->closed, 0);
	CHECK(gate->paused == 900 && gate->pauses == 1);
	pause_follow(&own, NULL, 5000);
	CHECK_EQ(gate->closed, ESC_GATE_BEHIND);
	CHECK(gate->since == 5000 && gate->pauses == 2);
}

/* Two reasons at a time are one pause. */
static void
by_word(void)
{
	struct esc_gate *gate = &own.gate;

	*gate = (struct esc_gate){ .end_at = 5000, .asked = ESC_PAUSE_ASKED };
	pause_follow(&own, NULL, 4000);
	CHECK_EQ(gate->closed, ESC_GATE_ASKED);
	pause_follow(&own, NULL, 6000);
	CHECK_EQ(gate->closed, ESC_GATE_ASKED | ESC_GATE_BEHIND);
	gate->end_at = 0;
	pause_follow(&own, NULL, 7000);
	gate->asked = 0;
	pause_follow(&own, NULL, 8000);
	CHECK(gate->closed == 0 && gate->paused == 4000 && gate->pauses == 1);
	/* the run's first trace asks for all */
	pause_follow(&own, run, 9000);
	CHECK_EQ(gate->closed, 0);
	run->gate.asked = 1; /* a bit that is wrong */
	pause_follow(&own, run, 9000);
	CHECK_EQ(gate->closed, 0);
	run->gate.asked = ESC_PAUSE_ASKED;
	pause_follow(&own, run, 9000);
	CHECK_EQ(gate->closed, ESC_GATE_ASKED);
}

static void
sleeps(void)
{
	own.gate = (struct esc_gate){ .begin_at = 50000000, .end_at = 70000000 };
	CHECK_EQ(pause_wait(&own, 10000000, 20), 20);
	CHECK_EQ(pause_wait(&own, 45000000, 20), 5);
	CHECK_EQ(pause_wait(&own, 49999999, 20), 1);
	CHECK_EQ(pause_wait(&own, 65000000, 20), 5);
	CHECK_EQ(pause_wait(&own, 75000000, 20), 20);
}

/* Another run's, none, and what is no file. */
static void
first(const char *path)
{
	own.session = 0;
	CHECK(pause_first(path, &own) == NULL);
	own.session = 7;
	CHECK(pause_first(path, &own) == NULL);
	own.session = 42;
	CHECK(pause_first(path, &own) != NULL);
	CHECK(pause_first(NULL, &own) == NULL && pause_first("/", &own) == NULL);
	CHECK(pause_first("/dev/zero", &own) == NULL && pause_first("/nowhere", &own) == NULL);
}

int
main(void)
{
	char path[] = "/tmp/esc-pause-XXXXXX";
	int fd = mkstemp(path);

	CHECK(fd >= 0 && ftruncate(fd, ESC_HEADER_SIZE) == 0);
	run = mmap(NULL, ESC_HEADER_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(run != MAP_FAILED);
	run->magic = ESC_MAGIC;
	run->session = 42;
	by_time();
	by_word();
	sleeps();
	first(path);
	unlink(path);
	return check_done();
}
