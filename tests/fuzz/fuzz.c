#include "tests/fuzz/fuzz.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Little is allocated for long: memory that was freed need not be kept for hours. */
const char *__asan_default_options(void);
const char *
__asan_default_options(void)
{
	return "quarantine_size_mb=8:max_malloc_fill_size=256:malloc_context_size=4:"
	       "detect_stack_use_after_return=0";
}

uint8_t
fuzz_byte(struct fuzz_input *input)
{
	if (input->left == 0)
		return 0;
	input->left--;
	return *input->at++;
}

uint64_t
fuzz_number(struct fuzz_input *input, size_t len)
{
	uint64_t number = 0;

	if (len > input->left)
		len = input->left;
	memcpy(&number, input->at, len);
	input->at += len;
	input->left -= len;
	return number;
}

char *
fuzz_text(struct fuzz_input *input, size_t most)
{
	size_t len = (size_t)fuzz_number(input, 2), i;
	char *text;

	if (len > most)
		len = most;
	if (len > input->left)
		len = input->left;
	text = malloc(len + 1);
	FUZZ_CHECK(text != NULL);
	for (i = 0; i < len; i++)
		text[i] = input->at[i] != 0 ? (char)input->at[i] : '0';
	text[len] = '\0';
	input->at += len;
	input->left -= len;
	return text;
}

#ifdef FUZZ_MEMORY

enum { MEMORY_FD = 1 << 20 };
static const char memory_path[] = "/fuzz";
static struct fuzz_file *memory; /* there is one */

int __real_open(const char *path, int flags, ...);
int __real_close(int fd);
int __real_fstat(int fd, struct stat *status);
int __real_flock(int fd, int operation);
ssize_t __real_pread(int fd, void *to, size_t len, off_t offset);

int
__wrap_open(const char *path, int flags, ...)
{
	unsigned mode = 0;
	va_list args;

	va_start(args, flags);
	if ((flags & O_CREAT) != 0)
		mode = va_arg(args, unsigned);
	va_end(args);
	if (strcmp(path, memory_path) == 0)
		return MEMORY_FD;
	return __real_open(path, flags, mode);
}

int
__wrap_close(int fd)
{
	return fd == MEMORY_FD ? 0 : __real_close(fd);
}

int
__wrap_fstat(int fd, struct stat *status)
{
	if (fd != MEMORY_FD)
		return __real_fstat(fd, status);
	*status = (struct stat){ .st_mode = S_IFREG | 0600, .st_size = (off_t)memory->size };
	return 0;
}

int
__wrap_flock(int fd, int operation)
{
	if (fd != MEMORY_FD)
		return __real_flock(fd, operation);
	if (!memory->held || (operation & LOCK_EX) == 0)
		return 0;
	errno = EWOULDBLOCK;
	return -1;
}

/* Nothing comes of waiting where nobody else is at work. */
int __wrap_nanosleep(const struct timespec *time, struct timespec *left);
int
__wrap_nanosleep(const struct timespec *time, struct timespec *left)
{
	return (void)time, (void)left, 0;
}

ssize_t
__wrap_pread(int fd, void *to, size_t len, off_t offset)
{
	if (fd != MEMORY_FD)
		return __real_pread(fd, to, len, offset);
	if (offset < 0) {
		errno = EINVAL;
		return -1;
	}
	if ((uint64_t)offset >= memory->size)
		return 0;
	if (len > memory->size - (size_t)offset)
		len = memory->size - (size_t)offset;
	memcpy(to, memory->bytes + offset, len);
	return (ssize_t)len;
}

void
fuzz_file_open(struct fuzz_file *file, size_t room)
{
	FUZZ_CHECK(memory == NULL || memory == file);
	if (memory != NULL)
		return;
	memory = file;
	file->bytes = mmap(NULL, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	FUZZ_CHECK(file->bytes != MAP_FAILED);
	file->size = file->room = room;
	file->fd = MEMORY_FD;
	snprintf(file->path, sizeof(file->path), "%s", memory_path);
}

void
fuzz_file_cut(struct fuzz_file *file, size_t size)
{
	FUZZ_CHECK(size <= file->room);
	file->size = size;
}

void
fuzz_file_hold(struct fuzz_file *file, bool held)
{
	file->held = held;
}

#else

void
fuzz_file_open(struct fuzz_file *file, size_t room)
{
	if (file->bytes != NULL)
		return;
	file->fd = memfd_create("fuzz", MFD_CLOEXEC);
	FUZZ_CHECK(file->fd >= 0 && ftruncate(file->fd, (off_t)room) == 0);
	file->bytes = mmap(NULL, room, PROT_READ | PROT_WRITE, MAP_SHARED, file->fd, 0);
	FUZZ_CHECK(file->bytes != MAP_FAILED);
	file->size = file->room = room;
	snprintf(file->path, sizeof(file->path), "/proc/self/fd/%d", file->fd);
}

void
fuzz_file_cut(struct fuzz_file *file, size_t size)
{
	FUZZ_CHECK(size <= file->room);
	if (size != file->size)
		FUZZ_CHECK(ftruncate(file->fd, (off_t)size) == 0);
	file->size = size;
}

void
fuzz_file_hold(struct fuzz_file *file, bool held)
{
	if (held == file->held)
		return;
	file->held = held;
	if (!held) {
		close(file->holder);
		return;
	}
	file->holder = open(file->path, O_RDWR | O_CLOEXEC);
	FUZZ_CHECK(file->holder >= 0 && flock(file->holder, LOCK_SH | LOCK_NB) == 0);
}

#endif
