/*
 * The page and its data over HTTP, on loopback alone. GET and HEAD; nothing that is
 * asked can change anything. Limits: 64 connections, a request's head has 10 s and
 * 32 KiB, its URL 8 KiB, 64 header lines, no body; a connection may idle for 60 s.
 */
#ifndef WEB_SERVER_SERVER_H
#define WEB_SERVER_SERVER_H

#include <stdint.h>

struct shelf;
struct err;
struct server; /* opaque */

enum { SERVER_URL = 128 };

/* Listens on 127.0.0.1 and, where there is one, on [::1]; port 0: a free one. The
 * shelf must stay until server_free. NULL and err set on failure. */
struct server *server_new(uint16_t port, struct shelf *shelf, struct err *err);
/* Ends all connections. Takes NULL. */
void server_free(struct server *server);

/* Where to look, token and all, into SERVER_URL bytes. */
void server_url(const struct server *server, char *to);
/* Accepts and answers until `stop` is readable. -1 and err set on failure. */
int server_run(struct server *server, int stop, struct err *err);
/* Answers one connection, a socket that the server then owns; for who accepts them
 * himself. -1: there are too many. */
int server_add(struct server *server, int fd);

#endif
