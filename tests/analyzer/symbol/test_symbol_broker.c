/* What is opened for a module's process, and what is not. */
#include "analyzer/symbol/symbol_broker.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "analyzer/util/xalloc.h"
#include "tests/lib/check.h"

static char directory[] = "/tmp/esc-broker-XXXXXX";

static void
check_names(void)
{
	static const struct {
		const char *path;
		bool allowed;
	} names[] = {
		{ "/opt/app/bin/app", true },
		{ "/opt/app/bin/app.dbg", true },
		{ "/opt/app/bin/.debug/app.debug", true },
		{ "/opt/app/bin/../bin/app.dbg", true },
		{ "/usr/lib/debug/.build-id/ab/cd.debug", true },
		{ "/usr/lib/debug/opt/app/bin/x", true },
		{ "/home/me/build/unit.dwo", true },
		{ "/opt/app/lib.dwp", true },
		{ "/srv/debug/shared.debug", true },
		{ "/opt/app/bin", false },
		{ "/opt/app/bin/../../secret", false },
		{ "/opt/app/bin/./../lib", false },
		{ "/opt/app/binary", false },
		{ "/usr/lib/debug", false },
		{ "/usr/lib/debug/../libc.so.6", false },
		{ "/usr/lib/debugger", false },
		{ "/etc/shadow", false },
		{ "/home/me/unit.dwo/key", false },
		{ "/home/me/unit.dwo/../key", false },
		{ "/home/me/unit.dwox", false },
		{ "opt/app/bin/app", false },
		{ "app.dwo", false },
		{ "", false },
		{ "/", false },
		{ "..", false },
		{ "/..", false },
	};
	struct symbol_broker broker = { .path = "/opt/app/bin/app", .root = "/usr/lib/debug" };
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (symbol_broker_allows(&broker, names[i].path) != names[i].allowed)
			fprintf(stderr, "%s\n", names[i].path);
		CHECK(symbol_broker_allows(&broker, names[i].path) == names[i].allowed);
	}
	broker.root = "/usr/lib/../lib/debug/";
	CHECK(symbol_broker_allows(&broker, "/usr/lib/debug/x"));
	broker.root = NULL;
	CHECK(!symbol_broker_allows(&broker, "/usr/lib/debug/x"));
	CHECK(symbol_broker_allows(&broker, "/opt/app/bin/app"));
	broker.path = "[vdso]";
	CHECK(!symbol_broker_allows(&broker, "/opt/app/bin/app"));
	CHECK(!symbol_broker_allows(&broker, "[vdso]"));
	broker.path = "/app";
	CHECK(symbol_broker_allows(&broker, "/app.dbg"));
	CHECK(!symbol_broker_allows(&broker, "/etc/app"));
}

/* True if what is at name, in our directory, is opened; else errno is checked. */
static bool
is_opened(const char *name, int error)
{
	char *path = name[0] == '/' ? xstrdup(name) : xasprintf("%s/%s", directory, name);
	struct symbol_broker broker = { .path = path };
	int fd;

	errno = 0;
	fd = symbol_broker_open(&broker, path);
	if (fd == -1 && errno != error)
		fprintf(stderr, "%s: errno %d\n", path, errno);
	CHECK(fd != -1 || errno == error);
	CHECK(fd == -1 || (fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDONLY);
	if (fd != -1)
		close(fd);
	free(path);
	return fd != -1;
}

static void
make_elf(const char *name, uint8_t data, uint16_t type, size_t size)
{
	char *path = xasprintf("%s/%s", directory, name);
	Elf64_Ehdr head = { .e_type = type };
	FILE *file = fopen(path, "wbe");

	memcpy(head.e_ident, ELFMAG, SELFMAG);
	head.e_ident[EI_DATA] = data;
	CHECK(file != NULL && fwrite(&head, 1, size, file) == size && fclose(file) == 0);
	free(path);
}

static char *
path_of(const char *name)
{
	return xasprintf("%s/%s", directory, name);
}

static void
make_link(const char *target, const char *name)
{
	char *path = path_of(name);

	CHECK(symlink(target, path) == 0);
	free(path);
}

static void
check_others(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char *path = path_of("fifo");
	FILE *file;

	CHECK(mkfifo(path, 0600) == 0);
	free(path);
	CHECK(!is_opened("fifo", EACCES));
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/socket", directory);
	CHECK(bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0);
	close(fd);
	CHECK(!is_opened("socket", ENXIO));
	path = path_of("directory");
	CHECK(mkdir(path, 0700) == 0);
	free(path);
	CHECK(!is_opened("directory", EACCES));
	path = path_of("text");
	file = fopen(path, "we");
	CHECK(file != NULL && fputs("-----BEGIN OPENSSH PRIVATE KEY-----\n", file) > 0);
	CHECK(file != NULL && fclose(file) == 0);
	free(path);
	CHECK(!is_opened("text", ENOEXEC));
	CHECK(!is_opened("/dev/null", EACCES));
	CHECK(!is_opened("/dev/zero", EACCES));
	CHECK(!is_opened("/proc/self/maps", EACCES));
	CHECK(!is_opened("/proc/self/mem", EACCES));
	/* who builds packages may do without it */
	if (access("/sys/kernel/notes", F_OK) == 0)
		CHECK(!is_opened("/sys/kernel/notes", EACCES));
	CHECK(!is_opened("nothing", ENOENT));
	CHECK(!is_opened("text/nothing", ENOTDIR));
}

static void
check_files(void)
{
	char *path;
	int fd;

	make_elf("program", ELFDATA2LSB, ET_DYN, sizeof(Elf64_Ehdr));
	CHECK(is_opened("program", 0));
	make_elf("object", ELFDATA2LSB, ET_REL, sizeof(Elf64_Ehdr));
	CHECK(is_opened("object", 0));
	make_elf("swapped", ELFDATA2MSB, ET_EXEC << 8, sizeof(Elf64_Ehdr));
	CHECK(is_opened("swapped", 0));
	make_elf("core", ELFDATA2LSB, ET_CORE, sizeof(Elf64_Ehdr));
	CHECK(!is_opened("core", ENOEXEC));
	make_elf("swapped-core", ELFDATA2MSB, ET_CORE << 8, sizeof(Elf64_Ehdr));
	CHECK(!is_opened("swapped-core", ENOEXEC));
	make_elf("short", ELFDATA2LSB, ET_DYN, EI_NIDENT + 1);
	CHECK(!is_opened("short", ENOEXEC));
	make_elf("empty", ELFDATA2LSB, ET_DYN, 0);
	CHECK(!is_opened("empty", ENOEXEC));
	/* with so many holes it is no program */
	path = path_of("program");
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (ftruncate(fd, (off_t)65 << 30) == 0)
		CHECK(!is_opened("program", EFBIG));
	CHECK(ftruncate(fd, sizeof(Elf64_Ehdr)) == 0);
	close(fd);
	/* links are followed, as to debug files; what they lead to counts */
	make_link(path, "link");
	CHECK(is_opened("link", 0));
	make_link("/etc/passwd", "astray");
	CHECK(!is_opened("astray", ENOEXEC));
	make_link("loop", "loop");
	CHECK(!is_opened("loop", ELOOP));
	free(path);
}

static void
check_fetch(void)
{
	static const uint8_t id[20] = { 1 };
	struct symbol_broker broker = { .path = "/a", .build_id = id, .build_id_len = sizeof(id) };
	char *path;

	unsetenv("DEBUGINFOD_URLS");
	CHECK(symbol_broker_fetch(&broker, &path) == -1 && path == NULL && errno == ENOENT);
	broker.build_id_len = 0;
	setenv("DEBUGINFOD_URLS", "http://127.0.0.1:9/", 1);
	CHECK(symbol_broker_fetch(&broker, &path) == -1 && path == NULL && errno == ENOENT);
}

int
main(void)
{
	char *command;

	CHECK(mkdtemp(directory) != NULL);
	check_names();
	check_others();
	check_files();
	check_fetch();
	command = xasprintf("rm -rf %s", directory);
	CHECK(system(command) == 0);
	free(command);
	return check_done();
}
