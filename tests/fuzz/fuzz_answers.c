/*
 * What a process that was taken over tells its parent, over the wire that is used: each
 * answer is taken exactly where the contract has it (contract.c reads it once more), with
 * what it says, and the same when it is asked for again; a file that it asks for is
 * opened only if it is one of the module's programs; who talks nonsense is asked no more.
 *
 * Stands in the place of symbol_nursery.c, whose functions these are: a process is a
 * socket with what is to be read already in it.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "analyzer/flow/flow.h"
#include "analyzer/symbol/symbol.h"
#include "analyzer/symbol/symbol_answers.h"
#include "analyzer/symbol/symbol_module.h"
#include "analyzer/symbol/symbol_nursery.h"
#include "analyzer/symbol/symbol_wire.h"
#include "analyzer/util/strbuf.h"
#include "tests/fuzz/contract.h"
#include "tests/fuzz/fuzz.h"

enum {
	ANSWERS_PID = 1 << 22, /* one more than there can be */
	ANSWERS_QUESTIONS = 24,
	ANSWERS_ROOM = 64 << 10, /* of a socket, without waiting */
	ANSWERS_STARTS = 40,
	ANSWERS_REPLIES = 128, /* that nobody reads, without waiting */
};

static const char answers_path[] = "/usr/bin/true";

/* One process after the other. */
static struct {
	struct fuzz_input *input;
	bool told; /* answers come one by one, else all that a process says at once */
	int fd;    /* its end; -1: none */
	int status;
	unsigned starts;
	struct bytes said; /* by this process */
	size_t asked;      /* how much of it was looked at for files that it asks for */
} answers;

/* ---- a process ---- */

static bool
answers_wait(void *data)
{
	(void)data;
	return false;
}

static void
answers_put(const void *bytes, size_t size)
{
	FUZZ_CHECK(send(answers.fd, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)size);
	bytes_add(&answers.said, bytes, size);
}

/* What a message has after its head: so many of the next bytes. */
static void
answers_put_message(uint32_t type, const uint8_t *body, size_t size)
{
	struct symbol_wire_head head = { type, (uint32_t)size };

	answers_put(&head, sizeof(head));
	if (size > 0)
		answers_put(body, size);
}

static const uint8_t *
answers_take(size_t *size)
{
	const uint8_t *at = answers.input->at;

	if (*size > answers.input->left)
		*size = answers.input->left;
	answers.input->at += *size;
	answers.input->left -= *size;
	return at;
}

/* All that it will say, messages or not, and how it will end. */
static void
answers_tell_all(void)
{
	static const int statuses[] = { 0, 1 << 8, 9, 11, 31, -1 };
	size_t size, room = ANSWERS_ROOM, replies = ANSWERS_REPLIES;
	const uint8_t *bytes;
	uint8_t what;

	answers.status = statuses[fuzz_byte(answers.input) % 6];
	while (answers.input->left > 0 && room > 0 && replies > 0) {
		what = fuzz_byte(answers.input);
		size = what < 0xe0 ? what >> 2 : fuzz_number(answers.input, 2);
		size = size < room ? size : room;
		/* eight bytes may be what is answered */
		if ((what & 3) == 3 && size > replies * 8)
			size = replies * 8;
		bytes = answers_take(&size);
		room -= size;
		replies -= (what & 3) == 3 ? (size + 7) / 8 : (what & 3) == 2;
		switch (what & 3) {
		case 0:
		case 1: answers_put_message(SYMBOL_WIRE_ANSWER, bytes, size); break;
		case 2: answers_put_message(SYMBOL_WIRE_OPEN, bytes, size); break;
		default:
			if (size == 0)
				return;
			answers_put(bytes, size);
		}
	}
}

struct symbol_nursery *
symbol_nursery_new(symbol_nursery_work *work)
{
	(void)work;
	return NULL;
}

void
symbol_nursery_free(struct symbol_nursery *nursery)
{
	(void)nursery;
}

int
symbol_nursery_start(
    struct symbol_nursery *nursery, const void *job, size_t size, int *fd, pid_t *pid)
{
	int ends[2], room = ANSWERS_ROOM * 4;

	(void)nursery;
	FUZZ_CHECK(memmem(job, size, answers_path, sizeof(answers_path)) != NULL);
	FUZZ_CHECK(answers.fd == -1 && answers.starts++ < ANSWERS_STARTS);
	FUZZ_CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
	(void)setsockopt(ends[1], SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	answers.fd = ends[1];
	answers.said.len = answers.asked = 0;
	*fd = ends[0];
	*pid = ANSWERS_PID;
	if (!answers.told) {
		answers_tell_all();
		FUZZ_CHECK(shutdown(ends[1], SHUT_WR) == 0);
	}
	return 0;
}

/* ---- what the parent says ---- */

/* The name of the next file that the process asked for, in `name`. */
static void
answers_next_file(char *name)
{
	struct symbol_wire_head head;

	do {
		FUZZ_CHECK(answers.asked + sizeof(head) <= answers.said.len);
		memcpy(&head, answers.said.data + answers.asked, sizeof(head));
		answers.asked += sizeof(head) + head.size;
		FUZZ_CHECK(answers.asked <= answers.said.len);
	} while (head.type != SYMBOL_WIRE_OPEN);
	FUZZ_CHECK(head.size < SYMBOL_WIRE_PATH_MAX);
	memcpy(name, answers.said.data + answers.asked - head.size, head.size);
	name[head.size] = '\0';
}

/* By its name it may be the module's: it lies below its directory, or is a part that says
 * itself where it is. */
static bool
answers_may_be_ours(const char *name)
{
	static const char *const parts[] = { ".dwo", ".dwp", ".debug" };
	char own[SYMBOL_WIRE_PATH_MAX] = "", *copy = strdup(name), *rest, *part;
	size_t len;
	bool may;

	FUZZ_CHECK(copy != NULL);
	for (rest = copy; (part = strsep(&rest, "/")) != NULL;) {
		if (strcmp(part, "..") == 0 && strrchr(own, '/') != NULL)
			*strrchr(own, '/') = '\0';
		else if (*part != '\0' && strcmp(part, ".") != 0 && strcmp(part, "..") != 0)
			(void)strcat(strcat(own, "/"), part);
	}
	free(copy);
	may = strncmp(own, "/usr/bin/", 9) == 0;
	len = strlen(own);
	for (size_t i = 0; i < 3; i++)
		may = may ||
		    (len > strlen(parts[i]) && strcmp(own + len - strlen(parts[i]), parts[i]) == 0);
	return name[0] == '/' && may;
}

/* A program, for reading alone. */
static void
answers_check_file(int fd)
{
	uint8_t head[18] = { 0 };
	struct stat status;

	FUZZ_CHECK(fstat(fd, &status) == 0 && S_ISREG(status.st_mode));
	FUZZ_CHECK(pread(fd, head, sizeof(head), 0) == sizeof(head));
	FUZZ_CHECK(memcmp(head, "\177ELF", 4) == 0 && head[16] >= 1 && head[16] <= 3);
	FUZZ_CHECK((fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDONLY);
}

static void
answers_check_message(const struct symbol_wire_head *head, const uint8_t *body, int passed)
{
	char name[SYMBOL_WIRE_PATH_MAX];
	struct strbuf text = { 0 };
	int32_t error = 0;
	uint64_t number;
	uint8_t kind;

	if (head->type == SYMBOL_WIRE_OPENED) {
		FUZZ_CHECK(head->size >= sizeof(error));
		memcpy(&error, body, sizeof(error));
		FUZZ_CHECK((error == 0) == (passed != -1));
		answers_next_file(name);
		FUZZ_CHECK(passed == -1 || answers_may_be_ours(name));
		if (passed != -1)
			answers_check_file(passed);
	} else {
		FUZZ_CHECK(head->type == SYMBOL_WIRE_ASK && passed == -1);
		FUZZ_CHECK(contract_read_question(body, head->size, &kind, &number, &text));
		FUZZ_CHECK(kind >= SYMBOL_ASK_STATE && kind <= SYMBOL_ASK_PLAIN);
	}
	strbuf_release(&text);
}

/* Reads what stands in the process's end. */
static void
answers_drain(void)
{
	struct symbol_wire wire = { .wait = answers_wait };
	struct symbol_wire_head head;
	uint8_t *body;
	int passed;

	if (answers.fd == -1)
		return;
	wire.fd = answers.fd;
	FUZZ_CHECK(fcntl(answers.fd, F_SETFL, O_NONBLOCK) == 0);
	while (symbol_wire_read_head(&wire, &head, &passed)) {
		body = malloc(head.size + 1);
		FUZZ_CHECK(body != NULL && symbol_wire_read(&wire, body, head.size));
		answers_check_message(&head, body, passed);
		free(body);
		if (passed != -1)
			close(passed);
	}
}

int
symbol_nursery_end(struct symbol_nursery *nursery, pid_t pid)
{
	(void)nursery;
	FUZZ_CHECK(pid == ANSWERS_PID && answers.fd != -1);
	answers_drain();
	close(answers.fd);
	answers.fd = -1;
	return answers.status;
}

/* ---- one answer to one question ---- */

static bool
answers_flow(struct module *module, uint64_t number, bool *nothing)
{
	struct flow *flow = symbol_answers_flow(module, number), *again;
	struct bytes first = { 0 }, second = { 0 };
	const uint64_t *sites;
	size_t count;

	*nothing = flow == NULL && module->code_state == SYMBOL_CODE_UNREADABLE;
	if (flow == NULL)
		return *nothing && !module->child.failed;
	flow_pack(flow, &first);
	again = flow_unpack(first.data, first.len);
	FUZZ_CHECK(again != NULL);
	flow_pack(again, &second);
	FUZZ_CHECK(first.len == second.len && memcmp(first.data, second.data, first.len) == 0);
	sites = flow_sites(flow, &count);
	for (size_t i = 0; i < count && i < 8; i++)
		FUZZ_CHECK(flow_reaches(flow, sites[i], sites[count - 1]) ==
		    flow_reaches(again, sites[i], sites[count - 1]));
	flow_free(again);
	flow_free(flow);
	bytes_release(&first);
	bytes_release(&second);
	return true;
}

static bool
answers_edges(struct module *module, uint64_t number, struct strbuf *to)
{
	struct symbol_edges edges;
	bool good = symbol_answers_edges(module, number, &edges);

	if (!good)
		return false;
	contract_tell_number(to, edges.count);
	for (size_t i = 0; i < edges.count; i++) {
		contract_tell_number(to, edges.list[i].pc);
		contract_tell_target(to, &edges.list[i].target);
	}
	contract_tell_number(to, (edges.whole ? 1U : 0U) + (edges.lax ? 2U : 0U));
	free(edges.list);
	return true;
}

static bool
answers_declared(struct module *module, uint64_t number, struct strbuf *to)
{
	struct symbol_frame frame = { .file = "" };
	bool good = symbol_answers_declared(module, number, &frame);

	contract_tell_text(to, frame.file);
	contract_tell_number(to, frame.line);
	contract_tell_number(to, frame.column);
	return good;
}

/* True, if the module's answer was taken; *to is what it says. */
static bool
answers_ask(
    struct symbol *symbol, struct module *module, uint8_t kind, uint64_t number, struct strbuf *to)
{
	const struct symbol_place *place = NULL;
	struct symbol_target target = { 0 };
	const char *name = NULL;
	uint64_t value = 0;
	bool good;

	switch (kind) {
	case SYMBOL_ASK_PLACE:
		good = symbol_answers_place(symbol, module, number, &place);
		contract_tell_place(to, place);
		return good;
	case SYMBOL_ASK_FUNCTION:
		good = symbol_answers_number(module, kind, number, &value);
		contract_tell_number(to, value);
		return good;
	case SYMBOL_ASK_EXPORT:
		good = symbol_answers_export(module, "free", &value);
		contract_tell_number(to, value);
		return good;
	case SYMBOL_ASK_EDGES: return answers_edges(module, number, to);
	case SYMBOL_ASK_CALL:
		good = symbol_answers_call(module, number, &target);
		contract_tell_target(to, &target);
		return good;
	case SYMBOL_ASK_PLAIN:
		good = symbol_answers_plain(module, "_Z1fv", &name);
		contract_tell_text(to, name);
		return good;
	case SYMBOL_ASK_DECLARED: return answers_declared(module, number, to);
	default:
		good = symbol_answers_name(module, kind, number, &name);
		contract_tell_text(to, name);
		return good;
	}
}

static bool
answers_is_kept(uint8_t kind)
{
	return kind != SYMBOL_ASK_EXPORT && kind != SYMBOL_ASK_PLAIN;
}

static void
answers_check_failed(const struct module *module)
{
	FUZZ_CHECK(module->child.failed && module->child.failure[0] != '\0');
	FUZZ_CHECK(module->state == SYMBOL_FAILED && module->code_state == SYMBOL_CODE_FAILED);
	FUZZ_CHECK(answers.fd == -1);
}

/* False: it was refused, and the module with it. */
static bool
answers_check_one(struct symbol *symbol, struct module *module, uint64_t number)
{
	static const uint8_t kinds[] = { SYMBOL_ASK_PLACE, SYMBOL_ASK_FUNCTION, SYMBOL_ASK_FLOW,
		SYMBOL_ASK_EDGES, SYMBOL_ASK_CALL, SYMBOL_ASK_NAME, SYMBOL_ASK_SLOT,
		SYMBOL_ASK_EXPORT, SYMBOL_ASK_DECLARED, SYMBOL_ASK_PLAIN };
	uint8_t kind = kinds[fuzz_byte(answers.input) % sizeof(kinds)];
	struct strbuf is = { 0 }, should = { 0 };
	size_t size = fuzz_byte(answers.input);
	const uint8_t *bytes;
	bool taken, good, nothing = false;

	if (size == 0xff)
		size = fuzz_number(answers.input, 2);
	bytes = answers_take(&size);
	if (answers.fd != -1)
		answers_put_message(SYMBOL_WIRE_ANSWER, bytes, size);
	good = contract_read(kind, bytes, size, &should);
	if (kind == SYMBOL_ASK_FLOW) {
		struct flow *flow = size > 0 ? flow_unpack(bytes, size) : NULL;

		good = size == 0 || flow != NULL;
		if (flow != NULL)
			flow_free(flow);
		taken = answers_flow(module, number, &nothing);
	} else {
		taken = answers_ask(symbol, module, kind, number, &is);
	}
	FUZZ_CHECK(taken == good);
	FUZZ_CHECK(!good || kind == SYMBOL_ASK_FLOW || strcmp(is.text, should.text) == 0);
	if (good && answers_is_kept(kind) && kind != SYMBOL_ASK_FLOW) {
		strbuf_clear(&is);
		FUZZ_CHECK(answers_ask(symbol, module, kind, number, &is));
		FUZZ_CHECK(strcmp(is.text, should.text) == 0);
	}
	strbuf_release(&is);
	strbuf_release(&should);
	return good;
}

static struct module *
answers_module(struct symbol *symbol, uint32_t *handle)
{
	const struct symbol_module module = { answers_path, (const uint8_t *)"\1\2\3\4", 4 };

	*handle = symbol_add_module(symbol, &module);
	symbol_set_debug_root(symbol, NULL);
	return symbol->modules[symbol->handles[*handle]];
}

static void
answers_one_by_one(void)
{
	static const uint8_t files[] = { 1, 0, 0 }, state[] = { SYMBOL_DWARF, SYMBOL_CODE_READ, 0 };
	struct symbol *symbol = symbol_new();
	uint32_t handle;
	struct module *module = answers_module(symbol, &handle);
	int ends[2];

	/* the process is there before it is asked for its files and its state */
	answers.told = true;
	FUZZ_CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
	answers.fd = ends[1];
	answers.said.len = answers.asked = 0;
	answers_put_message(SYMBOL_WIRE_ANSWER, files, sizeof(files));
	answers_put_message(SYMBOL_WIRE_ANSWER, state, sizeof(state));
	module->child.fd = ends[0];
	module->child.pid = ANSWERS_PID;
	module->child.running = true;
	FUZZ_CHECK(symbol_module_of(symbol, handle) == module && !module->child.failed);
	for (uint64_t i = 0; i < ANSWERS_QUESTIONS && answers.input->left > 0; i++) {
		if (!answers_check_one(symbol, module, i)) {
			answers_check_failed(module);
			break;
		}
		answers_drain();
	}
	symbol_free(symbol);
}

/* ---- whatever it says ---- */

static void
answers_check_place(const struct symbol_place *place)
{
	FUZZ_CHECK(place->count >= 1 && place->count <= SYMBOL_ASK_FRAMES);
	for (size_t i = 0; i < place->count; i++) {
		FUZZ_CHECK(place->frames[i].function != NULL);
		FUZZ_CHECK(i + 1 < place->count || place->frames[i].symbol != NULL);
		FUZZ_CHECK(strlen(place->frames[i].function) <= SYMBOL_WIRE_TEXT_MAX);
	}
}

static void
answers_all_at_once(void)
{
	static const char *const names[] = { "free", NULL };
	struct symbol_callee hook = { .names = names };
	struct symbol *symbol = symbol_new();
	struct symbol_scope scope;
	struct symbol_chain chain;
	uint32_t handle;
	struct module *module = answers_module(symbol, &handle);

	scope = (struct symbol_scope){ &handle, 1, 0 };
	for (uint64_t at = 1; at <= 6; at++) {
		answers_check_place(symbol_resolve(symbol, handle, at, false));
		FUZZ_CHECK(symbol_resolve(symbol, handle, at, false) ==
		    symbol_resolve(symbol, handle, at, false));
		symbol_tail_chain(symbol, handle, at + 1, &hook, &scope, &chain);
		FUZZ_CHECK(chain.count <= SYMBOL_CHAIN_MAX);
		for (size_t i = 0; i < chain.count; i++)
			answers_check_place(chain.places[i]);
		(void)symbol_callee_name(symbol, handle, at, at % 2 == 0);
		FUZZ_CHECK(symbol_flow(symbol, handle, at) == symbol_flow(symbol, handle, at));
	}
	FUZZ_CHECK((symbol_module_failure(symbol, handle) != NULL) ==
	    (symbol_module_state(symbol, handle) == SYMBOL_FAILED));
	FUZZ_CHECK(symbol_module_state(symbol, handle) != SYMBOL_UNUSED);
	if (module->child.failed)
		answers_check_failed(module);
	symbol_free(symbol);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = { data, size };

	(void)unsetenv("DEBUGINFOD_URLS");
	answers.input = &input;
	answers.fd = -1;
	answers.starts = 0;
	answers.told = false;
	answers.status = 0;
	if (fuzz_byte(&input) % 2 == 0)
		answers_one_by_one();
	else
		answers_all_at_once();
	FUZZ_CHECK(answers.fd == -1);
	return 0;
}
