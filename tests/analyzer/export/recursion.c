/* Functions that call themselves and each other, for readers of what is exported. */
#include <stdlib.h>
static void *volatile p;
__attribute__((noipa)) static void
take(int n)
{
	p = malloc(n);
	free(p);
}
__attribute__((noipa)) static void odd(int n);
__attribute__((noipa)) static void
even(int n)
{
	take(10);
	if (n)
		odd(n - 1);
	p = 0;
}
__attribute__((noipa)) static void
odd(int n)
{
	take(20);
	if (n)
		even(n - 1);
	p = 0;
}
__attribute__((noipa)) static void
self(int n)
{
	take(3);
	if (n)
		self(n - 1);
	if (n)
		take(5);
	p = 0;
}
int
main(void)
{
	even(9);
	for (int i = 0; i < 7; i++)
		self(4);
	for (int i = 0; i < 100; i++)
		p = malloc(1000);
	odd(3);
	return 0;
}
