/*
 * What return marks (marks=N) must go through: each case moves the stack in its
 * own way around calls of the malloc family, and prints what came of it.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>
#include <unwind.h>

#define NOINLINE __attribute__((noinline, noclone))
#define BARRIER() __asm__ volatile("" ::: "memory")

static long sum;

static NOINLINE void
touch(size_t size)
{
	char *p = malloc(size);

	p[0] = 1;
	sum += p[0];
	free(p);
	BARRIER();
}

/* --- deep stacks, many activations --- */

static NOINLINE int
recurse(int n)
{
	char *p = malloc((size_t)n % 50 + 1);
	int r = 1;

	if (n > 0)
		r += recurse(n - 1);
	if (n > 0 && n % 3 == 0)
		r += recurse(n / 99);
	free(p);
	return r;
}

static int
case_recursion(void)
{
	printf("%d %d %d\n", recurse(40), recurse(300), recurse(2500));
	return 0;
}

/* --- registers: what a function returns, in all places where it can --- */

struct pair {
	long a, b;
};
struct mixed {
	long a;
	double b;
};
struct large {
	long a[9];
};

#define RETURNS(type, name, value)        \
	static NOINLINE type name(long n) \
	{                                 \
		type r = value;           \
		touch((size_t)n + 1);     \
		return r;                 \
	}
RETURNS(long, returns_long, n * 3)
RETURNS(double, returns_double, (double)n * 1.5)
RETURNS(long double, returns_long_double, (long double)n * 2.25L)
RETURNS(struct pair, returns_pair, ((struct pair){ n, n + 1 }))
RETURNS(struct mixed, returns_mixed, ((struct mixed){ n, (double)n / 4 }))
RETURNS(__int128, returns_int128, (__int128)n << 70)

static NOINLINE struct large
returns_large(long n)
{
	struct large r;

	for (int i = 0; i < 9; i++)
		r.a[i] = n * i;
	touch(9);
	return r;
}

static int
case_registers(void)
{
	for (long n = 0; n < 200; n++) {
		struct pair p = returns_pair(n);
		struct mixed m = returns_mixed(n);
		struct large l = returns_large(n);
		__int128 i = returns_int128(n);

		printf("%ld %g %Lg %ld %ld %ld %g %ld %ld\n", returns_long(n), returns_double(n),
		    returns_long_double(n), p.a, p.b, m.a, m.b, l.a[8], (long)(i >> 70));
	}
	return 0;
}

/* --- tail calls: the hook returns through the mark of who jumped to it --- */

static NOINLINE void
tail_free(char *p)
{
	touch(20);
	free(p);
}

static NOINLINE void *
tail_malloc(size_t n)
{
	touch(n);
	return malloc(n);
}

static NOINLINE void
tail_tail(char *p)
{
	touch(30);
	tail_free(p);
}

static int
case_tail(void)
{
	for (int i = 0; i < 2000; i++) {
		char *p = tail_malloc((size_t)i % 90 + 1);
		char *q = tail_malloc(17);

		p[0] = q[0] = 1;
		sum += p[0] + q[0];
		tail_free(p);
		tail_tail(q);
	}
	printf("%ld\n", sum);
	return 0;
}

/* --- longjmp: marks are left behind --- */

static jmp_buf jump;

static NOINLINE void
jumper(int n)
{
	touch((size_t)n + 1);
	if (n > 0)
		jumper(n - 1);
	longjmp(jump, n + 1);
}

static int
case_longjmp(void)
{
	for (volatile int i = 0; i < 3000; i++) {
		if (setjmp(jump) == 0)
			jumper(i % 40);
		touch(5);
	}
	printf("%ld\n", sum);
	return 0;
}

/* --- coroutines, each on a stack of its own --- */

enum { ROUTINES = 12, ROUTINE_STACK = 65536 };

static ucontext_t back, routines[ROUTINES];
static int routine_now;

static NOINLINE void
routine_work(int id, int n)
{
	char *p = malloc((size_t)id + 1);

	p[0] = (char)n;
	swapcontext(&routines[id], &back);
	if (n > 0)
		routine_work(id, n - 1);
	sum += p[0];
	free(p);
	BARRIER();
}

static void
routine(void)
{
	int id = routine_now;

	for (int i = 0; i < 3; i++)
		routine_work(id, 20 + id);
	routines[id].uc_link = NULL;
	swapcontext(&routines[id], &back);
}

static int
case_coroutines(void)
{
	char *stacks = malloc(ROUTINES * ROUTINE_STACK);

	for (int i = 0; i < ROUTINES; i++) {
		getcontext(&routines[i]);
		routines[i].uc_stack.ss_sp = stacks + i * ROUTINE_STACK;
		routines[i].uc_stack.ss_size = ROUTINE_STACK;
		routines[i].uc_link = &back;
		makecontext(&routines[i], routine, 0);
	}
	for (int turn = 0; turn < 50; turn++)
		for (routine_now = 0; routine_now < ROUTINES; routine_now++) {
			swapcontext(&back, &routines[routine_now]);
			touch(7);
		}
	printf("%ld\n", sum);
	free(stacks);
	return 0;
}

/* --- coroutines that are copied in and out of one stack, some of them twice --- */

static char copy_stack[ROUTINE_STACK] __attribute__((aligned(64)));
static char *copies[ROUTINES], *twin;
static size_t copy_sizes[ROUTINES], twin_size;

static char *
copy_out(const ucontext_t *context, size_t *size)
{
	/* The red zone, too. */
	char *from = (char *)context->uc_mcontext.gregs[REG_RSP] - 128;
	char *to;

	*size = (size_t)(copy_stack + sizeof(copy_stack) - from);
	to = malloc(*size);
	memcpy(to, from, *size);
	return to;
}

static void
copy_in(const char *copy, size_t size)
{
	memcpy(copy_stack + sizeof(copy_stack) - size, copy, size);
}

static int
case_copies(void)
{
	ucontext_t twin_context;

	for (int i = 0; i < ROUTINES; i++) {
		getcontext(&routines[i]);
		routines[i].uc_stack.ss_sp = copy_stack;
		routines[i].uc_stack.ss_size = sizeof(copy_stack);
		routines[i].uc_link = &back;
	}
	for (int turn = 0; turn < 40; turn++)
		for (routine_now = 0; routine_now < ROUTINES; routine_now++) {
			if (turn == 0)
				makecontext(&routines[routine_now], routine, 0);
			else
				copy_in(copies[routine_now], copy_sizes[routine_now]);
			swapcontext(&back, &routines[routine_now]);
			free(copies[routine_now]);
			copies[routine_now] =
			    copy_out(&routines[routine_now], &copy_sizes[routine_now]);
			if (turn == 8 && routine_now == 3) {
				twin = copy_out(&routines[3], &twin_size);
				twin_context = routines[3];
			}
		}
	/* What was suspended at turn 8 goes on from there once more: its blocks are
	 * freed by now, so it must not come as far as that. */
	routine_now = 3;
	for (int again = 0; again < 5; again++) {
		copy_in(twin, twin_size);
		routines[3] = twin_context;
		for (int i = 0; i < 10; i++)
			swapcontext(&back, &routines[3]);
	}
	printf("%ld\n", sum);
	return 0;
}

/* --- signals --- */

static volatile sig_atomic_t handled;

static NOINLINE void
handler_work(int n)
{
	touch(11);
	if (n > 0)
		handler_work(n - 1);
	touch(12);
}

static void
handler(int number)
{
	(void)number;
	handler_work(5);
	handled++;
}

static sigjmp_buf handler_jump;

static void
handler_leave(int number)
{
	(void)number;
	handler_work(3);
	siglongjmp(handler_jump, 1);
}

static NOINLINE void
raise_deep(int n)
{
	touch((size_t)n + 1);
	if (n > 0)
		raise_deep(n - 1);
	else
		raise(SIGUSR1);
	touch(3);
}

static int
case_signals(void)
{
	static char stack[65536];
	stack_t alternate = { .ss_sp = stack, .ss_size = sizeof(stack) };
	struct sigaction action = { .sa_handler = handler };

	for (int on = 0; on < 2; on++) {
		action.sa_flags = on ? SA_ONSTACK : 0;
		action.sa_handler = handler;
		if (on)
			sigaltstack(&alternate, NULL);
		sigaction(SIGUSR1, &action, NULL);
		for (int i = 0; i < 300; i++)
			raise_deep(i % 30);
		action.sa_handler = handler_leave;
		sigaction(SIGUSR1, &action, NULL);
		for (volatile int i = 0; i < 300; i++)
			if (sigsetjmp(handler_jump, 1) == 0)
				raise_deep(i % 30);
	}
	printf("%ld %d\n", sum, (int)handled);
	return 0;
}

/* --- processes --- */

static NOINLINE int
fork_deep(int n, int (*forks)(void))
{
	char *p = malloc((size_t)n + 1);
	int r;

	touch(8);
	r = n > 0 ? fork_deep(n - 1, forks) : forks();
	touch(9);
	free(p);
	BARRIER();
	return r;
}

static int
fork_here(void)
{
	touch(10);
	return fork();
}

static int
vfork_here(void)
{
	pid_t pid;

	touch(10);
	pid = vfork();
	if (pid == 0) {
		touch(11);
		recurse(5);
		execl("/bin/true", "true", (char *)NULL);
		_exit(1);
	}
	touch(12);
	return pid;
}

static int
case_processes(void)
{
	for (int i = 0; i < 20; i++) {
		int status = -1;
		int pid = fork_deep(i, fork_here);

		if (pid == 0) {
			printf("child %d\n", recurse(20));
			fflush(stdout);
			_exit(7);
		}
		waitpid(pid, &status, 0);
		printf("%d\n", WEXITSTATUS(status));
		fflush(stdout);
		pid = fork_deep(i, vfork_here);
		waitpid(pid, &status, 0);
		printf("%d %d\n", WEXITSTATUS(status), recurse(10));
		fflush(stdout);
	}
	return 0;
}

/* --- threads: return, pthread_exit, pthread_cancel, at some depth --- */

static void
cleanup(void *p)
{
	touch(13);
	free(p);
}

static NOINLINE void
thread_deep(int n, int how)
{
	void *p = malloc((size_t)n + 1);

	pthread_cleanup_push(cleanup, p);
	touch(6);
	if (n > 0)
		thread_deep(n - 1, how);
	else if (how == 1)
		pthread_exit((void *)77);
	else if (how == 2)
		for (;;)
			pause();
	pthread_cleanup_pop(1);
	BARRIER();
}

static void *
thread_main(void *how)
{
	thread_deep(30, (int)(intptr_t)how);
	touch(4);
	return (void *)55;
}

static int
case_threads(void)
{
	for (int i = 0; i < 120; i++) {
		pthread_t threads[3];

		for (intptr_t how = 0; how < 3; how++)
			if (pthread_create(&threads[how], NULL, thread_main, (void *)how) != 0)
				return 1;
		pthread_cancel(threads[2]);
		for (int how = 0; how < 3; how++) {
			void *result;

			pthread_join(threads[how], &result);
			if (result !=
			    (how == 0          ? (void *)55
				    : how == 1 ? (void *)77
					       : PTHREAD_CANCELED))
				printf("wrong result of %d\n", how);
		}
	}
	puts("done");
	return 0;
}

/* --- unwinders see the same functions in the same order --- */

static NOINLINE void
name(void *pc)
{
	Dl_info info;

	if (dladdr(pc, &info) == 0 || strstr(info.dli_fname, "libesc") == NULL)
		printf(" %s", info.dli_sname != NULL ? info.dli_sname : "?");
}

static _Unwind_Reason_Code
unwound(struct _Unwind_Context *context, void *data)
{
	int before = 0;
	uintptr_t pc = _Unwind_GetIPInfo(context, &before);

	(void)data;
	name((void *)(before ? pc : pc - 1));
	return _URC_NO_REASON;
}

NOINLINE void
show(void)
{
	void *frames[100];
	int count = backtrace(frames, 100);

	for (int i = 0; i < count; i++)
		name((char *)frames[i] - 1);
	printf(" |");
	_Unwind_Backtrace(unwound, NULL);
	puts("");
	touch(3);
}

NOINLINE void
shown(int n)
{
	touch((size_t)n + 1);
	if (n > 0)
		shown(n - 1);
	else
		show();
	touch(5);
	show();
}

NOINLINE int
compared(const void *a, const void *b)
{
	shown(1);
	return *(const char *)a - *(const char *)b;
}

static int
case_unwinders(void)
{
	char text[] = "cab";

	show();
	for (int i = 0; i < 4; i++)
		shown(i);
	qsort(text, 3, 1, compared);
	return 0;
}

/* --- more return addresses than there are marks for --- */

#define TEN(x) x x x x x x x x x x

static int
case_many(void)
{
	TEN(TEN(TEN(TEN(touch(1);))))
	TEN(TEN(TEN(TEN(touch(2);))))
	printf("%ld %d\n", sum, recurse(50));
	return 0;
}

/* --- code that looks at who called it --- */

static int
case_lookers(void)
{
	for (int i = 0; i < 20; i++) {
		void *library = dlopen("libm.so.6", RTLD_NOW);
		void *at = dlsym(RTLD_NEXT, "malloc");
		Dl_info info;

		printf("%d %d %d\n", library != NULL, at != NULL, dladdr(at, &info) != 0);
		printf("%d %s\n", dlsym(library, "none") == NULL, dlerror());
		dlclose(library);
	}
	return 0;
}

static const struct {
	const char *name;
	int (*run)(void);
} cases[] = {
	{ "recursion", case_recursion },
	{ "registers", case_registers },
	{ "tail", case_tail },
	{ "longjmp", case_longjmp },
	{ "coroutines", case_coroutines },
	{ "copies", case_copies },
	{ "signals", case_signals },
	{ "processes", case_processes },
	{ "threads", case_threads },
	{ "unwinders", case_unwinders },
	{ "many", case_many },
	{ "lookers", case_lookers },
};

int
main(int argc, char **argv)
{
	for (size_t i = 0; argc == 2 && i < sizeof(cases) / sizeof(*cases); i++)
		if (strcmp(cases[i].name, argv[1]) == 0)
			return cases[i].run();
	return 99;
}
