#include "tests/lib/fakering.h"

#include <sys/mman.h>

#include "preload/ring.h"

bool
fakering_start(uint64_t size)
{
	ring.base = mmap(
	    NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	ring.process =
	    mmap(NULL, ESC_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (ring.base == MAP_FAILED || ring.process == MAP_FAILED)
		return false;
	ring.size = size;
	ring.header = (struct esc_header *)(void *)ring.base;
	ring.header->magic = ESC_MAGIC;
	ring.header->version = ESC_VERSION;
	ring.header->endian = ESC_ENDIAN;
	ring.header->header_size = ESC_HEADER_SIZE;
	ring.header->arch = ESC_ARCH_X86_64;
	ring.header->mode = ESC_MODE_FULL;
	ring.header->clock = ESC_CLOCK_TSC;
	ring.header->reserved_end = size;
	ring.header->claimed = ESC_HEADER_SIZE;
	return ring_process() != 0;
}
