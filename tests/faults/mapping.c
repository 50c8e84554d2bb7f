/*
 * Hazard: the mmap family in the hands of the program (reliability 50): files mapped,
 * grown, shrunk and moved by mremap, mapped over, protected; blocks of malloc that
 * are mappings and move when they grow. Expected: contents and protections are as the
 * program left them.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static uint64_t
sum(const uint8_t *at, size_t size)
{
	uint64_t hash = 14695981039346656037ULL;

	for (size_t i = 0; i < size; i++)
		hash = (hash ^ at[i]) * 1099511628211ULL;
	return hash;
}

static void
files(void)
{
	char name[] = "mappingXXXXXX";
	int fd = mkstemp(name);
	uint8_t *at, *moved;

	unlink(name);
	if (ftruncate(fd, 1 << 20) != 0)
		return;
	at = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	for (size_t i = 0; i < 1 << 20; i++)
		at[i] = (uint8_t)(i * 7);
	moved = mremap(at, 1 << 20, 4 << 20, MREMAP_MAYMOVE);
	printf("grown %d %lx\n", moved != MAP_FAILED, (long)sum(moved, 1 << 20));
	/* Past the file's end: nobody may have touched it. */
	printf("file %ld\n", (long)lseek(fd, 0, SEEK_END));
	moved = mremap(moved, 4 << 20, 1 << 16, 0);
	printf("shrunk %lx\n", (long)sum(moved, 1 << 16));
	mmap(moved, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	printf("over %d %d\n", moved[0], moved[4096]);
	munmap(moved, 1 << 16);
	printf("fails %d\n", mremap((void *)8192, 4096, 8192, MREMAP_MAYMOVE) == MAP_FAILED);
	close(fd);
}

static void
blocks(void)
{
	for (int i = 0; i < 60; i++) {
		size_t size = (size_t)(i + 1) * 70000;
		uint8_t *block = malloc(size);
		uint64_t before;

		memset(block, i, size);
		before = sum(block, size);
		block = realloc(block, size * 3);
		printf("%d", sum(block, size) == before);
		block = realloc(block, size / 2);
		before = sum(block, size / 2);
		block = realloc(block, 100);
		free(block);
	}
	putchar('\n');
}

int
main(void)
{
	files();
	blocks();
	files();
	return 0;
}
