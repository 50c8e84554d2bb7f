#include "web/server/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "analyzer/util/err.h"
#include "analyzer/util/xalloc.h"
#include "web/server/answer.h"
#include "web/server/guard.h"
#include "web/server/http.h"
#include "web/server/parameters.h"
#include "web/server/profile.h"
#include "web/server/shelf.h"
#include "web/server/visitors.h"

enum {
	/* some of them may wait for a database, or for a document that is being made */
	SERVER_THREADS = 16,
	/* Never reached, since visitors are fewer: a worker of libmicrohttpd 0.9.75 that
	 * reaches its part of it keeps a lock for ever. */
	SERVER_CONNECTIONS = SERVER_THREADS * (VISITORS_MAX + 1),
	SERVER_HEAD = 32 << 10, /* bytes of a request's head */
	SERVER_URL_MAX = 8 << 10,
	SERVER_LINES = 64, /* of a head */
	SERVER_HEAD_SECONDS = 10,
	SERVER_IDLE_SECONDS = 60,
	SERVER_BACKLOG = 64,
	SERVER_PORTS = 16, /* tries to have one port on both addresses */
	SERVER_TICK_MS = 1000,
	SERVER_REST_MS = 100, /* no descriptors left: until the next try */
};

struct server {
	int listens[2]; /* 127.0.0.1 and [::1]; -1: none */
	struct guard guard;
	struct shelf *shelf;
	struct visitors visitors;
	struct MHD_Daemon *daemon;
};

/* A request, from its first line on. */
struct server_request {
	bool begun;
	bool too_long;
	char url[SERVER_URL_MAX];
};

/* --- One request --- */

/* What its head says; `twice`: a line that says who asks stands in it twice. */
struct server_head {
	struct guard_request guard;
	unsigned lines;
	bool body;
	bool twice;
	bool gzip; /* may be sent */
};

static void
server_set(struct server_head *head, const char **to, const char *value)
{
	head->twice = head->twice || *to != NULL;
	*to = value != NULL ? value : "";
}

/* "gzip" is one of the list, and not with a weight: what is asked for so is rare. */
static bool
server_takes_gzip(const char *value)
{
	while (value && *value) {
		size_t len;

		value += strspn(value, ", \t");
		len = strcspn(value, ", \t");
		if (len == 4 && strncasecmp(value, "gzip", len) == 0)
			return true;
		value += len;
	}
	return false;
}

static enum MHD_Result
server_line(void *data, enum MHD_ValueKind kind, const char *key, const char *value)
{
	struct server_head *head = data;

	(void)kind;
	head->lines++;
	if (strcasecmp(key, "Host") == 0)
		server_set(head, &head->guard.host, value);
	else if (strcasecmp(key, "Origin") == 0)
		server_set(head, &head->guard.origin, value);
	else if (strcasecmp(key, "Sec-Fetch-Site") == 0)
		server_set(head, &head->guard.fetch_site, value);
	else if (strcasecmp(key, "Cookie") == 0)
		server_set(head, &head->guard.cookie, value);
	else if (strcasecmp(key, "Accept-Encoding") == 0)
		head->gzip = server_takes_gzip(value);
	else if (strcasecmp(key, "Transfer-Encoding") == 0 ||
	    (strcasecmp(key, "Content-Length") == 0 && strcmp(value, "0") != 0))
		head->body = true;
	return MHD_YES;
}

/* Decides, and answers what may be answered. */
static void
server_decide(const struct server *server, struct server_request *request, struct server_head *head,
    struct answer *answer)
{
	char *query = strchr(request->url, '?');
	struct parameters parameters = { .count = 0 };

	if (query)
		*query++ = '\0';
	if (head->twice || head->lines > SERVER_LINES || head->body) {
		answer_say(answer, head->body ? 413 : head->twice ? 400 : 431, "not so\n");
		return;
	}
	if (request->too_long) {
		answer_say(answer, 414, "too long\n");
		return;
	}
	/* the token is asked for by its path alone: it is nothing that a document has */
	if (query && strcmp(request->url, "/") == 0 && parameters_parse(&parameters, query) == 0)
		head->guard.token = parameters_find(&parameters, "token");
	switch (guard_judge(&server->guard, &head->guard)) {
	case 200:
		answer_make(server->shelf, request->url, query ? query : "", head->gzip, answer);
		break;
	case 303: answer_say(answer, 303, ""); break;
	case 405: answer_say(answer, 405, "GET or HEAD\n"); break;
	case 421: answer_say(answer, 421, "this is not that host\n"); break;
	default: answer_say(answer, 403, "open the URL that esc serve printed\n"); break;
	}
}

static void
server_add_headers(
    const struct server *server, const struct answer *answer, struct MHD_Response *response)
{
	static const char *const headers[][2] = {
		{ "Content-Security-Policy",
		    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' "
		    "data:; "
		    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors "
		    "'none'" },
		{ "X-Content-Type-Options", "nosniff" },
		{ "Referrer-Policy", "no-referrer" },
		{ "Cross-Origin-Resource-Policy", "same-origin" },
		{ "Cross-Origin-Opener-Policy", "same-origin" },
		{ "Cache-Control", "no-store" },
	};
	char cookie[GUARD_COOKIE];
	char saved[EXPORTS_NAME + 32];

	for (size_t i = 0; i < sizeof(headers) / sizeof(*headers); i++)
		http.add_response_header(response, headers[i][0], headers[i][1]);
	http.add_response_header(response, "Content-Type", answer->type);
	http.add_response_header(response, "Vary", "Accept-Encoding");
	if (answer->is_gzip)
		http.add_response_header(response, "Content-Encoding", "gzip");
	if (answer->links)
		http.add_response_header(response, "Link", answer->links);
	if (answer->name[0] != '\0') {
		(void)snprintf(saved, sizeof(saved), "attachment; filename=\"%s\"", answer->name);
		http.add_response_header(response, "Content-Disposition", saved);
	}
	if (answer->status == 405)
		http.add_response_header(response, "Allow", "GET, HEAD");
	if (answer->status != 303)
		return;
	guard_cookie(&server->guard, cookie);
	http.add_response_header(response, "Location", "/");
	http.add_response_header(response, "Set-Cookie", cookie);
}

static void
server_sent(void *data)
{
	profile_drop(data);
}

/* The body becomes the response's, whatever it is; NULL: no memory. */
static struct MHD_Response *
server_response(struct answer *answer)
{
	struct MHD_Response *response;
	void *body = (void *)(uintptr_t)answer->body;
	struct stat status;

	if (answer->file >= 0) {
		response = fstat(answer->file, &status) == 0
		    ? http.create_response_from_fd64((uint64_t)status.st_size, answer->file)
		    : NULL;
		if (response)
			answer->file = -1;
	} else if (answer->profile) {
		response = http.create_response_from_buffer_with_free_callback_cls(
		    answer->len, body, server_sent, answer->profile);
		if (response)
			answer->profile = NULL;
	} else if (answer->owned) {
		response = http.create_response_from_buffer(
		    answer->len, answer->owned, MHD_RESPMEM_MUST_FREE);
		if (response)
			answer->owned = NULL;
	} else {
		/* of a failure the text stands in the answer itself */
		response = http.create_response_from_buffer(answer->len, body,
		    answer->body == answer->text ? MHD_RESPMEM_MUST_COPY : MHD_RESPMEM_PERSISTENT);
	}
	return response;
}

static enum MHD_Result
server_send(const struct server *server, struct MHD_Connection *connection, struct answer *answer)
{
	struct MHD_Response *response = server_response(answer);
	enum MHD_Result result;

	if (!response) {
		answer_release(answer);
		return MHD_NO;
	}
	server_add_headers(server, answer, response);
	answer_release(answer);
	/* who asks what we do not answer is not listened to any longer */
	if (answer->status >= 400)
		http.add_response_header(response, "Connection", "close");
	result = http.queue_response(connection, answer->status, response);
	http.destroy_response(response);
	return result;
}

static struct visitor *
server_visitor(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
	    http.get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info ? info->socket_context : NULL;
}

/* Called when the head is there, and again behind it. */
static enum MHD_Result
/* NOLINTNEXTLINE(readability-function-size): the parameters are libmicrohttpd's */
server_request(void *data, struct MHD_Connection *connection, const char *url, const char *method,
    const char *version, const char *upload, size_t *upload_size, void **state)
{
	struct server *server = data;
	struct server_request *request = *state;
	struct server_head head = { .guard = { .method = method } };
	struct visitor *visitor = server_visitor(connection);
	struct answer answer;

	(void)url;
	(void)version;
	(void)upload;
	(void)upload_size;
	if (!request)
		return MHD_NO;
	if (visitor)
		visitors_expect(&server->visitors, visitor, 0);
	http.get_connection_values(connection, MHD_HEADER_KIND, server_line, &head);
	/* an answer before the head's end would close the connection: only if there is more */
	if (!request->begun && !head.body) {
		request->begun = true;
		return MHD_YES;
	}
	server_decide(server, request, &head, &answer);
	return server_send(server, connection, &answer);
}

/* The first line's URL, as it came. */
static void *
server_begin(void *data, const char *url, struct MHD_Connection *connection)
{
	struct server_request *request = calloc(1, sizeof(*request));
	size_t len = strlen(url);

	(void)data;
	(void)connection;
	if (!request)
		return NULL;
	request->too_long = len >= sizeof(request->url);
	if (!request->too_long)
		memcpy(request->url, url, len + 1);
	return request;
}

static void
server_end(void *data, struct MHD_Connection *connection, void **state,
    enum MHD_RequestTerminationCode how)
{
	struct server *server = data;
	struct visitor *visitor = server_visitor(connection);

	(void)how;
	free(*state);
	*state = NULL;
	if (visitor)
		visitors_expect(
		    &server->visitors, visitor, SERVER_IDLE_SECONDS + SERVER_HEAD_SECONDS);
}

static void
server_connection(void *data, struct MHD_Connection *connection, void **socket_context,
    enum MHD_ConnectionNotificationCode what)
{
	struct server *server = data;

	if (what == MHD_CONNECTION_NOTIFY_STARTED)
		*socket_context = visitors_find(&server->visitors,
		    http.get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)
			->connect_fd);
	else if (*socket_context)
		visitors_remove(&server->visitors, *socket_context);
}

/* --- Listening --- */

/* A socket that listens on loopback; *port 0 becomes the one it got. -1, errno set. */
static int
server_listen(int family, uint16_t *port)
{
	struct sockaddr_in6 six = {
		.sin6_family = AF_INET6, .sin6_port = htons(*port), .sin6_addr = in6addr_loopback
	};
	struct sockaddr_in four = { .sin_family = AF_INET,
		.sin_port = htons(*port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr *address = family == AF_INET ? (void *)&four : (void *)&six;
	socklen_t len = family == AF_INET ? sizeof(four) : sizeof(six);
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int one = 1, error;

	if (fd < 0)
		return -1;
	if ((family == AF_INET ||
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one)) == 0) &&
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) == 0 &&
	    bind(fd, address, len) == 0 && listen(fd, SERVER_BACKLOG) == 0 &&
	    getsockname(fd, address, &len) == 0) {
		*port = ntohs(family == AF_INET ? four.sin_port : six.sin6_port);
		return fd;
	}
	error = errno;
	close(fd);
	errno = error;
	return -1;
}

/* On both addresses, with one port; IPv6 may be missing, but not be somebody else's. */
static int
server_listen_both(struct server *server, uint16_t port, struct err *err)
{
	uint16_t got;

	for (int i = 0; i < SERVER_PORTS; i++) {
		got = port;
		server->listens[0] = server_listen(AF_INET, &got);
		if (server->listens[0] < 0)
			break;
		server->listens[1] = server_listen(AF_INET6, &got);
		if (server->listens[1] >= 0 || errno != EADDRINUSE)
			return guard_init(&server->guard, got) == 0
			    ? 0
			    : err_set(err, "no random numbers: %m");
		close(server->listens[0]);
		server->listens[0] = -1;
		errno = EADDRINUSE;
		if (port != 0)
			break;
	}
	return err_set(err, "port %u of this machine: %m; --port=0 takes a free one", port);
}

static struct MHD_Daemon *
server_daemon(struct server *server)
{
	return http.start_daemon(
	    MHD_USE_NO_LISTEN_SOCKET | MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ITC, 0, NULL, NULL,
	    server_request, server, MHD_OPTION_THREAD_POOL_SIZE, (unsigned)SERVER_THREADS,
	    MHD_OPTION_CONNECTION_LIMIT, (unsigned)SERVER_CONNECTIONS,
	    MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)SERVER_HEAD, MHD_OPTION_CONNECTION_TIMEOUT,
	    (unsigned)SERVER_IDLE_SECONDS, MHD_OPTION_STRICT_FOR_CLIENT, 1,
	    MHD_OPTION_URI_LOG_CALLBACK, server_begin, NULL, MHD_OPTION_NOTIFY_COMPLETED,
	    server_end, server, MHD_OPTION_NOTIFY_CONNECTION, server_connection, server,
	    MHD_OPTION_END);
}

struct server *
server_new(uint16_t port, struct shelf *shelf, struct err *err)
{
	struct server *server = xcalloc(1, sizeof(*server));

	server->shelf = shelf;
	server->listens[0] = server->listens[1] = -1;
	visitors_init(&server->visitors);
	/* who goes away while we write is no reason to end */
	(void)signal(SIGPIPE, SIG_IGN);
	if (http_load(err) == 0 && server_listen_both(server, port, err) == 0) {
		server->daemon = server_daemon(server);
		if (server->daemon)
			return server;
		err_set(err, "the HTTP server does not start");
	}
	server_free(server);
	return NULL;
}

void
server_free(struct server *server)
{
	if (!server)
		return;
	for (int i = 0; i < 2; i++)
		if (server->listens[i] >= 0)
			close(server->listens[i]);
	if (server->daemon)
		http.stop_daemon(server->daemon);
	visitors_release(&server->visitors);
	free(server);
}

void
server_url(const struct server *server, char *to)
{
	(void)snprintf(to, SERVER_URL, "http://127.0.0.1:%u/?token=%s",
	    (unsigned)server->guard.port, server->guard.token);
}

int
server_add(struct server *server, int fd)
{
	struct sockaddr_in here = { .sin_family = AF_INET };
	struct visitor *visitor = visitors_add(&server->visitors, fd, SERVER_HEAD_SECONDS);

	if (!visitor) {
		close(fd);
		return -1;
	}
	if (http.add_connection(server->daemon, fd, (void *)&here, sizeof(here)) == MHD_YES)
		return 0;
	/* it has closed it */
	visitors_remove(&server->visitors, visitor);
	return -1;
}

/* False: there is no room for more, for a while. */
static bool
server_accept(struct server *server, int listening)
{
	int fd = accept4(listening, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd >= 0)
		(void)server_add(server, fd);
	return fd >= 0 ||
	    (errno != EMFILE && errno != ENFILE && errno != ENOMEM && errno != ENOBUFS);
}

int
server_run(struct server *server, int stop, struct err *err)
{
	struct pollfd polls[3] = {
		{ .fd = stop, .events = POLLIN },
		{ .fd = server->listens[0], .events = POLLIN },
		{ .fd = server->listens[1], .events = POLLIN },
	};

	for (;;) {
		int ready = poll(polls, 3, SERVER_TICK_MS);

		if (ready < 0 && errno != EINTR)
			return err_set(err, "poll: %m");
		visitors_expire(&server->visitors);
		if (ready <= 0)
			continue;
		if (polls[0].revents != 0)
			return 0;
		for (int i = 1; i < 3; i++)
			if (polls[i].revents != 0 && !server_accept(server, polls[i].fd))
				(void)poll(polls, 1, SERVER_REST_MS);
	}
}
