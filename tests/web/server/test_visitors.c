/* Who is late is shut out, who is not stays. */
#include "web/server/visitors.h"

#include <stdbool.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tests/lib/check.h"

static struct visitors visitors;

/* The other end sees that it was shut down. */
static bool
is_shut(int other)
{
	char byte;

	return recv(other, &byte, 1, MSG_DONTWAIT) == 0;
}

int
main(void)
{
	struct visitor *places[VISITORS_MAX];
	int late[2], early[2];

	visitors_init(&visitors);
	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, late) == 0);
	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, early) == 0);
	places[0] = visitors_add(&visitors, late[0], 1);
	places[1] = visitors_add(&visitors, early[0], 3600);
	CHECK(places[0] != NULL && places[1] != NULL && places[0] != places[1]);
	visitors_expire(&visitors);
	CHECK(!is_shut(early[1]));
	visitors_expect(&visitors, places[1], 0);
	sleep(3);
	visitors_expire(&visitors);
	CHECK(is_shut(late[1]));
	CHECK(!is_shut(early[1]));
	/* the next request's turn */
	visitors_expect(&visitors, places[1], 3600);
	visitors_expire(&visitors);
	CHECK(!is_shut(early[1]));

	for (int i = 2; i < VISITORS_MAX; i++) {
		places[i] = visitors_add(&visitors, early[0], 3600);
		CHECK(places[i] != NULL);
	}
	CHECK(visitors_add(&visitors, early[0], 1) == NULL);
	CHECK(visitors_find(&visitors, late[0]) == places[0]);
	CHECK(visitors_find(&visitors, late[1]) == NULL);
	visitors_remove(&visitors, places[5]);
	CHECK(visitors_add(&visitors, early[0], 1) == places[5]);
	visitors_release(&visitors);
	return check_done();
}
