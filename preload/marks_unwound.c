/*
 * The personality of the marks' frames. An unwinder finds the handler of an
 * exception a second time by the stack pointer: a mark in between has the same
 * one, and is taken for it. (Where the mark was set after the first search, by a
 * destructor, nothing in its description could make another one.) Then the unwinder
 * is made to go on as if the function that the mark returns to had resumed there.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <link.h>
#include <stddef.h>
#include <unwind.h>

#include "preload/marks.h"

struct marks_unwinder {
	_Unwind_Ptr (*get_ip)(struct _Unwind_Context *);
	void (*set_ip)(struct _Unwind_Context *, _Unwind_Ptr);
	void (*set_register)(struct _Unwind_Context *, int, _Unwind_Word);
	void (*resume)(struct _Unwind_Exception *);
};

/* Read by marks.S. */
void (*marks_resume)(struct _Unwind_Exception *);

static bool
marks_symbols(struct marks_unwinder *unwinder, void *handle)
{
	*(void **)&unwinder->get_ip = dlsym(handle, "_Unwind_GetIP");
	*(void **)&unwinder->set_ip = dlsym(handle, "_Unwind_SetIP");
	*(void **)&unwinder->set_register = dlsym(handle, "_Unwind_SetGR");
	*(void **)&unwinder->resume = dlsym(handle, "_Unwind_Resume");
	return unwinder->get_ip != NULL && unwinder->set_ip != NULL &&
	    unwinder->set_register != NULL && unwinder->resume != NULL;
}

/* What it knows of the stack is its own: is it the one that has called us? */
static bool
marks_same(const struct marks_unwinder *unwinder, const struct link_map *caller)
{
	struct dl_find_object object;

	return _dl_find_object((void *)unwinder->get_ip, &object) == 0 &&
	    object.dlfo_link_map == caller;
}

static _Unwind_Reason_Code
marks_stepped(struct _Unwind_Context *context, void *unused)
{
	(void)context;
	(void)unused;
	return _URC_END_OF_STACK;
}

/* For one that is linked into its module with its names hidden: libgcc's copies
 * understand each other, once they have seen a stack. */
static bool
marks_another(struct marks_unwinder *unwinder)
{
	void *handle = dlopen("libgcc_s.so.1", RTLD_LAZY);
	_Unwind_Reason_Code (*walk)(_Unwind_Trace_Fn, void *);

	if (handle == NULL || !marks_symbols(unwinder, handle))
		return false;
	*(void **)&walk = dlsym(handle, "_Unwind_Backtrace");
	if (walk != NULL)
		walk(marks_stepped, NULL);
	return true;
}

static bool
marks_search(struct marks_unwinder *unwinder, const struct link_map *caller)
{
	void *handle;
	bool found;

	if (marks_symbols(unwinder, RTLD_DEFAULT) && marks_same(unwinder, caller))
		return true;
	/* A library that was loaded for another alone. */
	handle = dlopen(caller->l_name, RTLD_LAZY | RTLD_NOLOAD);
	found = handle != NULL && marks_symbols(unwinder, handle) && marks_same(unwinder, caller);
	if (found)
		return true; /* and it stays */
	if (handle != NULL)
		dlclose(handle);
	return marks_another(unwinder);
}

/* The first that was asked for is remembered: that one answers without a search,
 * which takes locks and allocates. */
static struct {
	uint32_t state; /* 1: being written, 2: there */
	const struct link_map *map;
	struct marks_unwinder unwinder;
} marks_first;

/* Of the one at caller, that is unwinding. */
static bool
marks_unwinder(struct marks_unwinder *unwinder, void *caller)
{
	struct dl_find_object object;
	uint32_t none = 0;

	if (_dl_find_object(caller, &object) != 0)
		return false;
	if (__atomic_load_n(&marks_first.state, __ATOMIC_ACQUIRE) == 2 &&
	    marks_first.map == object.dlfo_link_map) {
		*unwinder = marks_first.unwinder;
		return true;
	}
	if (!marks_search(unwinder, object.dlfo_link_map))
		return false;
	if (__atomic_compare_exchange_n(
		&marks_first.state, &none, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
		marks_first.map = object.dlfo_link_map;
		marks_first.unwinder = *unwinder;
		__atomic_store_n(&marks_first.state, 2, __ATOMIC_RELEASE);
	}
	return true;
}

/* Called by marks.S's description of the cells. */
_Unwind_Reason_Code marks_unwound(int version, _Unwind_Action actions,
    _Unwind_Exception_Class class, struct _Unwind_Exception *exception,
    struct _Unwind_Context *context);

_Unwind_Reason_Code
marks_unwound(int version, _Unwind_Action actions, _Unwind_Exception_Class class,
    struct _Unwind_Exception *exception, struct _Unwind_Context *context)
{
	struct marks_unwinder unwinder;
	uint64_t pc;

	(void)version;
	(void)class;
	if ((actions & _UA_HANDLER_FRAME) == 0)
		return _URC_CONTINUE_UNWIND;
	if (!marks_unwinder(&unwinder, __builtin_return_address(0)))
		return _URC_CONTINUE_UNWIND;
	pc = unwinder.get_ip(context);
	if (marks_resolve(&pc) == 0)
		return _URC_CONTINUE_UNWIND;
	__atomic_store_n(&marks_resume, unwinder.resume, __ATOMIC_RELAXED);
	unwinder.set_register(context, __builtin_eh_return_data_regno(0), (_Unwind_Word)exception);
	unwinder.set_register(context, __builtin_eh_return_data_regno(1), pc);
	unwinder.set_ip(context, (_Unwind_Ptr)arch_marks_resume);
	return _URC_INSTALL_CONTEXT;
}
