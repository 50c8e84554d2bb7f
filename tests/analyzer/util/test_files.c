#include "analyzer/util/files.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/lib/check.h"

int
main(void)
{
	FILE *file = tmpfile();
	char bytes[8] = "";
	int fd;

	CHECK(file != NULL);
	if (file == NULL)
		return check_done();
	fd = fileno(file);
	CHECK(files_write(fd, 3, "abcde", 5));
	CHECK_EQ(files_read(fd, 3, bytes, 5), 5);
	CHECK(memcmp(bytes, "abcde", 5) == 0);
	CHECK_EQ(files_read(fd, 6, bytes, 8), 2); /* what there is */
	CHECK_EQ(errno, 0);
	CHECK(memcmp(bytes, "decde", 5) == 0);
	CHECK_EQ(files_read(fd, 8, bytes, 1), 0);
	CHECK_EQ(errno, 0);
	CHECK_EQ(files_read(fd, UINT64_MAX - 3, bytes, 8), 0);
	CHECK_EQ(files_read(-1, 0, bytes, 8), 0);
	CHECK_EQ(errno, EBADF);
	CHECK(!files_write(-1, 0, bytes, 8));
	CHECK_EQ(errno, EBADF);
	fclose(file);
	return check_done();
}
