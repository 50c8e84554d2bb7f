#include "analyzer/util/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/lib/check.h"

static void
test_create(void)
{
	char path[] = "test_files.XXXXXX";
	mode_t before = umask(0777);
	struct stat status;
	int fd = files_create(path);

	umask(before);
	CHECK(fd >= 0 && fstat(fd, &status) == 0 && (status.st_mode & 07777) == 0600);
	CHECK(fcntl(fd, F_GETFD) == FD_CLOEXEC);
	CHECK(files_distrust(path, "/nonexistent") == NULL);
	CHECK(files_distrust("/nonexistent", path) == NULL);
	CHECK(files_distrust(".", path) != NULL);
	CHECK(fchmod(fd, 0620) == 0 && files_distrust(path, path) != NULL);
	CHECK(fchmod(fd, 0602) == 0 && files_distrust(path, path) != NULL);
	CHECK(fchmod(fd, 0644) == 0 && files_distrust(path, path) == NULL);
	close(fd);
	unlink(path);
	strcpy(path, "/nonexistent/X");
	CHECK(files_create(path) < 0);
}

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
	test_create();
	return check_done();
}
