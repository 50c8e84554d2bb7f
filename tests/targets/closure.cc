/* expect: adder caller run+1 up=300 */
/* expect: run stack run+0 local=300 */
/* Closures that are too large for std::function itself: one is returned, one
 * is only passed down. */
#include <functional>

#include "target.h"

struct ballast {
	long values[6];
};

static NOINLINE std::function<long(long)>
adder(long i)
{
	ballast b = { { i, i, i, i, i, i } };

	return [b](long x) { return x + b.values[2]; };
}

static NOINLINE long
invoke_with(const std::function<long(long)> &f, long x)
{
	long result = f(x);

	BEHIND();
	return result;
}

static NOINLINE long
run(long i)
{
	std::function<long(long)> up = adder(i);
	ballast b = { { i, 1, 2, 3, 4, 5 } };
	long sum = invoke_with(up, 2);

	TOUCH(&b);
	sum += invoke_with([b](long x) { return x - b.values[3]; }, 7);
	BEHIND();
	return sum;
}

int
main()
{
	long sum = 0;

	for (long i = 0; i < 300; i++) {
		sum += run(i);
		BEHIND();
	}
	return sum == 1;
}
