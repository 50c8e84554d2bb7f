/* pattern: pointer in a struct that stays here */
#include <stdlib.h>

#include "tests/targets/target.h"

struct name {
	char text[16];
};

struct person {
	struct name *name;
	int age;
};

static NOINLINE int
work(int n)
{
	struct person p = { malloc(sizeof(struct name)), n }; /* HERE */
	int sum;

	p.name->text[0] = (char)n;
	TOUCH(p.name);
	sum = p.age + p.name->text[0];
	free(p.name);
	return HIDE(sum);
}

int
main(void)
{
	int sum = 0;

	for (int i = 0; i < 1000; i++)
		sum += work(i);
	TOUCH(sum);
	return 0;
}
