/*
 * Hazard: blocks that the hooks never saw, since the program asks glibc for them by
 * other names or somebody made them before, and blocks that are given back so
 * (reliability 46, 49). Expected: they pass: same usable sizes, same contents; a free
 * of what was never seen is counted as one, and a block that was given back by another
 * name is only ever a leak, never another's.
 */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

void *__libc_malloc(size_t size);
void *__libc_realloc(void *block, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *block);

/* Every usable byte is the program's. */
static size_t
fill(void *block, int with)
{
	size_t size = malloc_usable_size(block);

	memset(block, with, size);
	return size;
}

int
main(void)
{
	size_t sum = 0;
	void *block;
	char *line = NULL;
	FILE *file;

	for (int i = 0; i < 1000; i++) {
		block = __libc_malloc((size_t)i);
		sum += fill(block, i);
		block = realloc(block, (size_t)i * 2 + 1);
		sum += fill(block, i);
		free(block);
		block = __libc_memalign(64, (size_t)i);
		sum += fill(block, i);
		free(block);
		block = malloc((size_t)i + 1);
		sum += fill(block, i);
		block = __libc_realloc(block, (size_t)i * 3 + 1);
		sum += fill(block, i);
		__libc_free(block);
	}
	printf("%zu bytes\n", sum);
	/* What libc makes inside of itself comes to the hooks: they are malloc. */
	free(strdup("text"));
	free(strndup("text", 2));
	free(wcsdup(L"text"));
	if (asprintf(&line, "%d", 5) == 1)
		free(line);
	file = open_memstream(&line, &sum);
	fprintf(file, "%1000d", 7);
	fclose(file);
	free(line);
	return puts("done") < 0;
}
