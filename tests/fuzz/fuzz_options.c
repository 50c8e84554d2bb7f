/*
 * ESC_OPTIONS, and the rules of --map-path and --source-root: what is refused is pointed
 * at, what is taken is whole, and a path that was shown is shown the same again.
 */
#include <string.h>

#include "analyzer/util/paths.h"
#include "analyzer/util/term.h"
#include "preload/config.h"
#include "preload/record.h"
#include "tests/fuzz/fuzz.h"

static void
options_config(const char *text)
{
	static struct config config;
	const char *bad;

	/* the constructor has it in memory that is zeros */
	memset(&config, 0, sizeof(config));
	bad = config_parse(&config, text);
	FUZZ_CHECK(bad == NULL || (bad >= text && bad <= text + strlen(text)));
	FUZZ_CHECK(memchr(config.file, '\0', sizeof(config.file)) != NULL);
	FUZZ_CHECK(memchr(config.keeper_path, '\0', sizeof(config.keeper_path)) != NULL);
	if (bad != NULL)
		return;
	FUZZ_CHECK(config.mode >= ESC_MODE_FULL && config.mode <= ESC_MODE_AUTO);
	FUZZ_CHECK(config.depth > 0 && config.sample > 0);
}

static void
options_paths(struct fuzz_input *input)
{
	struct paths paths = { 0 };
	char *rule = fuzz_text(input, 64), *root = fuzz_text(input, 64);
	char *path = fuzz_text(input, 256), *shown, *real;
	enum term_color color;

	if (root[0] == '/')
		paths_set_root(&paths, root);
	FUZZ_CHECK(paths_add(&paths, rule) == 0 || strchr(rule, '=') == NULL || rule[0] == '=');
	(void)term_color_parse(rule, &color);
	shown = paths_shown(&paths, path);
	FUZZ_CHECK(path[0] != '\0' || shown[0] == '\0');
	real = paths_real(&paths, shown);
	FUZZ_CHECK(real != NULL);
	free(real);
	free(shown);
	free(path);
	free(root);
	free(rule);
	paths_release(&paths);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = { data, size };
	unsigned how = fuzz_byte(&input);
	char *text;

	if (how % 4 == 0) {
		options_paths(&input);
		return 0;
	}
	text = malloc(input.left + 1);
	FUZZ_CHECK(text != NULL);
	memcpy(text, input.at, input.left);
	text[input.left] = '\0';
	options_config(text);
	free(text);
	return 0;
}
