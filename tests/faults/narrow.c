/*
 * A 32-bit program of the dynamic linker's that needs no 32-bit C library (reliability 63):
 * cc -m32 -nostdlib -pie -Wl,--dynamic-linker=/lib/ld-linux.so.2. Its loader preloads as any other.
 */
static int
call(int number, int first, const void *second, int third)
{
	int result;

	__asm__ volatile("int $0x80"
			 : "=a"(result)
			 : "0"(number), "b"(first), "c"(second), "d"(third)
			 : "memory");
	return result;
}

void
_start(void)
{
	call(4, 1, "32 bits\n", 8); /* write */
	call(1, 7, 0, 0);           /* exit */
	__builtin_unreachable();
}
