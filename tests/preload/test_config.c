/* ESC_OPTIONS: what is understood, and what is pointed at when it is not. */
#include "preload/config.h"

#include <stddef.h>

#include "preload/record.h"
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
	CHECK_EQ(config.mode, ESC_MODE_AUTO);
	CHECK_EQ(config.budget, 200);
	CHECK_EQ(config.room, 10000);
	CHECK_EQ(config.depth, 1024);
	CHECK(config_parse(&config, "file=/a%3ab%25:mode=sampled:sample=4096:depth=64:follow=1") ==
	    NULL);
	CHECK_STR(config.file, "/a:b%");
	CHECK(config.mode == ESC_MODE_SAMPLED && config.follow);
	CHECK_EQ(config.sample, 4096);
	CHECK_EQ(config.depth, 64);
	CHECK(config_parse(&config, "::mode=full:") == NULL && config.mode == ESC_MODE_FULL);
	CHECK(config_parse(&config, "mode=auto:budget=5") == NULL && config.budget == 500);
	CHECK_EQ(config.mode, ESC_MODE_AUTO);
	CHECK(config_parse(&config, "budget=0.01") == NULL && config.budget == 1);
	CHECK(config_parse(&config, "budget=12.5") == NULL && config.budget == 1250);
	CHECK(config_parse(&config, "budget=100") == NULL && config.budget == 10000);
	refuse("budget=0", "budget=0");
	refuse("budget=0.001", "budget=0.001");
	refuse("budget=.5", "budget=.5");
	refuse("budget=5.", "budget=5.");
	refuse("budget=", "budget=");
	refuse("budget=1.2.3", "budget=1.2.3");
	refuse("budget=100.01", "budget=100.01");
	refuse("budget=-1", "budget=-1");
	refuse("budget=99999999999999999999", "budget=99999999999999999999");
	refuse("mode=ful", "mode=ful");
	refuse("mode=", "mode=");
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
