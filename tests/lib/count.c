/*
 * The independent witness: a second shim, loaded behind ours, that only counts.
 * It forwards to glibc and keeps struct esc_counters' first three words, in the
 * same meaning, in the file COUNT_FILE (mapped shared: no kill loses a count),
 * one slot a process image. The file is made by who runs the test; its first
 * word is the number of slots given, 64 bytes a slot from offset 64 on.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define COUNT_EXPORT __attribute__((visibility("default")))
#define COUNT_INTERNAL __attribute__((visibility("hidden")))

enum { COUNT_FILE_SIZE = 1 << 20, COUNT_SLOTS = COUNT_FILE_SIZE / 64 - 1 };

struct count_slot {
	uint64_t allocations, frees, bytes, pad[5];
};

struct count_file {
	uint64_t slots, pad[7];
	struct count_slot slot[COUNT_SLOTS];
};

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);
void __libc_free(void *block);
void *__libc_memalign(size_t alignment, size_t size);
void *__libc_valloc(size_t size);
void *__libc_pvalloc(size_t size);

COUNT_EXPORT void cfree(void *block);
COUNT_EXPORT size_t malloc_usable_size(void *block);

static struct count_slot count_early;
static struct count_file *count_file;
/* On a page that the kernel empties in the child of a fork. */
static uint64_t *count_mine;

static struct count_slot *
count_slot(void)
{
	uint64_t at;

	if (count_file == NULL)
		return &count_early;
	at = __atomic_load_n(count_mine, __ATOMIC_RELAXED);
	if (at == 0) {
		uint64_t none = 0;

		at = __atomic_add_fetch(&count_file->slots, 1, __ATOMIC_RELAXED);
		if (!__atomic_compare_exchange_n(
			count_mine, &none, at, 0, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
			at = none;
	}
	return &count_file->slot[at <= COUNT_SLOTS ? at - 1 : COUNT_SLOTS - 1];
}

static void
count_allocation(uint64_t bytes)
{
	struct count_slot *slot = count_slot();

	__atomic_fetch_add(&slot->allocations, 1, __ATOMIC_RELAXED);
	__atomic_fetch_add(&slot->bytes, bytes, __ATOMIC_RELAXED);
}

static void
count_free(void)
{
	__atomic_fetch_add(&count_slot()->frees, 1, __ATOMIC_RELAXED);
}

static void *
count_block(void *block, uint64_t bytes)
{
	if (block != NULL)
		count_allocation(bytes);
	return block;
}

COUNT_EXPORT void *
malloc(size_t size)
{
	return count_block(__libc_malloc(size), size);
}

COUNT_EXPORT void *
calloc(size_t count, size_t size)
{
	return count_block(__libc_calloc(count, size), count * size);
}

COUNT_EXPORT void *
realloc(void *block, size_t size)
{
	void *result;

	if (block == NULL)
		return malloc(size);
	result = __libc_realloc(block, size);
	if (result != NULL || size == 0)
		count_free();
	return count_block(result, size);
}

COUNT_EXPORT void
free(void *block)
{
	if (block != NULL)
		count_free();
	__libc_free(block);
}

COUNT_EXPORT void
cfree(void *block)
{
	free(block);
}

COUNT_EXPORT void *
memalign(size_t alignment, size_t size)
{
	return count_block(__libc_memalign(alignment, size), size);
}

COUNT_EXPORT void *
aligned_alloc(size_t alignment, size_t size)
{
	return count_block(__libc_memalign(alignment, size), size);
}

COUNT_EXPORT int
posix_memalign(void **block, size_t alignment, size_t size)
{
	void *at;

	if (alignment % sizeof(void *) != 0 || alignment == 0 || (alignment & (alignment - 1)) != 0)
		return EINVAL;
	at = count_block(__libc_memalign(alignment, size), size);
	if (at == NULL)
		return ENOMEM;
	*block = at;
	return 0;
}

COUNT_EXPORT void *
valloc(size_t size)
{
	return count_block(__libc_valloc(size), size);
}

COUNT_EXPORT void *
pvalloc(size_t size)
{
	return count_block(__libc_pvalloc(size), size);
}

static const char *
count_path(char **envp)
{
	for (; *envp != NULL; envp++)
		if (strncmp(*envp, "COUNT_FILE=", 11) == 0)
			return *envp + 11;
	return NULL;
}

__attribute__((constructor)) static void
count_start(int argc, char **argv, char **envp)
{
	const char *path = count_path(envp);
	struct count_file *file;
	struct count_slot *slot;
	void *page;
	int fd;

	/* The launcher is not what is counted. */
	if (path == NULL ||
	    (argc > 0 && strlen(argv[0]) >= 4 &&
		strcmp(argv[0] + strlen(argv[0]) - 4, "/esc") == 0))
		return;
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return;
	file = mmap(NULL, sizeof(*file), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (file == MAP_FAILED || page == MAP_FAILED || madvise(page, 4096, MADV_WIPEONFORK) != 0)
		return;
	count_mine = page;
	count_file = file;
	slot = count_slot();
	slot->allocations += count_early.allocations;
	slot->frees += count_early.frees;
	slot->bytes += count_early.bytes;
}

/*
 * A program that is linked with another allocator must not ask that one about
 * glibc's blocks: Debian's redis does. glibc's cannot be had by name without an
 * allocation, so this reads its word before the block: size, and "mapped".
 */
COUNT_EXPORT size_t
malloc_usable_size(void *block)
{
	size_t word;

	if (block == NULL)
		return 0;
	memcpy(&word, (const char *)block - sizeof(word), sizeof(word));
	return (word & ~(size_t)7) - ((word & 2) != 0 ? 16 : 8);
}
