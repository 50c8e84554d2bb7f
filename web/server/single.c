#include "web/server/single.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/util/err.h"
#include "analyzer/util/json.h"
#include "analyzer/util/map.h"
#include "analyzer/util/strbuf.h"
#include "web/server/bundle.h"
#include "web/server/document.h"
#include "web/server/gzip.h"
#include "web/server/parameters.h"
#include "web/server/profile.h"
#include "web/server/shelf.h"

/* What it is made with. */
struct single {
	struct shelf *shelf;
	FILE *out;
	size_t sites;   /* details that are left out */
	size_t sources; /* sources that could be read and are */
};

static const char single_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static void
single_base64(FILE *out, const char *bytes, size_t len)
{
	const unsigned char *from = (const unsigned char *)bytes;

	for (size_t i = 0; i < len; i += 3) {
		uint32_t three = (uint32_t)from[i] << 16 |
		    (i + 1 < len ? (uint32_t)from[i + 1] << 8 : 0) |
		    (i + 2 < len ? from[i + 2] : 0);

		for (size_t j = 0; j < 4; j++)
			fputc(i + j > len ? '=' : single_digits[three >> (18 - 6 * j) & 63], out);
	}
}

/* A digit of the sums, which are ours. */
static unsigned
single_hex(char digit)
{
	return (unsigned)(digit <= '9' ? digit - '0' : digit - 'a' + 10);
}

/* 'sha256-...' of a sum in hexadecimal. */
static void
single_sum(FILE *out, const char *sum)
{
	char bytes[32] = { 0 };

	for (size_t i = 0; i < sizeof(bytes) && sum[2 * i] && sum[2 * i + 1]; i++)
		bytes[i] = (char)(single_hex(sum[2 * i]) << 4 | single_hex(sum[2 * i + 1]));
	fputs("'sha256-", out);
	single_base64(out, bytes, sizeof(bytes));
	fputc('\'', out);
}

/* ---- the documents */

static int
single_unpacked(struct err *err)
{
	return err_set(err, "no memory to pack the page");
}

static int
single_block(struct single *single, const char *name, size_t run, const char *text, size_t len,
    struct err *err)
{
	size_t packed;
	char *bytes = gzip_pack(text, len, GZIP_SMALL, &packed);

	if (!bytes)
		return single_unpacked(err);
	fprintf(single->out, "<script type=\"application/json+gzip\" data-name=\"%s", name);
	if (run > 0)
		fprintf(single->out, "?run=%zu", run);
	fputs("\">", single->out);
	single_base64(single->out, bytes, packed);
	fputs("</script>\n", single->out);
	free(bytes);
	return 0;
}

/* A document that there is not is left out. */
static int
single_document(
    struct single *single, struct profile *profile, size_t run, const char *name, struct err *err)
{
	struct parameters none = { .count = 0 };
	const struct document_from from = { single->shelf, profile, &none };
	unsigned status;
	size_t len;
	char *text = document_make(document_find(name), &from, &len, &status, err);
	int rc;

	if (!text)
		return status == 404 ? 0 : -1;
	rc = single_block(single, name, run, text, len, err);
	free(text);
	return rc;
}

/* Documents of one kind, in an object by what tells them apart. */
struct many {
	struct single *single;
	struct profile *profile;
	const struct document *document;
	char *text;
	size_t len;
	FILE *out;
	struct json json;
	size_t bytes; /* of documents so far */
	size_t most;
};

static int
many_begin(struct many *many, struct err *err)
{
	many->out = open_memstream(&many->text, &many->len);
	if (!many->out)
		return err_set(err, "no memory");
	json_start(&many->json, many->out);
	json_begin_object(&many->json);
	return 0;
}

/* 1: it is in, 0: there is no room for it, or what it says is not worth it. */
static int
many_add(struct many *many, const char *key, const char *without, struct err *err)
{
	struct parameters one = { .list = { { many->document->parameter, key } }, .count = 1 };
	const struct document_from from = { many->single->shelf, many->profile, &one };
	unsigned status;
	size_t len;
	char *text = document_make(many->document, &from, &len, &status, err);
	bool fits = text && many->bytes + len <= many->most;

	if (!text)
		return -1;
	if (fits && !(without && strstr(text, without))) {
		many->bytes += len;
		json_key(&many->json, key);
		fputs(text, many->out);
		many->json.keyed = false; /* that was its value */
	}
	free(text);
	return fits;
}

static int
many_end(struct many *many, size_t run, int rc, struct err *err)
{
	json_end_object(&many->json);
	if (fclose(many->out) != 0 && rc >= 0)
		rc = err_set(err, "no memory");
	if (rc >= 0)
		rc = single_block(
		    many->single, many->document->name, run, many->text, many->len, err);
	free(many->text);
	return rc < 0 ? -1 : 0;
}

static int
single_sites(struct single *single, struct profile *profile, size_t run, struct err *err)
{
	struct many many = { .single = single,
		.profile = profile,
		.document = document_find("site"),
		.most = SINGLE_DETAILS };
	const struct rows *sites = &profile->sites;
	char key[24];
	size_t i;
	int rc = 1;

	if (many_begin(&many, err) < 0)
		return -1;
	for (i = 0; i < sites->count && i < SINGLE_SITES; i++) {
		(void)snprintf(key, sizeof(key), "%lld", (long long)rows_int(sites, i, "id"));
		rc = many_add(&many, key, NULL, err);
		if (rc <= 0)
			break;
	}
	single->sites += sites->count - i;
	return many_end(&many, run, rc, err);
}

/* The text of a source document that has no lines. */
static const char single_unread[] = "\"note\":";

static int
single_sources(struct single *single, struct profile *profile, size_t run, struct err *err)
{
	struct many many = { .single = single,
		.profile = profile,
		.document = document_find("source"),
		.most = SINGLE_SOURCES };
	const struct rows *sites = &profile->sites;
	struct map seen = { .count = 0 };
	int rc = 1;

	if (many_begin(&many, err) < 0)
		return -1;
	for (size_t i = 0; i < sites->count && rc >= 0; i++) {
		const char *file = rows_text(sites, i, "file");
		bool is_fresh;

		(void)map_insert(
		    &seen, map_key_of((struct map_key){ 0, 0 }, file, strlen(file)), &is_fresh);
		if (!*file || !is_fresh)
			continue;
		rc = many_add(&many, file, single_unread, err);
		single->sources += rc == 0;
	}
	map_release(&seen);
	return many_end(&many, run, rc, err);
}

static int
single_run(struct single *single, struct profile *profile, size_t run, struct err *err)
{
	static const char *const names[] = { "info", "table", "tree", "cells", "heat" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (single_document(single, profile, run, names[i], err) < 0)
			return -1;
	}
	if (single_sites(single, profile, run, err) < 0)
		return -1;
	return single_sources(single, profile, run, err);
}

static int
single_state(struct single *single, struct err *err)
{
	struct strbuf text = { 0 };
	char *state = NULL;
	size_t len;
	FILE *out = open_memstream(&state, &len);
	int rc;

	if (!out)
		return err_set(err, "no memory");
	if (single->sites > 0)
		strbuf_addf(&text, "details of %zu sites", single->sites);
	if (single->sources > 0)
		strbuf_addf(&text, "%s%zu sources", text.len > 0 ? " and " : "", single->sources);
	if (text.len > 0)
		strbuf_adds(&text, " are left out of this file: esc serve has them");
	shelf_state(single->shelf, text.text, out);
	strbuf_release(&text);
	if (fclose(out) != 0) {
		free(state);
		return err_set(err, "no memory");
	}
	rc = single_block(single, "state", 0, state, len, err);
	free(state);
	return rc;
}

static int
single_documents(struct single *single, struct err *err)
{
	int rc = 0;

	for (size_t run = 0; rc == 0 && run < SHELF_RUNS; run++) {
		struct profile *profile = shelf_take(single->shelf, run);

		if (profile)
			rc = single_run(single, profile, run + 1, err);
		if (profile && rc == 0 && run > 0)
			rc = single_document(single, profile, 0, "diff", err);
		profile_drop(profile);
	}
	return rc < 0 ? -1 : single_state(single, err);
}

/* ---- the page */

/* In the order in which they run: what unpacks the others, what is packed. */
static const char *const single_scripts[] = { "/open.js", "/app.js", "/plot.js" };
enum { SINGLE_SCRIPTS = sizeof(single_scripts) / sizeof(*single_scripts) };

/* A packed script, which the policy lets run by its sum; nothing of what esc was built
 * without. */
static int
single_script(struct single *single, const char *path, struct err *err)
{
	const struct bundle_file *file = bundle_find(path);
	const struct bundle_packed *packed = bundle_packed(file);

	if (file->len == 0)
		return 0;
	if (!packed->bytes)
		return single_unpacked(err);
	fprintf(single->out, "<script type=\"text/javascript+gzip\" data-name=\"%s\">", path + 1);
	single_base64(single->out, packed->bytes, packed->len);
	fputs("</script>\n", single->out);
	return 0;
}

static int
single_icon(struct single *single, struct err *err)
{
	const struct bundle_file *icon = bundle_find("/icon.svg");

	(void)err;
	fputs("<link rel=\"icon\" href=\"data:image/svg+xml;base64,", single->out);
	single_base64(single->out, icon->body, icon->len);
	fputs("\">", single->out);
	return 0;
}

static int
single_policy(struct single *single, struct err *err)
{
	(void)err;
	fputs("<meta charset=\"utf-8\">\n<meta http-equiv=\"Content-Security-Policy\" content=\""
	      "default-src 'none'; script-src ",
	    single->out);
	for (size_t i = 0; i < SINGLE_SCRIPTS; i++) {
		if (i > 0)
			fputc(' ', single->out);
		single_sum(single->out, bundle_find(single_scripts[i])->sum);
	}
	fputs("; style-src ", single->out);
	single_sum(single->out, bundle_find("/style.css")->sum);
	fputs("; img-src data:; base-uri 'none'; form-action 'none'\">", single->out);
	return 0;
}

/* One of ours as an element of its own; nothing in it may end that. */
static int
single_inline(struct single *single, const char *path, const char *element, struct err *err)
{
	const struct bundle_file *file = bundle_find(path);
	char end[16];

	(void)snprintf(end, sizeof(end), "</%s", element);
	if (strcasestr(file->body, end) || strstr(file->body, "<!--"))
		return err_set(err, "the page's %s has an end of its element in it", path);
	fprintf(single->out, "<%s>%s%s>", element, file->body, end);
	return 0;
}

static int
single_style(struct single *single, struct err *err)
{
	return single_inline(single, "/style.css", "style", err);
}

static int
single_nothing(struct single *single, struct err *err)
{
	(void)single;
	(void)err;
	return 0;
}

static int
single_end(struct single *single, struct err *err)
{
	if (single_documents(single, err) < 0)
		return -1;
	for (size_t i = 1; i < SINGLE_SCRIPTS; i++) {
		if (single_script(single, single_scripts[i], err) < 0)
			return -1;
	}
	if (single_inline(single, single_scripts[0], "script", err) < 0)
		return -1;
	fputs("\n</body>", single->out);
	return 0;
}

/* What stands in the served page, and what in its place; in this order. */
static const struct {
	const char *text;
	int (*write)(struct single *single, struct err *err);
} single_places[] = {
	{ "<meta charset=\"utf-8\">", single_policy },
	{ "<link rel=\"icon\" href=\"/icon.svg\" type=\"image/svg+xml\">", single_icon },
	{ "<link rel=\"stylesheet\" href=\"/style.css\">", single_style },
	{ "<script defer src=\"/app.js\"></script>", single_nothing },
	{ "</body>", single_end },
};

int
single_write(struct shelf *shelf, FILE *out, struct err *err)
{
	struct single single = { .shelf = shelf, .out = out };
	const char *page = bundle_find("/")->body;

	if (!bundle_is_whole())
		return err_set(err, "esc was built without its page");
	for (size_t i = 0; i < sizeof(single_places) / sizeof(*single_places); i++) {
		const char *found = strstr(page, single_places[i].text);

		if (!found)
			return err_set(err, "the page lacks %s", single_places[i].text);
		fwrite(page, 1, (size_t)(found - page), out);
		if (single_places[i].write(&single, err) < 0)
			return -1;
		page = found + strlen(single_places[i].text);
	}
	fputs(page, out);
	return 0;
}
