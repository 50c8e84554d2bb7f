/* What is kept of a module comes back, unless it was of other files or was damaged. */
#include "analyzer/symbol/symbol_cache.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tests/lib/check.h"

enum { ANSWERS = 300, FLIPS_STEP = 7 };

static const uint8_t build_id[] = { 0xab, 0xcd, 0x01 };

static char root[64];
static char directory[128];
static char path[192];

static struct symbol_cache *
open_as(const char *name)
{
	struct bytes key = { (uint8_t *)(uintptr_t)name, strlen(name), 0 };

	return symbol_cache_open(directory, build_id, sizeof(build_id), &key);
}

static void
add_number(struct symbol_cache *cache, uint64_t question, uint64_t number)
{
	struct bytes answer = { 0 };

	bytes_add_number(&answer, number);
	symbol_cache_add(cache, SYMBOL_ASK_PLACE, question, &answer);
	bytes_release(&answer);
}

static bool
has_number(struct symbol_cache *cache, uint64_t question, uint64_t number)
{
	struct bytes_reader reader;

	return symbol_cache_find(cache, SYMBOL_ASK_PLACE, question, &reader) &&
	    bytes_take_number(&reader) == number && reader.at == reader.end && !reader.bad;
}

/* Keeps ANSWERS answers; each text is the number of its answer. */
static void
fill(struct symbol_cache *cache)
{
	char text[32];
	uint64_t i;

	for (i = 0; i < ANSWERS; i++) {
		snprintf(text, sizeof(text), "text %d", (int)i);
		add_number(cache, i * i, symbol_cache_text(cache, text));
	}
}

static size_t
count_right(struct symbol_cache *cache)
{
	size_t right = 0;
	char text[32];
	uint64_t i;

	for (i = 0; i < ANSWERS; i++) {
		struct bytes_reader reader;
		const char *found = NULL;

		snprintf(text, sizeof(text), "text %d", (int)i);
		if (symbol_cache_find(cache, SYMBOL_ASK_PLACE, i * i, &reader))
			found = symbol_cache_text_of(cache, bytes_take_number(&reader));
		right += found != NULL && strcmp(found, text) == 0;
	}
	return right;
}

static void
check_kept(void)
{
	struct symbol_cache *cache = open_as("one");
	struct bytes_reader reader;
	uint64_t found = 0;
	uint64_t added = 0;
	struct stat status;

	CHECK(!symbol_cache_save(cache)); /* nothing to save */
	CHECK(stat(directory, &status) != 0);
	fill(cache);
	CHECK_EQ(count_right(cache), ANSWERS);
	CHECK(symbol_cache_save(cache));
	symbol_cache_count(cache, &found, &added);
	CHECK(found == 0 && added == ANSWERS);
	symbol_cache_free(cache);
	CHECK(stat(directory, &status) == 0 && (status.st_mode & 0777) == 0700);
	CHECK(stat(path, &status) == 0 && (status.st_mode & 0777) == 0600);

	cache = open_as("one");
	CHECK_EQ(count_right(cache), ANSWERS);
	CHECK(!symbol_cache_find(cache, SYMBOL_ASK_FLOW, 4, &reader));
	CHECK(!symbol_cache_find(cache, SYMBOL_ASK_PLACE, 5, &reader));
	CHECK(symbol_cache_text_of(cache, ANSWERS) == NULL);
	CHECK_EQ(symbol_cache_text(cache, NULL), SYMBOL_CACHE_NO_TEXT);
	CHECK_EQ(symbol_cache_text(cache, "text 7"), 7);
	CHECK_EQ(symbol_cache_text(cache, "another"), ANSWERS);
	CHECK_EQ(symbol_cache_text(cache, "another"), ANSWERS);
	CHECK(!symbol_cache_save(cache));
	/* what is new joins what was there, and replaces it */
	add_number(cache, 5, 55);
	add_number(cache, 4, 3);
	CHECK(symbol_cache_save(cache));
	symbol_cache_free(cache);
	cache = open_as("one");
	CHECK(has_number(cache, 5, 55) && has_number(cache, 4, 3));
	CHECK_EQ(count_right(cache), ANSWERS - 1);
	/* what makes no sense takes the rest of the file with it, but not what is new */
	add_number(cache, 6, 66);
	symbol_cache_distrust(cache);
	CHECK(has_number(cache, 6, 66) && !has_number(cache, 5, 55));
	CHECK(symbol_cache_save(cache));
	symbol_cache_free(cache);
	cache = open_as("one");
	CHECK(has_number(cache, 6, 66) && !has_number(cache, 5, 55));
	symbol_cache_free(cache);
}

/* Answers of another key are not taken, and make room. */
static void
check_key(void)
{
	struct symbol_cache *cache = open_as("two");

	CHECK_EQ(count_right(cache), 0);
	fill(cache);
	CHECK(symbol_cache_save(cache));
	symbol_cache_free(cache);
	cache = open_as("one");
	CHECK(!has_number(cache, 6, 66));
	symbol_cache_free(cache);
}

static uint8_t *
read_file(size_t *size)
{
	FILE *file = fopen(path, "rb");
	uint8_t *bytes = malloc(1 << 20);

	*size = file != NULL ? fread(bytes, 1, 1 << 20, file) : 0;
	if (file != NULL)
		fclose(file);
	return bytes;
}

static void
write_file(const uint8_t *bytes, size_t size)
{
	FILE *file = fopen(path, "wb");

	if (file == NULL || fwrite(bytes, 1, size, file) != size || fclose(file) != 0)
		CHECK(false);
}

/* All or nothing: no damage is taken for an answer. */
static void
check_damaged(void)
{
	size_t size;
	uint8_t *bytes = read_file(&size);
	struct symbol_cache *cache;
	size_t at;

	CHECK(size > 1000);
	for (at = 0; at < size; at += at < 64 ? 1 : FLIPS_STEP) {
		bytes[at] ^= (uint8_t)(1U << at % 8);
		write_file(bytes, size);
		bytes[at] ^= (uint8_t)(1U << at % 8);
		cache = open_as("two");
		CHECK_EQ(count_right(cache), 0);
		CHECK(!has_number(cache, 4, 2));
		symbol_cache_free(cache);
	}
	for (at = 0; at < size; at += at < 64 ? 1 : FLIPS_STEP) {
		write_file(bytes, at);
		cache = open_as("two");
		CHECK_EQ(count_right(cache), 0);
		symbol_cache_free(cache);
	}
	/* it is written anew */
	cache = open_as("two");
	fill(cache);
	CHECK(symbol_cache_save(cache));
	symbol_cache_free(cache);
	cache = open_as("two");
	CHECK_EQ(count_right(cache), ANSWERS);
	symbol_cache_free(cache);
	free(bytes);
}

/* Nobody else's file, and nothing but a file. */
static void
check_links(void)
{
	char other[192];
	struct symbol_cache *cache;

	snprintf(other, sizeof(other), "%s/other", root);
	CHECK(rename(path, other) == 0 && symlink(other, path) == 0);
	cache = open_as("two");
	CHECK_EQ(count_right(cache), 0);
	symbol_cache_free(cache);
	CHECK(unlink(path) == 0 && mkfifo(path, 0600) == 0);
	cache = open_as("two");
	CHECK_EQ(count_right(cache), 0);
	fill(cache);
	CHECK(symbol_cache_save(cache));
	symbol_cache_free(cache);
	CHECK(unlink(other) == 0);
	/* where no directory can be made */
	cache =
	    symbol_cache_open("/dev/null/esc", build_id, sizeof(build_id), &(struct bytes){ 0 });
	fill(cache);
	CHECK(!symbol_cache_save(cache));
	symbol_cache_free(cache);
}

/* Only root can try: a directory of another user is left alone, as is one in which it
 * would have to be made. */
static void
check_owner(void)
{
	struct symbol_cache *cache;
	char inner[192];

	if (geteuid() != 0)
		return;
	CHECK(chown(directory, 12345, (gid_t)-1) == 0);
	cache = open_as("two");
	CHECK_EQ(count_right(cache), 0);
	fill(cache);
	CHECK(!symbol_cache_save(cache));
	symbol_cache_free(cache);
	snprintf(inner, sizeof(inner), "%s/deep/er", directory);
	cache = symbol_cache_open(inner, build_id, sizeof(build_id), &(struct bytes){ 0 });
	fill(cache);
	CHECK(!symbol_cache_save(cache) && access(inner, F_OK) != 0);
	symbol_cache_free(cache);
	CHECK(chown(directory, 0, (gid_t)-1) == 0);
}

static size_t
count_files(void)
{
	DIR *list = opendir(directory);
	const struct dirent *entry;
	size_t count = 0;

	while (list != NULL && (entry = readdir(list)) != NULL)
		count += entry->d_name[0] != '.';
	if (list != NULL)
		closedir(list);
	return count;
}

static void
make_file(const char *name, time_t age)
{
	struct timespec times[2] = { { 0, 0 }, { 0, 0 } };
	char full[320];
	FILE *file;

	snprintf(full, sizeof(full), "%s/%s", directory, name);
	file = fopen(full, "wb");
	CHECK(file != NULL && fputs("0123456789", file) >= 0 && fclose(file) == 0);
	clock_gettime(CLOCK_REALTIME, &times[1]);
	times[1].tv_sec -= age;
	times[0] = times[1];
	CHECK(utimensat(AT_FDCWD, full, times, 0) == 0);
}

static void
check_trim(void)
{
	char full[320];

	CHECK(unlink(path) == 0);
	make_file("a.sym", 100);
	make_file("b.sym", 300);
	make_file("c.sym", 200);
	make_file("d.sym.Abcdef", 10);
	make_file("e.sym.Abcdef", 100000);
	make_file("README", 100000);
	symbol_cache_trim(directory, 30);
	CHECK_EQ(count_files(), 5); /* without e */
	symbol_cache_trim(directory, 29);
	CHECK_EQ(count_files(), 4);
	snprintf(full, sizeof(full), "%s/b.sym", directory);
	CHECK(access(full, F_OK) != 0);
	symbol_cache_trim(directory, 0);
	CHECK_EQ(count_files(), 2);
	snprintf(full, sizeof(full), "%s/README", directory);
	CHECK(unlink(full) == 0);
	snprintf(full, sizeof(full), "%s/d.sym.Abcdef", directory);
	CHECK(unlink(full) == 0);
}

int
main(void)
{
	char parent[96];

	strcpy(root, "/tmp/esc-cache-XXXXXX");
	if (mkdtemp(root) == NULL)
		return 99;
	snprintf(parent, sizeof(parent), "%s/new", root);
	snprintf(directory, sizeof(directory), "%s/esc", parent);
	snprintf(path, sizeof(path), "%s/abcd01.sym", directory);
	check_kept();
	check_key();
	check_damaged();
	check_links();
	check_owner();
	check_trim();
	CHECK(rmdir(directory) == 0 && rmdir(parent) == 0 && rmdir(root) == 0);
	return check_done();
}
