#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct point {
	int x, y;
};
struct order {
	struct order *next;
	char name[24];
};

#define NOINLINE __attribute__((noinline))

static struct order *orders;
static char *errors[100];
static int error_count;

NOINLINE static int
sum_of(const struct point *p)
{
	return p->x + p->y;
}

/* stack: one size, never leaves the function. */
NOINLINE static int
distance(int x, int y)
{
	struct point *p = malloc(sizeof(*p));
	int sum;

	p->x = x;
	p->y = y;
	sum = sum_of(p);
	free(p);
	return sum;
}

/* buffer: never leaves the function, but its size is the input's. */
NOINLINE static size_t
label(const char *name)
{
	size_t size = strlen(name) + 8;
	char *text = malloc(size);

	snprintf(text, size, "[%s]", name);
	size = strlen(text);
	free(text);
	return size;
}

/* caller: whoever calls frees it. */
NOINLINE static struct point *
parse(const char *line)
{
	struct point *p = malloc(sizeof(*p));

	p->x = line[0];
	p->y = line[1];
	return p;
}

/* mixed: kept now and then. */
NOINLINE static void
check(int i)
{
	char *message = malloc(32);

	snprintf(message, 32, "order %d", i);
	if (i % 100 == 7)
		errors[error_count++] = message;
	else
		free(message);
}

/* heap: it is put into a list. */
NOINLINE static void
add(const char *name)
{
	struct order *order = malloc(sizeof(*order));

	snprintf(order->name, sizeof(order->name), "%s", name);
	order->next = orders;
	orders = order;
}

/* thread: another one frees it. */
static void *
send(void *order)
{
	free(order);
	return NULL;
}

NOINLINE static void
hand_over(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, send, malloc(64));
	pthread_join(thread, NULL);
}

NOINLINE static int
serve(int i)
{
	char name[24];
	struct point *p;
	int sum;

	snprintf(name, sizeof(name), "customer %d", i * i);
	p = parse(name);
	sum = distance(p->x, p->y) + (int)label(name);
	free(p);
	check(i);
	add(name);
	if (i % 50 == 0)
		hand_over();
	return sum;
}

NOINLINE static long
batch(int from, int to)
{
	long sum = 0;

	for (int i = from; i < to; i++)
		sum += serve(i);
	return sum;
}

NOINLINE static long
turn(int i)
{
	return batch(i, i + 100) / 2;
}

int
main(void)
{
	long sum = 0;

	for (int i = 0; i < 1000; i += 100)
		sum += turn(i);
	while (orders) {
		struct order *order = orders;

		orders = order->next;
		free(order);
	}
	while (error_count > 0)
		free(errors[--error_count]);
	printf("%ld\n", sum);
	return 0;
}
