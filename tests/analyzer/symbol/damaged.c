/*
 * damaged MUTANTS SEED MODULE [FILE]: asks everything of a module whose own file, or
 * another FILE that belongs to it, is damaged in MUTANTS ways, the same ones each time.
 * Whatever comes of it: the resolver is not hurt, answers are bounded and come in time,
 * and another module keeps its names. Prints how the module was read, and how often its
 * process was lost and why. MUTANTS 0: FILE as it is, and most memory at a time: ours, its
 * processes'.
 */
#include <elf.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "analyzer/flow/flow.h"
#include "analyzer/symbol/symbol.h"
#include "analyzer/symbol/symbol_elf.h"
#include "analyzer/symbol/symbol_wire.h"

enum { FUNCTIONS = 12, SITES = 4, SECONDS = 120, REASONS = 32, FRAMES = 128 };

static const char *const states[] = { [SYMBOL_UNUSED] = "unused",
	[SYMBOL_DWARF] = "dwarf",
	[SYMBOL_SYMTAB] = "symtab",
	[SYMBOL_SPLIT] = "split",
	[SYMBOL_PARTIAL] = "partial",
	[SYMBOL_MISSING] = "missing",
	[SYMBOL_MISMATCH] = "mismatch",
	[SYMBOL_UNREADABLE] = "unreadable",
	[SYMBOL_FAILED] = "failed" };

static uint64_t seed;
static uint64_t starts[FUNCTIONS];
static unsigned counts[SYMBOL_SPLIT + 1];
static char reasons[REASONS][96];
static unsigned reason_counts[REASONS];
static unsigned named; /* mutants of which some names were had */

static uint64_t
next_random(uint64_t below)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return below > 0 ? (seed >> 20) % below : 0;
}

static void
require(bool condition, const char *what)
{
	if (condition)
		return;
	printf("FAIL: %s\n", what);
	exit(1);
}

/* ---- damage ---- */

/* A section of the file with bytes in it, and all of its header; debug information more
 * often than others. */
static bool
pick_section(const uint8_t *bytes, size_t size, Elf64_Shdr *section, size_t *header)
{
	Elf64_Ehdr head;
	unsigned tries;

	memcpy(&head, bytes, sizeof(head));
	if (head.e_shnum == 0 || head.e_shoff > size ||
	    head.e_shnum * sizeof(*section) > size - head.e_shoff)
		return false;
	for (tries = 0; tries < 50; tries++) {
		*header = head.e_shoff + next_random(head.e_shnum) * sizeof(*section);
		memcpy(section, bytes + *header, sizeof(*section));
		if (section->sh_type != SHT_NOBITS && section->sh_size > 0 &&
		    section->sh_offset < size && section->sh_size <= size - section->sh_offset &&
		    (tries > 10 || (section->sh_flags & SHF_ALLOC) == 0))
			return true;
	}
	return false;
}

static void
flip_bits(uint8_t *bytes, size_t size)
{
	unsigned count = 1 + (unsigned)next_random(8);

	while (size > 0 && count-- > 0)
		bytes[next_random(size)] ^= (uint8_t)(1U << next_random(8));
}

/* Sizes, offsets, counts that are far too large, or lead back. */
static void
set_words(uint8_t *bytes, size_t size)
{
	static const uint64_t values[] = { 0, 1, 0x7fffffff, 0x80000000, 0xffffffff, 0xfffffff0,
		INT64_MAX, UINT64_MAX, UINT64_MAX - 15, 0x0b, 0x0c, 0x100000000 };
	unsigned count = 1 + (unsigned)next_random(4);

	while (size >= 8 && count-- > 0) {
		uint64_t value = values[next_random(sizeof(values) / sizeof(values[0]))];
		size_t width = next_random(2) == 0 ? 4 : 8;

		if (next_random(4) == 0)
			value = next_random(size);
		memcpy(bytes + next_random(size - 7), &value, width);
	}
}

/* A piece of it at another place: entries that refer to themselves, numbers twice. */
static void
move_piece(uint8_t *bytes, size_t size)
{
	size_t len = 1 + next_random(size < 64 ? size : 64);

	if (size >= len)
		memmove(
		    bytes + next_random(size - len + 1), bytes + next_random(size - len + 1), len);
}

/* A number without an end. */
static void
fill(uint8_t *bytes, size_t size)
{
	static const uint8_t values[] = { 0x00, 0xff, 0x80, 0x41 };
	size_t at = next_random(size);
	size_t len = 1 + next_random(size - at < 300 ? size - at : 300);

	if (size > 0)
		memset(bytes + at, values[next_random(4)], len);
}

static void
damage(uint8_t *bytes, size_t *size)
{
	static void (*const ways[])(uint8_t *, size_t) = { flip_bits, set_words, move_piece, fill };
	Elf64_Shdr section;
	size_t header;

	switch (next_random(8)) {
	case 0: *size = next_random(*size); return;
	case 1: ways[next_random(2)](bytes, sizeof(Elf64_Ehdr)); return;
	case 2: ways[next_random(4)](bytes, *size); return;
	default: break;
	}
	if (!pick_section(bytes, *size, &section, &header))
		return;
	if (next_random(6) == 0)
		ways[next_random(2)](bytes + header, sizeof(section));
	else if (next_random(4) == 0) /* where units, tables and names begin */
		ways[next_random(4)](
		    bytes + section.sh_offset, section.sh_size < 64 ? section.sh_size : 64);
	else
		ways[next_random(4)](bytes + section.sh_offset, section.sh_size);
}

static uint8_t *
read_file(const char *path, size_t *size)
{
	FILE *file = fopen(path, "rb");
	uint8_t *bytes;
	long end;

	require(file != NULL && fseek(file, 0, SEEK_END) == 0, path);
	end = ftell(file);
	require(end > (long)sizeof(Elf64_Ehdr), path);
	*size = (size_t)end;
	bytes = malloc(*size);
	rewind(file);
	require(bytes != NULL && fread(bytes, 1, *size, file) == *size, path);
	fclose(file);
	return bytes;
}

static void
write_file(const char *path, const uint8_t *bytes, size_t size)
{
	FILE *file = fopen(path, "wb");

	require(file != NULL && fwrite(bytes, 1, size, file) == size && fclose(file) == 0,
	    "cannot write the damaged file");
}

/* ---- questions ---- */

static void
check_text(const char *text)
{
	require(text == NULL || strlen(text) <= SYMBOL_WIRE_TEXT_MAX, "a text is too long");
}

static bool
check_place(const struct symbol_place *place)
{
	size_t i;

	require(place->count >= 1 && place->count <= FRAMES, "too many frames, or none");
	for (i = 0; i < place->count; i++) {
		require(place->frames[i].function != NULL, "no name");
		check_text(place->frames[i].function);
		check_text(place->frames[i].symbol);
		check_text(place->frames[i].file);
	}
	return place->frames[0].line > 0;
}

static void
ask_calls(struct symbol *symbol, uint32_t handle, uint64_t start)
{
	static const char *const names[] = { "free", NULL };
	struct symbol_callee hook = { .names = names };
	struct symbol_callee place = { .module = handle, .offset = start };
	struct symbol_scope scope = { &handle, 1, 0 };
	struct flow *flow = symbol_flow(symbol, handle, start);
	struct symbol_chain chain;
	const uint64_t *sites;
	size_t count = 0;
	size_t i;

	sites = flow != NULL ? flow_sites(flow, &count) : NULL;
	for (i = 0; i < count && i < SITES; i++) {
		struct flow_callee callee;

		check_place(symbol_resolve(symbol, handle, sites[i], true));
		symbol_tail_chain(symbol, handle, sites[i], &hook, &scope, &chain);
		require(chain.count <= SYMBOL_CHAIN_MAX, "a chain is too long");
		symbol_tail_chain(symbol, handle, sites[i], &place, &scope, &chain);
		require(chain.count <= SYMBOL_CHAIN_MAX, "a chain is too long");
		(void)flow_reaches(flow, sites[i], sites[count - 1]);
		if (flow_callee(flow, sites[i], &callee))
			check_text(symbol_callee_name(symbol, handle, callee.address, callee.slot));
	}
}

static void
count_reason(const char *why)
{
	size_t i;

	for (i = 0; i + 1 < REASONS && reasons[i][0] != '\0'; i++) {
		if (strcmp(reasons[i], why) == 0)
			break;
	}
	snprintf(reasons[i], sizeof(reasons[i]), "%s", why);
	reason_counts[i]++;
}

/* neighbour: a file that is not damaged. */
static enum symbol_state
ask(const char *path, const char *neighbour)
{
	struct symbol *symbol = symbol_new();
	uint32_t other = symbol_add_module(symbol, &(struct symbol_module){ .path = neighbour });
	uint32_t handle = symbol_add_module(symbol, &(struct symbol_module){ .path = path });
	const struct symbol_place *place;
	enum symbol_state state, whole;
	bool any = false;
	size_t i;

	symbol_set_debug_root(symbol, "/nonexistent");
	for (i = 0; i < FUNCTIONS; i++) {
		any |= check_place(symbol_resolve(symbol, handle, starts[i], false));
		ask_calls(symbol, handle, starts[i]);
		place = symbol_resolve(symbol, other, starts[i], false);
		require(strncmp(place->frames[place->count - 1].function, "??", 2) != 0,
		    "a neighbour lost its names");
	}
	named += any;
	state = symbol_module_state(symbol, handle);
	counts[state]++;
	if (state == SYMBOL_FAILED)
		count_reason(symbol_module_failure(symbol, handle));
	whole = symbol_module_state(symbol, other);
	/* split: what is damaged may be the .dwo of both */
	require((whole >= SYMBOL_DWARF && whole <= SYMBOL_PARTIAL) || whole == SYMBOL_SPLIT,
	    "a neighbour failed");
	symbol_free(symbol);
	return state;
}

static void
find_starts(const char *path)
{
	struct symbol_table table = { 0 };
	struct symbol_elf file;
	size_t i;

	require(symbol_elf_open(&file, path) == SYMBOL_ELF_OK, path);
	symbol_elf_load_code(&table, &file);
	require(table.fde_count > 3, "no functions");
	/* the last ones are the program's own: before them stubs and start-up code */
	for (i = 0; i < FUNCTIONS; i++)
		starts[i] = table.fdes[table.fde_count - 1 - i % (table.fde_count - 2)].start;
	symbol_elf_release(&table);
	symbol_elf_close(&file);
}

static void
report(const char *file, unsigned mutants, double most)
{
	size_t i;

	printf("%s: %u mutants, lines of %u, at most %.1f s:", file, mutants, named, most);
	for (i = 0; i <= SYMBOL_SPLIT; i++) {
		if (counts[i] > 0)
			printf(" %s %u", states[i], counts[i]);
	}
	for (i = 0; i < REASONS && reasons[i][0] != '\0'; i++)
		printf("\n  failed by %s: %u", reasons[i], reason_counts[i]);
	printf("\n");
}

static void
report_memory(void)
{
	struct rusage own;
	struct rusage others;

	getrusage(RUSAGE_SELF, &own);
	/* of those that were waited for, by whom we wait for */
	getrusage(RUSAGE_CHILDREN, &others);
	printf("memory %ld %ld\n", own.ru_maxrss >> 10, others.ru_maxrss >> 10);
}

static double
seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int
main(int argc, char **argv)
{
	const char *path = argc > 3 ? argv[3] : "";
	const char *file = argc > 4 ? argv[4] : path;
	unsigned mutants = argc > 1 ? (unsigned)atoi(argv[1]) : 0;
	char neighbour[4096];
	uint8_t *bytes;
	uint8_t *copy;
	double most = 0;
	size_t size;
	unsigned i;

	if (argc < 4)
		return 99;
	seed = strtoull(argv[2], NULL, 10);
	find_starts(path);
	snprintf(neighbour, sizeof(neighbour), "%s.good", path);
	bytes = read_file(path, &size);
	write_file(neighbour, bytes, size);
	free(bytes);
	if (mutants == 0) {
		alarm(SECONDS);
		ask(file, neighbour);
		report(file, 0, 0);
		report_memory();
		return 0;
	}
	bytes = read_file(file, &size);
	copy = malloc(size);
	require(copy != NULL, "no memory");
	for (i = 0; i < mutants; i++) {
		double begin = seconds();
		size_t damaged = size;

		memcpy(copy, bytes, size);
		do
			damage(copy, &damaged);
		while (next_random(3) == 0);
		write_file(file, copy, damaged);
		alarm(SECONDS); /* a hang is a failure */
		ask(path, neighbour);
		most = seconds() - begin > most ? seconds() - begin : most;
	}
	write_file(file, bytes, size);
	report(file, mutants, most);
	free(bytes);
	free(copy);
	return 0;
}
