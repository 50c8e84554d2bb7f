#include "preload/clock.h"

#include <elf.h>
#include <stddef.h>
#include <string.h>

#include "preload/sys.h"

static int
clock_system(clockid_t clock, struct timespec *now)
{
	return (int)arch_syscall(SYS_clock_gettime, clock, (long)now, 0, 0, 0, 0);
}

int (*clock_real)(clockid_t clock, struct timespec *now) = clock_system;
int (*clock_getcpu)(unsigned int *cpu, unsigned int *node, void *unused);

/* What is needed of an image's dynamic section. */
struct clock_image {
	const Elf64_Sym *symbols;
	const char *strings;
	const uint32_t *hash; /* DT_GNU_HASH */
	uint64_t bias;
};

static const void *
clock_segment(uint64_t base, struct clock_image *image)
{
	const Elf64_Ehdr *header = (const void *)base;
	const Elf64_Phdr *segment = (const void *)(base + header->e_phoff);
	const void *dynamic = NULL;

	if (memcmp(header->e_ident, ELFMAG, SELFMAG) != 0)
		return NULL;
	image->bias = base;
	for (unsigned int i = 0; i < header->e_phnum; i++) {
		if (segment[i].p_type == PT_LOAD && segment[i].p_offset == 0)
			image->bias = base - segment[i].p_vaddr;
		if (segment[i].p_type == PT_DYNAMIC)
			dynamic = (const void *)(base + segment[i].p_offset);
	}
	return dynamic;
}

static void
clock_dynamic(const Elf64_Dyn *dynamic, struct clock_image *image)
{
	for (; dynamic->d_tag != DT_NULL; dynamic++) {
		const void *at = (const void *)(image->bias + dynamic->d_un.d_ptr);

		if (dynamic->d_tag == DT_SYMTAB)
			image->symbols = at;
		else if (dynamic->d_tag == DT_STRTAB)
			image->strings = at;
		else if (dynamic->d_tag == DT_GNU_HASH)
			image->hash = at;
	}
}

/* NULL: it has none of that name. */
static const void *
clock_symbol(const struct clock_image *image, const char *name)
{
	uint32_t count = image->hash[0], first = image->hash[1], bloom = image->hash[2];
	const uint32_t *buckets = image->hash + 4 + (size_t)bloom * 2;
	const uint32_t *chain = buckets + count;
	uint32_t hash = 5381, at;

	for (const char *c = name; *c != 0; c++)
		hash = hash * 33 + (uint8_t)*c;
	at = count != 0 ? buckets[hash % count] : 0;
	for (; at >= first && at != 0; at++) {
		const Elf64_Sym *symbol = &image->symbols[at];

		if ((chain[at - first] | 1) == (hash | 1) && symbol->st_shndx != SHN_UNDEF &&
		    strcmp(image->strings + symbol->st_name, name) == 0)
			return (const void *)(image->bias + symbol->st_value);
		if (chain[at - first] & 1)
			return NULL;
	}
	return NULL;
}

void
clock_start(uint64_t vdso)
{
	struct clock_image image = { 0 };
	const void *dynamic = vdso != 0 ? clock_segment(vdso, &image) : NULL;
	const void *found = NULL, *getcpu = NULL;

	clock_real = clock_system;
	if (dynamic != NULL)
		clock_dynamic(dynamic, &image);
	if (image.symbols != NULL && image.strings != NULL && image.hash != NULL) {
		found = clock_symbol(&image, "__vdso_clock_gettime");
		getcpu = clock_symbol(&image, "__vdso_getcpu");
	}
	/* ISO C has no cast from object to function pointers; POSIX demands one. */
	if (found != NULL)
		__builtin_memcpy(&clock_real, &found, sizeof(found));
	__builtin_memcpy(&clock_getcpu, &getcpu, sizeof(getcpu));
}
