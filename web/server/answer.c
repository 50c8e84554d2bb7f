#include "web/server/answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "analyzer/util/err.h"
#include "analyzer/util/strbuf.h"
#include "analyzer/util/term.h"
#include "web/server/bundle.h"
#include "web/server/document.h"
#include "web/server/gzip.h"
#include "web/server/parameters.h"
#include "web/server/profile.h"
#include "web/server/shelf.h"

/* What one request is answered with. */
struct request {
	struct shelf *shelf;
	struct parameters parameters;
	bool takes_gzip;
};

void
answer_say(struct answer *answer, unsigned status, const char *text)
{
	*answer = (struct answer){
		.status = status,
		.type = "text/plain; charset=utf-8",
		.body = text,
		.len = strlen(text),
		.file = -1,
	};
}

/* The same for what came up: harmless, one line, cut. */
static void
answer_fail(struct answer *answer, unsigned status, const struct err *err)
{
	struct strbuf text = { 0 };

	term_escape(&text, err->text, strlen(err->text));
	answer_say(answer, status, "");
	(void)snprintf(answer->text, sizeof(answer->text), "%.*s\n", ANSWER_TEXT - 2,
	    text.text ? text.text : "");
	answer->body = answer->text;
	answer->len = strlen(answer->text);
	strbuf_release(&text);
}

void
answer_release(struct answer *answer)
{
	free(answer->owned);
	profile_drop(answer->profile);
	if (answer->file >= 0)
		close(answer->file);
	answer_say(answer, answer->status, "");
}

/* The run that is asked for, held; NULL: *answer says why there is none. */
static struct profile *
answer_run(const struct request *request, struct answer *answer)
{
	struct profile *profile;
	uint64_t run = 1;

	if (parameters_number(&request->parameters, "run", 1, SHELF_RUNS, &run) < 0) {
		answer_say(answer, 400, "run is 1 or 2\n");
		return NULL;
	}
	profile = shelf_take(request->shelf, run - 1);
	if (!profile)
		answer_say(answer, 404, "one file is open: esc serve A B shows two\n");
	return profile;
}

/* Bytes that the profile keeps: as they are, or for a few, unpacked. */
static void
answer_kept(const struct request *request, const struct profile_kept *kept, struct profile *profile,
    struct answer *answer)
{
	answer->is_gzip = request->takes_gzip;
	if (request->takes_gzip) {
		answer->body = kept->bytes;
		answer->len = kept->len;
		answer->profile = profile_hold(profile);
		return;
	}
	answer->owned = gzip_unpack(kept->bytes, kept->len, kept->whole);
	answer->body = answer->owned;
	answer->len = kept->whole;
	if (!answer->owned)
		answer_say(answer, 503, "it cannot be unpacked\n");
}

static void
answer_document(
    const struct request *request, const struct document *document, struct answer *answer)
{
	const char *const known[] = { "run", document->parameter, NULL };
	struct document_from from = { .shelf = request->shelf, .parameters = &request->parameters };
	const struct profile_kept *kept;
	struct err err = { "" };
	unsigned status;

	if (parameters_known(&request->parameters, known) < 0 ||
	    (document->parameter && !parameters_find(&request->parameters, document->parameter))) {
		answer_say(answer, 400, "not these parameters\n");
		return;
	}
	from.profile = answer_run(request, answer);
	if (!from.profile)
		return;
	answer_say(answer, 200, "");
	answer->type = "application/json";
	if (document->is_kept) {
		kept = document_kept(document, &from, &status, &err);
		if (kept)
			answer_kept(request, kept, from.profile, answer);
	} else {
		answer->owned = document_make(document, &from, &answer->len, &status, &err);
		answer->body = answer->owned;
	}
	if (status != 200)
		answer_fail(answer, status, &err);
	profile_drop(from.profile);
}

static void
answer_export(const struct request *request, const char *name, struct answer *answer)
{
	static const char *const known[] = { "run", NULL };
	struct profile *profile;
	struct err err = { "" };

	if (parameters_known(&request->parameters, known) < 0) {
		answer_say(answer, 400, "not these parameters\n");
		return;
	}
	profile = answer_run(request, answer);
	if (!profile)
		return;
	answer_say(answer, 200, "");
	answer->type = "application/octet-stream";
	if (exports_file(profile, name, answer->name) < 0) {
		answer_say(answer, 404, "no such export\n");
	} else {
		answer->file = exports_open(profile, name, &err);
		if (answer->file < 0)
			answer_fail(answer, 503, &err);
	}
	profile_drop(profile);
}

static void
answer_file(const struct request *request, const struct bundle_file *file, struct answer *answer)
{
	const struct bundle_packed *packed;

	if (!bundle_is_whole()) {
		answer_say(
		    answer, 404, "esc was built without its page; /api/info and others are here\n");
		return;
	}
	answer_say(answer, 200, "");
	answer->type = file->type;
	answer->links = file->links;
	answer->body = file->body;
	answer->len = file->len;
	if (!request->takes_gzip)
		return;
	packed = bundle_packed(file);
	if (!packed->bytes)
		return;
	answer->body = packed->bytes;
	answer->len = packed->len;
	answer->is_gzip = true;
}

void
answer_make(struct shelf *shelf, const char *path, const char *query, bool takes_gzip,
    struct answer *answer)
{
	static const char api[] = "/api/", export[] = "/export/";
	struct request request = { .shelf = shelf, .takes_gzip = takes_gzip };
	const struct bundle_file *file = bundle_find(path);
	const struct document *document = NULL;

	if (strncmp(path, api, sizeof(api) - 1) == 0)
		document = document_find(path + sizeof(api) - 1);
	if (parameters_parse(&request.parameters, query) < 0)
		answer_say(answer, 400, "malformed parameters\n");
	else if (file)
		answer_file(&request, file, answer);
	else if (document)
		answer_document(&request, document, answer);
	else if (strncmp(path, export, sizeof(export) - 1) == 0)
		answer_export(&request, path + sizeof(export) - 1, answer);
	else
		answer_say(answer, 404, "nothing here\n");
}
