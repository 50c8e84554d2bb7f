/*
 * Who may ask. The server listens on loopback alone, but every page that is open in a
 * browser of this machine can send requests there: a request passes when it is meant
 * for us by name (Host: no DNS rebinding), comes from our own page (Origin,
 * Sec-Fetch-Site) and has the token, which stands in the URL that the user is given
 * and after that in a cookie.
 *
 * Judges a request's head alone: no state, no allocation, any thread.
 */
#ifndef WEB_SERVER_GUARD_H
#define WEB_SERVER_GUARD_H

#include <stdint.h>

enum {
	GUARD_TOKEN = 32, /* hexadecimal digits: 128 bits */
	GUARD_COOKIE = 128,
};

struct guard {
	uint16_t port;
	char token[GUARD_TOKEN + 1];
};

/* What the request says; NULL: it does not. */
struct guard_request {
	const char *method;
	const char *host;
	const char *origin;
	const char *fetch_site;
	const char *cookie;
	const char *token; /* in its query */
};

/* Draws a new token. -1, errno set: the kernel gives none. */
int guard_init(struct guard *guard, uint16_t port);

/*
 * An HTTP status: 200, it may be answered; 303, it came with the right token: set the
 * cookie and send it on without; 403, 405 and 421, it may not.
 */
unsigned guard_judge(const struct guard *guard, const struct guard_request *request);

/* The value of Set-Cookie, into GUARD_COOKIE bytes. */
void guard_cookie(const struct guard *guard, char *to);

#endif
