/* What build.sh has keeper and reader call instead of libc's. */
#ifndef TESTS_MODEL_KERNEL_H
#define TESTS_MODEL_KERNEL_H

#include <dirent.h>
#include <poll.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>

void *model_malloc(size_t size);
void *model_calloc(size_t count, size_t size);
void *model_realloc(void *block, size_t size);
void *model_reallocarray(void *block, size_t count, size_t size);
void model_free(void *block);
int model_open(const char *path, int flags, ...);
int model_memfd_create(const char *name, unsigned int flags);
int model_close(int fd);
int model_fstat(int fd, struct stat *status);
int model_fchmod(int fd, mode_t mode);
int model_fstatvfs(int fd, struct statvfs *disk);
ssize_t model_pread(int fd, void *to, size_t len, off_t offset);
ssize_t model_pwrite(int fd, const void *from, size_t len, off_t offset);
int model_ftruncate(int fd, off_t size);
int model_fallocate(int fd, int mode, off_t offset, off_t len);
void *model_mmap(void *at, size_t size, int prot, int flags, int fd, off_t offset);
int model_munmap(void *at, size_t size);
int model_madvise(void *at, size_t size, int advice);
int model_flock(int fd, int how);
int model_poll(struct pollfd *fds, nfds_t count, int wait);
int model_inotify_init1(int flags);
int model_nanosleep(const struct timespec *wait, struct timespec *left);
int model_clock_gettime(clockid_t clock, struct timespec *to);
int model_kill(pid_t pid, int signal);
DIR *model_opendir(const char *path);
struct dirent *model_readdir(DIR *list);
int model_closedir(DIR *list);
FILE *model_fopen(const char *path, const char *mode);
char *model_fgets(char *to, int size, FILE *in);
int model_fclose(FILE *in);
pid_t model_getpid(void);

#endif
