/*
 * The head of a request: it passes only where all that the guard promises holds, told
 * here once more; what does not is refused with a status of its own.
 */
#include <string.h>
#include <strings.h>

#include "tests/fuzz/fuzz.h"
#include "web/server/guard.h"

/* A header's value: absent, or any text. */
static char *
http_header(struct fuzz_input *input)
{
	return fuzz_byte(input) % 4 == 0 ? NULL : fuzz_text(input, 256);
}

static bool
http_is_ours(const char *host, unsigned port)
{
	char local[32], name[32];

	snprintf(local, sizeof(local), "127.0.0.1:%u", port);
	snprintf(name, sizeof(name), "localhost:%u", port);
	return host != NULL && (strcasecmp(host, local) == 0 || strcasecmp(host, name) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct guard guard = { 8080, "0123456789abcdef0123456789abcdef" };
	struct fuzz_input input = { data, size };
	char *method = http_header(&input), *host = http_header(&input);
	char *origin = http_header(&input), *site = http_header(&input);
	char *cookie = http_header(&input), *token = http_header(&input);
	struct guard_request request = { method != NULL ? method : "GET", host, origin, site,
		cookie, token };
	unsigned status = guard_judge(&guard, &request);
	char value[GUARD_COOKIE];

	FUZZ_CHECK(
	    status == 200 || status == 303 || status == 403 || status == 405 || status == 421);
	if (status == 200 || status == 303) {
		FUZZ_CHECK(
		    strcmp(request.method, "GET") == 0 || strcmp(request.method, "HEAD") == 0);
		FUZZ_CHECK(http_is_ours(host, guard.port));
	}
	if (status == 200)
		FUZZ_CHECK(cookie != NULL && strstr(cookie, guard.token) != NULL);
	if (status == 303)
		FUZZ_CHECK(token != NULL && strcmp(token, guard.token) == 0);
	guard_cookie(&guard, value);
	FUZZ_CHECK(strstr(value, guard.token) != NULL && strlen(value) < sizeof(value));
	free(method);
	free(host);
	free(origin);
	free(site);
	free(cookie);
	free(token);
	return 0;
}
