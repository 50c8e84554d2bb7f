/*
 * libmicrohttpd, loaded when it is first needed: with the libraries that it needs in turn,
 * TLS among them, it would be two fifths of each start of `esc`, and one command serves.
 */
#ifndef WEB_SERVER_HTTP_H
#define WEB_SERVER_HTTP_H

#include <microhttpd.h>

struct err;

/* What is called of it. */
#define HTTP_CALLS(X)                                         \
	X(add_connection)                                     \
	X(add_response_header)                                \
	X(create_response_from_buffer)                        \
	X(create_response_from_buffer_with_free_callback_cls) \
	X(create_response_from_fd64)                          \
	X(destroy_response)                                   \
	X(get_connection_info)                                \
	X(get_connection_values)                              \
	X(queue_response)                                     \
	X(start_daemon)                                       \
	X(stop_daemon)

struct http {
#define HTTP_MEMBER(name) __typeof__(&MHD_##name) name;
	HTTP_CALLS(HTTP_MEMBER)
#undef HTTP_MEMBER
};

/* Each MHD_NAME is http.NAME, behind http_load. */
extern struct http http;

/* Loads it, once; it stays. Not beside another thread that does. -1 and err set where it is
 * missing, or is another version. */
int http_load(struct err *err);

#endif
