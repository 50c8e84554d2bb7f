/* Messages come through whole, in whatever pieces, with their descriptors; what is none is
 * refused. */
#include "analyzer/symbol/symbol_wire.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/lib/check.h"

enum { LARGE = 3 * 1024 * 1024 + 7 };

static int pair[2];
static unsigned waits;

static uint8_t *
make_bytes(size_t size)
{
	uint8_t *bytes = malloc(size + 1);
	size_t i;

	for (i = 0; bytes != NULL && i < size; i++)
		bytes[i] = (uint8_t)(i * 31 + i / 255);
	return bytes;
}

static void *
send_large(void *data)
{
	struct symbol_wire wire = { .fd = pair[0] };

	/* the checks are counted by one thread */
	return symbol_wire_send(&wire, SYMBOL_WIRE_ANSWER, data, LARGE, -1) ? data : NULL;
}

/* More than a socket holds: the sender waits for the reader. */
static void
check_large(void)
{
	struct symbol_wire wire = { .fd = pair[1] };
	struct symbol_wire_head head;
	uint8_t *sent = make_bytes(LARGE);
	uint8_t *got = malloc(LARGE);
	pthread_t thread;
	void *done = NULL;

	CHECK(pthread_create(&thread, NULL, send_large, sent) == 0);
	CHECK(symbol_wire_read_head(&wire, &head, NULL));
	CHECK_EQ(head.type, SYMBOL_WIRE_ANSWER);
	CHECK_EQ(head.size, LARGE);
	CHECK(symbol_wire_read(&wire, got, LARGE));
	CHECK(memcmp(got, sent, LARGE) == 0);
	CHECK(pthread_join(thread, &done) == 0 && done == sent);
	free(sent);
	free(got);
}

static void
check_descriptor(void)
{
	struct symbol_wire from = { .fd = pair[0] };
	struct symbol_wire to = { .fd = pair[1] };
	struct symbol_wire_head head;
	char text[8] = "";
	int pipes[2];
	int fd;

	CHECK(pipe2(pipes, O_CLOEXEC) == 0);
	CHECK(symbol_wire_send(&from, SYMBOL_WIRE_OPENED, "name", 4, pipes[0]));
	CHECK(symbol_wire_read_head(&to, &head, &fd) && fd >= 0 && fd != pipes[0]);
	CHECK(symbol_wire_read(&to, text, 4));
	CHECK_STR(text, "name");
	CHECK(write(pipes[1], "x", 1) == 1 && read(fd, text, 1) == 1 && text[0] == 'x');
	CHECK(fcntl(fd, F_GETFD) == FD_CLOEXEC);
	close(fd);
	/* one that is not wanted does not stay open */
	CHECK(symbol_wire_send(&from, SYMBOL_WIRE_ANSWER, "", 0, pipes[0]));
	CHECK(symbol_wire_read_head(&to, &head, NULL));
	close(pipes[0]);
	CHECK(send(pipes[1], "x", 1, MSG_NOSIGNAL) == -1);
	close(pipes[1]);
	/* none came */
	CHECK(symbol_wire_send(&from, SYMBOL_WIRE_ANSWER, "", 0, -1));
	CHECK(symbol_wire_read_head(&to, &head, &fd) && fd == -1 && head.size == 0);
}

static bool
count_waits(void *data)
{
	(void)data;
	return ++waits < 3;
}

/* Byte by byte, and no more of it. */
static void
check_pieces(void)
{
	static const struct timeval soon = { .tv_usec = 20000 };
	struct symbol_wire wire = { .fd = pair[1], .wait = count_waits };
	struct symbol_wire_head head = { SYMBOL_WIRE_ASK, 5 };
	char text[5];
	size_t i;
	int fd;

	CHECK(setsockopt(pair[1], SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof(soon)) == 0);
	for (i = 0; i < 3; i++)
		CHECK(send(pair[0], (char *)&head + i, 1, 0) == 1);
	waits = 0;
	CHECK(!symbol_wire_read_head(&wire, &head, &fd));
	CHECK_EQ(waits, 3);
	head = (struct symbol_wire_head){ SYMBOL_WIRE_ASK, 5 };
	CHECK(send(pair[0], &head, sizeof(head), 0) == sizeof(head));
	CHECK(send(pair[0], "ab", 2, 0) == 2);
	waits = 0;
	CHECK(symbol_wire_read_head(&wire, &head, &fd) && head.size == 5);
	CHECK(!symbol_wire_read(&wire, text, 5));
	CHECK_EQ(waits, 3);
	/* a size that none has */
	head.size = SYMBOL_WIRE_MAX + 1;
	CHECK(send(pair[0], &head, sizeof(head), 0) == sizeof(head));
	CHECK(!symbol_wire_read_head(&wire, &head, NULL));
	wire.fd = pair[0];
	CHECK(!symbol_wire_send(&wire, SYMBOL_WIRE_ASK, "", SYMBOL_WIRE_MAX + 1ULL, -1));
	/* nobody there: false, and no SIGPIPE */
	close(pair[1]);
	CHECK(!symbol_wire_send(&wire, SYMBOL_WIRE_ASK, "", 0, -1));
	CHECK(!symbol_wire_read(&wire, text, 1));
}

static void
check_texts(void)
{
	struct bytes bytes = { 0 };
	struct bytes_reader reader;
	char *large = malloc(SYMBOL_WIRE_TEXT_MAX + 100);
	const char *text;
	size_t len;

	memset(large, 'x', SYMBOL_WIRE_TEXT_MAX + 99);
	large[SYMBOL_WIRE_TEXT_MAX + 99] = '\0';
	symbol_wire_add_text(&bytes, "");
	symbol_wire_add_text(&bytes, NULL);
	symbol_wire_add_text(&bytes, "\xff\x1b name");
	symbol_wire_add_text(&bytes, large);
	reader = (struct bytes_reader){ bytes.data, bytes.data + bytes.len, false };
	text = symbol_wire_take_text(&reader);
	CHECK(text != NULL && text[0] == '\0');
	CHECK(symbol_wire_take_text(&reader) == NULL && !reader.bad);
	text = symbol_wire_take_text(&reader);
	CHECK_STR(text, "\xff\x1b name");
	text = symbol_wire_take_text(&reader);
	CHECK(text != NULL && strlen(text) == SYMBOL_WIRE_TEXT_MAX);
	CHECK(!reader.bad && reader.at == reader.end);
	/* cut anywhere, it is no text */
	for (len = 1; len < 12; len++) {
		reader = (struct bytes_reader){ bytes.data + 3, bytes.data + 3 + len, false };
		text = symbol_wire_take_text(&reader);
		CHECK(len < 9 ? text == NULL && reader.bad : text != NULL);
	}
	bytes.len = 0;
	bytes_add(&bytes,
	    "\x04"
	    "ab\0",
	    4); /* no end */
	bytes.data[3] = 'c';
	bytes_add(&bytes, "d", 1);
	reader = (struct bytes_reader){ bytes.data, bytes.data + bytes.len, false };
	CHECK(symbol_wire_take_text(&reader) == NULL && reader.bad);
	bytes.len = 0;
	bytes_add(&bytes,
	    "\x04"
	    "a\0b",
	    5); /* two */
	reader = (struct bytes_reader){ bytes.data, bytes.data + bytes.len, false };
	CHECK(symbol_wire_take_text(&reader) == NULL && reader.bad);
	bytes.len = 0;
	bytes_add_number(&bytes, UINT64_MAX);
	reader = (struct bytes_reader){ bytes.data, bytes.data + bytes.len, false };
	CHECK(symbol_wire_take_text(&reader) == NULL && reader.bad);
	bytes_release(&bytes);
	free(large);
}

int
main(void)
{
	CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
	check_large();
	check_descriptor();
	check_pieces();
	check_texts();
	return check_done();
}
