/*
 * Runs a fuzzer over files and directories of them, without any fuzzing engine:
 *
 *	fuzz_reader tests/fuzz/corpus/reader
 *
 * Ends as the fuzzer does where an input is bad; the last line of stderr then names it.
 */
#include <dirent.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/fuzz/fuzz.h"

enum { REPLAY_MOST = 1 << 22 };

static unsigned long count;

static void
replay_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	uint8_t *bytes = malloc(REPLAY_MOST), *exact;
	size_t size;

	if (file == NULL || bytes == NULL) {
		fprintf(stderr, "%s: cannot be read\n", path);
		exit(99);
	}
	size = fread(bytes, 1, REPLAY_MOST, file);
	fclose(file);
	/* no byte more, so that a sanitizer sees who reads beyond */
	exact = malloc(size + (size == 0));
	if (exact == NULL)
		exit(99);
	memcpy(exact, bytes, size);
	free(bytes);
	fprintf(stderr, "%s\n", path);
	LLVMFuzzerTestOneInput(exact, size);
	free(exact);
	count++;
}

static void
replay_directory(const char *path)
{
	struct dirent **entries;
	char name[4096];
	int found = scandir(path, &entries, NULL, alphasort), i;

	if (found < 0) {
		fprintf(stderr, "%s: cannot be read\n", path);
		exit(99);
	}
	for (i = 0; i < found; i++) {
		snprintf(name, sizeof(name), "%s/%s", path, entries[i]->d_name);
		if (entries[i]->d_name[0] != '.')
			replay_file(name);
		free(entries[i]);
	}
	free(entries);
}

int
main(int argc, char **argv)
{
	struct stat status;
	int i;

	for (i = 1; i < argc; i++) {
		if (stat(argv[i], &status) == 0 && S_ISDIR(status.st_mode))
			replay_directory(argv[i]);
		else
			replay_file(argv[i]);
	}
	printf("%lu inputs\n", count);
	return count == 0;
}
