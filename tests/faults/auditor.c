/*
 * Hazard: an audit library (LD_AUDIT): it lives in a name space of its own, with a
 * libc and TLS of its own, and is there before everybody (reliability 11).
 */
#define _GNU_SOURCE
#include <link.h>
#include <stdint.h>
#include <stdlib.h>

static __thread char block[512];

static void
use(unsigned int seed)
{
	for (unsigned int i = 0; i < 50; i++) {
		block[(seed + i) % 512]++;
		free(malloc(seed % 100 + i));
	}
}

unsigned int
la_version(unsigned int version)
{
	use(version);
	return version;
}

unsigned int
la_objopen(struct link_map *map, Lmid_t id, uintptr_t *cookie)
{
	use((unsigned int)id);
	*cookie = (uintptr_t)map;
	return LA_FLG_BINDTO | LA_FLG_BINDFROM;
}

uintptr_t
la_symbind64(Elf64_Sym *symbol, unsigned int index, uintptr_t *from, uintptr_t *to,
    unsigned int *flags, const char *name)
{
	(void)from, (void)to, (void)flags, (void)name;
	use(index);
	return symbol->st_value;
}

unsigned int
la_objclose(uintptr_t *cookie)
{
	use((unsigned int)*cookie);
	return 0;
}
