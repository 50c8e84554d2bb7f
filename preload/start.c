/*
 * The constructor: reads ESC_OPTIONS, maps the trace, finds the allocator. It
 * runs once, on one thread, before the program; the only place where the shim
 * makes system calls.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <sched.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "preload/aside.h"
#include "preload/clock.h"
#include "preload/config.h"
#include "preload/gate.h"
#include "preload/glob.h"
#include "preload/marks.h"
#include "preload/modules.h"
#include "preload/oracle.h"
#include "preload/real.h"
#include "preload/ring.h"
#include "preload/rules.h"
#include "preload/sample.h"
#include "preload/shim.h"
#include "preload/slots.h"
#include "preload/stacks.h"
#include "preload/sys.h"
#include "preload/task.h"
#include "preload/thread.h"

#pragma weak _dl_find_object /* see aside.h */

#ifndef ESC_KEEPER
#define ESC_KEEPER "/usr/local/libexec/esc/esc-keeper"
#endif

enum {
	START_RESERVE = 16 << 20,
	START_ALONE = 256 << 20, /* with no keeper to make more of it */
	START_TRIES = 1000,
	START_TABLES = 256 << 20, /* address space of rules, stacks and the like */
};

struct start {
	struct config config;
	int argc;
	char **argv;
	const ElfW(auxv_t) * auxv;
	char exe[4096];
	char directory[4096];
	char path[8192]; /* of the trace */
	char keeper[8192];
	uint64_t reserve; /* bytes of it made here */
	uint64_t space;   /* most bytes of it to map; 0: as configured */
	const void *next; /* malloc of an allocator that is preloaded, too; or NULL */
	bool own;         /* made here: no launcher keeps it */
	bool named;       /* nobody has config.file: it is that */
	bool alone;       /* nor can a keeper */
	uint32_t pid;
};

static struct start start;

/* Text in pieces, always ended, cut where it does not fit. */
static char *
start_add(char *at, const char *end, const char *text)
{
	while (*text != 0 && at < end - 1)
		*at++ = *text++;
	*at = 0;
	return at;
}

static char *
start_add_number(char *at, const char *end, uint64_t number)
{
	char digits[24];
	char *digit = digits + sizeof(digits) - 1;

	*digit = 0;
	do {
		*--digit = (char)('0' + number % 10);
		number /= 10;
	} while (number != 0);
	return start_add(at, end, digit);
}

static const char start_unprofiled[] = "; the program runs unprofiled";
/* What START_RESERVE is to the user. */
static const char start_short[] = "; the trace ends at 16 MiB, what follows is only counted";

/* One line on stderr, in one write. */
static void
start_say(const char *what, const char *detail, const char *then)
{
	char line[sizeof(start.path) + 128];
	const char *end = line + sizeof(line) - 1;
	char *at = start_add(line, end, "esc: ");

	at = start_add(at, end, what);
	at = start_add(at, end, detail);
	at = start_add(at, end, then);
	*at++ = '\n';
	sys_again(SYS_write, 2, (long)line, at - line, 0, 0);
}

static uint64_t
start_auxv(uint64_t type)
{
	for (const ElfW(auxv_t) *at = start.auxv; at->a_type != AT_NULL; at++)
		if (at->a_type == type)
			return at->a_un.a_val;
	return 0;
}

static const char *
start_options(char **envp)
{
	for (; *envp != NULL; envp++)
		if (strlen(*envp) > 12 && memcmp(*envp, "ESC_OPTIONS=", 12) == 0)
			return *envp + 12;
	return NULL;
}

static void
start_clock(struct esc_moment *moment)
{
	moment->realtime = clock_now(CLOCK_REALTIME);
	moment->monotonic = clock_now(CLOCK_MONOTONIC);
	moment->ticks = ring_ticks();
}

static const char *
start_base(const char *path)
{
	const char *base = path;

	for (; *path != 0; path++)
		if (*path == '/')
			base = path + 1;
	return base;
}

/* As it was started: the file itself may have another name. */
static const char *
start_program(void)
{
	const char *program = (const char *)start_auxv(AT_EXECFN);

	return program != NULL && *start_base(program) != 0 ? program : start.exe;
}

/* As it is to be called; esc.PROG.PID.esc, in the directory of that or here. */
static void
start_name(unsigned int try)
{
	const char *end = start.path + sizeof(start.path);
	char *at = start.path;

	if (start.named && try == 0) {
		start_add(at, end, start.config.file);
		return;
	}
	if (start.config.file[0] != 0) {
		const char *base = start_base(start.config.file);

		memcpy(at, start.config.file, (size_t)(base - start.config.file));
		at += base - start.config.file;
	}
	at = start_add(at, end, "esc.");
	at = start_add(at, end, start_base(start_program()));
	at = start_add(at, end, ".");
	at = start_add_number(at, end, start.pid);
	if (try > 0) {
		at = start_add(at, end, ".");
		at = start_add_number(at, end, try + 1);
	}
	start_add(at, end, ".esc");
}

static bool
start_may_grow(uint64_t size)
{
	struct rlimit limit = { 0 };

	return arch_syscall(SYS_prlimit64, 0, RLIMIT_FSIZE, 0, (long)&limit, 0, 0) == 0 &&
	    limit.rlim_cur > size;
}

static int
start_create(void)
{
	for (unsigned int try = 0; try < START_TRIES; try++) {
		long fd;

		start_name(try);
		fd = sys_open(start.path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (fd == -17) /* EEXIST */
			continue;
		if (fd < 0)
			return -1;
		/* the umask may have taken our own rights, too */
		arch_syscall(SYS_fchmod, fd, 0600, 0, 0, 0, 0);
		if (sys_again(
			SYS_fallocate, fd, 0, 0, (long)(ESC_HEADER_SIZE + start.reserve), 0) == 0)
			return (int)fd;
		sys_close((int)fd);
		arch_syscall(SYS_unlinkat, AT_FDCWD, (long)start.path, 0, 0, 0, 0);
		return -1;
	}
	return -1;
}

static bool
start_map(int fd)
{
	uint64_t size = start.config.ring != 0 ? start.config.ring : start.config.size;

	while (start.space != 0 && size > start.space)
		size /= 2;
	for (; size >= 1U << 20; size /= 2) {
		ring.base = sys_mmap(size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd);
		if (ring.base != NULL)
			break;
	}
	/* The first touch would read ahead: megabytes of zeros. */
	if (ring.base != NULL)
		arch_syscall(SYS_madvise, (long)ring.base, (long)size, MADV_RANDOM, 0, 0, 0);
	ring.size = size;
	ring.header = (struct esc_header *)(void *)ring.base;
	return ring.base != NULL;
}

/*
 * Whether orphans come to this process, as to a container's first: the keeper
 * would be its child, and it may wait for all of them, while the keeper waits
 * for it.
 */
static bool
start_reaps(void)
{
	int reaps = 0;

	arch_syscall(SYS_prctl, PR_GET_CHILD_SUBREAPER, (long)&reaps, 0, 0, 0, 0);
	return reaps != 0 || start.pid == 1;
}

/* Whether the file has what its header promises: a touch of more would be SIGBUS. */
static bool
start_is_backed(int fd, const struct esc_header *header)
{
	struct stat status = { 0 };

	return arch_syscall(SYS_fstat, fd, (long)&status, 0, 0, 0, 0) == 0 &&
	    S_ISREG(status.st_mode) && status.st_size >= ESC_HEADER_SIZE &&
	    (uint64_t)status.st_size >= header->reserved_end;
}

/* Whether this is a trace that nobody has begun. *got: what could be read, < 0: errno. */
static bool
start_is_new(int fd, long *got)
{
	uint8_t probe[sizeof(struct esc_header)] = { 0 };
	struct esc_header *header = (struct esc_header *)(void *)probe;

	*got = sys_again(SYS_pread64, fd, (long)probe, sizeof(probe), 0, 0);
	return *got == sizeof(probe) && header->magic == ESC_MAGIC &&
	    (header->flags & ESC_FLAG_STARTED) == 0 && start_is_backed(fd, header);
}

/* Says why nothing is recorded; in the launcher's trace, too, or it would say so again. */
static void
start_refuse(const char *what, const char *detail)
{
	const uint32_t flag = ESC_FLAG_REFUSED;
	long fd, got;

	start_say(what, detail, start_unprofiled);
	if (start.config.file[0] == 0 || start.config.root != start.pid)
		return;
	fd = sys_open(start.config.file, O_RDWR | O_NOFOLLOW | O_CLOEXEC, 0);
	if (fd < 0)
		return;
	if (start_is_new((int)fd, &got))
		sys_again(SYS_pwrite64, fd, (long)&flag, sizeof(flag),
		    offsetof(struct esc_header, flags), 0);
	sys_close((int)fd);
}

/* The launcher's trace, if it is new: 0, else -1. Other errors than that it is out of
 * reach, as after chroot, are said. Without a launcher it is ours to make. */
static int
start_open_given(int *trace)
{
	long fd = sys_open(start.config.file, O_RDWR | O_NOFOLLOW | O_CLOEXEC, 0);
	bool is_new;
	long got;

	*trace = -1;
	if (fd == -13) /* EACCES: another user's by now, like who runs under sudo */
		return -1;
	start.named = fd == -2 && start.config.root == 0; /* ENOENT */
	if (start.named)
		return -1;
	if (fd < 0) {
		/* of who has a launcher the launcher says so */
		if (fd != -2 && start.config.root != start.pid)
			start_refuse("cannot open ", start.config.file);
		return 0;
	}
	is_new = start_is_new((int)fd, &got);
	if (got < 0)
		start_refuse("cannot read ", start.config.file);
	if (is_new) {
		start_add(start.path, start.path + sizeof(start.path), start.config.file);
		*trace = (int)fd;
		return 0;
	}
	sys_close((int)fd);
	return got < 0 ? 0 : -1;
}

/* Where the launcher chooses among programs, its trace is that of the one it started. */
static bool
start_may_be_given(void)
{
	const struct config *config = &start.config;

	return (config->child[0] == 0 && config->exclude_child[0] == 0) ||
	    config->root == start.pid;
}

/* The launcher's trace, or, after an exec, one of our own. */
static int
start_open(void)
{
	int fd;

	if (start.config.file[0] != 0 && start_may_be_given() && start_open_given(&fd) == 0)
		return fd;
	start.own = true;
	start_name(0); /* for what is said of it */
	start.alone = start_reaps();
	start.reserve = start.alone ? START_ALONE : START_RESERVE;
	if (start.config.ring != 0)
		start.reserve = start.config.ring - ESC_HEADER_SIZE;
	if (!start_may_grow(ESC_HEADER_SIZE + start.reserve))
		return -1;
	return start_create();
}

static bool
start_may_run(const char *path)
{
	return sys_again(SYS_faccessat, AT_FDCWD, (long)path, 1, 0, 0) == 0; /* X_OK */
}

/* A path relative to the folder that this library was loaded from. */
static bool
start_beside(const char *path)
{
	struct dl_find_object mine;
	const char *end = start.keeper + sizeof(start.keeper);
	const char *name;
	size_t length;

	if (_dl_find_object((void *)(uintptr_t)&start_beside, &mine) != 0)
		return false;
	name = mine.dlfo_link_map->l_name;
	length = (size_t)(start_base(name) - name);
	if (length + 64 > sizeof(start.keeper))
		return false;
	memcpy(start.keeper, name, length);
	start_add(start.keeper + length, end, path);
	return start_may_run(start.keeper);
}

/* As installed; moved as a whole; the build tree's. */
static bool
start_find_keeper(void)
{
	const char *given = start.config.keeper_path;

	if (given[0] == 0 &&
	    (start_beside("../libexec/esc/esc-keeper") || start_beside("../esc-keeper")))
		return true;
	start_add(
	    start.keeper, start.keeper + sizeof(start.keeper), given[0] != 0 ? given : ESC_KEEPER);
	return start_may_run(start.keeper);
}

/* What comes of a trace without a keeper. */
static const char *
start_unkept(void)
{
	return start.config.ring != 0 ? "; nobody closes the trace" : start_short;
}

/* In the child of a fork that nobody waits for: becomes the keeper. */
static void
start_keeper_exec(void)
{
	/* behind a launcher the run's first trace, which says when all are paused */
	char *first =
	    start.config.root != 0 && start.config.file[0] != 0 ? start.config.file : NULL;
	char *argv[] = { (char *)"esc-keeper", (char *)"3", first, NULL };
	char *envp[] = { NULL };
	bool says;
	long fd;

	arch_syscall(SYS_setsid, 0, 0, 0, 0, 0, 0);
	/* A file description of its own: the lock on ours must end with us. */
	fd = sys_open(start.path, O_RDWR | O_NOFOLLOW, 0);
	/* The program may have ended before this began, and somebody removed its trace. */
	if (fd == -ENOENT)
		return;
	if (fd >= 0 && (fd == 3 || sys_again(SYS_dup3, fd, 3, 0, 0, 0) == 3)) {
		/* To say that it failed, until then. */
		says = sys_again(SYS_dup3, 2, 4, O_CLOEXEC, 0, 0) == 4;
		/* What this leaves where it is refused, the keeper closes itself. */
		arch_syscall(SYS_close_range, 5, ~0U, 0, 0, 0, 0);
		for (int i = 0; i < 3; i++)
			sys_close(i);
		sys_open("/dev/null", O_RDWR, 0);
		sys_open("/dev/null", O_RDWR, 0);
		sys_open("/dev/null", O_RDWR, 0);
		arch_syscall(SYS_execve, (long)start.keeper, (long)argv, (long)envp, 0, 0, 0);
		if (!says || sys_again(SYS_dup3, 4, 2, 0, 0, 0) != 2)
			return;
	}
	start_say("cannot start the keeper ", start.keeper, start_unkept());
}

/*
 * Forked twice, with no exit signal: the program never hears of it. CLONE_VFORK, since a
 * debugger takes what has neither that nor SIGCHLD for a thread of the program, and loses
 * its way when it ends. False: there is none.
 */
static bool
start_keeper_fork(void)
{
	long child = arch_syscall(SYS_clone, CLONE_VFORK, 0, 0, 0, 0, 0);
	long keeper;
	int status = 1;

	if (child == 0) {
		keeper = arch_syscall(SYS_clone, 0, 0, 0, 0, 0, 0);
		if (keeper == 0)
			start_keeper_exec();
		arch_syscall(SYS_exit_group, keeper <= 0, 0, 0, 0, 0, 0);
	}
	return child > 0 &&
	    (sys_again(SYS_wait4, child, (long)&status, __WALL, 0, 0) != child || status == 0);
}

static void
start_keeper(void)
{
	if (!start_find_keeper())
		start_say("there is no keeper at ", start.keeper, start_unkept());
	else if (!start_keeper_fork())
		start_say("cannot start a keeper: no more processes", "", start_unkept());
}

static void
start_command(struct esc_header *header)
{
	size_t used = 0;

	for (int i = 0; i < start.argc; i++) {
		size_t len = strlen(start.argv[i]) + 1;

		if (len > sizeof(header->command) - used) {
			__atomic_fetch_or(&header->flags, ESC_FLAG_COMMAND_CUT, __ATOMIC_RELAXED);
			break;
		}
		memcpy(header->command + used, start.argv[i], len);
		used += len;
	}
	header->command_len = (uint32_t)used;
}

/* What the first trace of the run says of pauses, if it is one and this one is another. */
static void
start_first_gate(struct esc_gate *said)
{
	enum { FROM = offsetof(struct esc_header, session) };
	uint8_t probe[sizeof(struct esc_header) - FROM] __attribute__((aligned(8))) = { 0 };
	long got, fd;

	if (!start.own || start.config.session == 0 || start.config.file[0] == 0)
		return;
	fd = sys_open(start.config.file, O_RDONLY | O_NOFOLLOW | O_CLOEXEC, 0);
	if (fd < 0)
		return;
	got = sys_again(SYS_pread64, fd, (long)probe, sizeof(probe), FROM, 0);
	sys_close((int)fd);
	if (got == sizeof(probe) && memcmp(probe, &start.config.session, 8) == 0)
		memcpy(said, probe + offsetof(struct esc_header, gate) - FROM, sizeof(*said));
}

/* From when on, and how long: what the launcher has said in its trace, or our options. */
static void
start_gate(void)
{
	const uint64_t hundredth = 10000000; /* ns */
	uint64_t now = ring.header->start.monotonic;
	struct esc_gate said = ring.header->gate;

	start_first_gate(&said);
	if (said.begin_at == 0 && start.config.start_after != 0)
		said.begin_at = now + start.config.start_after * hundredth;
	if (said.end_at == 0 && start.config.duration != 0)
		said.end_at =
		    (said.begin_at != 0 ? said.begin_at : now) + start.config.duration * hundredth;
	gate_start(said.begin_at, said.end_at, said.asked);
}

static void
start_header(void)
{
	struct esc_header *header = ring.header;
	const struct config *config = &start.config;

	header->magic = ESC_MAGIC;
	header->version = ESC_VERSION;
	header->endian = ESC_ENDIAN;
	header->header_size = ESC_HEADER_SIZE;
	header->arch = ESC_ARCH_X86_64;
	header->mode = (uint8_t)config->mode;
	header->clock = ring.monotonic ? ESC_CLOCK_MONOTONIC : ESC_CLOCK_TSC;
	header->pid = start.pid;
	header->sample_interval = config->mode == ESC_MODE_SAMPLED ? config->sample : 1;
	header->sample_bias = config->mode == ESC_MODE_FULL ? 0 : SAMPLE_BIAS;
	header->budget = config->mode == ESC_MODE_AUTO ? config->budget : 0;
	header->depth_limit = (uint32_t)config->depth;
	header->time_shift = ARCH_TIME_SHIFT;
	header->cost_interval = config->mode == ESC_MODE_SAMPLED ? 1 : (uint32_t)config->cost;
	start_clock(&header->start);
	header->last = header->start;
	if (start.own) {
		header->reserved_end = ESC_HEADER_SIZE + start.reserve;
		start_command(header);
		start_add(header->exe, header->exe + sizeof(header->exe), start.exe);
	}
	header->session = start.config.session;
	header->parent = (uint32_t)arch_syscall(SYS_getppid, 0, 0, 0, 0, 0, 0);
	start_gate();
	header->claimed = ESC_HEADER_SIZE;
	if (start.config.ring != 0)
		slots_start();
}

/* glibc tells debuggers where in a thread's block its tid stands. */
static void
start_tid(void)
{
	const uint32_t *field = dlsym(RTLD_DEFAULT, "_thread_db_pthread_tid");

	if (field == NULL || field[0] != 32 || field[2] >= 4096)
		return;
	ring.tid_offset = field[2];
	if (ring_tid() != start.pid)
		ring.tid_offset = 0;
}

/* Whose malloc is it? False: the program's own, we will never be called. */
static bool
start_allocator(void)
{
	struct esc_header *header = ring.header;
	const void *visible = real_visible_malloc();
	struct dl_find_object object, mine;
	const char *name;
	bool hooked;

	hooked = _dl_find_object((void *)(uintptr_t)visible, &object) == 0 &&
	    _dl_find_object((void *)(uintptr_t)&start_allocator, &mine) == 0 &&
	    object.dlfo_link_map == mine.dlfo_link_map;
	if (hooked && start.next == NULL)
		return true;
	if (hooked && _dl_find_object((void *)(uintptr_t)start.next, &object) != 0)
		return true;
	__atomic_fetch_or(
	    &header->flags, hooked ? ESC_FLAG_ALLOCATOR : ESC_FLAG_OWN_MALLOC, __ATOMIC_RELAXED);
	name = object.dlfo_link_map->l_name;
	start_add(header->allocator, header->allocator + sizeof(header->allocator),
	    name[0] != 0 ? name : start.exe);
	return hooked;
}

/* After the tables that marks need. Whether there may be marks. */
static bool
start_marks(void)
{
	if (start.config.marks != 0 && oracle_there && !start.config.check)
		marks_stop(ESC_UNMARKED_LIBUNWIND, NULL);
	else if (start.config.marks != 0)
		marks_start((uint32_t)start.config.marks, start_auxv(AT_BASE),
		    (const void *)start_auxv(AT_PHDR), (uint32_t)start_auxv(AT_PHNUM));
	return marks.on;
}

static bool
start_sample(void)
{
	const struct config *config = &start.config;

	if (config->mode == ESC_MODE_FULL)
		return true;
	if (!sample_start(ring.header->sample_interval, threads.space != 0))
		return false;
	if (config->mode == ESC_MODE_AUTO)
		sample_pace(config->budget, config->room);
	return true;
}

/* Of one page, mapped anew: what the library brings cannot be wiped. The number stays
 * nobody's until ring_process gives one. */
static bool
start_process(void)
{
	long page = (long)&ring_self;

	return arch_syscall(SYS_mmap, page, sizeof(ring_self), PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == page &&
	    /* Without it (Linux < 4.14) a child would write its parent's streams. */
	    arch_syscall(SYS_madvise, page, sizeof(ring_self), MADV_WIPEONFORK, 0, 0, 0) == 0;
}

static bool
start_tables(void)
{
	uint64_t execfn = start_auxv(AT_EXECFN);

	if (!start_process())
		return false;
	threads.main = arch_thread_pointer();
	threads.main_top = (execfn + 4095) & ~4095ULL;
	threads.entry = (uint64_t)start.argv - 8;
	return start_sample() &&
	    modules_start(start.exe, start.directory, start_auxv(AT_SYSINFO_EHDR)) &&
	    rules_start() && stacks_start() &&
	    thread_start((uint32_t)start.config.depth, start_marks());
}

/* As if nothing had been: a trace that is mapped would be one of a program that is
 * recorded. */
static void
start_undo(void)
{
	if (ring.base != NULL)
		sys_munmap(ring.base, ring.size);
	ring.base = NULL;
	ring.header = NULL;
	if (start.own)
		arch_syscall(SYS_unlinkat, AT_FDCWD, (long)start.path, 0, 0, 0, 0);
}

static bool
start_trace(void)
{
	int fd = start_open();
	bool locked;

	if (fd < 0) {
		if (start.own)
			start_refuse("cannot create ", start.path);
		return false;
	}
	/* Held by the mapping, in every child, until the last of them is gone: that is
	 * how the keeper knows. Without it the file would be cut under the program. */
	locked = sys_again(SYS_flock, fd, LOCK_SH, 0, 0, 0) == 0;
	if (!locked || !start_map(fd)) {
		start_refuse(locked ? "cannot map " : "cannot lock ", start.path);
		start_undo();
	}
	sys_close(fd);
	if (ring.header == NULL)
		return false;
	start_header();
	return true;
}

static void
start_exe(void)
{
	/* not each kernel, or what stands for one, tells it */
	const char *started = (const char *)start_auxv(AT_EXECFN);
	long len = arch_syscall(SYS_readlinkat, AT_FDCWD, (long)"/proc/self/exe", (long)start.exe,
	    sizeof(start.exe) - 1, 0, 0);

	if (len > 0)
		start.exe[len] = 0;
	else if (started != NULL)
		start_add(start.exe, start.exe + sizeof(start.exe), started);
	len = arch_syscall(SYS_getcwd, (long)start.directory, sizeof(start.directory), 0, 0, 0, 0);
	if (len < 0)
		start.directory[0] = 0;
}

/* Whether the kernel counts all that is reserved, used or not. */
static bool
start_strict(void)
{
	long fd = sys_open("/proc/sys/vm/overcommit_memory", O_RDONLY | O_CLOEXEC, 0);
	char mode = 0;

	if (fd < 0)
		return false;
	sys_again(SYS_pread64, fd, (long)&mode, 1, 0, 0);
	sys_close((int)fd);
	return mode == '2';
}

/* What we may take where there is a limit: most of it stays the program's. 0: there is none. */
static uint64_t
start_share(int resource)
{
	struct rlimit limit = { 0 };

	if (arch_syscall(SYS_prlimit64, 0, resource, 0, (long)&limit, 0, 0) != 0 ||
	    limit.rlim_cur == RLIM_INFINITY)
		return 0;
	return limit.rlim_cur / 8;
}

static void
start_limit_tables(uint64_t space)
{
	if (space != 0 && (threads.space == 0 || threads.space > space))
		threads.space = space;
}

/* How much address space there is for us. False: too little. */
static bool
start_space(void)
{
	if (start_strict())
		threads.space = START_TABLES;
	start_limit_tables(start_share(RLIMIT_DATA));
	start.space = start_share(RLIMIT_AS);
	start_limit_tables(start.space);
	if (start.space == 0 || start.space * 2 >= START_TABLES)
		return true;
	start_refuse("too little address space", "");
	return false;
}

/* Whether a launcher wants programs of that name: of the file, or, of a script, its own. */
static bool
start_is_named(const char *patterns)
{
	return glob_any(patterns, start_base(start_program())) ||
	    glob_any(patterns, start_base(start.exe));
}

static bool
start_is_chosen(void)
{
	const struct config *config = &start.config;

	return (config->child[0] == 0 || start_is_named(config->child)) &&
	    (config->exclude_child[0] == 0 || !start_is_named(config->exclude_child));
}

/* Whether this process is to be profiled at all. */
static bool
start_wanted(char **envp)
{
	const char *options = start_options(envp);
	const char *bad;

	if (start_auxv(AT_SECURE) != 0)
		return false;
	bad = config_parse(&start.config, options);
	threads.seed = start.config.seed;
	start.pid = (uint32_t)arch_syscall(SYS_getpid, 0, 0, 0, 0, 0, 0);
	if (start.config.off ||
	    (start.config.root != 0 && !start.config.follow && start.config.root != start.pid))
		return false;
	if (bad != NULL)
		start_refuse("ESC_OPTIONS: not understood: ", bad);
	return bad == NULL && start_is_chosen();
}

/* Before a library that ends programs in which it is not the first. */
static void
start_aside(char **argv, char **envp, bool wanted)
{
	/* The loader as the program: argv is no more what was executed. */
	if (start_auxv(AT_SECURE) != 0 || start_auxv(AT_BASE) == 0)
		return;
	if (wanted)
		start_say(start.exe, " is built with a sanitizer", start_unprofiled);
	aside_step(start.exe, (const char *)start_auxv(AT_EXECFN), argv, envp);
}

static bool
start_all(int argc, char **argv, char **envp)
{
	char **end = envp;
	bool wanted;

	while (*end != NULL)
		end++;
	start.argc = argc;
	start.argv = argv;
	start.auxv = (const void *)(end + 1);
	start_exe();
	wanted = start_wanted(envp);
	if (aside_is_due()) {
		start_aside(argv, envp, wanted);
		return false;
	}
	if (!wanted || !start_space())
		return false;
	clock_start(start_auxv(AT_SYSINFO_EHDR));
	ring.monotonic = !arch_ticks_invariant();
	if (!start_trace())
		return false;
	if (!start_tables()) {
		start_refuse("no memory for its tables", "");
		start_undo();
		return false;
	}
	/* now that the trace stays */
	if (start.own && !start.alone)
		start_keeper();
	if (!start_allocator())
		return false;
	start_tid();
	task_start();
	if (ring_process() == 0)
		return false;
	return true;
}

__attribute__((constructor)) static void
start_constructor(int argc, char **argv, char **envp)
{
	static const enum shim_mode modes[] = {
		[ESC_MODE_FULL] = SHIM_FULL,
		[ESC_MODE_SAMPLED] = SHIM_SAMPLED,
		[ESC_MODE_AUTO] = SHIM_AUTO,
	};

	shim.mode = SHIM_OFF; /* what dlsym may allocate is not the program's */
	/* Whatever becomes of us: what else was preloaded has its say. */
	start.next = real_switch();
	shim.foreign = start.next != NULL;
	if (aside_is_foreign() || !start_all(argc, argv, envp)) {
		shim_begin(SHIM_OFF);
		return;
	}
	shim.cost = (uint32_t)start.config.cost;
	shim.check = start.config.check && oracle_there;
	shim.unwind = oracle_there && !shim.check;
	threads.odd = marks.on || shim.check || shim.unwind;
	if (shim.check)
		__atomic_fetch_or(&ring.header->flags, ESC_FLAG_CHECKED, __ATOMIC_RELAXED);
	if (shim.unwind)
		__atomic_fetch_or(&ring.header->flags, ESC_FLAG_LIBUNWIND, __ATOMIC_RELAXED);
	__atomic_fetch_or(&ring.header->flags, ESC_FLAG_STARTED, __ATOMIC_RELEASE);
	shim_begin(modes[start.config.mode]);
}
