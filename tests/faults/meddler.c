/*
 * Hazard: another preload that replaces what a shim may call (reliability 4): each
 * function allocates before it does its work, and counts who called. To be loaded
 * before or behind the shim. meddled.c prints the counts.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/syscall.h>

#define EXPORT __attribute__((visibility("default")))

enum { MEDDLER_COUNT = 40 };

EXPORT const char *meddler_names[MEDDLER_COUNT];
EXPORT int meddler_calls[MEDDLER_COUNT];
static __thread int inside;

/* As a preload that keeps a list does. */
static void
meddle(int which, const char *name)
{
	meddler_names[which] = name;
	meddler_calls[which]++;
	if (inside++ == 0)
		free(malloc(40));
	inside--;
}

static long
call(long number, long a, long b, long c, long d, long e, long f)
{
	long result;
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result < 0 && result > -4096 ? -1 : result;
}

/* By another name in C, whose headers say what the functions take. */
#define PASS(name)                                                                                 \
	EXPORT long meddler_##name(long a, long b, long c, long d, long e, long f) __asm__(#name); \
	EXPORT long meddler_##name(long a, long b, long c, long d, long e, long f)                 \
	{                                                                                          \
		meddle(__COUNTER__, #name);                                                        \
		return call(SYS_##name, a, b, c, d, e, f);                                         \
	}

PASS(open)
PASS(openat)
PASS(read)
PASS(write)
PASS(close)
PASS(mmap)
PASS(munmap)
PASS(mprotect)
PASS(madvise)
PASS(fcntl)
PASS(ioctl)
PASS(clock_gettime)
PASS(gettimeofday)
PASS(getpid)
PASS(gettid)
PASS(ftruncate)
PASS(fallocate)
PASS(flock)
PASS(execve)
PASS(readlink)
PASS(readlinkat)
PASS(getcwd)
PASS(prctl)

/* The work of memcpy and its like, behind the same list. */
EXPORT void *
memcpy(void *to, const void *from, size_t size)
{
	meddle(__COUNTER__, "memcpy");
	for (size_t i = 0; i < size; i++)
		((volatile char *)to)[i] = ((const char *)from)[i];
	return to;
}

EXPORT void *
memset(void *at, int byte, size_t size)
{
	meddle(__COUNTER__, "memset");
	for (size_t i = 0; i < size; i++)
		((volatile char *)at)[i] = (char)byte;
	return at;
}

EXPORT size_t
strlen(const char *text)
{
	size_t length = 0;

	meddle(__COUNTER__, "strlen");
	while (((const volatile char *)text)[length] != 0)
		length++;
	return length;
}

EXPORT int
memcmp(const void *left, const void *right, size_t size)
{
	const volatile unsigned char *a = left, *b = right;

	meddle(__COUNTER__, "memcmp");
	for (size_t i = 0; i < size; i++)
		if (a[i] != b[i])
			return a[i] - b[i];
	return 0;
}

EXPORT char *meddler_getenv(const char *name) __asm__("getenv");
EXPORT char *
meddler_getenv(const char *name)
{
	(void)name;
	meddle(__COUNTER__, "getenv");
	return NULL;
}

/* glibc's own is behind it. */
EXPORT int
pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *), void *arg)
{
	int (*next)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *) = NULL;

	meddle(__COUNTER__, "pthread_create");
	*(void **)&next = dlsym(RTLD_NEXT, "pthread_create");
	return next(thread, attr, run, arg);
}
