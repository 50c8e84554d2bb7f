/*
 * shrinks ROUNDS MODULE FILE ROOT: asks for the names of a module, of which FILE is the own
 * file or another that belongs to it, while FILE is made shorter, ROUNDS times: in every
 * second round between two questions, in the others all the time, by another process.
 * Each name is the right one or none, what is lost is told, and neither we nor another
 * module are hurt. Prints how often the module was lost, and why.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "analyzer/symbol/symbol.h"
#include "analyzer/symbol/symbol_elf.h"
#include "analyzer/util/xalloc.h"

enum { FUNCTIONS = 40, SECONDS = 300 };

static uint64_t starts[FUNCTIONS];
static size_t count;
static char *names[FUNCTIONS];
static uint8_t *bytes;
static size_t size;
static unsigned failed, faults, nameless, partial;

static void
require(bool condition, const char *what)
{
	if (condition)
		return;
	printf("FAIL: %s\n", what);
	exit(1);
}

static void
find_starts(const char *path)
{
	struct symbol_table table = { 0 };
	struct symbol_elf file;

	require(symbol_elf_open(&file, path) == SYMBOL_ELF_OK, path);
	symbol_elf_load_code(&table, &file);
	for (; count < table.fde_count && count < FUNCTIONS; count++)
		starts[count] = table.fdes[table.fde_count - 1 - count].start;
	symbol_elf_release(&table);
	symbol_elf_close(&file);
	require(count > 3, "no functions");
}

/* ---- the file ---- */

static void
read_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat status;

	require(fd != -1 && fstat(fd, &status) == 0, path);
	size = (size_t)status.st_size;
	bytes = xmalloc(size);
	require(read(fd, bytes, size) == (ssize_t)size, path);
	close(fd);
}

/* The same file, as it was; no other one in its place. */
static void
restore(const char *path)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	require(fd != -1 && write(fd, bytes, size) == (ssize_t)size, path);
	close(fd);
}

/* Of 0 to 15 sixteenths, and not of whole pages. */
static void
shorten(const char *path, unsigned round)
{
	require(truncate(path, (off_t)(size / 16 * (round % 16) + round % 7)) == 0, path);
}

static pid_t
start_shortening(const char *path)
{
	const pid_t parent = getpid();
	pid_t pid = fork();
	unsigned round;

	require(pid != -1, "fork");
	for (round = 0; pid == 0; round++) {
		shorten(path, round);
		restore(path);
		if (getppid() != parent)
			_exit(0);
	}
	return pid;
}

/* ---- questions ---- */

static const char *
name_of(struct symbol *symbol, uint32_t handle, size_t i)
{
	const struct symbol_place *place = symbol_resolve(symbol, handle, starts[i], false);

	return place->frames[place->count - 1].function;
}

static bool
is_none(const char *name)
{
	return strcmp(name, "??") == 0 || strstr(name, "+0x") != NULL;
}

static void
ask(struct symbol *symbol, uint32_t handle)
{
	const char *name;
	size_t i;

	for (i = 0; i < count; i++) {
		name = name_of(symbol, handle, i);
		if (!is_none(name) && strcmp(name, names[i]) != 0)
			printf("%s: %s\n", names[i], name);
		require(is_none(name) || strcmp(name, names[i]) == 0, "a wrong name");
		nameless += is_none(name) && !is_none(names[i]);
		(void)symbol_flow(symbol, handle, starts[i]);
	}
}

static struct symbol *
make_symbol(const char *root)
{
	struct symbol *symbol = symbol_new();

	symbol_set_debug_root(symbol, root);
	return symbol;
}

static void
find_names(const char *path, const char *root)
{
	struct symbol *symbol = make_symbol(root);
	uint32_t handle = symbol_add_module(symbol, &(struct symbol_module){ .path = path });
	size_t i;

	for (i = 0; i < count; i++)
		names[i] = xstrdup(name_of(symbol, handle, i));
	require(symbol_module_state(symbol, handle) == SYMBOL_DWARF, "no DWARF");
	symbol_free(symbol);
}

static void
check_round(unsigned round, const char *path, const char *file, const char *root)
{
	struct symbol *symbol = make_symbol(root);
	uint32_t handle = symbol_add_module(symbol, &(struct symbol_module){ .path = path });
	uint32_t other =
	    symbol_add_module(symbol, &(struct symbol_module){ .path = "/proc/self/exe" });
	const unsigned before = nameless;
	enum symbol_state state;
	const char *why;
	pid_t pid = -1;

	if (round % 2 == 0) {
		name_of(symbol, handle, round % count);
		shorten(file, round / 2);
	} else {
		pid = start_shortening(file);
	}
	ask(symbol, handle);
	why = symbol_module_failure(symbol, handle);
	state = symbol_module_state(symbol, handle);
	require((state == SYMBOL_FAILED) == (why != NULL), "lost, and not told");
	require(nameless == before || state != SYMBOL_DWARF, "names are lost, and it is not told");
	failed += why != NULL;
	faults += why != NULL && strstr(why, "signal 7") != NULL;
	partial += state == SYMBOL_PARTIAL;
	(void)symbol_resolve(symbol, other, 1, false);
	require(symbol_module_failure(symbol, other) == NULL, "another module is lost");
	if (pid != -1) {
		kill(pid, SIGKILL);
		require(waitpid(pid, NULL, 0) == pid, "waitpid");
	}
	restore(file);
	symbol_free(symbol);
}

int
main(int argc, char **argv)
{
	unsigned rounds = argc > 4 ? (unsigned)atoi(argv[1]) : 0;
	unsigned round;

	if (rounds == 0)
		return 99;
	alarm(SECONDS);
	find_starts(argv[2]);
	read_file(argv[3]);
	find_names(argv[2], argv[4]);
	for (round = 0; round < rounds; round++)
		check_round(round, argv[2], argv[3], argv[4]);
	printf("%u times shorter: %u lost, of these %u by SIGBUS; %u partial, %u names less\n",
	    rounds, failed, faults, partial, nameless);
	free(bytes);
	return 0;
}
