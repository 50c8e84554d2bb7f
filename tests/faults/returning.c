/*
 * Hazard: what functions return in registers and how they are called must not
 * be changed by a mark: pairs of registers, vectors, x87, flags, large structs,
 * variable arguments, variable frames, tail calls, deep recursion, and those who
 * look at their return address. Argument: which.
 */
#define _GNU_SOURCE
#include <complex.h>
#include <immintrin.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "tests/faults/marks.h"

struct pair {
	long a, b;
};
struct doubles {
	double a, b;
};
struct both {
	double a;
	long b;
};
struct large {
	long items[40];
};
struct extended {
	long double value;
};

#define RETURNING(type, name, ...)                \
	NOINLINE static type name(int depth)      \
	{                                         \
		type result;                      \
		touch();                          \
		if (depth > 0) {                  \
			result = name(depth - 1); \
			touch();                  \
		}                                 \
		result = (type)__VA_ARGS__;       \
		touch();                          \
		return result;                    \
	}

static volatile long seed = 3;

RETURNING(struct pair, give_pair, { seed + depth, seed * 77 })
RETURNING(struct doubles, give_doubles, { (double)seed + depth, (double)seed * 2.5 })
RETURNING(struct both, give_both, { (double)seed / 2, seed + depth })
RETURNING(struct large, give_large, { { seed, 2, 3, depth } })
RETURNING(struct extended, give_extended, { (long double)seed / 3 + depth })
RETURNING(long double, give_long_double, ((long double)seed / 7 + depth))
RETURNING(_Complex long double, give_complex, ((long double)seed / 11 + 2.0L * I))
RETURNING(_Complex double, give_complex_double, ((double)seed / 13 + depth * I))
RETURNING(_Complex float, give_complex_float, ((float)seed + 5.0f * I))
RETURNING(__int128, give_int128, (((__int128)seed << 70) + depth))
RETURNING(float, give_float, ((float)seed / 9))
RETURNING(__m128i, give_vector, (_mm_set_epi64x(seed, depth)))
RETURNING(char, give_char, ((char)(seed + depth)))
RETURNING(_Bool, give_bool, ((seed + depth) % 2 == 0))

static int
values(void)
{
	for (int round = 0; round < 40; round++) {
		int depth = round % 5;
		struct pair pair = give_pair(depth);
		struct doubles doubles = give_doubles(depth);
		struct both both = give_both(depth);
		struct large large = give_large(depth);
		_Complex long double complex_long = give_complex(depth);
		_Complex double complex_double = give_complex_double(depth);
		_Complex float complex_float = give_complex_float(depth);
		__int128 wide = give_int128(depth);
		__m128i vector = give_vector(depth);
		long parts[2];

		memcpy(parts, &vector, sizeof(parts));
		seed += round;
		printf("%ld %ld %g %g %g %ld %ld %ld ", pair.a, pair.b, doubles.a, doubles.b,
		    both.a, both.b, large.items[0], large.items[3]);
		printf("%.18Lg %.18Lg %.18Lg %.18Lg ", give_extended(depth).value,
		    give_long_double(depth), __real__ complex_long, __imag__ complex_long);
		printf("%g %g %g %g %" PRIx64 "%016" PRIx64 " ", __real__ complex_double,
		    __imag__ complex_double, __real__ complex_float, __imag__ complex_float,
		    (uint64_t)(wide >> 64), (uint64_t)wide);
		printf("%g %ld %ld %d %d\n", give_float(depth), parts[0], parts[1],
		    give_char(depth), give_bool(depth));
	}
	return 0;
}

/*
 * The ABI leaves the flags and rcx, rsi, rdi, r8 to r11 to a callee, but
 * assembler code (and -fipa-ra) may know what a function of its own keeps:
 * called through two frames, the inner one allocates and so marks the outer.
 */
__attribute__((used)) NOINLINE static void
touch_all(void)
{
	touch();
}

__asm__(".text\n"
	".type flags_of, @function\n"
	"flags_of:\n"
	"	.cfi_startproc\n"
	"	pushq	%rbx\n"
	"	.cfi_adjust_cfa_offset 8\n"
	"	.cfi_rel_offset %rbx, 0\n"
	"	movq	%rdi, %rbx\n"
	"	call	touch_all\n"
	"	movq	$0x1111, %rcx\n"
	"	movq	$0x2222, %rsi\n"
	"	movq	$0x3333, %rdi\n"
	"	movq	$0x4444, %r8\n"
	"	movq	$0x5555, %r9\n"
	"	movq	$0x6666, %r10\n"
	"	movq	$0x7777, %r11\n"
	"	movq	$0x8888, %rax\n"
	"	movq	$0x9999, %rdx\n"
	"	cmpq	$5, %rbx\n"
	"	popq	%rbx\n"
	"	.cfi_adjust_cfa_offset -8\n"
	"	.cfi_restore %rbx\n"
	"	ret\n"
	"	.cfi_endproc\n"
	".size flags_of, . - flags_of\n"
	".type flags_call, @function\n"
	"flags_call:\n"
	"	.cfi_startproc\n"
	"	pushq	%rbx\n"
	"	.cfi_adjust_cfa_offset 8\n"
	"	.cfi_rel_offset %rbx, 0\n"
	"	movq	%rsi, %rbx\n"
	"	call	flags_of\n"
	"	pushfq\n"
	"	.cfi_adjust_cfa_offset 8\n"
	"	popq	(%rbx)\n"
	"	.cfi_adjust_cfa_offset -8\n"
	"	addq	%rcx, %rax\n"
	"	addq	%rdx, %rax\n"
	"	addq	%rsi, %rax\n"
	"	addq	%rdi, %rax\n"
	"	addq	%r8, %rax\n"
	"	addq	%r9, %rax\n"
	"	addq	%r10, %rax\n"
	"	addq	%r11, %rax\n"
	"	popq	%rbx\n"
	"	.cfi_adjust_cfa_offset -8\n"
	"	.cfi_restore %rbx\n"
	"	ret\n"
	"	.cfi_endproc\n"
	".size flags_call, . - flags_call\n");
long flags_call(long value, unsigned long *flags);

static int
flags(void)
{
	for (long i = 0; i < 10; i++) {
		unsigned long flags = 0;
		long sum = flags_call(i, &flags);

		printf("%ld %lx %lx\n", i, sum, flags & 0x8d5);
		touch();
	}
	return 0;
}

NOINLINE static long
variadic(int count, ...)
{
	va_list arguments;
	long sum = 0;

	touch();
	va_start(arguments, count);
	for (int i = 0; i < count; i++)
		sum += i % 2 == 0 ? va_arg(arguments, long) : (long)va_arg(arguments, double);
	va_end(arguments);
	touch();
	return sum;
}

NOINLINE static long
variable(int depth)
{
	volatile char array[depth * 16 + 8];
	volatile char *room = __builtin_alloca((size_t)depth * 40 + 16);
	long result = 1;

	touch();
	array[depth] = 2;
	room[depth] = 3;
	if (depth > 0)
		result += variable(depth - 1);
	touch();
	return result + array[depth] + room[depth];
}

/* At -O2 jumps: the last one returns to the first one's caller. */
NOINLINE static long tail_b(long n, long sum);

NOINLINE static long
tail_a(long n, long sum)
{
	touch();
	return n == 0 ? sum : tail_b(n - 1, sum + n);
}

NOINLINE static long
tail_b(long n, long sum)
{
	touch();
	return n == 0 ? -sum : tail_a(n - 1, sum - 1);
}

static int
calls(void)
{
	long sum = 0;

	for (int round = 0; round < 200; round++) {
		sum += variadic(6, 1L, 2.0, 3L, 4.0, 5L, 6.0);
		sum += variable(round % 30);
		sum += tail_a(round, 0);
		touch();
	}
	return printf("calls %ld\n", sum) < 0;
}

NOINLINE static long
recursion(long depth)
{
	long result;

	touch();
	if (depth == 0)
		return 1;
	result = recursion(depth - 1);
	if (depth % 7 == 0)
		touch();
	return result + depth % 3;
}

static int
deep(void)
{
	long sum = 0;

	for (int round = 0; round < 4; round++)
		sum += recursion(100000);
	return printf("deep %ld\n", sum) < 0;
}

/* They see their return address: what it is may differ, not that it is one. */
NOINLINE static const char *
caller_before(void)
{
	return __builtin_return_address(0);
}

NOINLINE static const char *
caller_after(void)
{
	touch();
	return __builtin_return_address(0);
}

static int
callers(void)
{
	const char *first = caller_before(), *second = NULL;

	for (int i = 0; i < 10; i++)
		second = caller_after();
	touch();
	return printf("callers %d %d\n", first != NULL, second != NULL) < 0;
}

int
main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(void);
	} cases[] = {
		{ "values", values },
		{ "flags", flags },
		{ "calls", calls },
		{ "deep", deep },
		{ "callers", callers },
	};

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		if (argc == 2 && strcmp(argv[1], cases[i].name) == 0)
			return cases[i].run();
	return 2;
}
