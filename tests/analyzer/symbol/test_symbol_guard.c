/* A process in the guard: what it may not do kills it, its limits hold, and its files come
 * from the other end of its socket, also those that libraries open. */
#include "analyzer/symbol/symbol_guard.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "analyzer/symbol/symbol_wire.h"
#include "tests/lib/check.h"

enum { UNCONFINED = 70, SURVIVED = 71 };

static int pair[2];

/* ---- what it does ---- */

static void
try_socket(void)
{
	(void)socket(AF_INET, SOCK_STREAM, 0);
}
static void
try_unix(void)
{
	(void)socket(AF_UNIX, SOCK_STREAM, 0);
}
static void
try_connect(void)
{
	(void)connect(pair[1], NULL, 0);
}
static void
try_exec(void)
{
	(void)execl("/bin/true", "true", NULL);
}
static void
try_fork(void)
{
	(void)syscall(SYS_fork);
}
static void
try_clone(void)
{
	(void)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
}
static void
try_write(void)
{
	(void)open("/tmp/esc-guard", O_WRONLY);
}
static void
try_create(void)
{
	(void)open("/tmp/esc-guard", O_RDONLY | O_CREAT, 0600);
}
static void
try_unlink(void)
{
	(void)unlink("/tmp/esc-guard");
}
static void
try_kill(void)
{
	(void)kill(getppid(), SIGTERM);
}
static void
try_tgkill(void)
{
	(void)syscall(SYS_tgkill, getpid() - 1, getpid() - 1, 0);
}
static void
try_ptrace(void)
{
	(void)ptrace(PTRACE_ATTACH, getpid() - 1, NULL, NULL);
}
static void
try_peek(void)
{
	(void)syscall(SYS_process_vm_readv, 1, NULL, 0, NULL, 0, 0);
}
static void
try_code(void)
{
	(void)mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
static void
try_handler(void)
{
	(void)signal(SIGXCPU, SIG_IGN);
}
#endif
static void
try_chdir(void)
{
	(void)chdir("/");
}
static void
try_link(void)
{
	(void)symlink("a", "/tmp/esc-guard");
}
static void
try_old(void)
{
	__asm__ volatile("int $0x80" : : "a"(20) : "memory");
}
static void
try_x32(void)
{
	(void)syscall(0x40000000 | SYS_getpid);
}

static void
try_protect(void)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)mprotect(page, 4096, PROT_READ | PROT_EXEC);
}

static const struct {
	const char *name;
	void (*run)(void);
} forbidden[] = {
	{ "socket", try_socket },
	{ "socket AF_UNIX", try_unix },
	{ "connect", try_connect },
	{ "exec", try_exec },
	{ "fork", try_fork },
	{ "clone", try_clone },
	{ "open for writing", try_write },
	{ "open to create", try_create },
	{ "unlink", try_unlink },
	{ "kill", try_kill },
	{ "tgkill", try_tgkill },
	{ "ptrace", try_ptrace },
	{ "process_vm_readv", try_peek },
	{ "mmap PROT_EXEC", try_code },
	{ "mprotect PROT_EXEC", try_protect },
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
	/* the sanitizers need it */
	{ "sigaction", try_handler },
#endif
	{ "chdir", try_chdir },
	{ "symlink", try_link },
	{ "a call of i386", try_old },
	{ "a call of x32", try_x32 },
};

/* Runs work in the guard; the status of its process. */
static int
run(void (*work)(void), bool guarded)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		symbol_guard_ask_for_files(pair[1]);
		if (guarded && !symbol_guard_enter())
			_exit(UNCONFINED);
		work();
		_exit(SURVIVED);
	}
	CHECK(pid > 0 && waitpid(pid, &status, 0) == pid);
	return status;
}

/* What ends it; some kernels have no calls of i386, whose instruction faults there. */
static int
end_of(void (*work)(void))
{
	int status;

	if (work != try_old)
		return SIGSYS;
	status = run(try_old, false);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV ? SIGSEGV : SIGSYS;
}

static void
check_forbidden(void)
{
	size_t i;
	int status, end;

	for (i = 0; i < sizeof(forbidden) / sizeof(forbidden[0]); i++) {
		end = end_of(forbidden[i].run);
		status = run(forbidden[i].run, true);
		if (!WIFSIGNALED(status) || WTERMSIG(status) != end)
			fprintf(stderr, "%s: status %#x\n", forbidden[i].name, (unsigned)status);
		CHECK(WIFSIGNALED(status) && WTERMSIG(status) == end);
	}
}

/* ---- limits ---- */

static void
use_memory(void)
{
	void *large = malloc((size_t)3 << 30);
	void *enough = malloc((size_t)100 << 20);

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
	CHECK(large == NULL);
#endif
	CHECK(enough != NULL);
	free(large);
	free(enough);
	_exit(check_done());
}

static void
use_file(void)
{
	int fd = memfd_create("esc", MFD_CLOEXEC);

	CHECK(fd != -1 && write(fd, "x", 1) == 1);
	_exit(check_done());
}

static void
use_abort(void)
{
	abort();
}

static void
check_limits(void)
{
	int status = run(use_memory, true);

	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	status = run(use_file, true);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	status = run(use_abort, true);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT && !WCOREDUMP(status));
}

/* What /proc says of a process that waits in the guard. */
static void
check_proc(void)
{
	char name[64];
	char line[256];
	unsigned seen = 0;
	struct rlimit limit;
	pid_t pid = fork();
	FILE *file;

	if (pid == 0) {
		bool confined = symbol_guard_enter();

		if (write(pair[1], confined ? "y" : "n", 1) == 1)
			(void)read(pair[1], line, 1);
		_exit(0);
	}
	CHECK(read(pair[0], line, 1) == 1 && line[0] == 'y');
	snprintf(name, sizeof(name), "/proc/%d/status", (int)pid);
	file = fopen(name, "r");
	while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
		if (strncmp(line, "Seccomp:", 8) == 0) {
			CHECK_EQ(atoi(line + 8), 2);
			seen++;
		} else if (strncmp(line, "NoNewPrivs:", 11) == 0) {
			CHECK_EQ(atoi(line + 11), 1);
			seen++;
		}
	}
	CHECK_EQ(seen, 2);
	if (file != NULL)
		fclose(file);
	CHECK(prlimit(pid, RLIMIT_CORE, NULL, &limit) == 0 && limit.rlim_max == 0);
	CHECK(prlimit(pid, RLIMIT_CPU, NULL, &limit) == 0 && limit.rlim_cur == 60);
	CHECK(prlimit(pid, RLIMIT_NOFILE, NULL, &limit) == 0 && limit.rlim_cur == 64);
	CHECK(prlimit(pid, RLIMIT_NPROC, NULL, &limit) == 0 && limit.rlim_max == 0);
	CHECK(write(pair[0], "x", 1) == 1 && waitpid(pid, NULL, 0) == pid);
}

/* ---- files ---- */

static void
check_text(int fd, const char *text)
{
	char got[16] = "";

	CHECK(fd >= 0 && pread(fd, got, sizeof(got) - 1, 0) == (ssize_t)strlen(text));
	CHECK_STR(got, text);
}

static void
use_files(void)
{
	char path[PATH_MAX];
	char name[32];
	struct stat status;
	char *served;
	int fd = symbol_guard_open("/not/there/one");
	int again;

	check_text(fd, "one");
	CHECK(fstat(fd, &status) == 0 && S_ISREG(status.st_mode));
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	CHECK(readlink(name, path, sizeof(path)) == (ssize_t)strlen("/not/there/one"));
	CHECK(realpath(name, path) == path);
	CHECK_STR(path, "/not/there/one");
	/* as a library does */
	again = open(name, O_RDONLY);
	CHECK(again != fd);
	check_text(again, "one");
	again = open("/not/../not/./there/two", O_RDONLY | O_CLOEXEC);
	check_text(again, "two");
	snprintf(name, sizeof(name), "/proc/self/fd/%d", again);
	CHECK(realpath(name, path) == path);
	CHECK_STR(path, "/not/there/two");
	errno = 0;
	CHECK(open("/refused", O_RDONLY) == -1 && errno == EACCES);
	CHECK(symbol_guard_open("/refused") == -1 && errno == EACCES);
	errno = 0;
	CHECK(stat("/etc/passwd", &status) == -1 && errno == ENOENT);
	CHECK(readlink("/proc/self/exe", path, sizeof(path)) == -1 && errno == EINVAL);
	fd = symbol_guard_open_served(&served);
	check_text(fd, "served");
	CHECK_STR(served, "/cache/debuginfo");
	free(served);
	snprintf(name, sizeof(name), "/dev/fd/%d", fd);
	CHECK(realpath(name, path) != NULL);
	CHECK_STR(path, "/cache/debuginfo");
	_exit(check_done());
}

/* The text of a path's last part is what such a file holds. */
static void
open_one(const struct symbol_wire *wire, const char *path)
{
	const char *text = path[0] == '\0' ? "served" : strrchr(path, '/') + 1;
	char reply[64] = { 0 };
	size_t size = 4;
	int32_t error = strcmp(path, "/refused") == 0 ? EACCES : 0;
	int fd = error == 0 ? memfd_create("text", MFD_CLOEXEC) : -1;

	memcpy(reply, &error, sizeof(error));
	if (fd != -1)
		CHECK(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	if (path[0] == '\0') {
		memcpy(reply + size, "/cache/debuginfo", 16);
		size += 16;
	}
	CHECK(symbol_wire_send(wire, SYMBOL_WIRE_OPENED, reply, size, fd));
	if (fd != -1)
		close(fd);
}

static void
check_files(void)
{
	static const char *const expected[] = { "/not/there/one", "/not/../not/./there/two",
		"/refused", "/refused", "" };
	struct symbol_wire_head head;
	struct symbol_wire wire;
	char path[256];
	int files[2];
	int status;
	pid_t pid;
	size_t i;

	CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, files) == 0);
	pid = fork();
	if (pid == 0) {
		close(files[0]);
		symbol_guard_ask_for_files(files[1]);
		if (!symbol_guard_enter())
			_exit(UNCONFINED);
		use_files();
	}
	close(files[1]);
	wire = (struct symbol_wire){ .fd = files[0] };
	for (i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		if (!symbol_wire_read_head(&wire, &head, NULL))
			break;
		CHECK_EQ(head.type, SYMBOL_WIRE_OPEN);
		CHECK(head.size < sizeof(path) && symbol_wire_read(&wire, path, head.size));
		path[head.size] = '\0';
		CHECK_STR(path, expected[i]);
		open_one(&wire, path);
	}
	CHECK_EQ(i, sizeof(expected) / sizeof(expected[0]));
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	close(files[0]);
}

/* ---- where there is no seccomp ---- */

static void
refuse(uint32_t number)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(code) / sizeof(code[0]), code };

	(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	CHECK(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0);
}

/* Its limits hold nevertheless; those that nothing could need are not to be raised. */
static void
use_limits(void)
{
	struct rlimit limit;
	char byte = 0;
	int fd;

	CHECK(!symbol_guard_enter());
	CHECK(getrlimit(RLIMIT_CORE, &limit) == 0 && limit.rlim_max == 0);
	CHECK(getrlimit(RLIMIT_NPROC, &limit) == 0 && limit.rlim_max == 0);
	CHECK(getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_max == 0);
	CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur == 64);
	CHECK(getrlimit(RLIMIT_CPU, &limit) == 0 && limit.rlim_cur == 60);
	signal(SIGXFSZ, SIG_IGN);
	fd = memfd_create("esc", MFD_CLOEXEC);
	CHECK(write(fd, &byte, 1) == -1 && errno == EFBIG);
	use_memory();
}

static void
use_no_seccomp(void)
{
	refuse(SYS_seccomp);
	use_limits();
}
static void
use_no_prctl(void)
{
	refuse(SYS_prctl);
	refuse(SYS_seccomp);
	use_limits();
}

static void
check_refused(void)
{
	int status = run(use_no_seccomp, false);

	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	status = run(use_no_prctl, false);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* Without all this: it opens files itself, but nothing that is none. */
static void
check_unguarded(void)
{
	char path[] = "/tmp/esc-guard-XXXXXX";
	char *served;
	int fd;

	CHECK(mkdtemp(path) != NULL);
	CHECK(symbol_guard_open(path) == -1 && errno == EACCES);
	CHECK(symbol_guard_open("/dev/zero") == -1 && errno == EACCES);
	CHECK(symbol_guard_open("/nowhere/at/all") == -1 && errno == ENOENT);
	CHECK(symbol_guard_open_served(&served) == -1 && served == NULL);
	rmdir(path);
	CHECK(mkfifo(path, 0600) == 0);
	CHECK(symbol_guard_open(path) == -1 && errno == EACCES);
	unlink(path);
	fd = symbol_guard_open("/proc/self/exe");
	CHECK(fd != -1);
	close(fd);
}

int
main(void)
{
	CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
	check_unguarded();
	if (WEXITSTATUS(run(try_chdir, true)) == UNCONFINED) {
		fprintf(stderr, "no seccomp here\n");
		return 77;
	}
	CHECK_EQ(WEXITSTATUS(run(try_chdir, false)), SURVIVED);
	check_forbidden();
	check_limits();
	check_proc();
	check_refused();
	check_files();
	return check_done();
}
