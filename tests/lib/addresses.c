/*
 * The witness of addresses: a shim to be loaded last, in front of glibc, that writes down
 * what each call was given and gave, and mallinfo2 at each thousandth call and in the end,
 * to ADDRESSES_FILE. What glibc maps by itself (large blocks, arenas of threads) lies
 * where the kernel has room, which what else is mapped decides: of these the place within
 * the mapping is written down.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);
void __libc_free(void *block);
void *__libc_memalign(size_t alignment, size_t size);
void *__libc_valloc(size_t size);
void *__libc_pvalloc(size_t size);

enum { ROOM = 1 << 16 };

static int file = -1;
static uintptr_t heap; /* where brk's part begins */
static char text[ROOM];
static size_t used;
static unsigned long calls;
static int lock;

static void
flush(void)
{
	size_t at = 0;

	while (at < used) {
		ssize_t n = write(file, text + at, used - at);

		if (n <= 0)
			_exit(98);
		at += (size_t)n;
	}
	used = 0;
}

static void
put(const char *format, ...)
{
	va_list list;

	if (used > ROOM - 1024)
		flush();
	va_start(list, format);
	used += (size_t)vsnprintf(text + used, ROOM - used, format, list);
	va_end(list);
}

static void
put_heap(void)
{
	struct mallinfo2 info = mallinfo2();

	put("mallinfo2 %zu %zu %zu %zu %zu %zu %zu %zu %zu %zu\n", info.arena, info.ordblks,
	    info.smblks, info.hblks, info.hblkhd, info.usmblks, info.fsmblks, info.uordblks,
	    info.fordblks, info.keepcost);
}

/* In brk's part the address itself, else where it is within what was mapped. */
static uintptr_t
place(const void *block)
{
	uintptr_t at = (uintptr_t)block;

	if (at >= heap && at < (uintptr_t)sbrk(0))
		return at;
	return at % 4096;
}

static void *
note(const char *what, const void *old, size_t size, void *block)
{
	int error = errno;

	if (file < 0)
		return block;
	while (__atomic_exchange_n(&lock, 1, __ATOMIC_ACQUIRE))
		;
	put("%s %lx %zu = %lx\n", what, place(old), size, place(block));
	if (++calls % 1000 == 0)
		put_heap();
	__atomic_store_n(&lock, 0, __ATOMIC_RELEASE);
	errno = error;
	return block;
}

void *
malloc(size_t size)
{
	return note("malloc", NULL, size, __libc_malloc(size));
}

void *
calloc(size_t count, size_t size)
{
	return note("calloc", NULL, count * size, __libc_calloc(count, size));
}

void *
realloc(void *block, size_t size)
{
	uintptr_t old = place(block);
	void *made;

	/* A shim may well make that of it. */
	if (block == NULL)
		return malloc(size);
	made = __libc_realloc(block, size);
	return note("realloc", (const void *)old, size, made);
}

void
free(void *block)
{
	if (block != NULL)
		note("free", block, 0, NULL);
	__libc_free(block);
}

void *
memalign(size_t alignment, size_t size)
{
	return note("memalign", NULL, size, __libc_memalign(alignment, size));
}

void *
aligned_alloc(size_t alignment, size_t size)
{
	return note("aligned_alloc", NULL, size, __libc_memalign(alignment, size));
}

int
posix_memalign(void **block, size_t alignment, size_t size)
{
	void *made = note("posix_memalign", NULL, size, __libc_memalign(alignment, size));

	if (made == NULL)
		return ENOMEM;
	*block = made;
	return 0;
}

void *
valloc(size_t size)
{
	return note("valloc", NULL, size, __libc_valloc(size));
}

void *
pvalloc(size_t size)
{
	return note("pvalloc", NULL, size, __libc_pvalloc(size));
}

/* Only the program that is looked at: env and the like say nothing. */
__attribute__((constructor)) static void
begin(int argc, char **argv, char **envp)
{
	static const char name[] = "ADDRESSES_FILE=", only[] = "ADDRESSES_OF=";
	const char *path = NULL, *of = NULL, *base = strrchr(argv[0], '/');

	base = base != NULL ? base + 1 : argv[0];
	for (; argc > 0 && *envp != NULL; envp++) {
		if (strncmp(*envp, name, sizeof(name) - 1) == 0)
			path = *envp + sizeof(name) - 1;
		if (strncmp(*envp, only, sizeof(only) - 1) == 0)
			of = *envp + sizeof(only) - 1;
	}
	if (path == NULL || of == NULL || strcmp(base, of) != 0)
		return;
	heap = (uintptr_t)sbrk(0);
	/* High up: the program's own numbers stay as they are. */
	file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (file >= 0) {
		int high = fcntl(file, F_DUPFD_CLOEXEC, 500);

		close(file);
		file = high;
	}
	put_heap();
}

__attribute__((destructor)) static void
end(void)
{
	if (file < 0)
		return;
	put_heap();
	flush();
}
