/* What compilers make of switches, loops, setjmp, exceptions and tail calls, to be
 * run step by step: every function is called a few times with different numbers. */
#include <csetjmp>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>

#define KEEP __attribute__((noinline, noclone))

static volatile int sink;

KEEP static void
use(int value)
{
	sink += value;
}

KEEP static int
dense(int value)
{
	switch (value) {
	case 0: use(1); return 5;
	case 1: use(2); break;
	case 2:
		use(3);
		use(4);
		break;
	case 3: use(5); /* fall through */
	case 4: use(6); break;
	case 5: use(7); return 8;
	case 6: use(9); break;
	case 9: use(10); break;
	default: use(11); break;
	}
	use(12);
	return value;
}

/* The lowest case is not 0, the index a character. */
KEEP static int
letters(const char *text)
{
	int sum = 0;

	for (; *text != '\0'; text++) {
		switch (*text) {
		case 'a': use(1); break;
		case 'b': use(2); break;
		case 'c':
			use(3);
			sum += 4;
			break;
		case 'd': use(4); break;
		case 'e': use(5); continue;
		case 'f': use(6); break;
		case 'z': return sum;
		default: use(7); break;
		}
		use(sum++);
	}
	return sum;
}

enum kind { FIRST, SECOND, THIRD, FOURTH, FIFTH, SIXTH };

/* No other value is possible: the compiler may leave out the check. */
KEEP static int
exact(enum kind kind)
{
	switch (kind) {
	case FIRST: use(1); return 3;
	case SECOND: use(2); return 1;
	case THIRD: use(3); return 4;
	case FOURTH: use(4); return 1;
	case FIFTH: use(5); return 5;
	case SIXTH: use(6); return 9;
	}
	__builtin_unreachable();
}

KEEP static int
masked(unsigned int value)
{
	switch (value & 7) {
	case 0: use(1); break;
	case 1: use(2); break;
	case 2: use(3); break;
	case 3: use(4); break;
	case 4: use(5); break;
	case 5: use(6); break;
	case 6: use(7); break;
	case 7: use(8); break;
	}
	use(9);
	return (int)value;
}

/* Two switches in one loop, so that the compiler holds their tables in registers. */
KEEP static int
nested(int count)
{
	int sum = 0;
	int i;

	for (i = 0; i < count; i++) {
		switch (i % 7) {
		case 0:
			use(1);
			sum += i;
			break;
		case 1:
			use(2);
			sum -= 2;
			break;
		case 2:
			use(3);
			sum *= 3;
			break;
		case 3:
			use(4);
			sum ^= 5;
			break;
		case 4:
			switch (sum & 15) {
			case 0: use(5); break;
			case 1:
				use(6);
				sum++;
				break;
			case 2: use(7); break;
			case 3:
				use(8);
				sum--;
				break;
			case 4: use(9); break;
			case 5: use(10); break;
			default: use(11); break;
			}
			break;
		case 5: use(12); break;
		case 6:
			use(13);
			sum += 7;
			break;
		}
	}
	return sum;
}

/* An interpreter with a table of labels. */
KEEP static int
threaded(const unsigned char *code)
{
	static const void *const table[] = { &&op_end, &&op_add, &&op_use, &&op_skip };
	int sum = 0;

	goto *table[*code++];
op_add:
	sum += *code++;
	goto *table[*code++];
op_use:
	use(sum);
	goto *table[*code++];
op_skip:
	use(1);
	code++;
	goto *table[*code++];
op_end:
	use(2);
	return sum;
}

/* The same with differences of labels. */
KEEP static int
relative(const unsigned char *code)
{
	static const int table[] = {
		(int)((char *)&&op_end - (char *)&&op_end),
		(int)((char *)&&op_add - (char *)&&op_end),
		(int)((char *)&&op_use - (char *)&&op_end),
		(int)((char *)&&op_skip - (char *)&&op_end),
	};
	int sum = 0;

	goto *((char *)&&op_end + table[*code++]);
op_add:
	sum += *code++;
	goto *((char *)&&op_end + table[*code++]);
op_use:
	use(sum);
	goto *((char *)&&op_end + table[*code++]);
op_skip:
	use(1);
	code++;
	goto *((char *)&&op_end + table[*code++]);
op_end:
	use(2);
	return sum;
}

static jmp_buf place;

KEEP static void
jump_back(int value)
{
	use(value);
	if (value < 3)
		longjmp(place, value + 1);
}

KEEP static int
jumps(void)
{
	volatile int rounds = 0;
	int value;

	use(1);
	value = setjmp(place);
	use(2);
	rounds = rounds + 1;
	jump_back(value);
	use(3);
	return rounds;
}

static void *builtin_place[5];

KEEP static void
jump_builtin(void)
{
	use(1);
	__builtin_longjmp(builtin_place, 1);
}

KEEP static int
builtin_jumps(void)
{
	static volatile int rounds;

	rounds = 0;
	use(1);
	if (__builtin_setjmp(builtin_place) != 0)
		use(2);
	use(3);
	if (rounds++ < 3)
		jump_builtin();
	use(4);
	return rounds;
}

KEEP static int
thrower(int value)
{
	use(value);
	if (value % 3 == 1)
		throw std::runtime_error("one");
	if (value % 3 == 2)
		throw value;
	return value;
}

struct guard {
	int number;

	KEEP ~guard()
	{
		use(number);
	}
};

KEEP static int
catcher(int value)
{
	guard outer = { 1 };
	int tries = 0;

again:
	try {
		guard inner = { 2 };

		use(thrower(value));
		use(3);
	} catch (const std::exception &error) {
		use(error.what()[0]);
		value++;
		if (tries++ < 3)
			goto again;
	} catch (int number) {
		use(number);
	}
	use(4);
	return tries;
}

KEEP static int
recursive(int depth)
{
	int sum;

	if (depth <= 0)
		return 1;
	use(depth);
	sum = recursive(depth - 1);
	if (depth % 2 == 0)
		sum += recursive(depth - 2);
	use(sum);
	return sum;
}

KEEP static int even(int value);

KEEP static int
odd(int value)
{
	use(value);
	return value == 0 ? 0 : even(value - 1);
}

KEEP static int
even(int value)
{
	use(value);
	return value == 0 ? 1 : odd(value - 1);
}

KEEP static int
virtual_tail(int (*function)(int), int value)
{
	use(value);
	return function(value);
}

/* Leaves for a function of another file. */
KEEP static int
tail_out(int value)
{
	use(value);
	use(value + 1);
	return std::abs(value) + std::putchar('a' + value);
}

KEEP static int
tail_put(int value)
{
	use(value);
	use(value + 1);
	return std::putchar('a' + value);
}

KEEP __attribute__((cold)) static void
rare(int value)
{
	use(value);
}

KEEP static int
cold(int value)
{
	int i;

	for (i = 0; i < 4; i++) {
		if (__builtin_expect(value == i, 0)) {
			rare(i);
			rare(i + 1);
			value++;
			continue;
		}
		use(i);
	}
	return value;
}

KEEP static int
stack_of(int size)
{
	int sum = 0;
	int i;

	for (i = 1; i <= size; i++) {
		volatile char *room = (volatile char *)__builtin_alloca((size_t)i * 40);

		room[0] = (char)i;
		sum += dense(room[0]);
	}
	return sum;
}

int
main()
{
	static const unsigned char code[] = { 1, 5, 2, 3, 0, 1, 6, 2, 0 };
	int sum = 0;
	int i;

	for (i = -1; i < 11; i++) {
		sum += dense(i);
		sum += masked((unsigned int)i);
		sum += exact((enum kind)((i + 1) % 6));
		sum += cold(i);
	}
	sum += letters("abcdefxyz") + letters("aafbbc") + nested(40);
	sum += threaded(code) + relative(code) + jumps() + builtin_jumps();
	sum += recursive(6) + odd(5) + even(4) + virtual_tail(dense, 3) + virtual_tail(odd, 2);
	sum += stack_of(5) + tail_out(1) + tail_put(2);
	/* last, since unwinding takes many steps */
	for (i = 0; i < 4; i++)
		sum += catcher(i);
	std::printf("%d\n", sum);
	return 0;
}
