/*
 * What the process of a module may answer, read once more and slowly, from the text of
 * symbol_ask.h: each answer as a line of text, the same for what was taken from it.
 */
#ifndef TESTS_FUZZ_CONTRACT_H
#define TESTS_FUZZ_CONTRACT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct strbuf;
struct symbol_place;
struct symbol_target;

/* Adds what these bytes answer to a question of that kind (enum symbol_ask_kind); false:
 * they are no answer. Of a graph it adds nothing. */
bool contract_read(uint8_t kind, const uint8_t *bytes, size_t size, struct strbuf *to);

/* The same of a question: kind, number, text or "-". False: it is none. */
bool contract_read_question(
    const uint8_t *bytes, size_t size, uint8_t *kind, uint64_t *number, struct strbuf *to);

/* Add what contract_read adds; place NULL: none there. */
void contract_tell_text(struct strbuf *to, const char *text);
void contract_tell_number(struct strbuf *to, uint64_t number);
void contract_tell_place(struct strbuf *to, const struct symbol_place *place);
void contract_tell_target(struct strbuf *to, const struct symbol_target *target);

#endif
