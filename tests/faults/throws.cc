// Exceptions through frames that allocate and free in their destructors, in and out
// of reach of return marks: caught, rethrown, thrown from deep below, and by code
// that calls nothing of the malloc family in between.
#include <cstdio>
#include <stdexcept>
#include <string>

struct text {
	std::string s;
	text() : s("a long string that is on the heap, surely")
	{
	}
	~text()
	{
		std::string t = s + "x";

		if (t.size() < 3)
			puts("?");
	}
};

struct number {
	~number()
	{
		delete new int(3);
	}
};

__attribute__((noinline)) static int
thrower(int n)
{
	text t;

	if (n % 3 == 0)
		throw std::runtime_error("hello from the depth of the stack");
	if (n % 7 == 0)
		throw 7;
	return n;
}

__attribute__((noinline)) static int
middle(int n)
{
	text t;
	int r = thrower(n);
	text u;

	return r + 1;
}

__attribute__((noinline)) static int
deep(int n, int k)
{
	if (k == 0)
		return middle(n);
	text t;
	return deep(n, k - 1) + 1;
}

__attribute__((noinline)) static int
again(int n)
{
	try {
		return deep(n, n % 30);
	} catch (std::exception &) {
		text t;

		if (n % 2 != 0)
			throw;
		return -1;
	}
}

__attribute__((noinline)) static void
quiet(int n)
{
	if (n != 0)
		throw n;
}

/* Deeper than the marks reach: what is outside must not be marked between the
 * two passes of the unwinder, when the destructors run. */
__attribute__((noinline)) static void
cleanup(int n)
{
	number x;

	if (n == 0)
		quiet(5);
	else
		cleanup(n - 1);
}

__attribute__((noinline)) static void
rethrow(int n)
{
	number x;

	if (n == 0)
		throw;
	rethrow(n - 1);
}

__attribute__((noinline)) static int
handler(int n)
{
	try {
		cleanup(n % 60);
	} catch (int k) {
		try {
			rethrow(n % 25);
		} catch (int l) {
			return k + l;
		}
	}
	return 0;
}

int
main()
{
	long sum = 0;

	for (int i = 0; i < 1500; i++) {
		try {
			sum += again(i);
		} catch (int k) {
			sum += k;
		} catch (std::exception &e) {
			sum += (long)std::string(e.what()).size();
		}
		sum += handler(i);
	}
	printf("%ld\n", sum);
	return 0;
}
