/*
 * Any bytes as the file of what was found out about a module: they are used exactly where
 * magic, sum, key, texts and answers are right, as a slow reader says, and give what
 * stands there; what was added since comes back with it from the file that is written
 * then, or alone where the old was distrusted.
 */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "analyzer/symbol/symbol_cache.h"
#include "tests/fuzz/fuzz.h"

enum { CACHE_MOST = 4096, CACHE_TEXTS = 4096 };

static const char cache_magic[] = "ESCSYM1\n";
static const uint8_t cache_id[] = { 0xab, 0xcd };
static const uint8_t cache_key_bytes[] = "key";
static const struct bytes cache_key = { (uint8_t *)(uintptr_t)cache_key_bytes, 3, 3 };

static char cache_directory[32];
static char cache_path[64];

/* ---- the file ---- */

/* Anew for each input: a fuzzer ends without a word. */
static void
cache_begin(void)
{
	(void)strcpy(cache_directory, "/tmp/esc-fuzz-XXXXXX");
	FUZZ_CHECK(mkdtemp(cache_directory) != NULL);
	(void)snprintf(cache_path, sizeof(cache_path), "%s/abcd.sym", cache_directory);
}

static void
cache_end(void)
{
	FUZZ_CHECK(unlink(cache_path) == 0 && rmdir(cache_directory) == 0);
}

static void
cache_write(const struct bytes *file)
{
	FILE *out = fopen(cache_path, "wb");

	FUZZ_CHECK(out != NULL && fwrite(file->data, 1, file->len, out) == file->len);
	FUZZ_CHECK(fclose(out) == 0);
}

/* The input as it is, or what stands behind a head that is right. */
static void
cache_make(struct bytes *file, struct fuzz_input *input)
{
	uint8_t how = fuzz_byte(input);
	uint64_t sum = 0;

	if (how % 4 == 0) {
		bytes_add(file, input->at, input->left);
		return;
	}
	bytes_add(file, cache_magic, 8);
	bytes_add(file, &sum, sizeof(sum));
	if (how % 4 != 1) {
		bytes_add_number(file, cache_key.len);
		bytes_add(file, cache_key.data, cache_key.len);
	}
	bytes_add(file, input->at, input->left);
	sum = XXH3_64bits(file->data + 16, file->len - 16);
	memcpy(file->data + 8, &sum, sizeof(sum));
}

/* ---- the slow reader ---- */

struct cache_answer {
	uint8_t kind;
	uint64_t question;
	const uint8_t *bytes;
	size_t size;
};

static struct {
	const uint8_t *at, *end;
	bool bad;
	const char *texts[CACHE_TEXTS];
	size_t text_count;
	struct cache_answer answers[CACHE_MOST];
	size_t count;
} slow;

static uint64_t
cache_number(void)
{
	unsigned __int128 number = 0;
	unsigned digits = 0;
	uint8_t byte = 0x80;

	while (byte >= 0x80 && digits < 10 && slow.at < slow.end) {
		byte = *slow.at++;
		number |= (unsigned __int128)(byte & 0x7f) << (7 * digits++);
	}
	slow.bad = slow.bad || byte >= 0x80 || number > UINT64_MAX;
	return (uint64_t)number;
}

/* A size and so many bytes; NULL: not so many are there. */
static const uint8_t *
cache_block(size_t *size)
{
	const uint8_t *block;

	*size = cache_number();
	slow.bad = slow.bad || *size > (size_t)(slow.end - slow.at);
	if (slow.bad)
		return NULL;
	block = slow.at;
	slow.at += *size;
	return block;
}

static void
cache_read_texts(void)
{
	size_t size, at;
	const uint8_t *texts = cache_block(&size);

	slow.bad = slow.bad || (size > 0 && texts[size - 1] != 0);
	if (slow.bad)
		return;
	for (at = 0; at < size; at += strlen((const char *)texts + at) + 1) {
		FUZZ_CHECK(slow.text_count < CACHE_TEXTS);
		slow.texts[slow.text_count++] = (const char *)texts + at;
	}
}

static void
cache_read_answers(void)
{
	size_t size;
	const uint8_t *all = cache_block(&size);
	struct cache_answer one;

	slow.bad = slow.bad || slow.at != slow.end;
	slow.at = all;
	while (!slow.bad && slow.at < slow.end) {
		one.kind = *slow.at++;
		one.question = cache_number();
		one.bytes = cache_block(&one.size);
		FUZZ_CHECK(slow.count < CACHE_MOST);
		slow.answers[slow.count++] = one;
	}
}

/* True: it is a cache's file, and what it has is in slow. */
static bool
cache_read(const struct bytes *file)
{
	const uint8_t *key;
	uint64_t sum;
	size_t size;

	slow.bad = false;
	slow.text_count = slow.count = 0;
	if (file->len < 16 || memcmp(file->data, cache_magic, 8) != 0)
		return false;
	memcpy(&sum, file->data + 8, sizeof(sum));
	if (sum != XXH3_64bits(file->data + 16, file->len - 16))
		return false;
	slow.at = file->data + 16;
	slow.end = file->data + file->len;
	key = cache_block(&size);
	if (key == NULL || size != cache_key.len || memcmp(key, cache_key.data, size) != 0)
		return false;
	cache_read_texts();
	if (!slow.bad)
		cache_read_answers();
	return !slow.bad;
}

/* ---- what is found ---- */

static bool
cache_has(
    struct symbol_cache *cache, uint8_t kind, uint64_t question, const uint8_t *bytes, size_t size)
{
	struct bytes_reader reader;

	return symbol_cache_find(cache, (enum symbol_ask_kind)kind, question, &reader) &&
	    (size_t)(reader.end - reader.at) == size && memcmp(reader.at, bytes, size) == 0;
}

/* The last answer to a question counts. */
static void
cache_check_old(struct symbol_cache *cache, bool good)
{
	for (size_t i = 0; i < slow.count; i++) {
		const struct cache_answer *one = &slow.answers[i];
		size_t last = i;

		for (size_t j = i + 1; j < slow.count && slow.count < 64; j++)
			if (slow.answers[j].kind == one->kind &&
			    slow.answers[j].question == one->question)
				last = j;
		if (slow.count >= 64 && good)
			continue;
		FUZZ_CHECK(cache_has(cache, one->kind, one->question, slow.answers[last].bytes,
			       slow.answers[last].size) == good);
	}
	for (size_t i = 0; good && i < slow.text_count; i++)
		FUZZ_CHECK(strcmp(symbol_cache_text_of(cache, i), slow.texts[i]) == 0);
	FUZZ_CHECK(symbol_cache_text_of(cache, good ? slow.text_count : 0) == NULL);
}

static struct symbol_cache *
cache_open(void)
{
	struct symbol_cache *cache =
	    symbol_cache_open(cache_directory, cache_id, sizeof(cache_id), &cache_key);

	FUZZ_CHECK(cache != NULL && symbol_cache_size(cache) == 0);
	return cache;
}

/* Something is added, perhaps the old distrusted, and all read again. */
static void
cache_check_new(struct symbol_cache *cache, bool good, bool distrusted)
{
	static const uint8_t fresh[] = { 0xfe, 1, 2 };
	const struct bytes answer = { (uint8_t *)(uintptr_t)fresh, sizeof(fresh), sizeof(fresh) };
	struct symbol_cache *again;
	uint32_t number = symbol_cache_text(cache, "a text that is new");
	struct bytes_reader reader;

	FUZZ_CHECK(strcmp(symbol_cache_text_of(cache, number), "a text that is new") == 0);
	FUZZ_CHECK(symbol_cache_text(cache, "a text that is new") == number);
	if (distrusted) {
		FUZZ_CHECK(symbol_cache_distrust(cache) && !symbol_cache_distrust(cache));
		for (size_t i = 0; i < slow.count; i++)
			FUZZ_CHECK(
			    !symbol_cache_find(cache, (enum symbol_ask_kind)slow.answers[i].kind,
				slow.answers[i].question, &reader));
	}
	symbol_cache_add(cache, SYMBOL_ASK_PLACE, UINT64_MAX - 1, &answer);
	FUZZ_CHECK(cache_has(cache, SYMBOL_ASK_PLACE, UINT64_MAX - 1, fresh, sizeof(fresh)));
	FUZZ_CHECK(symbol_cache_save(cache));
	again = cache_open();
	FUZZ_CHECK(cache_has(again, SYMBOL_ASK_PLACE, UINT64_MAX - 1, fresh, sizeof(fresh)));
	FUZZ_CHECK(strcmp(symbol_cache_text_of(again, number), "a text that is new") == 0);
	for (size_t i = 0; good && i < slow.text_count; i++)
		FUZZ_CHECK(strcmp(symbol_cache_text_of(again, i), slow.texts[i]) == 0);
	for (size_t i = 0; i < slow.count; i++) {
		const struct cache_answer *one = &slow.answers[i];
		bool found = symbol_cache_find(
		    again, (enum symbol_ask_kind)one->kind, one->question, &reader);

		if (one->kind != SYMBOL_ASK_PLACE || one->question != UINT64_MAX - 1)
			FUZZ_CHECK(found == (good && !distrusted));
	}
	symbol_cache_free(again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = { data, size };
	struct symbol_cache *cache;
	struct bytes file = { 0 };
	bool distrusted = fuzz_byte(&input) % 2 != 0, good;

	if (size > CACHE_MOST)
		return 0;
	cache_begin();
	cache_make(&file, &input);
	cache_write(&file);
	good = cache_read(&file);
	cache = cache_open();
	cache_check_old(cache, good);
	cache_check_new(cache, good, distrusted);
	symbol_cache_free(cache);
	bytes_release(&file);
	cache_end();
	return 0;
}
