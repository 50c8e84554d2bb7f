/* expect: square::make caller run+1 up=200 */
/* expect: circle::make caller run+1 up=200 */
/* A virtual factory; the destructor is virtual too. */

#include "target.h"

struct shape {
	int size[5];

	shape() : size()
	{
	}
	virtual NOINLINE ~shape()
	{
		BEHIND();
	}
};

struct maker {
	virtual shape *make() const = 0;
	virtual ~maker() = default;
};

struct square : maker {
	NOINLINE shape *
	make() const override
	{
		shape *s = new shape;

		TOUCH(s);
		return s;
	}
};

struct circle : maker {
	NOINLINE shape *
	make() const override
	{
		struct round : shape {
			double radius = 1;
		};
		shape *s = new round;

		TOUCH(s);
		return s;
	}
};

static NOINLINE void
run(const maker *m)
{
	shape *s = HIDE(m)->make();

	TOUCH(s);
	delete s;
	BEHIND();
}

int
main()
{
	square squares;
	circle circles;

	for (int i = 0; i < 200; i++) {
		run(&squares);
		run(&circles);
	}
	return 0;
}
