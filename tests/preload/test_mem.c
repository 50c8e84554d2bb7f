/* The shim's own string functions against libc's, by other names: all short lengths and
 * offsets, overlaps, what stands around. */
#define memcpy mem_memcpy
#define memmove mem_memmove
#define memset mem_memset
#define memcmp mem_memcmp
#define strlen mem_strlen
#define strcmp mem_strcmp
#include "preload/mem.c"
#undef memcpy
#undef memmove
#undef memset
#undef memcmp
#undef strlen
#undef strcmp

#include "tests/lib/check.h"

void *memcpy(void *to, const void *from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *at, int byte, size_t size);
int memcmp(const void *left, const void *right, size_t size);
size_t strlen(const char *text);
int strcmp(const char *left, const char *right);

enum { ROOM = 160 };

static uint8_t source[ROOM], got[ROOM], want[ROOM];

static void
fill(void)
{
	for (int i = 0; i < ROOM; i++) {
		source[i] = (uint8_t)(i * 37 + 11);
		got[i] = want[i] = (uint8_t)(i * 59 + 5);
	}
}

static void
copies(void)
{
	for (size_t size = 0; size < 70; size++)
		for (size_t a = 0; a < 9; a++)
			for (size_t b = 0; b < 9; b++) {
				fill();
				CHECK(mem_memcpy(got + a, source + b, size) == got + a);
				memcpy(want + a, source + b, size);
				CHECK(memcmp(got, want, ROOM) == 0);
				CHECK(mem_memmove(got + a, got + 3 * b, size) == got + a);
				memmove(want + a, want + 3 * b, size);
				CHECK(memcmp(got, want, ROOM) == 0);
				CHECK(mem_memset(got + b, (int)(a * 60), size) == got + b);
				memset(want + b, (int)(a * 60), size);
				CHECK(memcmp(got, want, ROOM) == 0);
			}
}

static int
sign(int number)
{
	return (number > 0) - (number < 0);
}

static void
comparisons(void)
{
	static const char *const texts[] = { "", "a", "ab", "abc", "abd", "b", "\377", "a\377" };
	static const int count = sizeof(texts) / sizeof(*texts);

	for (int i = 0; i < count; i++) {
		CHECK_EQ(mem_strlen(texts[i]), strlen(texts[i]));
		for (int k = 0; k < count; k++) {
			CHECK(mem_strcmp(texts[i], texts[k]) == sign(strcmp(texts[i], texts[k])));
			for (size_t size = 0; size < 2; size++)
				CHECK(mem_memcmp(texts[i], texts[k], size) ==
				    sign(memcmp(texts[i], texts[k], size)));
		}
	}
}

int
main(void)
{
	copies();
	comparisons();
	return check_done();
}
