/* ESC_OPTIONS: what is understood, and what is pointed at when it is not. */
#include "preload/config.h"

#include <stddef.h>

#include "tests/lib/check.h"

static void
refuse(const char *options, const char *at)
{
	struct config config = { 0 };
	const char *bad = config_parse(&config, options);

	CHECK(bad != NULL);
	if (bad != NULL)
		CHECK_STR(bad, at);
}

int
main(void)
{
	struct config config = { 0 };

	CHECK(config_parse(&config, NULL) == NULL);
	CHECK(config.full);
	CHECK_EQ(config.depth, 1024);
	CHECK(config_parse(&config, "file=/a%3ab%25:mode=sampled:sample=4096:depth=64:follow=1") ==
	    NULL);
	CHECK_STR(config.file, "/a:b%");
	CHECK(!config.full && config.follow);
	CHECK_EQ(config.sample, 4096);
	CHECK_EQ(config.depth, 64);
	CHECK(config_parse(&config, "::mode=full:") == NULL && config.full);
	refuse("mode=ful", "mode=ful");
	refuse("depth=8:nonsense=1", "nonsense=1");
	refuse("depth", "depth");
	refuse("depth=", "depth=");
	refuse("depth=7", "depth=7");
	refuse("depth=-1", "depth=-1");
	refuse("depth=99999999999999999999", "depth=99999999999999999999");
	refuse("file=", "file=");
	refuse("file=a%0", "file=a%0");
	refuse("file=a%zz", "file=a%zz");
	refuse("file=a%00", "file=a%00");
	refuse("follow=2", "follow=2");
	return check_done();
}
