/* The questions about a module's files, and the forms of their answers: as they are told
 * (symbol_wire.h; texts stand in them) and as they are kept (symbol_cache.h; texts are
 * numbers). */
#ifndef SYMBOL_SYMBOL_ASK_H
#define SYMBOL_SYMBOL_ASK_H

/* The number is mostly an address. Those that are kept are not reused when the form of
 * an answer changes. */
enum symbol_ask_kind {
	SYMBOL_ASK_STATE = 1, /* 0: how well it can be read: states, whether it is split */
	SYMBOL_ASK_PLACE,     /* frames, the function, flags */
	SYMBOL_ASK_FUNCTION,  /* that holds an address: its identity */
	SYMBOL_ASK_FLOW,      /* of the function there, as flow_pack makes it; or nothing */
	SYMBOL_ASK_EDGES,     /* jumps out of a function: address, target; flags */
	SYMBOL_ASK_CALL,      /* what the call that returns there calls: target */
	SYMBOL_ASK_NAME,      /* of what is called */
	SYMBOL_ASK_SLOT,      /* ... by a pointer there */
	SYMBOL_ASK_EXPORT,    /* of a text: where the function of that name is */
	SYMBOL_ASK_DECLARED,  /* where a function is: file, or none; line, column */
	SYMBOL_ASK_FILES,     /* 0, not kept: opens them; confined, the debug file, one that
	                         was refused and why */
	SYMBOL_ASK_PLAIN,     /* of a text, not kept: its plain name */
};

enum {
	SYMBOL_ASK_STARTUP = 1, /* flags of a place */
	SYMBOL_ASK_ONCE = 2,
	SYMBOL_ASK_LACKING = 4,
	SYMBOL_ASK_WHOLE = 1, /* ... of edges */
	SYMBOL_ASK_LAX = 2,
	SYMBOL_ASK_FRAMES = 128, /* of a place, at most */
};

#endif
