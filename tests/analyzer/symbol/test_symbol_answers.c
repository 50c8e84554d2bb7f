/* All answers of this very program are the same from the cache; and where the cache was
 * made up, with a checksum that is right, they are some answers still. */
#include <dirent.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "analyzer/flow/flow.h"
#include "analyzer/symbol/symbol.h"
#include "analyzer/symbol/symbol_elf.h"
#include "analyzer/util/bytes.h"
#include "analyzer/util/strbuf.h"
#include "tests/lib/check.h"

enum { HEAD = 16, FUNCTIONS = 60, MUTATIONS = 30, DEEP = 12 };

static uint64_t seed = 21;
static char directory[] = "/tmp/esc-answers-XXXXXX";
static char program[4096];
static struct symbol_elf file;
static struct symbol_table table;

static uint64_t
next_random(uint64_t below)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (seed >> 20) % below;
}

static void
tell_place(struct strbuf *out, const struct symbol_place *place)
{
	size_t i;

	strbuf_addf(out, "%" PRIx64 " %d%d:", place->function, place->startup, place->once);
	for (i = 0; i < place->count; i++) {
		const struct symbol_frame *frame = &place->frames[i];

		strbuf_addf(out, " %s %s %s:%u:%u %" PRIx64 " %" PRIx64 " %d", frame->function,
		    frame->symbol != NULL ? frame->symbol : "-",
		    frame->file != NULL ? frame->file : "-", frame->line, frame->column,
		    frame->instance, frame->entry, frame->inlined);
	}
	strbuf_adds(out, "\n");
}

static void
tell_chain(struct strbuf *out, struct symbol *symbol, uint32_t handle, uint64_t site,
    const struct symbol_callee *callee)
{
	struct symbol_scope scope = { &handle, 1, 0 };
	struct symbol_chain chain;
	size_t i;

	symbol_tail_chain(symbol, handle, site, callee, &scope, &chain);
	strbuf_addf(out, "chain %d %d %zu\n", (int)chain.kind, chain.indirect, chain.count);
	for (i = 0; i < chain.count; i++)
		tell_place(out, chain.places[i]);
}

static void
tell_function(struct strbuf *out, struct symbol *symbol, uint32_t handle, uint64_t start)
{
	static const char *const names[] = { "free", NULL };
	struct symbol_callee hook = { .names = names };
	struct symbol_callee place = { .module = handle, .offset = start + 1 };
	struct flow *flow = symbol_flow(symbol, handle, start);
	const char *name;
	const uint64_t *sites;
	size_t count;
	size_t i;

	tell_place(out, symbol_resolve(symbol, handle, start, false));
	if (flow == NULL)
		return;
	sites = flow_sites(flow, &count);
	for (i = 0; i < count && i < DEEP; i++) {
		struct flow_callee callee;

		flow_callee(flow, sites[i], &callee);
		name = symbol_callee_name(symbol, handle, callee.address, callee.slot);
		strbuf_addf(out, "%" PRIx64 " %s %d %d %d\n", sites[i], name != NULL ? name : "-",
		    (int)flow_reaches(flow, sites[i], sites[count / 2]),
		    (int)flow_passes(flow, start, sites[i]), (int)flow_always(flow, sites[i]));
		tell_place(out, symbol_resolve(symbol, handle, sites[i], true));
		tell_chain(out, symbol, handle, sites[i], i % 2 == 0 ? &hook : &place);
	}
}

/* Asks everything; out is then the answers. */
static void
ask(struct strbuf *out, const char *cache, struct symbol_cached *cached)
{
	struct symbol *symbol = symbol_new();
	struct symbol_module module = { .path = program };
	uint32_t handle;
	size_t i;

	symbol_elf_build_id(&file, &module.build_id, &module.build_id_len);
	symbol_set_cache(symbol, cache);
	handle = symbol_add_module(symbol, &module);
	for (i = 0; i < FUNCTIONS; i++)
		tell_function(
		    out, symbol, handle, table.fdes[i * table.fde_count / FUNCTIONS].start);
	strbuf_addf(out, "%d %d\n", (int)symbol_module_state(symbol, handle),
	    (int)symbol_code_state(symbol, handle));
	symbol_save_cache(symbol, cached);
	symbol_free(symbol);
}

/* The path of the only file in the directory; to be freed. */
static char *
find_file(void)
{
	DIR *list = opendir(directory);
	const struct dirent *entry;
	struct strbuf path = { 0 };

	while (list != NULL && (entry = readdir(list)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		CHECK(path.len == 0);
		strbuf_addf(&path, "%s/%s", directory, entry->d_name);
	}
	if (list != NULL)
		closedir(list);
	return path.text;
}

static void
write_file(const char *path, const struct bytes *bytes)
{
	FILE *to = fopen(path, "wb");

	CHECK(
	    to != NULL && fwrite(bytes->data, 1, bytes->len, to) == bytes->len && fclose(to) == 0);
}

static void
read_file(const char *path, struct bytes *bytes)
{
	FILE *from = fopen(path, "rb");
	uint8_t buffer[4096];
	size_t got;

	while (from != NULL && (got = fread(buffer, 1, sizeof(buffer), from)) > 0)
		bytes_add(bytes, buffer, got);
	if (from != NULL)
		fclose(from);
}

static void
check_made_up(const char *path)
{
	struct bytes good = { 0 };
	struct bytes bad = { 0 };
	size_t tries;
	size_t i;

	read_file(path, &good);
	CHECK(good.len > HEAD * 100);
	for (tries = 0; tries < MUTATIONS; tries++) {
		struct symbol_cached cached;
		struct strbuf out = { 0 };
		uint64_t sum;

		bad.len = 0;
		bytes_add(&bad, good.data, good.len);
		/* behind the key and the texts, mostly */
		for (i = 0; i < 1 + tries * 8; i++) {
			size_t from = next_random(8) == 0 ? HEAD : good.len / 3;

			bad.data[from + next_random(good.len - from)] =
			    next_random(2) == 0 ? 0xff : (uint8_t)next_random(256);
		}
		sum = XXH3_64bits(bad.data + HEAD, bad.len - HEAD);
		memcpy(bad.data + HEAD - sizeof(sum), &sum, sizeof(sum));
		write_file(path, &bad);
		ask(&out, directory, &cached);
		CHECK(out.len > 0);
		strbuf_release(&out);
	}
	write_file(path, &good);
	bytes_release(&good);
	bytes_release(&bad);
}

int
main(void)
{
	struct symbol_cached cached;
	struct strbuf none = { 0 };
	struct strbuf cold = { 0 };
	struct strbuf warm = { 0 };
	ssize_t len = readlink("/proc/self/exe", program, sizeof(program) - 1);
	const uint8_t *id;
	size_t id_len;
	char *path;

	if (len <= 0 || mkdtemp(directory) == NULL)
		return 99;
	program[len] = '\0';
	if (symbol_elf_open(&file, program) != SYMBOL_ELF_OK)
		return 99;
	if (!symbol_elf_build_id(&file, &id, &id_len)) {
		rmdir(directory);
		return 77;
	}
	symbol_elf_load_code(&table, &file);
	ask(&none, NULL, &cached);
	CHECK(none.len > 2000 && cached.added == 0);
	ask(&cold, directory, &cached);
	CHECK(cached.modules == 0 && cached.added > 100 && cached.written == 1);
	ask(&warm, directory, &cached);
	CHECK(cached.modules == 1 && cached.added == 0 && cached.found > 100);
	CHECK_STR(cold.text, none.text);
	CHECK_STR(warm.text, none.text);
	path = find_file();
	CHECK(path != NULL);
	check_made_up(path);
	CHECK(unlink(path) == 0 && rmdir(directory) == 0);
	free(path);
	strbuf_release(&none);
	strbuf_release(&cold);
	strbuf_release(&warm);
	symbol_elf_release(&table);
	symbol_elf_close(&file);
	return check_done();
}
