#include "analyzer/symbol/symbol_debug.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <zlib.h>

#include "analyzer/symbol/symbol_broker.h"
#include "analyzer/symbol/symbol_guard.h"
#include "analyzer/util/xalloc.h"

static bool
has_build_id(const struct symbol_elf *file, const uint8_t *id, size_t len)
{
	const uint8_t *own;
	size_t own_len;

	return symbol_elf_build_id(file, &own, &own_len) && own_len == len &&
	    memcmp(own, id, len) == 0;
}

/* True if file can be of any use, and is of this module. */
static bool
is_useful(const struct symbol_elf *file, const uint8_t *id, size_t len)
{
	return (len == 0 || has_build_id(file, id, len)) &&
	    (symbol_elf_has_dwarf(file) || symbol_elf_has_symtab(file));
}

/* The first is told: it is the one that should have been it. */
static void
refuse(char **refused, const char *path, const char *why)
{
	if (refused != NULL && *refused == NULL)
		*refused = xasprintf("%s: %s", why, path);
}

/* Opens what is there; false, and refused, if that cannot be read. */
static bool
open_present(struct symbol_elf *file, const char *path, char **refused)
{
	enum symbol_elf_result result = symbol_elf_open(file, path);

	if (result == SYMBOL_ELF_UNREADABLE)
		refuse(refused, path, "debug file that cannot be read");
	return result == SYMBOL_ELF_OK;
}

static bool
open_checked(
    struct symbol_elf *file, const char *path, const uint8_t *id, size_t len, char **refused)
{
	if (!open_present(file, path, refused))
		return false;
	if (has_build_id(file, id, len))
		return true;
	refuse(refused, path, "debug file with another build-id");
	symbol_elf_close(file);
	return false;
}

static bool
find_by_build_id(
    struct symbol_elf *file, const char *root, const uint8_t *id, size_t len, char **refused)
{
	char *path;
	bool found;

	path = symbol_broker_build_id_path(root, id, len);
	if (path == NULL)
		return false;
	found = open_checked(file, path, id, len, refused);
	free(path);
	return found;
}

static bool
checksum_is(const struct symbol_elf *file, uint32_t expected)
{
	uint8_t buffer[64 * 1024];
	uLong sum = crc32(0, NULL, 0);
	off_t at = 0;
	ssize_t got;

	while ((got = pread(file->fd, buffer, sizeof(buffer), at)) > 0) {
		sum = crc32(sum, buffer, (uInt)got);
		at += got;
	}
	return got == 0 && sum == expected;
}

/* Name and checksum of .gnu_debuglink; NULL if there is none that makes sense. */
static const char *
read_link(const struct symbol_elf *file, uint32_t *checksum)
{
	const char *ident = elf_getident(file->elf, NULL);
	GElf_Shdr header;
	Elf_Scn *section;
	Elf_Data *data;
	size_t len;
	size_t at;

	section = symbol_elf_section(file, ".gnu_debuglink", &header);
	if (ident == NULL || section == NULL || header.sh_type == SHT_NOBITS)
		return NULL;
	data = elf_rawdata(section, NULL);
	if (data == NULL || data->d_buf == NULL)
		return NULL;
	len = strnlen(data->d_buf, data->d_size);
	at = (len + 4) & ~(size_t)3;
	/* a bare name: it must not lead to another directory */
	if (len == 0 || len == data->d_size || at + 4 > data->d_size ||
	    memchr(data->d_buf, '/', len) != NULL)
		return NULL;
	memcpy(checksum, (const char *)data->d_buf + at, 4);
	*checksum = ident[EI_DATA] == ELFDATA2MSB ? be32toh(*checksum) : le32toh(*checksum);
	return data->d_buf;
}

static bool
try_link(struct symbol_elf *file, const struct symbol_debug_query *query, const char *path,
    uint32_t checksum)
{
	const char *why = NULL;
	const uint8_t *own;
	size_t own_len;

	if (!open_present(file, path, query->refused))
		return false;
	if (!is_useful(file, NULL, 0))
		why = "debug file without lines and names";
	else if (!checksum_is(file, checksum))
		why = "debug file with another checksum";
	else if (query->build_id_len > 0 && symbol_elf_build_id(file, &own, &own_len) &&
	    !has_build_id(file, query->build_id, query->build_id_len))
		why = "debug file with another build-id";
	if (why == NULL)
		return true;
	refuse(query->refused, path, why);
	symbol_elf_close(file);
	return false;
}

static bool
find_by_link(struct symbol_elf *file, const struct symbol_debug_query *query)
{
	const char *name;
	const char *slash;
	char *paths[3];
	uint32_t checksum;
	bool found = false;
	int directory;
	size_t i;

	if (query->main == NULL)
		return false;
	name = read_link(query->main, &checksum);
	slash = strrchr(query->main->path, '/');
	if (name == NULL || slash == NULL)
		return false;
	directory = (int)(slash - query->main->path);
	paths[0] = xasprintf("%.*s/%s", directory, query->main->path, name);
	paths[1] = xasprintf("%.*s/.debug/%s", directory, query->main->path, name);
	paths[2] = xasprintf("%s%.*s/%s", query->root, directory, query->main->path, name);
	for (i = 0; i < 3; i++) {
		found = found || try_link(file, query, paths[i], checksum);
		free(paths[i]);
	}
	return found;
}

static bool
find_by_server(struct symbol_elf *file, const uint8_t *id, size_t len)
{
	char *path;
	int fd;

	if (len == 0)
		return false;
	fd = symbol_guard_open_served(&path);
	if (fd == -1)
		return false;
	if (symbol_elf_adopt(file, fd, path) == SYMBOL_ELF_OK && is_useful(file, id, len)) {
		free(path);
		return true;
	}
	free(path);
	symbol_elf_close(file);
	return false;
}

bool
symbol_debug_find(struct symbol_elf *file, const struct symbol_debug_query *query)
{
	if (query->root == NULL)
		return false;
	if (!find_by_build_id(
		file, query->root, query->build_id, query->build_id_len, query->refused) &&
	    !find_by_link(file, query) &&
	    !find_by_server(file, query->build_id, query->build_id_len))
		return false;
	free(*query->refused);
	*query->refused = NULL;
	return true;
}

/* What name means in file: as it stands, or beside it. To be freed. */
static char *
shared_path(const struct symbol_elf *file, const char *name)
{
	const char *slash = strrchr(file->path, '/');

	if (name[0] == '/' || slash == NULL)
		return xstrdup(name);
	return xasprintf("%.*s/%s", (int)(slash - file->path), file->path, name);
}

bool
symbol_debug_find_shared(
    struct symbol_elf *shared, const struct symbol_elf *file, const char *root, char **refused)
{
	GElf_Shdr header;
	Elf_Scn *section;
	Elf_Data *data;
	const uint8_t *id;
	size_t name;
	size_t len;
	char *path;
	bool found;

	section = symbol_elf_section(file, ".gnu_debugaltlink", &header);
	if (section == NULL || header.sh_type == SHT_NOBITS)
		return false;
	data = elf_rawdata(section, NULL);
	if (data == NULL || data->d_buf == NULL)
		return false;
	name = strnlen(data->d_buf, data->d_size);
	if (name == 0 || name == data->d_size || name > INT16_MAX)
		return false;
	id = (const uint8_t *)data->d_buf + name + 1;
	len = data->d_size - name - 1;
	if (len < SYMBOL_BUILD_ID_MIN || len > SYMBOL_BUILD_ID_MAX)
		return false;
	path = shared_path(file, data->d_buf);
	found = open_checked(shared, path, id, len, refused);
	free(path);
	if (found ||
	    find_by_build_id(shared, root != NULL ? root : "/usr/lib/debug", id, len, refused))
		return true;
	refuse(refused, data->d_buf, "no shared debug file");
	return false;
}
