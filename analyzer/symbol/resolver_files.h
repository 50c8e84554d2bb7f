/* The state of resolver.h, shared by the files that make it up; private to them. */
#ifndef SYMBOL_RESOLVER_FILES_H
#define SYMBOL_RESOLVER_FILES_H

#include "analyzer/symbol/arena.h"
#include "analyzer/symbol/resolver.h"
#include "analyzer/symbol/symbol_calls.h"
#include "analyzer/symbol/symbol_code.h"
#include "analyzer/symbol/symbol_dwarf.h"
#include "analyzer/symbol/symbol_elf.h"
#include "analyzer/util/map.h"

struct resolver {
	char *path;
	char *root;    /* or NULL */
	char *refused; /* a debug file, and why; or NULL */
	uint8_t *build_id;
	size_t build_id_len;
	enum symbol_state state;
	struct symbol_elf main;
	struct symbol_elf debug;
	struct symbol_table table;
	struct symbol_table exports; /* its dynamic names; when first needed */
	struct symbol_slots slots;
	struct symbol_dwarf *dwarf;
	struct symbol_calls_cache calls;
	struct map flows; /* entry -> struct flow * */
	struct symbol_code *code;
	enum symbol_code_state code_state;
	enum symbol_state main_state; /* of main, if main_tried */
	bool main_tried;
	bool opened;
	bool loaded; /* what is in main and debug */
	bool exports_loaded;
	bool runtime; /* libc or ld.so */
	struct arena arena;
	struct symbol_dwarf_answer answer; /* large: not on the stack */
};

/* Reads the files, if that was not done. */
void resolver_load(struct resolver *resolver);

#endif
