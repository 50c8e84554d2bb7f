#include "analyzer/symbol/symbol_guard.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include "analyzer/symbol/symbol_broker.h"
#include "analyzer/symbol/symbol_wire.h"
#include "analyzer/util/xalloc.h"

enum {
	DESCRIPTORS = 64,
	MEMORY = 1 << 30, /* bytes, before any file is open; then the opener gives more */
	SECONDS = 60,     /* of processor time, likewise */
	/* units out of a package are put together in a file without a name */
	WRITTEN = 512 << 20,
};

/* Sanitizers take terabytes of addresses. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { SANITIZED = 1 };
#else
enum { SANITIZED = 0 };
#endif

static struct symbol_wire wire = { .fd = -1 };
/* Where descriptors came from, for libraries that ask /proc: without links and "..", of
 * which they would ask more. */
static char names[DESCRIPTORS][SYMBOL_WIRE_PATH_MAX + 2];

void
symbol_guard_ask_for_files(int fd)
{
	wire.fd = fd;
}

/* ---- files ---- */

/* Asks for path; name gets what the file is called, if that is something else. Called
 * by a signal handler as well. */
static int
ask(const char *path, char name[SYMBOL_WIRE_PATH_MAX])
{
	struct symbol_wire_head head;
	int32_t error = EIO;
	size_t len = strlen(path);
	int fd = -1;

	name[0] = '\0';
	if (len >= SYMBOL_WIRE_PATH_MAX) {
		errno = ENAMETOOLONG;
		return -1;
	}
	if (!symbol_wire_send(&wire, SYMBOL_WIRE_OPEN, path, len, -1) ||
	    !symbol_wire_read_head(&wire, &head, &fd) || head.type != SYMBOL_WIRE_OPENED ||
	    head.size < sizeof(error) || head.size - sizeof(error) >= SYMBOL_WIRE_PATH_MAX ||
	    !symbol_wire_read(&wire, &error, sizeof(error)) ||
	    !symbol_wire_read(&wire, name, head.size - sizeof(error)))
		_exit(0); /* nobody is there any more */
	name[head.size - sizeof(error)] = '\0';
	if (fd >= 0 && fd < DESCRIPTORS)
		symbol_broker_normalise(name[0] != '\0' ? name : path, names[fd]);
	if (fd == -1)
		errno = error != 0 ? error : EMFILE;
	return fd;
}

static int
open_regular(const char *path)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat status;

	if (fd == -1 || (fstat(fd, &status) == 0 && S_ISREG(status.st_mode)))
		return fd;
	close(fd);
	errno = EACCES;
	return -1;
}

int
symbol_guard_open(const char *path)
{
	char name[SYMBOL_WIRE_PATH_MAX];

	return wire.fd == -1 ? open_regular(path) : ask(path, name);
}

int
symbol_guard_open_served(char **path)
{
	char name[SYMBOL_WIRE_PATH_MAX];
	int fd = wire.fd == -1 ? -1 : ask("", name);

	*path = fd != -1 ? xstrdup(name) : NULL;
	return fd;
}

/* ---- system calls ---- */

/* The descriptor that path stands for, or -1. */
static int
descriptor_of(const char *path)
{
	static const char *const starts[] = { "/dev/fd/", "/proc/self/fd/" };
	size_t i;
	int fd = 0;

	for (i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
		const char *digit = path + strlen(starts[i]);

		if (strncmp(path, starts[i], strlen(starts[i])) != 0 || *digit == '\0')
			continue;
		for (; *digit >= '0' && *digit <= '9' && fd < DESCRIPTORS; digit++)
			fd = fd * 10 + (*digit - '0');
		return *digit == '\0' && fd < DESCRIPTORS ? fd : -1;
	}
	return -1;
}

static long
caught_open(const char *path)
{
	char name[SYMBOL_WIRE_PATH_MAX];
	int fd = descriptor_of(path);

	fd = fd != -1 ? dup(fd) : ask(path, name);
	return fd != -1 ? fd : -errno;
}

/* Of links only descriptors': the library asks where its file lies. */
static long
caught_readlink(const char *path, char *to, size_t size)
{
	int fd = descriptor_of(path);
	size_t len = fd != -1 ? strlen(names[fd]) : 0;

	if (len == 0)
		return -EINVAL; /* no link */
	memcpy(to, names[fd], len < size ? len : size);
	return (long)(len < size ? len : size);
}

static void catch (int signal, siginfo_t *info, void *context)
{
	greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
	const int saved = errno;
	const char *path = (const char *)registers[REG_RDI];
	long result = -ENOSYS;

	(void)signal;
	if (info->si_syscall == SYS_openat || info->si_syscall == SYS_readlinkat)
		path = (const char *)registers[REG_RSI];
	if (info->si_syscall == SYS_open || info->si_syscall == SYS_openat)
		result = caught_open(path);
	else if (info->si_syscall == SYS_readlink)
		result =
		    caught_readlink(path, (char *)registers[REG_RSI], (size_t)registers[REG_RDX]);
	else if (info->si_syscall == SYS_readlinkat)
		result =
		    caught_readlink(path, (char *)registers[REG_RDX], (size_t)registers[REG_R10]);
	registers[REG_RAX] = result;
	errno = saved;
}

#define ARGUMENT(n) (offsetof(struct seccomp_data, args) + sizeof(__u64) * (n))
#define LOAD(offset) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(offset))
#define RETURN(what) BPF_STMT(BPF_RET | BPF_K, (what))
#define UNLESS(value, skip) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(value), 0, (skip))
#define WHERE(bits, skip) BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, (uint32_t)(bits), (skip), 0)
#define ALLOW(number) UNLESS(number, 1), RETURN(SECCOMP_RET_ALLOW)
#define REFUSE(number, error) UNLESS(number, 1), RETURN(SECCOMP_RET_ERRNO | (error))
/* Where one of the bits is set in the argument's lower half, it kills. */
#define WITHOUT(number, n, bits, what)                                      \
	UNLESS(number, 4), LOAD(ARGUMENT(n)), WHERE(bits, 1), RETURN(what), \
	    RETURN(SECCOMP_RET_KILL_PROCESS)
/* Only with that argument, else another return. */
#define WITH(number, n, value, otherwise)                                                  \
	UNLESS(number, 4), LOAD(ARGUMENT(n)), UNLESS(value, 1), RETURN(SECCOMP_RET_ALLOW), \
	    RETURN(otherwise)

enum { WRITING = O_ACCMODE | O_CREAT | O_TRUNC | O_APPEND };

static bool
/* NOLINTNEXTLINE(readability-function-size): one table, and what makes the kernel take it */
filter_calls(void)
{
	const uint32_t own = (uint32_t)getpid();
	struct sock_filter code[] = {
		LOAD(offsetof(struct seccomp_data, arch)),
		UNLESS(AUDIT_ARCH_X86_64, 1),
		BPF_STMT(BPF_JMP | BPF_JA, 1),
		RETURN(SECCOMP_RET_KILL_PROCESS),
		LOAD(offsetof(struct seccomp_data, nr)),
		ALLOW(SYS_pread64),
		ALLOW(SYS_recvfrom),
		ALLOW(SYS_sendmsg),
		ALLOW(SYS_recvmsg),
		ALLOW(SYS_read),
		ALLOW(SYS_write),
		ALLOW(SYS_brk),
		ALLOW(SYS_munmap),
		ALLOW(SYS_mremap),
		ALLOW(SYS_madvise),
		ALLOW(SYS_close),
		ALLOW(SYS_fstat),
		ALLOW(SYS_lseek),
		ALLOW(SYS_dup),
		ALLOW(SYS_futex),
		ALLOW(SYS_getrandom),
		ALLOW(SYS_memfd_create),
		ALLOW(SYS_clock_gettime),
		ALLOW(SYS_rt_sigreturn),
		ALLOW(SYS_rt_sigprocmask),
		ALLOW(SYS_getpid),
		ALLOW(SYS_gettid),
		/* what other versions of the libraries may do as well */
		ALLOW(SYS_sysinfo),
		ALLOW(SYS_readv),
		ALLOW(SYS_preadv),
		ALLOW(SYS_writev),
		ALLOW(SYS_sched_yield),
		ALLOW(SYS_gettimeofday),
		ALLOW(SYS_time),
		ALLOW(SYS_uname),
		REFUSE(SYS_access, ENOENT),
		REFUSE(SYS_faccessat, ENOENT),
		REFUSE(SYS_faccessat2, ENOENT),
		REFUSE(SYS_stat, ENOENT),
		REFUSE(SYS_lstat, ENOENT),
		REFUSE(SYS_statx, ENOSYS),
		REFUSE(SYS_getcwd, ENOENT),
		REFUSE(SYS_ioctl, ENOTTY),
		REFUSE(SYS_prlimit64, EPERM),
		REFUSE(SYS_sched_getaffinity, EPERM),
		ALLOW(SYS_exit),
		ALLOW(SYS_exit_group),
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
		ALLOW(SYS_sigaltstack),
		ALLOW(SYS_rt_sigaction),
#endif
		WITHOUT(SYS_mmap, 2, PROT_EXEC, SECCOMP_RET_ALLOW),
		WITHOUT(SYS_mprotect, 2, PROT_EXEC, SECCOMP_RET_ALLOW),
		/* their own descriptors' */
		WITH(SYS_newfstatat, 3, AT_EMPTY_PATH, SECCOMP_RET_ERRNO | ENOENT),
		WITH(SYS_fcntl, 1, F_GETFD, SECCOMP_RET_ERRNO | EINVAL),
		/* abort: */
		WITH(SYS_tgkill, 0, own, SECCOMP_RET_KILL_PROCESS),
		/* files, of which the libraries know only this way */
		WITHOUT(SYS_openat, 2, WRITING, SECCOMP_RET_TRAP),
		WITHOUT(SYS_open, 1, WRITING, SECCOMP_RET_TRAP),
		UNLESS(SYS_readlink, 1),
		RETURN(SECCOMP_RET_TRAP),
		UNLESS(SYS_readlinkat, 1),
		RETURN(SECCOMP_RET_TRAP),
		RETURN(SECCOMP_RET_KILL_PROCESS),
	};
	struct sock_fprog program = { sizeof(code) / sizeof(code[0]), code };

	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0;
}

/* ---- limits ---- */

/* The soft limit alone: who started this process may raise it. */
static void
limit(int what, rlim_t most)
{
	struct rlimit old;

	if (getrlimit(what, &old) != 0)
		return;
	if (most < old.rlim_cur)
		old.rlim_cur = most;
	setrlimit(what, &old);
}

/* Bytes of addresses that this process has already. */
static rlim_t
own_memory(void)
{
	char text[32] = "";
	int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);

	if (fd != -1 && read(fd, text, sizeof(text) - 1) < 0)
		text[0] = '\0';
	if (fd != -1)
		close(fd);
	return (rlim_t)strtoul(text, NULL, 10) * (rlim_t)sysconf(_SC_PAGESIZE);
}

static void
forbid(int what, rlim_t most)
{
	struct rlimit none = { most, most };

	setrlimit(what, &none);
}

bool
symbol_guard_enter(void)
{
	struct sigaction action = { .sa_sigaction = catch, .sa_flags = SA_SIGINFO | SA_NODEFER };
	bool filtered;

	limit(RLIMIT_AS, SANITIZED ? RLIM_INFINITY : MEMORY + own_memory());
	limit(RLIMIT_CPU, SECONDS);
	limit(RLIMIT_NOFILE, DESCRIPTORS);
	forbid(RLIMIT_CORE, 0);
	forbid(RLIMIT_NPROC, 0);
	prctl(PR_SET_DUMPABLE, 0);
	sigemptyset(&action.sa_mask);
	sigaction(SIGSYS, &action, NULL);
	filtered = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && filter_calls();
	if (!filtered)
		forbid(RLIMIT_FSIZE, 0);
	return filtered;
}
