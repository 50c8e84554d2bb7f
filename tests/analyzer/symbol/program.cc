// Inlining, templates, a cold part, a lambda and operators, for symbol.test.
#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#define NOINLINE __attribute__((noinline))

static NOINLINE void
use(int size)
{
	void *volatile block = malloc((size_t)size);

	free(block);
}

namespace app {

struct Point {
	explicit Point(int v) : x(v), keep(malloc(16)) {}
	~Point() { free(keep); }
	bool operator<(const Point &other) const;

	int x;
	void *keep;
};

NOINLINE bool
Point::operator<(const Point &other) const
{
	use(3);
	return x < other.x;
}

namespace {

template <class T>
__attribute__((always_inline)) inline T
middle(T value)
{
	use(value);
	return value + 1;
}

} // namespace

template <class T>
NOINLINE T *
make(T value)
{
	return new T(middle(value));
}

} // namespace app

NOINLINE int
rarely(int value)
{
	if (__builtin_expect(value > 100, 0)) {
		use(99);
		abort();
	}
	return value;
}

int
main(int argc, char **argv)
{
	auto each = [&](int size) __attribute__((noinline)) { use(size); return size * argc; };
	std::vector<int> all;
	std::string text(argv[0]);
	app::Point left(3);
	app::Point right(4);
	int *made = app::make<int>(4);
	int sum = left < right ? *made : 0;

	for (int i = 0; i < argc + 3; i++)
		all.push_back(each(i));
	std::sort(all.begin(), all.end());
	text += "something longer than fits";
	delete made;
	return sum + rarely(argc) + all[0] + (int)text.size() == 0;
}
