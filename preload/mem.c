/*
 * What <string.h> has of what the shim needs: hidden, for its own calls, so that they go
 * to nobody who replaced libc's. Only slow paths come here. The empty asm keeps a compiler
 * from making a call of memcpy out of memcpy.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define MEM_STEP() __asm__ volatile("")

void *
memcpy(void *restrict to, const void *restrict from, size_t size)
{
	uint8_t *out = to;
	const uint8_t *in = from;

	for (; size >= 8; size -= 8, out += 8, in += 8) {
		uint64_t word;

		__builtin_memcpy(&word, in, 8);
		__builtin_memcpy(out, &word, 8);
		MEM_STEP();
	}
	for (size_t i = 0; i < size; i++) {
		out[i] = in[i];
		MEM_STEP();
	}
	return to;
}

void *
memmove(void *to, const void *from, size_t size)
{
	uint8_t *out = to;
	const uint8_t *in = from;

	if (out <= in || out >= in + size) {
		for (size_t i = 0; i < size; i++) {
			out[i] = in[i];
			MEM_STEP();
		}
		return to;
	}
	while (size-- > 0) {
		out[size] = in[size];
		MEM_STEP();
	}
	return to;
}

void *
memset(void *at, int byte, size_t size)
{
	uint64_t word = (uint8_t)byte * 0x0101010101010101ULL;
	uint8_t *out = at;

	for (; size >= 8; size -= 8, out += 8) {
		__builtin_memcpy(out, &word, 8);
		MEM_STEP();
	}
	for (size_t i = 0; i < size; i++) {
		out[i] = (uint8_t)byte;
		MEM_STEP();
	}
	return at;
}

int
memcmp(const void *left, const void *right, size_t size)
{
	const uint8_t *a = left, *b = right;

	for (size_t i = 0; i < size; i++) {
		if (a[i] != b[i])
			return a[i] < b[i] ? -1 : 1;
		MEM_STEP();
	}
	return 0;
}

size_t
strlen(const char *text)
{
	size_t length = 0;

	while (text[length] != 0) {
		length++;
		MEM_STEP();
	}
	return length;
}

int
strcmp(const char *left, const char *right)
{
	for (; *left == *right; left++, right++) {
		if (*left == 0)
			return 0;
		MEM_STEP();
	}
	return (uint8_t)*left < (uint8_t)*right ? -1 : 1;
}
