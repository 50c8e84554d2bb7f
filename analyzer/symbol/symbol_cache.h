/*
 * What was found out about one module, kept in a file for the next analysis: answers
 * by question. The file is named by the build-id and belongs to a key that says which
 * files, and which program, the answers came from; with another key it is as if there
 * were none. It is untrusted: a checksum covers it, every length in it is checked, and
 * what is damaged is not used and written anew. Private to the resolver.
 *
 * The directory is the user's own, or is made.
 *
 * Several programs may use one directory: files are written beside their place and
 * renamed. Nothing here fails: where a file cannot be read or written, there is none.
 */
#ifndef SYMBOL_SYMBOL_CACHE_H
#define SYMBOL_SYMBOL_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyzer/symbol/symbol_ask.h"
#include "analyzer/util/bytes.h"

struct symbol_cache; /* opaque */

enum { SYMBOL_CACHE_NO_TEXT = UINT32_MAX };

/* Reads what directory has of the module with this build-id and key (copied). directory
 * NULL: there is nothing, and nothing is written; it lasts as long as the program. */
struct symbol_cache *symbol_cache_open(
    const char *directory, const uint8_t *build_id, size_t build_id_len, const struct bytes *key);
void symbol_cache_free(struct symbol_cache *cache); /* takes NULL */

/* The answer, valid as long as the cache; false if there is none. */
bool symbol_cache_find(struct symbol_cache *cache, enum symbol_ask_kind kind, uint64_t question,
    struct bytes_reader *answer);
/* Keeps an answer that was not there. */
void symbol_cache_add(struct symbol_cache *cache, enum symbol_ask_kind kind, uint64_t question,
    const struct bytes *answer);
/* An answer made no sense: nothing that was read is used any more. False if that was so
 * before: then it was none of these. */
bool symbol_cache_distrust(struct symbol_cache *cache);

/* Number of a text in this cache; of NULL: SYMBOL_CACHE_NO_TEXT. */
uint32_t symbol_cache_text(struct symbol_cache *cache, const char *text);
/* The text of that number, valid as long as the cache; NULL if there is none. */
const char *symbol_cache_text_of(const struct symbol_cache *cache, uint64_t number);

/* Bytes of memory that new answers and their texts take. */
size_t symbol_cache_size(const struct symbol_cache *cache);
/* Adds how many answers came from the file, and how many are new; true if there is one,
 * or could be. */
bool symbol_cache_count(const struct symbol_cache *cache, uint64_t *found, uint64_t *added);

/* Writes the file if there are new answers; true if it did. */
bool symbol_cache_save(struct symbol_cache *cache);
/* Removes the oldest files of a directory until the others are not more than `most`
 * bytes, and what was left half-written by a program that died. */
void symbol_cache_trim(const char *directory, uint64_t most);

#endif
