#include "analyzer/util/strbuf.h"

#include <stdlib.h>

#include "analyzer/util/err.h"
#include "analyzer/util/xalloc.h"
#include "tests/lib/check.h"

static void
test_err(void)
{
	struct err err;
	char *lots = xcalloc(1, 5000);

	memset(lots, 'x', 4999);
	CHECK(err_set(&err, "%s: %d", "file", 7) == -1);
	CHECK_STR(err.text, "file: 7");
	CHECK(err_set(&err, "%s", lots) == -1);
	CHECK_EQ(strlen(err.text), sizeof(err.text) - 1);
	free(lots);
}

static void
test_xalloc(void)
{
	size_t cap = 0;
	int *block = xgrow(NULL, &cap, 1, sizeof(*block));
	char *text;

	CHECK(cap >= 1);
	block = xgrow(block, &cap, 1000, sizeof(*block));
	CHECK(cap >= 1000);
	block[999] = 1;
	free(block);
	text = xstrndup("abc", 2);
	CHECK_STR(text, "ab");
	free(text);
	text = xasprintf("%d", 12);
	CHECK_STR(text, "12");
	free(text);
}

int
main(void)
{
	struct strbuf buf = { 0 };
	int i;

	strbuf_clear(&buf);
	strbuf_add(&buf, "", 0);
	CHECK_STR(buf.text, "");
	for (i = 0; i < 1000; i++)
		strbuf_addf(&buf, "%03d,", i);
	CHECK_EQ(buf.len, 4000);
	CHECK_STR(buf.text + 3996, "999,");
	strbuf_clear(&buf);
	strbuf_adds(&buf, "a");
	CHECK_STR(buf.text, "a");
	strbuf_release(&buf);
	CHECK(buf.text == NULL && buf.len == 0);
	test_err();
	test_xalloc();
	return check_done();
}
