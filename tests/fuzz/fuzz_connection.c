/*
 * Any bytes on a connection of the real server: it comes to an end, all that comes back
 * is answers of HTTP, whole, with the headers that ours have, and of the statuses that we
 * know; 200 only where there were a line Host with our name and a line Cookie with the
 * token, and 303 only where the token was. Who asks rightly first is answered, whatever
 * comes behind.
 *
 * In an input 1 to 8 stand for what it cannot know (connection_words), 0 for a pause.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "analyzer/store/query.h"
#include "analyzer/store/store.h"
#include "analyzer/util/bytes.h"
#include "analyzer/util/err.h"
#include "analyzer/util/paths.h"
#include "tests/fuzz/fuzz.h"
#include "web/server/profile.h"
#include "web/server/server.h"
#include "web/server/shelf.h"

enum {
	CONNECTION_SECONDS = 120,
	CONNECTION_IDLE_MS = 5,
	CONNECTION_WORDS = 9,
	CONNECTION_TOKEN = 32,
};

static struct server *server;
static struct shelf shelf;
static struct profile *profile;
static char token[CONNECTION_TOKEN + 1], port[8], host[64], cookie[96];
static const char *const connection_words[CONNECTION_WORDS] = { "", token, port, host, cookie,
	"\r\n", "GET / HTTP/1.1\r\n", "HEAD /api/sites HTTP/1.1\r\n", "/?token=" };

/* ---- the server ---- */

/* Before AFL++ forks, who gives an execution little time; the server has threads. */
int LLVMFuzzerInitialize(int *argc, char ***argv);
int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const struct store_run run = { .id = 1,
		.trace = "/t",
		.command = "[]",
		.exe = "/e",
		.start = "2026-11-20T20:00:00Z",
		.mode = "full",
		.wrappers = "[]",
		.no_wrappers = "[]",
		.found_wrappers = "[]",
		.allocator = "",
		.marks = "" };
	static const struct paths paths;
	char path[] = "/tmp/esc-fuzz-XXXXXX";
	struct query_db *db;
	struct store *store;
	struct err err;
	int fd = mkstemp(path);

	(void)argc;
	(void)argv;
	FUZZ_CHECK(fd >= 0 && close(fd) == 0);
	store = store_create(path, NULL, &err);
	FUZZ_CHECK(store != NULL && store_add_run(store, &run, &err) == 0);
	FUZZ_CHECK(store_commit(store, &err) == 0);
	store_free(store);
	db = query_open(path, &err);
	FUZZ_CHECK(db != NULL);
	profile = profile_new(db, path, &paths, &err);
	FUZZ_CHECK(profile != NULL);
	shelf_init(&shelf);
	shelf_put(&shelf, 0, profile);
	unlink(path);
	return 0;
}

static void
connection_begin(void)
{
	char url[SERVER_URL];
	struct err err;
	const char *at;

	if (profile == NULL)
		(void)LLVMFuzzerInitialize(NULL, NULL);
	server = server_new(0, &shelf, &err);
	FUZZ_CHECK(server != NULL);
	server_url(server, url);
	FUZZ_CHECK(sscanf(url, "http://127.0.0.1:%7[0-9]/", port) == 1);
	at = strstr(url, "?token=");
	FUZZ_CHECK(at != NULL && strlen(at + 7) == CONNECTION_TOKEN);
	memcpy(token, at + 7, sizeof(token));
	(void)snprintf(host, sizeof(host), "Host: 127.0.0.1:%s\r\n", port);
	(void)snprintf(cookie, sizeof(cookie), "Cookie: esc-%s=%s\r\n", port, token);
}

/* ---- both ways ---- */

static long
connection_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

/* Takes what has come; false at the end. */
static bool
connection_read(int fd, struct bytes *got)
{
	char block[16384];
	ssize_t size;

	while ((size = recv(fd, block, sizeof(block), MSG_DONTWAIT)) > 0)
		bytes_add(got, block, (size_t)size);
	return size < 0 && (errno == EAGAIN || errno == EINTR);
}

/* Sends; reads meanwhile, since who writes may wait for who reads. False: it was closed. */
static bool
connection_send(int fd, const char *bytes, size_t size, struct bytes *got)
{
	struct pollfd poller = { .fd = fd, .events = POLLIN | POLLOUT };
	long late = connection_now() + CONNECTION_SECONDS;

	while (size > 0) {
		ssize_t sent = send(fd, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (sent < 0 && errno != EAGAIN && errno != EINTR)
			return false;
		if (sent > 0) {
			bytes += sent;
			size -= (size_t)sent;
		}
		if (!connection_read(fd, got))
			return false;
		FUZZ_CHECK(connection_now() < late);
		if (size > 0)
			(void)poll(&poller, 1, 1000);
	}
	return true;
}

/* Reads until there is so much. */
static void
connection_wait(int fd, struct bytes *got, size_t enough)
{
	struct pollfd poller = { .fd = fd, .events = POLLIN };
	long late = connection_now() + CONNECTION_SECONDS;

	while (got->len < enough && connection_read(fd, got)) {
		FUZZ_CHECK(connection_now() < late);
		if (got->len < enough)
			(void)poll(&poller, 1, 1000);
	}
}

/* Reads to the end. Who says no more, and is told no more, is shut out by the server's
 * clock (visitors_expire), which is not waited for: false. */
static bool
connection_end(int fd, int theirs, struct bytes *got)
{
	struct pollfd poller = { .fd = fd, .events = POLLIN };
	long late = connection_now() + CONNECTION_SECONDS;
	bool itself = true;

	shutdown(fd, SHUT_WR);
	while (connection_read(fd, got)) {
		FUZZ_CHECK(connection_now() < late);
		if (poll(&poller, 1, CONNECTION_IDLE_MS) != 0)
			continue;
		itself = false;
		shutdown(theirs, SHUT_RDWR);
	}
	return itself;
}

/* What an input says, all that was sent in *sent. */
static void
connection_talk(int fd, struct fuzz_input *input, struct bytes *sent, struct bytes *got)
{
	size_t done = sent->len;
	bool open = true;

	while (input->left > 0) {
		uint8_t byte = fuzz_byte(input);

		if (byte > 0 && byte < CONNECTION_WORDS)
			bytes_add(sent, connection_words[byte], strlen(connection_words[byte]));
		else if (byte > 0)
			bytes_add_byte(sent, byte);
		if (byte != 0 && input->left > 0)
			continue;
		if (open && sent->len > done)
			open = connection_send(
			    fd, (const char *)sent->data + done, sent->len - done, got);
		done = sent->len;
	}
}

/* ---- what came back ---- */

/* Some line of that name has the value in it, in any case; lines that are continued
 * count as one. */
static bool
connection_has_line(const char *text, const char *name, const char *value)
{
	const char *line = text;
	char *part;
	bool has = false;

	while (!has && (line = strpbrk(line, "\r\n")) != NULL) {
		size_t len;

		line += strspn(line, "\r\n");
		if (strncasecmp(line, name, strlen(name)) != 0)
			continue;
		len = strcspn(line, "\r\n");
		while (line[len] != '\0' && strspn(line + len, "\r\n") > 0 &&
		    strchr(" \t", line[len + strspn(line + len, "\r\n")]) != NULL &&
		    line[len + strspn(line + len, "\r\n")] != '\0') {
			len += strspn(line + len, "\r\n");
			len += strcspn(line + len, "\r\n");
		}
		part = strndup(line, len);
		FUZZ_CHECK(part != NULL);
		has = strcasestr(part, value) != NULL;
		free(part);
	}
	return has;
}

static bool
connection_has_host(const char *text)
{
	char name[3][32];

	(void)snprintf(name[0], sizeof(name[0]), "127.0.0.1:%s", port);
	(void)snprintf(name[1], sizeof(name[1]), "localhost:%s", port);
	(void)snprintf(name[2], sizeof(name[2]), "[::1]:%s", port);
	return connection_has_line(text, "host", name[0]) ||
	    connection_has_line(text, "host", name[1]) ||
	    connection_has_line(text, "host", name[2]);
}

static void
connection_check_status(int status, const char *head, const char *text)
{
	static const int known[] = { 100, 200, 303, 400, 403, 404, 405, 413, 414, 421, 431, 501,
		505 };
	static const char *const ours[] = { "Content-Security-Policy: default-src 'none';",
		"X-Content-Type-Options: nosniff", "Referrer-Policy: no-referrer",
		"Cross-Origin-Resource-Policy: same-origin",
		"Cross-Origin-Opener-Policy: same-origin", "Cache-Control: no-store" };
	bool found = false;

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		found = found || known[i] == status;
	FUZZ_CHECK(found);
	if (status != 200 && status != 303)
		return;
	for (size_t i = 0; i < sizeof(ours) / sizeof(*ours); i++)
		FUZZ_CHECK(strstr(head, ours[i]) != NULL);
	FUZZ_CHECK(connection_has_host(text));
	FUZZ_CHECK(strstr(text, "GET") != NULL || strstr(text, "HEAD") != NULL);
	if (status == 200)
		FUZZ_CHECK(connection_has_line(text, "cookie", token));
	else
		FUZZ_CHECK(strstr(text, token) != NULL);
	/* it is in no answer but for the one that sets it */
	FUZZ_CHECK(status == 303 || strstr(head, token) == NULL);
}

/* One answer; how long it is with its body. whole: nothing was cut off. */
static size_t
connection_answer(const char *at, size_t left, const char *text, bool whole, int *status)
{
	const char *end = memmem(at, left, "\r\n\r\n", 4), *field;
	char *head;
	size_t len, body = 0;

	if (end == NULL) {
		FUZZ_CHECK(!whole);
		return left;
	}
	len = (size_t)(end - at) + 4;
	head = strndup(at, len);
	FUZZ_CHECK(head != NULL && strlen(head) == len);
	FUZZ_CHECK(strncmp(head, "HTTP/1.0 ", 9) == 0 || strncmp(head, "HTTP/1.1 ", 9) == 0);
	FUZZ_CHECK(strspn(head + 9, "0123456789") == 3 && head[12] == ' ');
	*status = atoi(head + 9);
	connection_check_status(*status, head, text);
	/* the library's own, whose head 0.9.75 sends twice: nothing of ours comes then */
	if (strstr(head, "\r\nContent-Security-Policy:") == NULL && *status != 100) {
		FUZZ_CHECK(*status >= 400);
		FUZZ_CHECK(memmem(at, left, "HTTP/1.1 200", 12) == NULL &&
		    memmem(at, left, "HTTP/1.1 303", 12) == NULL);
		free(head);
		return left;
	}
	field = strcasestr(head, "\r\nContent-Length: ");
	FUZZ_CHECK(field != NULL || *status == 100);
	if (field != NULL)
		body = strtoul(field + 18, NULL, 10);
	free(head);
	return len + body;
}

/* All answers; the status of the first, 0: there is none. */
static int
connection_check(const struct bytes *got, const char *text, bool whole)
{
	const char *at = (const char *)got->data;
	/* what is said of a body may be said without it */
	bool heads = strcasestr(text, "HEAD") != NULL;
	size_t left = got->len, size;
	int status = 100, first = 0;

	while (left > 0) {
		size = connection_answer(at, left, text, whole, &status);
		if (first == 0 && status != 100)
			first = status;
		if (heads)
			break;
		FUZZ_CHECK(size <= left || !whole);
		size = size < left ? size : left;
		at += size;
		left -= size;
	}
	return first;
}

/* A connection: our end, and a copy of the server's. */
static void
connection_open(int *ours, int *theirs)
{
	long late = connection_now() + CONNECTION_SECONDS;
	int ends[2];

	for (;;) {
		FUZZ_CHECK(
		    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
		*ours = ends[1];
		*theirs = dup(ends[0]);
		FUZZ_CHECK(*theirs >= 0);
		if (server_add(server, ends[0]) == 0)
			return;
		/* those before have ended here, and not yet there */
		close(*ours);
		close(*theirs);
		FUZZ_CHECK(connection_now() < late);
		(void)poll(NULL, 0, 1);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* an answer that is there without the page, too */
	static const char *const right[] = { "GET /api/info HTTP/1.1\r\n", host, cookie, "\r\n" };
	struct fuzz_input input = { data, size };
	struct bytes sent = { 0 }, got = { 0 };
	bool honest = fuzz_byte(&input) % 2 == 0, whole;
	int ours, theirs, first;

	if (server == NULL)
		connection_begin();
	connection_open(&ours, &theirs);
	for (size_t i = 0; honest && i < sizeof(right) / sizeof(*right); i++)
		bytes_add(&sent, right[i], strlen(right[i]));
	if (honest)
		FUZZ_CHECK(connection_send(ours, (const char *)sent.data, sent.len, &got));
	connection_talk(ours, &input, &sent, &got);
	if (honest)
		connection_wait(ours, &got, 12);
	whole = connection_end(ours, theirs, &got) && !honest;
	close(ours);
	close(theirs);
	/* none was sent: it ends the text */
	bytes_add_byte(&sent, '\0');
	first = connection_check(&got, (const char *)sent.data, whole);
	FUZZ_CHECK(!honest || first == 200);
	bytes_release(&sent);
	bytes_release(&got);
	return 0;
}
