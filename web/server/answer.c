#include "web/server/answer.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "web/server/document.h"
#include "web/server/parameters.h"

static const char answer_page[] =
#include "web/page/index_html.inc"
    ;
static const char answer_script[] =
#include "web/page/app_js.inc"
    ;
static const char answer_style[] =
#include "web/page/style_css.inc"
    ;
static const char answer_icon[] =
#include "web/page/icon_svg.inc"
    ;

struct answer_file {
	const char *path;
	const char *type;
	const char *body;
	size_t len;
};

static const struct answer_file answer_files[] = {
	{ "/", "text/html; charset=utf-8", answer_page, sizeof(answer_page) - 1 },
	{ "/app.js", "text/javascript; charset=utf-8", answer_script, sizeof(answer_script) - 1 },
	{ "/style.css", "text/css; charset=utf-8", answer_style, sizeof(answer_style) - 1 },
	{ "/icon.svg", "image/svg+xml", answer_icon, sizeof(answer_icon) - 1 },
};

struct answer_document {
	const char *path;
	unsigned (*write)(const struct document *document, const struct parameters *parameters,
	    FILE *out, const char **why);
};

static const struct answer_document answer_documents[] = {
	{ "/api/info", document_info },
	{ "/api/sites", document_sites },
};

void
answer_say(struct answer *answer, unsigned status, const char *text)
{
	*answer = (struct answer){
		.status = status,
		.type = "text/plain; charset=utf-8",
		.body = text,
		.len = strlen(text),
	};
}

bool
answer_has_page(void)
{
	return sizeof(answer_script) > 1;
}

static void
answer_write(const struct answer_document *entry, const struct document *document,
    const struct parameters *parameters, struct answer *answer)
{
	const char *why = "";
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	unsigned status;

	if (!out) {
		answer_say(answer, 503, "no memory\n");
		return;
	}
	status = entry->write(document, parameters, out, &why);
	if (fclose(out) != 0) {
		free(text);
		answer_say(answer, 503, "no memory\n");
	} else if (status != 200) {
		free(text);
		answer_say(answer, status, why);
	} else {
		*answer = (struct answer){ 200, "application/json", text, len, text };
	}
}

void
answer_make(
    const struct document *document, const char *path, const char *query, struct answer *answer)
{
	struct parameters parameters;

	if (parameters_parse(&parameters, query) < 0) {
		answer_say(answer, 400, "malformed parameters\n");
		return;
	}
	for (size_t i = 0; i < sizeof(answer_files) / sizeof(*answer_files); i++) {
		const struct answer_file *file = &answer_files[i];

		if (strcmp(file->path, path) == 0 && !answer_has_page()) {
			answer_say(answer, 404,
			    "esc was built without its page; /api/info and /api/sites are here\n");
			return;
		}
		if (strcmp(file->path, path) == 0) {
			*answer = (struct answer){ 200, file->type, file->body, file->len, NULL };
			return;
		}
	}
	for (size_t i = 0; i < sizeof(answer_documents) / sizeof(*answer_documents); i++) {
		if (strcmp(answer_documents[i].path, path) == 0) {
			answer_write(&answer_documents[i], document, &parameters, answer);
			return;
		}
	}
	answer_say(answer, 404, "nothing here\n");
}
