#include "analyzer/symbol/symbol_cache.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "analyzer/symbol/arena.h"
#include "analyzer/util/files.h"
#include "analyzer/util/map.h"
#include "analyzer/util/xalloc.h"

/*
 * A file: magic, checksum of all behind it, then the key, the texts and the answers,
 * each as its size and its bytes. Texts are NUL-ended, one behind the other. An
 * answer: kind, question, size, bytes.
 */
static const char cache_magic[] = "ESCSYM1\n";

static const char cache_suffix[] = ".sym";

enum {
	MAGIC_SIZE = sizeof(cache_magic) - 1,
	HEAD_SIZE = MAGIC_SIZE + sizeof(uint64_t),
	FILE_MAX = 256 * 1024 * 1024,
	BUILD_ID_MAX = 64,
	STALE_SECONDS = 3600, /* an unfinished file of that age has no writer */
};

/* In index: it stands in fresh. */
static const uint64_t fresh_bit = UINT64_C(1) << 63;

struct symbol_cache {
	char *directory; /* or NULL */
	char *path;      /* NULL: the directory is somebody else's */
	struct bytes key;
	uint8_t *file; /* as it was read; texts and old point into it */
	const uint8_t *old;
	size_t old_size;
	struct bytes fresh; /* answers */
	const char **texts;
	size_t text_count;
	size_t text_cap;
	size_t text_bytes;   /* of new ones */
	size_t text_mapped;  /* those that are in text_map */
	struct map text_map; /* hash -> number */
	struct map index;    /* kind, question -> where its size stands */
	struct arena arena;
	bool distrusted;
	uint64_t found;
	uint64_t added;
};

/* ---- reading ---- */

/* The whole of a file that is ours; NULL if there is none, or it makes no sense. */
static uint8_t *
read_file(const char *path, size_t *size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	uint8_t *bytes = NULL;
	struct stat status;
	ssize_t got = 0;

	if (fd == -1)
		return NULL;
	if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_uid == geteuid() &&
	    status.st_size >= HEAD_SIZE && status.st_size <= FILE_MAX) {
		*size = (size_t)status.st_size;
		bytes = xmalloc(*size);
		got = pread(fd, bytes, *size, 0);
		/* the oldest are removed: it is in use */
		(void)futimens(fd, NULL);
	}
	close(fd);
	if (bytes != NULL && got == (ssize_t)*size)
		return bytes;
	free(bytes);
	return NULL;
}

static bool
read_texts(struct symbol_cache *cache, struct bytes_reader *reader)
{
	size_t size = bytes_take_count(reader);
	const uint8_t *texts = bytes_take(reader, size);
	size_t at = 0;

	if (texts == NULL || (size > 0 && texts[size - 1] != '\0'))
		return false;
	while (at < size) {
		const char *text = (const char *)texts + at;

		cache->texts = xgrow(
		    cache->texts, &cache->text_cap, cache->text_count + 1, sizeof(*cache->texts));
		cache->texts[cache->text_count++] = text;
		at += strlen(text) + 1;
	}
	return cache->text_count < SYMBOL_CACHE_NO_TEXT;
}

static bool
read_answers(struct symbol_cache *cache, struct bytes_reader *reader)
{
	struct map_key key;
	uint64_t where;

	cache->old_size = bytes_take_count(reader);
	cache->old = bytes_take(reader, cache->old_size);
	if (cache->old == NULL || reader->at != reader->end)
		return false;
	reader->at = cache->old;
	while (reader->at < reader->end) {
		key.hi = bytes_take_byte(reader);
		key.lo = bytes_take_number(reader);
		where = (uint64_t)(reader->at - cache->old);
		bytes_take(reader, bytes_take_count(reader));
		if (reader->bad)
			return false;
		*map_insert(&cache->index, key, NULL) = where;
	}
	return true;
}

static bool
read_all(struct symbol_cache *cache, size_t size)
{
	struct bytes_reader reader = { cache->file, cache->file + size, false };
	uint64_t sum;
	const uint8_t *key;
	size_t key_size;

	if (memcmp(bytes_take(&reader, MAGIC_SIZE), cache_magic, MAGIC_SIZE) != 0)
		return false;
	memcpy(&sum, bytes_take(&reader, sizeof(sum)), sizeof(sum));
	if (sum != XXH3_64bits(reader.at, (size_t)(reader.end - reader.at)))
		return false;
	key_size = bytes_take_count(&reader);
	key = bytes_take(&reader, key_size);
	if (key == NULL || key_size != cache->key.len ||
	    memcmp(key, cache->key.data, key_size) != 0)
		return false;
	return read_texts(cache, &reader) && read_answers(cache, &reader);
}

/* As if no file had been there. */
static void
forget_file(struct symbol_cache *cache)
{
	map_release(&cache->index);
	cache->text_count = 0;
	cache->old = NULL;
	cache->old_size = 0;
	free(cache->file);
	cache->file = NULL;
}

static char *
make_path(const char *directory, const uint8_t *build_id, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	char hex[2 * BUILD_ID_MAX + 1];
	size_t i;

	for (i = 0; i < len && i < BUILD_ID_MAX; i++) {
		hex[2 * i] = digits[build_id[i] >> 4];
		hex[2 * i + 1] = digits[build_id[i] & 15];
	}
	hex[2 * i] = '\0';
	return xasprintf("%s/%s%s", directory, hex, cache_suffix);
}

/*
 * Root keeps nothing where a user looks for his own, who could not use it, nor make
 * the directory then. What root has may be everybody's: "/tmp". A directory that others
 * may write is none of ours, whoever made it.
 */
static bool
may_keep(const char *directory)
{
	char *path = xstrdup(directory);
	bool own = true; /* the directory itself, not what it will be made in */
	struct stat status;
	char *slash;
	bool may = false;

	while (!may && path[0] != '\0') {
		if (stat(path, &status) == 0) {
			may = S_ISDIR(status.st_mode) &&
			    (own ? status.st_uid == geteuid() &&
					(status.st_mode & (S_IWGRP | S_IWOTH)) == 0
				 : status.st_uid == geteuid() || status.st_uid == 0);
			break;
		}
		own = false;
		slash = strrchr(path, '/');
		if (slash == NULL)
			break;
		slash[slash == path && path[1] != '\0' ? 1 : 0] = '\0';
	}
	free(path);
	return may;
}

struct symbol_cache *
symbol_cache_open(
    const char *directory, const uint8_t *build_id, size_t build_id_len, const struct bytes *key)
{
	struct symbol_cache *cache = xcalloc(1, sizeof(*cache));
	size_t size = 0;

	bytes_add(&cache->key, key->data, key->len);
	if (directory == NULL)
		return cache;
	cache->directory = xstrdup(directory);
	if (may_keep(directory)) {
		cache->path = make_path(directory, build_id, build_id_len);
		cache->file = read_file(cache->path, &size);
	}
	if (cache->file != NULL && !read_all(cache, size))
		forget_file(cache);
	return cache;
}

void
symbol_cache_free(struct symbol_cache *cache)
{
	if (cache == NULL)
		return;
	free(cache->directory);
	free(cache->path);
	bytes_release(&cache->key);
	bytes_release(&cache->fresh);
	free(cache->file);
	free(cache->texts);
	map_release(&cache->text_map);
	map_release(&cache->index);
	arena_release(&cache->arena);
	free(cache);
}

/* ---- answers ---- */

bool
symbol_cache_find(struct symbol_cache *cache, enum symbol_ask_kind kind, uint64_t question,
    struct bytes_reader *answer)
{
	struct map_key key = { (uint64_t)kind, question };
	const uint64_t *where = map_find(&cache->index, key);
	bool fresh;
	size_t size;

	if (where == NULL)
		return false;
	fresh = (*where & fresh_bit) != 0;
	if (!fresh && cache->distrusted)
		return false;
	if (fresh)
		*answer = (struct bytes_reader){ .at = cache->fresh.data,
			.end = cache->fresh.data + cache->fresh.len };
	else
		*answer =
		    (struct bytes_reader){ .at = cache->old, .end = cache->old + cache->old_size };
	bytes_take(answer, (size_t)(*where & ~fresh_bit));
	size = bytes_take_count(answer);
	answer->end = answer->at + size;
	cache->found += !fresh;
	return !answer->bad;
}

void
symbol_cache_add(struct symbol_cache *cache, enum symbol_ask_kind kind, uint64_t question,
    const struct bytes *answer)
{
	struct map_key key = { (uint64_t)kind, question };

	bytes_add_byte(&cache->fresh, (uint8_t)kind);
	bytes_add_number(&cache->fresh, question);
	*map_insert(&cache->index, key, NULL) = cache->fresh.len | fresh_bit;
	bytes_add_number(&cache->fresh, answer->len);
	bytes_add(&cache->fresh, answer->data, answer->len);
	cache->added++;
}

bool
symbol_cache_distrust(struct symbol_cache *cache)
{
	bool trusted = !cache->distrusted;

	cache->distrusted = true;
	return trusted;
}

/* ---- texts ---- */

/* The number of the text where it is known, else where it is to be written. */
static uint64_t *
find_text(struct symbol_cache *cache, const char *text, bool *fresh)
{
	return map_insert(
	    &cache->text_map, map_key_of((struct map_key){ 0, 0 }, text, strlen(text)), fresh);
}

uint32_t
symbol_cache_text(struct symbol_cache *cache, const char *text)
{
	uint64_t *number;
	bool fresh;

	if (text == NULL)
		return SYMBOL_CACHE_NO_TEXT;
	for (; cache->text_mapped < cache->text_count; cache->text_mapped++) {
		number = find_text(cache, cache->texts[cache->text_mapped], &fresh);
		if (fresh)
			*number = cache->text_mapped;
	}
	number = find_text(cache, text, &fresh);
	if (!fresh && strcmp(cache->texts[*number], text) == 0)
		return (uint32_t)*number;
	if (fresh)
		*number = cache->text_count;
	cache->texts =
	    xgrow(cache->texts, &cache->text_cap, cache->text_count + 1, sizeof(*cache->texts));
	cache->texts[cache->text_count++] = arena_copy(&cache->arena, text, strlen(text));
	cache->text_bytes += strlen(text) + sizeof(*cache->texts);
	cache->text_mapped = cache->text_count;
	return (uint32_t)(cache->text_count - 1);
}

const char *
symbol_cache_text_of(const struct symbol_cache *cache, uint64_t number)
{
	return number < cache->text_count ? cache->texts[number] : NULL;
}

size_t
symbol_cache_size(const struct symbol_cache *cache)
{
	return cache->fresh.len + cache->text_bytes;
}

bool
symbol_cache_count(const struct symbol_cache *cache, uint64_t *found, uint64_t *added)
{
	if (cache->directory == NULL)
		return false;
	*found += cache->found;
	*added += cache->added;
	return true;
}

/* ---- writing ---- */

static void
make_file(const struct symbol_cache *cache, struct bytes *file)
{
	size_t old = cache->distrusted ? 0 : cache->old_size;
	size_t texts = 0;
	uint64_t sum = 0;
	size_t i;

	bytes_add(file, cache_magic, MAGIC_SIZE);
	bytes_add(file, &sum, sizeof(sum));
	bytes_add_number(file, cache->key.len);
	bytes_add(file, cache->key.data, cache->key.len);
	for (i = 0; i < cache->text_count; i++)
		texts += strlen(cache->texts[i]) + 1;
	bytes_add_number(file, texts);
	for (i = 0; i < cache->text_count; i++)
		bytes_add(file, cache->texts[i], strlen(cache->texts[i]) + 1);
	bytes_add_number(file, old + cache->fresh.len);
	bytes_add(file, cache->old, old);
	bytes_add(file, cache->fresh.data, cache->fresh.len);
	sum = XXH3_64bits(file->data + HEAD_SIZE, file->len - HEAD_SIZE);
	memcpy(file->data + MAGIC_SIZE, &sum, sizeof(sum));
}

static bool
write_all(int fd, const struct bytes *file)
{
	size_t at = 0;
	ssize_t done;

	while (at < file->len) {
		done = write(fd, file->data + at, file->len - at);
		if (done <= 0)
			return false;
		at += (size_t)done;
	}
	return true;
}

/* Makes the directory and those that it lies in, for the user alone. */
static void
make_directory(const char *path)
{
	char *copy = xstrdup(path);
	char *slash;

	for (slash = strchr(copy + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		(void)mkdir(copy, S_IRWXU);
		*slash = '/';
	}
	(void)mkdir(copy, S_IRWXU);
	free(copy);
}

bool
symbol_cache_save(struct symbol_cache *cache)
{
	struct bytes file = { 0 };
	char *beside;
	bool done = false;
	int fd;

	if (cache->added == 0 || cache->path == NULL)
		return false;
	make_file(cache, &file);
	beside = xasprintf("%s.XXXXXX", cache->path);
	if (file.len <= FILE_MAX) {
		make_directory(cache->directory);
		fd = files_create(beside);
		if (fd != -1) {
			done = write_all(fd, &file);
			done = close(fd) == 0 && done && rename(beside, cache->path) == 0;
			if (!done)
				unlink(beside);
		}
	}
	free(beside);
	bytes_release(&file);
	return done;
}

/* ---- the directory ---- */

struct entry {
	char *name;
	struct timespec time;
	uint64_t size;
};

static int
compare_entries(const void *left, const void *right)
{
	const struct timespec *a = &((const struct entry *)left)->time;
	const struct timespec *b = &((const struct entry *)right)->time;

	if (a->tv_sec != b->tv_sec)
		return a->tv_sec < b->tv_sec ? 1 : -1;
	return a->tv_nsec < b->tv_nsec ? 1 : a->tv_nsec > b->tv_nsec ? -1 : 0;
}

/* The files of a cache, the newest first. Removes what was not finished. */
static struct entry *
list_entries(DIR *directory, size_t *count)
{
	struct entry *list = NULL;
	const struct dirent *found;
	struct stat status;
	size_t cap = 0;

	*count = 0;
	while ((found = readdir(directory)) != NULL) {
		const char *suffix = strstr(found->d_name, cache_suffix);

		if (suffix == NULL ||
		    fstatat(dirfd(directory), found->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0 ||
		    !S_ISREG(status.st_mode))
			continue;
		if (suffix[sizeof(cache_suffix) - 1] != '\0') {
			if (time(NULL) - status.st_mtim.tv_sec > STALE_SECONDS)
				unlinkat(dirfd(directory), found->d_name, 0);
			continue;
		}
		list = xgrow(list, &cap, *count + 1, sizeof(*list));
		list[(*count)++] = (struct entry){ xstrdup(found->d_name), status.st_mtim,
			(uint64_t)status.st_size };
	}
	if (*count > 0)
		qsort(list, *count, sizeof(*list), compare_entries);
	return list;
}

void
symbol_cache_trim(const char *path, uint64_t most)
{
	DIR *directory = opendir(path);
	struct entry *list;
	uint64_t total = 0;
	size_t count;
	size_t i;

	if (directory == NULL)
		return;
	list = list_entries(directory, &count);
	for (i = 0; i < count; i++) {
		total += list[i].size;
		if (total > most)
			unlinkat(dirfd(directory), list[i].name, 0);
		free(list[i].name);
	}
	free(list);
	closedir(directory);
}
