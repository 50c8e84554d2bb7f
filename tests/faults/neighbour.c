/*
 * Hazard: programs of which the shim cannot be a part, and libraries that somebody else
 * preloads (reliability 5 to 9, 63).
 * Expected: the program does what it does without us, in whatever order they stand.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

int
main(void)
{
	struct stat status = { 0 };
	long sum = 0;
	int i;

	for (i = 0; i < 5000; i++) {
		size_t size = (size_t)(i % 700) + 1;
		char *block = malloc(size);

		memset(block, i, size);
		sum += block[size - 1];
		block = realloc(block, size * 3);
		sum += block[0];
		free(block);
	}
	/* What fakeroot and faketime change. */
	stat("/etc/shadow", &status);
	printf(
	    "%ld owner %d year %d\n", sum, (int)status.st_uid, (int)(1970 + time(NULL) / 31556952));
	return 7;
}
