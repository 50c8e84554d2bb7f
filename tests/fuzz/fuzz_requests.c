/*
 * What comes to the process of a module as questions, as it takes them: each that is one
 * gets one answer, in order, as the contract has it (contract.c) and the same as before;
 * the first that is none ends it, unanswered.
 *
 * Stands in the place of symbol_guard.c: the process is this one, and opens its files.
 */
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "analyzer/flow/flow.h"
#include "analyzer/symbol/symbol.h"
#include "analyzer/symbol/symbol_ask.h"
#include "analyzer/symbol/symbol_guard.h"
#include "analyzer/symbol/symbol_serve.h"
#include "analyzer/symbol/symbol_wire.h"
#include "analyzer/util/bytes.h"
#include "analyzer/util/strbuf.h"
#include "tests/fuzz/contract.h"
#include "tests/fuzz/fuzz.h"

enum { REQUESTS_ROOM = 60 << 10, REQUESTS_MOST = 64 };

static const char requests_path[] = "/usr/bin/true";

/* ---- the guard ---- */

void
symbol_guard_ask_for_files(int fd)
{
	FUZZ_CHECK(fd >= 0);
}

bool
symbol_guard_enter(void)
{
	return false;
}

int
symbol_guard_open(const char *path)
{
	return open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
}

int
symbol_guard_open_served(char **path)
{
	*path = NULL;
	errno = ENOENT;
	return -1;
}

/* ---- questions ---- */

static uint64_t
requests_entry(void)
{
	static Elf64_Ehdr head;
	int fd;

	if (head.e_entry != 0)
		return head.e_entry;
	fd = open(requests_path, O_RDONLY | O_CLOEXEC);
	FUZZ_CHECK(fd >= 0 && read(fd, &head, sizeof(head)) == sizeof(head));
	close(fd);
	return head.e_entry;
}

static void
requests_add_head(struct bytes *to, uint32_t type, size_t size)
{
	struct symbol_wire_head head = { type, (uint32_t)size };

	bytes_add(to, &head, sizeof(head));
}

/* One that is understood, about a place near the program's entry or anywhere. */
static void
requests_add_question(struct bytes *to, struct fuzz_input *input)
{
	struct bytes body = { 0 };
	uint8_t how = fuzz_byte(input);
	char *text = how % 4 == 0 ? fuzz_text(input, 64) : NULL;

	bytes_add_byte(&body, (uint8_t)(1 + how / 4 % 14));
	if (how % 2 == 0)
		bytes_add_number(
		    &body, requests_entry() + (uint64_t)(int64_t)(int16_t)fuzz_number(input, 2));
	else
		bytes_add_number(&body, fuzz_number(input, 8));
	symbol_wire_add_text(&body, text);
	requests_add_head(to, SYMBOL_WIRE_ASK, body.len);
	bytes_add(to, body.data, body.len);
	bytes_release(&body);
	free(text);
}

static void
requests_make(struct bytes *to, struct fuzz_input *input)
{
	while (input->left > 0 && to->len < REQUESTS_ROOM) {
		uint8_t what = fuzz_byte(input);
		size_t size = what >> 2;

		size = size < input->left ? size : input->left;
		if (what % 4 < 2) {
			requests_add_question(to, input);
			continue;
		}
		if (what % 4 == 2)
			requests_add_head(to, SYMBOL_WIRE_ASK, size);
		bytes_add(to, input->at, size);
		input->at += size;
		input->left -= size;
	}
}

/* ---- answers ---- */

struct requests_reader {
	int fd;
	struct bytes bytes;
};

/* Answers may be more than a socket holds. */
static void *
requests_read(void *data)
{
	struct requests_reader *reader = data;
	uint8_t block[4096];
	ssize_t got;

	while ((got = read(reader->fd, block, sizeof(block))) > 0)
		bytes_add(&reader->bytes, block, (size_t)got);
	return NULL;
}

/* The next message in bytes, whose body is whole; NULL: there is none. */
static const uint8_t *
requests_next(const struct bytes *bytes, size_t *at, uint32_t type, size_t *size)
{
	struct symbol_wire_head head;
	const uint8_t *body;

	if (bytes->len - *at < sizeof(head))
		return NULL;
	memcpy(&head, bytes->data + *at, sizeof(head));
	if (head.type != type || head.size > bytes->len - *at - sizeof(head))
		return NULL;
	body = bytes->data + *at + sizeof(head);
	*size = head.size;
	*at += sizeof(head) + head.size;
	return body;
}

static void
requests_check_answer(uint8_t kind, const uint8_t *bytes, size_t size)
{
	struct strbuf text = { 0 };
	struct flow *flow;

	FUZZ_CHECK(contract_read(kind, bytes, size, &text));
	strbuf_release(&text);
	if (kind != SYMBOL_ASK_FLOW || size == 0)
		return;
	flow = flow_unpack(bytes, size);
	FUZZ_CHECK(flow != NULL);
	flow_free(flow);
}

/* Each question, and where its answer is. */
struct requests_seen {
	const uint8_t *question;
	size_t question_size;
	const uint8_t *answer;
	size_t answer_size;
};

static void
requests_check_same(const struct requests_seen *seen, size_t count)
{
	const struct requests_seen *last = &seen[count];

	for (size_t i = 0; i < count; i++) {
		if (seen[i].question_size != last->question_size ||
		    memcmp(seen[i].question, last->question, last->question_size) != 0)
			continue;
		FUZZ_CHECK(seen[i].answer_size == last->answer_size);
		FUZZ_CHECK(memcmp(seen[i].answer, last->answer, last->answer_size) == 0);
	}
}

static void
requests_check(const struct bytes *asked, const struct bytes *answered)
{
	static struct requests_seen seen[REQUESTS_MOST];
	size_t at = 0, to = 0, count = 0;

	for (;;) {
		struct requests_seen one;
		struct strbuf text = { 0 };
		uint64_t number;
		uint8_t kind;
		bool good;

		one.question = requests_next(asked, &at, SYMBOL_WIRE_ASK, &one.question_size);
		good = one.question != NULL &&
		    contract_read_question(
			one.question, one.question_size, &kind, &number, &text) &&
		    kind >= SYMBOL_ASK_STATE && kind <= SYMBOL_ASK_PLAIN;
		strbuf_release(&text);
		if (!good)
			break;
		one.answer = requests_next(answered, &to, SYMBOL_WIRE_ANSWER, &one.answer_size);
		FUZZ_CHECK(one.answer != NULL);
		requests_check_answer(kind, one.answer, one.answer_size);
		if (count == REQUESTS_MOST)
			continue;
		seen[count] = one;
		requests_check_same(seen, count++);
	}
	FUZZ_CHECK(to == answered->len);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct symbol_module module = { .path = requests_path };
	struct fuzz_input input = { data, size };
	struct bytes asked = { 0 }, job = { 0 };
	struct requests_reader reader = { 0 };
	pthread_t thread;
	int ends[2];

	requests_make(&asked, &input);
	FUZZ_CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
	FUZZ_CHECK(send(ends[1], asked.data, asked.len, MSG_DONTWAIT) == (ssize_t)asked.len);
	FUZZ_CHECK(shutdown(ends[1], SHUT_WR) == 0);
	reader.fd = ends[1];
	FUZZ_CHECK(pthread_create(&thread, NULL, requests_read, &reader) == 0);
	symbol_serve_add_job(&job, &module, NULL);
	symbol_serve(ends[0], job.data, job.len);
	close(ends[0]);
	FUZZ_CHECK(pthread_join(thread, NULL) == 0);
	close(ends[1]);
	requests_check(&asked, &reader.bytes);
	bytes_release(&asked);
	bytes_release(&job);
	bytes_release(&reader.bytes);
	return 0;
}
