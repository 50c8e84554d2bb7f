/* pattern: pointer in a struct that is returned */
#include <stdlib.h>

#include "tests/targets/target.h"

struct name {
	char text[16];
};

struct person {
	struct name *name;
	int age;
};

static NOINLINE struct person
new_person(int n)
{
	struct name *name = malloc(sizeof(*name)); /* HERE */

	name->text[0] = (char)n;
	return (struct person){ name, n };
}

static NOINLINE int
use(int n)
{
	struct person p = new_person(n);
	int sum = p.age + p.name->text[0];

	TOUCH(p.name);
	free(p.name);
	return HIDE(sum);
}

int
main(void)
{
	int sum = 0;

	for (int i = 0; i < 1000; i++)
		sum += use(i);
	TOUCH(sum);
	return 0;
}
