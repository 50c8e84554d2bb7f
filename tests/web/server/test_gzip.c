/* What is packed comes back; what is cut, longer or something else does not. */
#include <stdlib.h>
#include <string.h>

#include "tests/lib/check.h"
#include "web/server/gzip.h"

static void
there_and_back(const char *bytes, size_t len, int level)
{
	size_t packed;
	char *there = gzip_pack(bytes, len, level, &packed);
	char *back;

	CHECK(there && packed >= 18 && (unsigned char)there[0] == 0x1f &&
	    (unsigned char)there[1] == 0x8b);
	back = gzip_unpack(there, packed, len);
	CHECK(back && memcmp(back, bytes, len) == 0);
	free(back);
	CHECK(!gzip_unpack(there, packed, len + 1));
	CHECK(len == 0 || !gzip_unpack(there, packed, len - 1));
	CHECK(!gzip_unpack(there, packed - 9, len));
	CHECK(!gzip_unpack(there, 0, len));
	there[packed - 8] = (char)~there[packed - 8]; /* its checksum */
	CHECK(!gzip_unpack(there, packed, len));
	free(there);
}

int
main(void)
{
	enum { MANY = 3 << 20 };
	char *bytes = calloc(1, MANY);
	unsigned seed = 1;

	CHECK(bytes != NULL);
	there_and_back("", 0, GZIP_QUICK);
	there_and_back("a", 1, GZIP_SMALL);
	there_and_back(bytes, MANY, GZIP_QUICK);
	/* what cannot be packed is longer then */
	for (size_t i = 0; i < MANY; i++) {
		seed = seed * 1103515245 + 12345;
		bytes[i] = (char)(seed >> 16);
	}
	there_and_back(bytes, MANY, GZIP_SMALL);
	there_and_back(bytes, 65535, GZIP_QUICK);
	free(bytes);
	return check_done();
}
