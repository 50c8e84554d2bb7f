/* SARIF 2.1.0: what code-scanning services and IDEs read. */
#include "config.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/lint/finding.h"
#include "analyzer/lint/lint.h"
#include "analyzer/report/advice.h"
#include "analyzer/util/json.h"
#include "analyzer/util/names.h"
#include "analyzer/util/paths.h"
#include "analyzer/util/strbuf.h"
#include "analyzer/util/term.h"

extern const struct lint lint_sarif;

#define SARIF_SCHEMA "https://json.schemastore.org/sarif-2.1.0.json"

static void
sarif_number(struct json *json, const char *key, int64_t value)
{
	json_key(json, key);
	json_int(json, value);
}

static void
sarif_member(struct json *json, const char *key, const char *text)
{
	json_key(json, key);
	json_string(json, text);
}

/* {"text": ...}: names in it are harmless, and no member of it is markup. */
static void
sarif_text(struct json *json, const char *key, const char *text)
{
	json_key(json, key);
	json_begin_object(json);
	sarif_member(json, "text", text);
	json_end_object(json);
}

/* Harmless, so that no reader has to escape it once more. */
static void
sarif_name(struct json *json, const char *key, const char *name)
{
	struct strbuf text = { 0 };

	term_escape(&text, name, strlen(name));
	sarif_member(json, key, text.text);
	strbuf_release(&text);
}

/* ---- places */

static void
sarif_uri(struct json *json, const char *path, bool is_directory)
{
	struct strbuf uri = { 0 };
	char *real = names_restored(path);

	strbuf_adds(&uri, *path == '/' ? "file://" : "");
	for (const char *at = real; *at; at++) {
		unsigned char byte = (unsigned char)*at;

		if ((byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
		    (byte >= 'A' && byte <= 'Z') || strchr("/-._~", byte))
			strbuf_add(&uri, at, 1);
		else
			strbuf_addf(&uri, "%%%02X", byte);
	}
	if (is_directory && uri.text[uri.len - 1] != '/')
		strbuf_adds(&uri, "/");
	sarif_member(json, "uri", uri.text);
	strbuf_release(&uri);
	free(real);
}

static void
sarif_physical(struct json *json, const struct finding_place *place)
{
	json_key(json, "physicalLocation");
	json_begin_object(json);
	json_key(json, "artifactLocation");
	json_begin_object(json);
	sarif_uri(json, place->file, false);
	if (*place->file != '/')
		sarif_member(json, "uriBaseId", "SRCROOT");
	json_end_object(json);
	if (place->line > 0) {
		json_key(json, "region");
		json_begin_object(json);
		sarif_number(json, "startLine", place->line);
		if (place->column > 0)
			sarif_number(json, "startColumn", place->column);
		json_end_object(json);
	}
	json_end_object(json);
}

/* A location object; message may be NULL. */
static void
sarif_location(
    struct json *json, const struct finding_place *place, int64_t id, const char *message)
{
	json_begin_object(json);
	if (id > 0)
		sarif_number(json, "id", id);
	if (*place->file)
		sarif_physical(json, place);
	json_key(json, "logicalLocations");
	json_begin_array(json);
	json_begin_object(json);
	sarif_name(json, "fullyQualifiedName", *place->function ? place->function : "??");
	if (*place->symbol && strcmp(place->symbol, place->function) != 0)
		sarif_name(json, "decoratedName", place->symbol);
	sarif_member(json, "kind", "function");
	json_end_object(json);
	json_end_array(json);
	if (message)
		sarif_text(json, "message", message);
	json_end_object(json);
}

static void
sarif_stack(
    struct json *json, const struct finding_place *places, size_t depth, const char *message)
{
	json_begin_object(json);
	sarif_text(json, "message", message);
	json_key(json, "frames");
	json_begin_array(json);
	for (size_t i = 0; i < depth; i++) {
		json_begin_object(json);
		json_key(json, "location");
		sarif_location(json, &places[i], 0, NULL);
		sarif_name(json, "module", places[i].module);
		json_end_object(json);
	}
	json_end_array(json);
	json_end_object(json);
}

/* ---- a result */

static void
sarif_step(struct json *json, const struct finding_place *place, const char *message)
{
	json_begin_object(json);
	json_key(json, "location");
	sarif_location(json, place, 0, message);
	json_end_object(json);
}

/* From the allocation to where it was freed. */
static void
sarif_flow(struct json *json, const struct finding *finding)
{
	json_key(json, "codeFlows");
	json_begin_array(json);
	json_begin_object(json);
	json_key(json, "threadFlows");
	json_begin_array(json);
	json_begin_object(json);
	json_key(json, "locations");
	json_begin_array(json);
	sarif_step(json, &finding->place, "allocated here");
	for (size_t i = 0; i < finding->note_count; i++) {
		if (finding->notes[i].kind != FINDING_CONTEXT)
			sarif_step(json, &finding->notes[i].place, finding->notes[i].text);
	}
	json_end_array(json);
	json_end_object(json);
	json_end_array(json);
	json_end_object(json);
	json_end_array(json);
}

static void
sarif_stacks(struct json *json, const struct finding *finding)
{
	json_key(json, "stacks");
	json_begin_array(json);
	sarif_stack(json, finding->stack, finding->depth, "allocated by");
	for (size_t i = 0; i < finding->note_count; i++) {
		const struct finding_note *note = &finding->notes[i];

		if (note->stack)
			sarif_stack(json, note->stack, note->depth, note->text);
	}
	json_end_array(json);
}

static void
sarif_fingerprints(struct json *json, const struct finding *finding)
{
	char text[48];

	json_key(json, "partialFingerprints");
	json_begin_object(json);
	(void)snprintf(text, sizeof(text), "%016" PRIx64 ":%u", finding->text, finding->text_copy);
	sarif_member(json, "primaryLocationLineHash", text);
	(void)snprintf(
	    text, sizeof(text), "%016" PRIx64 ":%u", finding->identity, finding->identity_copy);
	sarif_member(json, "escStackHash/v1", text);
	json_end_object(json);
}

static void
sarif_properties(struct json *json, const struct finding *finding)
{
	json_key(json, "properties");
	json_begin_object(json);
	sarif_number(json, "blocks", finding->blocks);
	sarif_number(json, "bytes", finding->bytes);
	sarif_number(json, "observed", finding->observed);
	sarif_number(json, "proved", finding->proved);
	sarif_number(json, "inferred", finding->inferred);
	json_key(json, "savedNs");
	json_double(json, finding->saved_ns);
	json_end_object(json);
}

static int64_t
rule_of(const char *verdict)
{
	int64_t at = 0;

	while (advice_at((size_t)at) && strcmp(advice_at((size_t)at)->verdict, verdict) != 0)
		at++;
	return at;
}

static void
sarif_result(struct json *json, const struct finding *finding)
{
	struct strbuf message = { 0 };

	json_begin_object(json);
	sarif_member(json, "ruleId", finding->verdict);
	sarif_number(json, "ruleIndex", rule_of(finding->verdict));
	sarif_member(json, "level", finding->level == FINDING_WARNING ? "warning" : "note");
	strbuf_addf(&message, "%s.", finding->message);
	sarif_text(json, "message", message.text);
	strbuf_release(&message);
	json_key(json, "locations");
	json_begin_array(json);
	sarif_location(json, &finding->place, 0, NULL);
	json_end_array(json);
	if (finding->note_count > 0) {
		json_key(json, "relatedLocations");
		json_begin_array(json);
		for (size_t i = 0; i < finding->note_count; i++)
			sarif_location(
			    json, &finding->notes[i].place, (int64_t)i + 1, finding->notes[i].text);
		json_end_array(json);
		sarif_flow(json, finding);
	}
	sarif_stacks(json, finding);
	sarif_fingerprints(json, finding);
	json_key(json, "rank");
	json_double(json, finding->rank);
	sarif_number(json, "occurrenceCount", finding->blocks > 0 ? finding->blocks : 1);
	sarif_properties(json, finding);
	json_end_object(json);
}

/* ---- the run */

/* "reuse" as "EscReuse" */
static void
sarif_rule_name(struct json *json, const char *verdict)
{
	char name[32];

	(void)snprintf(name, sizeof(name), "Esc%c%s", verdict[0] - 'a' + 'A', verdict + 1);
	sarif_member(json, "name", name);
}

static void
sarif_rule(struct json *json, const struct advice *advice)
{
	bool is_warning = advice->class == ADVICE_SAVE || advice->class == ADVICE_PART;
	struct strbuf text = { 0 };

	json_begin_object(json);
	sarif_member(json, "id", advice->verdict);
	sarif_rule_name(json, advice->verdict);
	strbuf_addf(
	    &text, "Heap blocks with the verdict '%s': %s.", advice->verdict, advice->meaning);
	sarif_text(json, "shortDescription", text.text);
	strbuf_adds(&text,
	    " esc watched the program run: a verdict is about the blocks that it saw, and says how "
	    "many of them are proved.");
	sarif_text(json, "fullDescription", text.text);
	json_key(json, "help");
	json_begin_object(json);
	sarif_member(json, "text", text.text);
	strbuf_clear(&text);
	strbuf_addf(&text,
	    "**%s**: %s.\n\n`esc report --verdict=%s` shows the sites, "
	    "their evidence and what the change would save; the rules are in *esc-verdicts(7)*.",
	    advice->verdict, advice->meaning, advice->verdict);
	sarif_member(json, "markdown", text.text);
	json_end_object(json);
	json_key(json, "defaultConfiguration");
	json_begin_object(json);
	sarif_member(json, "level", is_warning ? "warning" : "note");
	json_end_object(json);
	json_end_object(json);
	strbuf_release(&text);
}

static void
sarif_tool(struct json *json)
{
	json_key(json, "tool");
	json_begin_object(json);
	json_key(json, "driver");
	json_begin_object(json);
	sarif_member(json, "name", "esc");
	sarif_member(json, "version", PACKAGE_VERSION);
	sarif_member(json, "semanticVersion", PACKAGE_VERSION);
	json_key(json, "rules");
	json_begin_array(json);
	for (size_t i = 0; advice_at(i); i++)
		sarif_rule(json, advice_at(i));
	json_end_array(json);
	json_end_object(json);
	json_end_object(json);
}

static void
sarif_root(struct json *json, const struct paths *paths)
{
	if (!paths->root)
		return;
	json_key(json, "originalUriBaseIds");
	json_begin_object(json);
	json_key(json, "SRCROOT");
	json_begin_object(json);
	sarif_uri(json, paths->root, true);
	sarif_text(json, "description", "Where the sources of the program are.");
	json_end_object(json);
	json_end_object(json);
}

static void
sarif_write(const struct lint_options *options, const struct findings *findings, FILE *out)
{
	struct json json;

	json_start(&json, out);
	json_begin_object(&json);
	sarif_member(&json, "$schema", SARIF_SCHEMA);
	sarif_member(&json, "version", "2.1.0");
	json_key(&json, "runs");
	json_begin_array(&json);
	json_begin_object(&json);
	sarif_tool(&json);
	sarif_root(&json, options->paths);
	sarif_member(&json, "columnKind", "utf16CodeUnits");
	json_key(&json, "results");
	json_begin_array(&json);
	for (size_t i = 0; i < findings->count; i++)
		sarif_result(&json, &findings->list[i]);
	json_end_array(&json);
	json_end_object(&json);
	json_end_array(&json);
	json_end_object(&json);
	fputc('\n', out);
}

const struct lint lint_sarif = {
	.name = "sarif",
	.summary = "SARIF 2.1.0",
	.write = sarif_write,
};
