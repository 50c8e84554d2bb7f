#include "analyzer/symbol/symbol_broker.h"

#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "analyzer/util/files.h"
#include "analyzer/util/xalloc.h"

/* No file that is larger is a program. */
static const off_t size_max = (off_t)64 << 30;

/* ---- names ---- */

void
symbol_broker_normalise(const char *path, char *out)
{
	size_t len = 0;

	while (*path != '\0') {
		size_t part = strcspn(path, "/");

		if (part == 2 && path[0] == '.' && path[1] == '.') {
			do
				len -= len > 0;
			while (len > 0 && out[len] != '/');
		} else if (part > 0 && !(part == 1 && path[0] == '.')) {
			out[len++] = '/';
			memmove(out + len, path, part);
			len += part;
		}
		path += part + (path[part] == '/');
	}
	out[len] = '\0';
}

static char *
normalise(const char *path)
{
	char *out = xmalloc(strlen(path) + 2);

	symbol_broker_normalise(path, out);
	return out;
}

/* Both normalised. */
static bool
is_below(const char *path, const char *directory)
{
	size_t len = strlen(directory);

	/* of the root directory only what stands in it */
	if (len == 0)
		return strrchr(path, '/') == path;
	return strncmp(path, directory, len) == 0 && path[len] == '/';
}

static bool
has_suffix(const char *path)
{
	static const char *const suffixes[] = { ".dwo", ".dwp", ".debug" };
	const char *dot = strrchr(path, '.');
	size_t i;

	for (i = 0; dot != NULL && i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		if (strcmp(dot, suffixes[i]) == 0)
			return true;
	}
	return false;
}

static bool
is_below_given(const char *path, const char *directory)
{
	char *own = normalise(directory);
	bool below = is_below(path, own);

	free(own);
	return below;
}

bool
symbol_broker_allows(const struct symbol_broker *broker, const char *path)
{
	char *normal;
	char *own;
	char *slash;
	bool allowed;

	if (path[0] != '/')
		return false;
	if (strcmp(path, broker->path) == 0)
		return true;
	normal = normalise(path);
	own = normalise(broker->path);
	slash = strrchr(own, '/');
	if (slash != NULL)
		*slash = '\0';
	allowed = (broker->path[0] == '/' && is_below(normal, own)) || has_suffix(normal) ||
	    (broker->root != NULL && is_below_given(normal, broker->root));
	free(own);
	free(normal);
	return allowed;
}

/* ---- files ---- */

/* What looks like a file but is an interface of the kernel's. */
static bool
is_kernel(int fd)
{
	struct statfs status;

	return fstatfs(fd, &status) != 0 || status.f_type == PROC_SUPER_MAGIC ||
	    status.f_type == SYSFS_MAGIC || status.f_type == DEBUGFS_MAGIC ||
	    status.f_type == TRACEFS_MAGIC || status.f_type == SECURITYFS_MAGIC;
}

/* A program, a library, an object file; a core holds somebody's memory. */
static bool
is_program(int fd)
{
	uint8_t head[EI_NIDENT + sizeof(Elf64_Half)];
	unsigned type;

	if (files_read(fd, 0, head, sizeof(head)) != sizeof(head) ||
	    memcmp(head, ELFMAG, SELFMAG) != 0)
		return false;
	type = head[EI_DATA] == ELFDATA2MSB ? (unsigned)head[EI_NIDENT] << 8 | head[EI_NIDENT + 1]
					    : (unsigned)head[EI_NIDENT + 1] << 8 | head[EI_NIDENT];
	return type == ET_REL || type == ET_EXEC || type == ET_DYN;
}

static int
check(int fd)
{
	struct stat status;

	if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) || is_kernel(fd))
		return EACCES;
	if (status.st_size > size_max)
		return EFBIG;
	return is_program(fd) ? 0 : ENOEXEC;
}

static int
checked(int fd)
{
	int error = fd == -1 ? errno : check(fd);

	if (error == 0)
		return fd;
	if (fd != -1)
		close(fd);
	errno = error;
	return -1;
}

int
symbol_broker_open(const struct symbol_broker *broker, const char *path)
{
	if (!symbol_broker_allows(broker, path)) {
		errno = EACCES;
		return -1;
	}
	return checked(open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
}

char *
symbol_broker_build_id_path(const char *root, const uint8_t *id, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	char hex[2 * SYMBOL_BUILD_ID_MAX + 1];
	size_t i;

	if (len < SYMBOL_BUILD_ID_MIN || len > SYMBOL_BUILD_ID_MAX)
		return NULL;
	for (i = 0; i < len; i++) {
		hex[2 * i] = digits[id[i] >> 4];
		hex[2 * i + 1] = digits[id[i] & 15];
	}
	hex[2 * len] = '\0';
	return xasprintf("%s/.build-id/%.2s/%s.debug", root, hex, hex + 2);
}

/* Where it is there, but may not be looked at, its process will say so. */
static bool
is_there(const char *path)
{
	return access(path, F_OK) == 0 || (errno != ENOENT && errno != ENOTDIR);
}

static const char *
servers(void)
{
	const char *urls = getenv("DEBUGINFOD_URLS");

	return urls != NULL && urls[0] != '\0' ? urls : NULL;
}

bool
symbol_broker_offers_own(const struct symbol_broker *broker)
{
	return broker->path[0] == '/' && is_there(broker->path);
}

bool
symbol_broker_offers(const struct symbol_broker *broker)
{
	char *debug;
	bool offers;

	if (symbol_broker_offers_own(broker))
		return true;
	if (broker->root == NULL)
		return false;
	debug = symbol_broker_build_id_path(broker->root, broker->build_id, broker->build_id_len);
	offers = debug != NULL && (servers() != NULL || is_there(debug));
	free(debug);
	return offers;
}

/* The library is loaded here and only then: it brings an HTTP client that nobody else
 * needs. */
int
symbol_broker_fetch(const struct symbol_broker *broker, char **path)
{
	const size_t len = broker->build_id_len;
	void *(*begin)(void);
	int (*find)(void *, const unsigned char *, int, char **);
	void (*end)(void *);
	void *library = NULL;
	void *client;
	int fd = -1;

	*path = NULL;
	if (servers() != NULL && len >= SYMBOL_BUILD_ID_MIN && len <= SYMBOL_BUILD_ID_MAX)
		library = dlopen("libdebuginfod.so.1", RTLD_LAZY | RTLD_LOCAL);
	errno = ENOENT;
	if (library == NULL)
		return -1;
	*(void **)&begin = dlsym(library, "debuginfod_begin");
	*(void **)&find = dlsym(library, "debuginfod_find_debuginfo");
	*(void **)&end = dlsym(library, "debuginfod_end");
	client = begin != NULL && find != NULL && end != NULL ? begin() : NULL;
	if (client != NULL) {
		fd = find(client, broker->build_id, (int)len, path);
		end(client);
	}
	/* the library stays: its HTTP client does not like to be unloaded */
	errno = ENOENT;
	fd = checked(fd < 0 ? -1 : fd);
	if (fd == -1) {
		free(*path);
		*path = NULL;
	} else if (*path == NULL) {
		*path = xstrdup("debuginfod");
	}
	return fd;
}
