#include "analyzer/util/crc32c.h"

#include <pthread.h>
#include <string.h>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

enum { CRC32C_STEP = 8 }; /* bytes at once */

#define CRC32C_POLYNOMIAL 0x82f63b78U /* reflected */

/* [n][b]: what byte b does with n bytes behind it. */
static uint32_t crc32c_tables[CRC32C_STEP][256];
static pthread_once_t crc32c_once = PTHREAD_ONCE_INIT;

static void
crc32c_make(void)
{
	uint32_t byte, sum;
	int i;

	for (byte = 0; byte < 256; byte++) {
		sum = byte;
		for (i = 0; i < 8; i++)
			sum = sum >> 1 ^ ((sum & 1) != 0 ? CRC32C_POLYNOMIAL : 0);
		crc32c_tables[0][byte] = sum;
	}
	for (i = 1; i < CRC32C_STEP; i++)
		for (byte = 0; byte < 256; byte++) {
			sum = crc32c_tables[i - 1][byte];
			crc32c_tables[i][byte] = sum >> 8 ^ crc32c_tables[0][sum & 0xff];
		}
}

uint32_t
crc32c_table(uint32_t sum, const void *bytes, size_t len)
{
	const uint8_t *at = bytes;
	uint64_t word;
	uint32_t step;
	int i;

	(void)pthread_once(&crc32c_once, crc32c_make);
	sum = ~sum;
	for (; len >= CRC32C_STEP; len -= CRC32C_STEP, at += CRC32C_STEP) {
		memcpy(&word, at, sizeof(word));
		word ^= sum;
		step = 0;
		for (i = 0; i < CRC32C_STEP; i++)
			step ^= crc32c_tables[CRC32C_STEP - 1 - i][word >> (8 * i) & 0xff];
		sum = step;
	}
	for (; len > 0; len--, at++)
		sum = sum >> 8 ^ crc32c_tables[0][(sum ^ *at) & 0xff];
	return ~sum;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) static uint32_t
crc32c_instruction(uint32_t sum, const void *bytes, size_t len)
{
	const uint8_t *at = bytes;
	uint64_t wide = ~sum, word;

	for (; len >= sizeof(word); len -= sizeof(word), at += sizeof(word)) {
		memcpy(&word, at, sizeof(word));
		wide = _mm_crc32_u64(wide, word);
	}
	for (; len > 0; len--, at++)
		wide = _mm_crc32_u8((uint32_t)wide, *at);
	return ~(uint32_t)wide;
}
#endif

uint32_t
crc32c(uint32_t sum, const void *bytes, size_t len)
{
#if defined(__x86_64__)
	if (__builtin_cpu_supports("sse4.2"))
		return crc32c_instruction(sum, bytes, len);
#endif
	return crc32c_table(sum, bytes, len);
}
