/*
 * Hazard: those who walk a stack with marks themselves: backtrace(),
 * _Unwind_Backtrace, libunwind (-DWITH_LIBUNWIND), and the loader, that asks who
 * calls dlopen and dlsym(RTLD_NEXT). Argument: which. Prints the functions found.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <execinfo.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unwind.h>
#ifdef WITH_LIBUNWIND
#define UNW_LOCAL_ONLY
#include <libunwind.h>
#endif

#include "tests/faults/marks.h"

enum { FRAMES = 64 };

static void *places[FRAMES];
static int found;

/* By name: linked with -rdynamic. Marks are frames of their own to a walker. */
static void
show(const char *what, int is_return)
{
	printf("%s:", what);
	for (int i = 0; i < found; i++) {
		Dl_info info;

		if (dladdr((char *)places[i] - is_return, &info) == 0)
			printf(" ?");
		else if (strstr(info.dli_fname, "/libesc") != NULL)
			continue;
		else if (info.dli_sname != NULL)
			printf(" %s", info.dli_sname);
		else
			printf(" (%s)", strrchr(info.dli_fname, '/') + 1);
	}
	printf("\n");
}

static int
glibc(void)
{
	touch();
	found = backtrace(places, FRAMES);
	touch();
	return found;
}

static _Unwind_Reason_Code
add(struct _Unwind_Context *context, void *unused)
{
	int before = 0;
	uintptr_t place = _Unwind_GetIPInfo(context, &before);

	(void)unused;
	if (found < FRAMES)
		places[found++] = (void *)(place + (before != 0));
	return _URC_NO_REASON;
}

static int
libgcc(void)
{
	found = 0;
	touch();
	_Unwind_Backtrace(add, NULL);
	touch();
	return found;
}

/* libgcc finds the function that a place is in. */
static _Unwind_Reason_Code
add_start(struct _Unwind_Context *context, void *unused)
{
	(void)unused;
	if (found < FRAMES && _Unwind_GetRegionStart(context) != 0)
		places[found++] = (void *)(_Unwind_GetRegionStart(context));
	return _URC_NO_REASON;
}

static int
regions(void)
{
	found = 0;
	touch();
	_Unwind_Backtrace(add_start, NULL);
	touch();
	return found;
}

static int
libunwind_step(void)
{
#ifdef WITH_LIBUNWIND
	unw_context_t context;
	unw_cursor_t cursor;

	touch();
	found = 0;
	unw_getcontext(&context);
	unw_init_local(&cursor, &context);
	do {
		unw_word_t place = 0;

		unw_get_reg(&cursor, UNW_REG_IP, &place);
		if (found < FRAMES && place != 0)
			places[found++] = (void *)place;
	} while (unw_step(&cursor) > 0);
	touch();
#endif
	return found;
}

static int
libunwind_fast(void)
{
#ifdef WITH_LIBUNWIND
	touch();
	found = unw_backtrace(places, FRAMES);
	touch();
#endif
	return found;
}

/* The loader takes its return address for the module that asks. */
static int
loader(void)
{
	void *(*next)(size_t);
	void *self;

	touch();
	*(void **)&next = dlsym(RTLD_NEXT, "malloc");
	touch();
	self = dlopen("./library.so", RTLD_NOW);
	touch();
	found = 0;
	printf("loader: %d %d %d\n", next != NULL, self != NULL,
	    dlsym(RTLD_DEFAULT, "level_0") != NULL);
	if (self != NULL)
		dlclose(self);
	return 0;
}

static int (*ends[])(void) = { glibc, libgcc, regions, libunwind_step, libunwind_fast, loader };
static const char *const names[] = { "backtrace", "unwind", "regions", "step", "fast", "loader" };

NOINLINE int
level_0(int which)
{
	int result;

	touch();
	result = ends[which]();
	touch();
	return result;
}

NOINLINE int
level_1(int which)
{
	int result;

	touch();
	result = level_0(which);
	touch();
	return result;
}

NOINLINE int
level_2(int which, int times)
{
	int result;

	touch();
	result = times > 0 ? level_2(which, times - 1) : level_1(which);
	touch();
	return result;
}

int
main(int argc, char **argv)
{
	for (unsigned int i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (argc == 2 && strcmp(argv[1], names[i]) == 0) {
			for (int round = 0; round < 6; round++) {
				level_2((int)i, round);
				show(names[i], i != 2);
			}
			return 0;
		}
	return 2;
}
