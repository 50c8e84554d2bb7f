#include "analyzer/util/show.h"

#include <string.h>

#include "analyzer/util/strbuf.h"
#include "tests/lib/check.h"

typedef size_t show_fn(struct strbuf *, const char *, size_t);
typedef const char *number_fn(char *, double);

static void
shows(show_fn *show, const char *text, size_t columns, const char *want)
{
	struct strbuf got = { 0 };
	size_t used = show(&got, text, columns);

	strbuf_adds(&got, "");
	CHECK_STR(got.text, want);
	CHECK(used <= columns);
	strbuf_release(&got);
}

static void
is(number_fn *number, double value, const char *want)
{
	char buf[SHOW_SIZE];

	CHECK_STR(number(buf, value), want);
}

static void
share(double part, double whole, const char *want)
{
	char buf[SHOW_SIZE];

	CHECK_STR(show_share(buf, part, whole), want);
}

static void
test_text(void)
{
	shows(show_text, "abc", 3, "abc");
	shows(show_text, "abcd", 3, "ab~");
	shows(show_text, "abcd", 1, "~");
	shows(show_text, "", 3, "");
	/* two columns each: a half never shows */
	shows(show_text, "\xe6\x97\xa5\xe6\x9c\xac", 4, "\xe6\x97\xa5\xe6\x9c\xac");
	shows(show_text, "\xe6\x97\xa5\xe6\x9c\xac", 3, "\xe6\x97\xa5~");
	shows(show_text, "\xe6\x97\xa5\xe6\x9c\xac", 2, "~");
	/* an accent of its own takes none */
	shows(show_text, "e\xcc\x81", 1, "e\xcc\x81");
}

static void
test_ends(void)
{
	shows(show_name, "a::b::c", 7, "a::b::c");
	shows(show_name, "abc::def::ghi", 9, "~def::ghi");
	shows(show_name, "abc::def::ghi", 5, "~ghi");
	shows(show_name, "abcdefgh", 4, "abc~");
	/* two functions without names are told apart by the end */
	shows(show_name, "libavfilter.so.8+0x1de470", 12, "~.8+0x1de470");
	shows(show_name, "libx.so+0x1de4", 14, "libx.so+0x1de4");
	shows(show_name, "operator+0xyz", 6, "opera~");
	shows(show_name, "a::operator+", 11, "~operator+");
	shows(show_tail, "/usr/lib/x.c", 12, "/usr/lib/x.c");
	shows(show_tail, "/usr/lib/x.c", 5, "~/x.c");
}

static void
test_numbers(void)
{
	is(show_count, 0, "0");
	is(show_count, 9999, "9999");
	is(show_count, 10000, "10.0 k");
	is(show_count, 1204332, "1.20 M");
	is(show_count, -1, "0");
	is(show_bytes, 0, "0 B");
	is(show_bytes, 1023, "1023 B");
	is(show_bytes, 1024, "1.00 KiB");
	is(show_bytes, 1536, "1.50 KiB");
	is(show_ns, 83, "83 ns");
	is(show_ns, 1500, "1.50 us");
	is(show_ns, 90e9, "1.50 min");
}

static void
test_share(void)
{
	share(0, 0, "0%");
	share(0, 10, "0%");
	share(10, 10, "100%");
	/* never all or nothing where it is not */
	share(1, 1e6, "<0.1%");
	share(1e6 - 1, 1e6, ">99.9%");
	share(997, 1000, "99.7%");
	share(1, 20, "5.0%");
	share(1, 2, "50%");
}

/* A word is singular where the number before it is written "1". */
static void
test_one(void)
{
	static const double counts[] = { 0, 0.4, 0.5, 0.6, 1, 1.4, 1.5, 1.6, 2, 10, 9999, 1e6 };
	char buf[SHOW_SIZE];

	for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++)
		CHECK_STR(
		    show_s(counts[i]), strcmp(show_count(buf, counts[i]), "1") == 0 ? "" : "s");
	CHECK(show_is_one(1));
	CHECK(!show_is_one(0) && !show_is_one(2));
}

int
main(void)
{
	test_text();
	test_ends();
	test_numbers();
	test_share();
	test_one();
	return check_done();
}
