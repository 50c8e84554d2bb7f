#include "tests/fuzz/contract.h"

#include <inttypes.h>
#include <string.h>

#include "analyzer/symbol/symbol.h"
#include "analyzer/symbol/symbol_ask.h"
#include "analyzer/symbol/symbol_target.h"
#include "analyzer/util/strbuf.h"

enum { TEXT_MAX = 256 * 1024 };

/* What is left of an answer. */
struct contract {
	const uint8_t *at;
	size_t left;
	bool bad;
	struct strbuf *to;
};

/* ---- what is told ---- */

void
contract_tell_text(struct strbuf *to, const char *text)
{
	if (text == NULL)
		strbuf_adds(to, "- ");
	else
		strbuf_addf(to, "%zu:%s ", strlen(text), text);
}

void
contract_tell_number(struct strbuf *to, uint64_t number)
{
	strbuf_addf(to, "%" PRIu64 " ", number);
}

void
contract_tell_place(struct strbuf *to, const struct symbol_place *place)
{
	contract_tell_number(to, place != NULL ? place->count : 0);
	for (size_t i = 0; place != NULL && i < place->count; i++) {
		const struct symbol_frame *frame = &place->frames[i];

		contract_tell_text(to, frame->function);
		contract_tell_text(to, frame->symbol);
		contract_tell_text(to, frame->file);
		contract_tell_number(to, frame->line);
		contract_tell_number(to, frame->column);
		contract_tell_number(to, frame->instance);
		contract_tell_number(to, frame->entry);
		contract_tell_number(to, frame->inlined);
	}
	if (place == NULL)
		return;
	contract_tell_number(to, place->function);
	contract_tell_number(
	    to, (place->startup ? 1U : 0U) + (place->once ? 2U : 0U) + (place->lacking ? 4U : 0U));
}

void
contract_tell_target(struct strbuf *to, const struct symbol_target *target)
{
	contract_tell_number(to, (uint64_t)target->kind);
	contract_tell_number(to, target->address);
	contract_tell_text(to, target->name);
}

/* ---- what is read ---- */

static uint8_t
contract_byte(struct contract *contract)
{
	if (contract->left == 0) {
		contract->bad = true;
		return 0;
	}
	contract->left--;
	return *contract->at++;
}

/* Seven bits a byte, the lowest first, 64 in all. */
static uint64_t
contract_number(struct contract *contract, uint64_t most)
{
	unsigned __int128 number = 0;
	unsigned digits = 0;
	uint8_t byte;

	do {
		byte = contract_byte(contract);
		number |= (unsigned __int128)(byte & 0x7f) << (7 * digits++);
	} while (byte >= 0x80 && digits < 10);
	contract->bad = contract->bad || byte >= 0x80 || number > most;
	return (uint64_t)number;
}

static uint64_t
contract_move(struct contract *contract, uint64_t most)
{
	uint64_t number = contract_number(contract, most);

	contract_tell_number(contract->to, number);
	return number;
}

static uint8_t
contract_move_byte(struct contract *contract, uint8_t most)
{
	uint8_t byte = contract_byte(contract);

	contract->bad = contract->bad || byte > most;
	contract_tell_number(contract->to, byte);
	return byte;
}

/* How long it is with its NUL, 0: none; then the text. */
static void
contract_move_text(struct contract *contract, bool needed)
{
	size_t size = (size_t)contract_number(contract, TEXT_MAX + 1), len = 0;

	if (contract->bad || size > contract->left || (size == 0 && needed)) {
		contract->bad = true;
		return;
	}
	while (len < size && contract->at[len] != 0)
		len++;
	contract->bad = size > 0 && len != size - 1;
	if (!contract->bad)
		contract_tell_text(contract->to, size > 0 ? (const char *)contract->at : NULL);
	contract->at += size;
	contract->left -= size;
}

static void
contract_move_place(struct contract *contract)
{
	uint64_t count = contract_move(contract, SYMBOL_ASK_FRAMES);

	for (uint64_t i = 0; i < count && !contract->bad; i++) {
		contract_move_text(contract, true);
		contract_move_text(contract, i == count - 1);
		contract_move_text(contract, false);
		contract_move(contract, UINT32_MAX);
		contract_move(contract, UINT32_MAX);
		contract_move(contract, UINT64_MAX);
		contract_move(contract, UINT64_MAX);
		contract_move_byte(contract, 1);
	}
	if (count == 0)
		return;
	contract_move(contract, UINT64_MAX);
	contract_move_byte(contract, 7);
}

static void
contract_move_target(struct contract *contract)
{
	uint8_t kind = contract_move_byte(contract, SYMBOL_TARGET_NAME);

	contract_move(contract, UINT64_MAX);
	contract_move_text(contract, kind == SYMBOL_TARGET_NAME);
}

static void
contract_move_edges(struct contract *contract)
{
	uint64_t count = contract_move(contract, UINT64_MAX);

	/* each is four bytes at least */
	contract->bad = contract->bad || count > contract->left;
	for (uint64_t i = 0; i < count && !contract->bad; i++) {
		contract_move(contract, UINT64_MAX);
		contract_move_target(contract);
	}
	contract_move_byte(contract, 3);
}

bool
contract_read(uint8_t kind, const uint8_t *bytes, size_t size, struct strbuf *to)
{
	struct contract contract = { bytes, size, false, to };

	switch (kind) {
	case SYMBOL_ASK_STATE:
		contract.bad = contract_move(&contract, SYMBOL_UNREADABLE) == SYMBOL_UNUSED;
		contract_move(&contract, SYMBOL_CODE_NONE);
		contract_move_byte(&contract, 1);
		break;
	case SYMBOL_ASK_PLACE: contract_move_place(&contract); break;
	case SYMBOL_ASK_FUNCTION:
	case SYMBOL_ASK_EXPORT: contract_move(&contract, UINT64_MAX); break;
	case SYMBOL_ASK_FLOW: return true;
	case SYMBOL_ASK_EDGES: contract_move_edges(&contract); break;
	case SYMBOL_ASK_CALL: contract_move_target(&contract); break;
	case SYMBOL_ASK_NAME:
	case SYMBOL_ASK_SLOT:
	case SYMBOL_ASK_PLAIN: contract_move_text(&contract, false); break;
	case SYMBOL_ASK_DECLARED:
		contract_move_text(&contract, true);
		contract_move(&contract, UINT32_MAX);
		contract_move(&contract, UINT32_MAX);
		break;
	case SYMBOL_ASK_FILES:
		contract_move_byte(&contract, UINT8_MAX);
		contract_move_text(&contract, false);
		contract_move_text(&contract, false);
		break;
	default: return false;
	}
	return !contract.bad && contract.left == 0;
}

bool
contract_read_question(
    const uint8_t *bytes, size_t size, uint8_t *kind, uint64_t *number, struct strbuf *to)
{
	struct contract contract = { bytes, size, false, to };

	*kind = contract_byte(&contract);
	*number = contract_number(&contract, UINT64_MAX);
	contract_move_text(&contract, false);
	return !contract.bad;
}
