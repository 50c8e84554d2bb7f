/*
 * Hazard: code that is in no file (reliability 80): the vDSO, which a signal interrupts,
 * generated code, and a /tmp/perf-PID.map that says what that is called. Expected: the vDSO
 * by name, generated code as what it is; and no name out of a file that anybody may write.
 *   6000: in_vdso(), called by a handler that interrupted the vDSO
 *   7000: in_jit(), called by generated code, which the map calls planted
 * MAP=file makes the map a file, MAP=FILE a link to it, MAP=fifo a FIFO that nobody writes
 * to. It stays there for the analysis, but with an argument.
 */
#define _GNU_SOURCE
#include <elf.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#define NOINLINE __attribute__((noinline))
#define AFTER() __asm__ volatile("" : : : "memory")

enum { WANTED = 50, VDSO_MAX = 0x2000 };

static void *volatile last;
static volatile sig_atomic_t caught;
static uintptr_t vdso;

NOINLINE static void
in_vdso(void)
{
	last = malloc(6000);
	AFTER();
	free(last);
}

NOINLINE static void
in_jit(void)
{
	last = malloc(7000);
	AFTER();
	free(last);
}

static void
on_tick(int number, siginfo_t *info, void *context)
{
	const ucontext_t *interrupted = context;
	uintptr_t at = (uintptr_t)interrupted->uc_mcontext.gregs[REG_RIP];

	(void)number;
	(void)info;
	if (at < vdso || at >= vdso + VDSO_MAX || caught == WANTED)
		return;
	caught++;
	in_vdso();
	AFTER();
}

NOINLINE static void
ask_time(void)
{
	const struct itimerval often = { { 0, 500 }, { 0, 500 } };
	const struct itimerval never = { { 0, 0 }, { 0, 0 } };
	struct sigaction action = { .sa_sigaction = on_tick, .sa_flags = SA_SIGINFO };
	struct timespec now;

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	while (caught < WANTED)
		clock_gettime(CLOCK_MONOTONIC, &now);
	setitimer(ITIMER_REAL, &never, NULL);
}

/* sub $24, %rsp; call *%rdi; add $24, %rsp; ret */
static const uint8_t code[] = { 0x48, 0x83, 0xec, 0x18, 0xff, 0xd7, 0x48, 0x83, 0xc4, 0x18, 0xc3 };

static void
plant(const char *map, const char *how, const void *page)
{
	FILE *file;

	unlink(map);
	if (strcmp(how, "fifo") == 0) {
		if (mkfifo(map, 0600) != 0)
			exit(1);
		return;
	}
	if (how[0] == '/' && symlink(how, map) != 0)
		exit(1);
	file = fopen(map, "w");
	if (file == NULL)
		exit(1);
	fprintf(file, "%" PRIxPTR " 1000 planted\n", (uintptr_t)page);
	fclose(file);
}

int
main(int argc, char **argv)
{
	const char *how = getenv("MAP");
	void *page = mmap(
	    NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	void (*call)(void (*)(void)) = NULL;
	char map[64];

	(void)argv;

	vdso = getauxval(AT_SYSINFO_EHDR);
	if (page == MAP_FAILED || vdso == 0)
		return 77;
	memcpy(page, code, sizeof(code));
	*(void **)&call = page;
	snprintf(map, sizeof(map), "/tmp/perf-%d.map", (int)getpid());
	plant(map, how != NULL ? how : "file", page);
	ask_time();
	AFTER();
	for (int i = 0; i < WANTED; i++) {
		call(in_jit);
		AFTER();
	}
	if (argc > 1)
		unlink(map);
	return puts("done") < 0;
}
