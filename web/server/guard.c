#include "web/server/guard.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

enum { GUARD_NAME = 32 };

static const char *const guard_hosts[] = { "127.0.0.1", "localhost", "[::1]" };

int
guard_init(struct guard *guard, uint16_t port)
{
	unsigned char bits[GUARD_TOKEN / 2];
	size_t i;

	if (getrandom(bits, sizeof(bits), 0) != (ssize_t)sizeof(bits))
		return -1;
	guard->port = port;
	for (i = 0; i < sizeof(bits); i++)
		(void)snprintf(guard->token + 2 * i, 3, "%02x", bits[i]);
	return 0;
}

/* Takes as long for any text of that length. */
static bool
guard_is_token(const struct guard *guard, const char *text, size_t len)
{
	unsigned char differs = 0;
	size_t i;

	if (len != GUARD_TOKEN)
		return false;
	for (i = 0; i < len; i++)
		differs |= (unsigned char)(text[i] ^ guard->token[i]);
	return differs == 0;
}

/* host is one of our names with our port. */
static bool
guard_is_host(const struct guard *guard, const char *host)
{
	char ours[GUARD_NAME];
	size_t i;

	for (i = 0; i < sizeof(guard_hosts) / sizeof(*guard_hosts); i++) {
		(void)snprintf(ours, sizeof(ours), "%s:%u", guard_hosts[i], (unsigned)guard->port);
		if (strcmp(host, ours) == 0)
			return true;
	}
	return false;
}

/* The same names are different origins: it must be the one that was asked. */
static bool
guard_is_origin(const char *host, const char *origin)
{
	return strncmp(origin, "http://", 7) == 0 && strcmp(origin + 7, host) == 0;
}

/* Cookies do not know ports: ours has it in its name. */
static void
guard_name(const struct guard *guard, char *to)
{
	(void)snprintf(to, GUARD_NAME, "esc-%u=", (unsigned)guard->port);
}

static bool
guard_has_cookie(const struct guard *guard, const char *cookie)
{
	char name[GUARD_NAME];
	size_t len;

	guard_name(guard, name);
	while (*cookie != '\0') {
		cookie += strspn(cookie, "; ");
		len = strcspn(cookie, ";");
		if (strncmp(cookie, name, strlen(name)) == 0 &&
		    guard_is_token(guard, cookie + strlen(name), len - strlen(name)))
			return true;
		cookie += len;
	}
	return false;
}

unsigned
guard_judge(const struct guard *guard, const struct guard_request *request)
{
	const char *site = request->fetch_site;

	if (request->host == NULL || !guard_is_host(guard, request->host))
		return 421;
	if (strcmp(request->method, "GET") != 0 && strcmp(request->method, "HEAD") != 0)
		return 405;
	if (request->origin != NULL && !guard_is_origin(request->host, request->origin))
		return 403;
	if (site != NULL && strcmp(site, "same-origin") != 0 && strcmp(site, "none") != 0)
		return 403;
	if (request->token != NULL)
		return guard_is_token(guard, request->token, strlen(request->token)) ? 303 : 403;
	return request->cookie != NULL && guard_has_cookie(guard, request->cookie) ? 200 : 403;
}

void
guard_cookie(const struct guard *guard, char *to)
{
	char name[GUARD_NAME];

	guard_name(guard, name);
	(void)snprintf(
	    to, GUARD_COOKIE, "%s%s; Path=/; SameSite=Strict; HttpOnly", name, guard->token);
}
