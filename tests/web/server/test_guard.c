/* Who may ask, and who may not. */
#include "web/server/guard.h"

#include <string.h>

#include "tests/lib/check.h"

static struct guard guard;
static char cookie[GUARD_COOKIE];

/* What a browser sends that was let in before. */
static struct guard_request
welcome(void)
{
	return (
	    struct guard_request){ .method = "GET", .host = "127.0.0.1:4711", .cookie = cookie };
}

static void
test_host(void)
{
	static const char *const ours[] = { "127.0.0.1:4711", "localhost:4711", "[::1]:4711" };
	static const char *const others[] = { "127.0.0.1", "127.0.0.1:4712", "127.0.0.1:47110",
		"evil.example:4711", "127.0.0.1:4711.evil.example", "localhost.:4711", "::1:4711",
		"127.0.0.1:4711@evil.example", "", "127.1:4711", "[::ffff:127.0.0.1]:4711" };
	struct guard_request request = welcome();

	for (size_t i = 0; i < sizeof(ours) / sizeof(*ours); i++) {
		request.host = ours[i];
		CHECK_EQ(guard_judge(&guard, &request), 200);
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		request.host = others[i];
		CHECK_EQ(guard_judge(&guard, &request), 421);
	}
	request.host = NULL;
	CHECK_EQ(guard_judge(&guard, &request), 421);
}

static void
test_method(void)
{
	static const char *const others[] = { "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "get",
		"GETX", "", "CONNECT" };
	struct guard_request request = welcome();

	request.method = "HEAD";
	CHECK_EQ(guard_judge(&guard, &request), 200);
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		request.method = others[i];
		CHECK_EQ(guard_judge(&guard, &request), 405);
	}
}

static void
test_origin(void)
{
	static const char *const others[] = { "null", "http://localhost:4711",
		"https://127.0.0.1:4711", "http://127.0.0.1", "http://127.0.0.1:4712",
		"http://evil.example", "", "http://127.0.0.1:4711/",
		"http://127.0.0.1:4711.evil.example" };
	static const char *const sites[] = { "cross-site", "same-site", "", "None" };
	struct guard_request request = welcome();

	request.origin = "http://127.0.0.1:4711";
	CHECK_EQ(guard_judge(&guard, &request), 200);
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		request.origin = others[i];
		CHECK_EQ(guard_judge(&guard, &request), 403);
	}
	request.origin = NULL;
	request.fetch_site = "same-origin";
	CHECK_EQ(guard_judge(&guard, &request), 200);
	request.fetch_site = "none";
	CHECK_EQ(guard_judge(&guard, &request), 200);
	for (size_t i = 0; i < sizeof(sites) / sizeof(*sites); i++) {
		request.fetch_site = sites[i];
		CHECK_EQ(guard_judge(&guard, &request), 403);
	}
}

static void
test_token(void)
{
	struct guard_request request = welcome();
	struct guard other;
	char text[256];
	size_t i;

	request.token = guard.token;
	CHECK_EQ(guard_judge(&guard, &request), 303);
	request.cookie = NULL;
	CHECK_EQ(guard_judge(&guard, &request), 303);
	/* every digit counts, and the length */
	for (i = 0; i < GUARD_TOKEN; i++) {
		strcpy(text, guard.token);
		text[i] ^= 1;
		request.token = text;
		CHECK_EQ(guard_judge(&guard, &request), 403);
	}
	strcpy(text, guard.token);
	text[GUARD_TOKEN - 1] = '\0';
	CHECK_EQ(guard_judge(&guard, &request), 403);
	(void)snprintf(text, sizeof(text), "%s0", guard.token);
	CHECK_EQ(guard_judge(&guard, &request), 403);
	request.token = "";
	CHECK_EQ(guard_judge(&guard, &request), 403);
	/* a token is drawn anew each time */
	CHECK(guard_init(&other, 4711) == 0);
	CHECK(strcmp(other.token, guard.token) != 0);
	CHECK_EQ(strlen(other.token), GUARD_TOKEN);
}

static void
test_cookie(void)
{
	struct guard_request request = welcome();
	char text[512];
	char *end;

	request.cookie = NULL;
	CHECK_EQ(guard_judge(&guard, &request), 403);
	request.cookie = "";
	CHECK_EQ(guard_judge(&guard, &request), 403);
	CHECK(strstr(cookie, "; SameSite=Strict") != NULL && strstr(cookie, "; HttpOnly") != NULL);
	request.cookie = text;
	end = strchr(cookie, ';');
	CHECK(end != NULL);
	(void)snprintf(text, sizeof(text), "a=b; %.*s; c=d", (int)(end - cookie), cookie);
	CHECK_EQ(guard_judge(&guard, &request), 200);
	(void)snprintf(text, sizeof(text), "x%.*s", (int)(end - cookie), cookie);
	CHECK_EQ(guard_judge(&guard, &request), 403);
	(void)snprintf(text, sizeof(text), "%.*s0", (int)(end - cookie), cookie);
	CHECK_EQ(guard_judge(&guard, &request), 403);
	/* of a server on another port */
	(void)snprintf(text, sizeof(text), "esc-4712=%s", guard.token);
	CHECK_EQ(guard_judge(&guard, &request), 403);
	(void)snprintf(text, sizeof(text), "esc-4711=");
	CHECK_EQ(guard_judge(&guard, &request), 403);
}

int
main(void)
{
	CHECK(guard_init(&guard, 4711) == 0);
	guard_cookie(&guard, cookie);
	test_host();
	test_method();
	test_origin();
	test_token();
	test_cookie();
	return check_done();
}
