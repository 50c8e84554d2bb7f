/*
 * A file that a trace names as a module: what its reader answers is bounded, has its
 * texts, and is the same each time.
 *
 * esc asks in a process of its own, where a fault inside of elfutils costs a module's
 * names. So a child asks first here (tests/fuzz/contained.h), and what ends it inside of
 * elfutils is left at that; all else is asked again in this process, where the engine
 * sees what was run.
 */
#define _GNU_SOURCE
#include <elf.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "analyzer/symbol/resolver.h"
#include "tests/fuzz/contained.h"
#include "tests/fuzz/fuzz.h"

enum { ELF_PLACES = 48, ELF_FRAMES = 1 << 16 };

static int elf_fd = -1;
static char elf_path[32];

static void
elf_write(const uint8_t *data, size_t size)
{
	if (elf_fd < 0) {
		elf_fd = memfd_create("elf", MFD_CLOEXEC);
		(void)snprintf(elf_path, sizeof(elf_path), "/proc/self/fd/%d", elf_fd);
	}
	FUZZ_CHECK(elf_fd >= 0 && ftruncate(elf_fd, 0) == 0);
	FUZZ_CHECK(pwrite(elf_fd, data, size, 0) == (ssize_t)size);
}

static void
elf_check_place(struct resolver *resolver, uint64_t address)
{
	const struct symbol_place *place = resolver_place(resolver, address);

	if (place == NULL)
		return;
	FUZZ_CHECK(place->count >= 1 && place->count < ELF_FRAMES);
	for (size_t i = 0; i < place->count; i++) {
		FUZZ_CHECK(place->frames[i].function != NULL && place->frames[i].function[0] != 0);
		FUZZ_CHECK(place->frames[i].symbol != NULL && place->frames[i].file != NULL);
		FUZZ_CHECK(place->frames[i].inlined == (i + 1 < place->count));
	}
}

static void
elf_ask(struct resolver *resolver, uint64_t address)
{
	uint64_t function = resolver_function(resolver, address);
	struct resolver_edges edges = { 0 };
	struct symbol_frame frame = { .file = "" };
	struct symbol_target target;

	elf_check_place(resolver, address);
	FUZZ_CHECK(resolver_function(resolver, address) == function);
	target = resolver_call(resolver, address);
	FUZZ_CHECK(target.kind <= SYMBOL_TARGET_NAME);
	if (function == 0)
		return;
	resolver_declared(resolver, function, &frame);
	FUZZ_CHECK(frame.file != NULL);
	(void)resolver_flow(resolver, function);
	resolver_find_edges(resolver, function, &edges);
	free(edges.list);
}

static void
elf_ask_all(void)
{
	struct symbol_module module = { .path = elf_path };
	struct resolver *resolver = resolver_new(&module, NULL);
	Elf64_Ehdr head = { .e_entry = 0 };
	uint64_t entry;

	FUZZ_CHECK(pread(elf_fd, &head, sizeof(head), 0) >= 0);
	entry = head.e_entry;
	resolver_open(resolver);
	FUZZ_CHECK(resolver_state(resolver) != SYMBOL_UNUSED);
	(void)resolver_code_state(resolver);
	for (uint64_t i = 0; i < ELF_PLACES; i++) {
		elf_ask(resolver, entry + i * 5);
		elf_ask(resolver, 0x1000 + i * 16);
	}
	(void)resolver_export(resolver, "main");
	(void)resolver_callee(resolver, entry, false);
	resolver_free(resolver);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const theirs[] = { "/libdw", "/libelf", NULL };

	elf_write(data, size);
	if (!contained_in(theirs, elf_ask_all))
		elf_ask_all();
	return 0;
}
