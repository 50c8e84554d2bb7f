/* What a program says of itself through esc.h, but for pauses (gate.c) and for the blocks of
 * pools (shim.c). Each call makes a
 * definition in the trace; none is a system call, and a handler may make any of them. */
#include <stddef.h>
#include <string.h>

#include "preload/ring.h"
#include "preload/shim.h"
#include "preload/thread.h"

#define API_EXPORT __attribute__((visibility("default")))

enum { API_VERSION = 2 };

API_EXPORT unsigned int esc_api_version(void);
API_EXPORT void esc_api_phase(const char *name);
API_EXPORT void esc_api_thread_name(const char *name);
API_EXPORT uint32_t esc_api_pool_new(const char *name);

/* Bytes of a name that are kept: of a longer one its begin. NULL: none. */
static uint16_t
api_length(const char *name)
{
	uint16_t len = 0;

	while (name != NULL && len < ESC_NAME_MAX && name[len] != 0)
		len++;
	return len;
}

/* Room for a definition of `size` bytes with a name behind it, which is copied there. */
static void *
api_define(size_t size, const char *name, uint16_t len)
{
	uint8_t *def = ring_define((uint32_t)((size + len + ESC_SLOT - 1) / ESC_SLOT));

	if (def != NULL && len != 0)
		memcpy(def + size, name, len);
	return def;
}

unsigned int
esc_api_version(void)
{
	return API_VERSION;
}

void
esc_api_phase(const char *name)
{
	uint16_t len = api_length(name);
	uint32_t process;
	struct esc_def_phase *def;

	if (shim.mode <= SHIM_OFF || (process = ring_process()) == 0)
		return;
	def = api_define(sizeof(*def), name, len);
	if (def == NULL)
		return;
	def->process = process;
	def->name_len = len;
	def->at = ring_ticks();
	__atomic_store_n(&ring.phase_at, def->at, __ATOMIC_RELAXED);
	ring_defined(&def->def, ESC_DEF_PHASE);
}

void
esc_api_thread_name(const char *name)
{
	uint16_t len = api_length(name);
	const struct thread *thread;
	struct esc_def_thread_name *def;

	if (shim.mode <= SHIM_OFF || (thread = thread_get()) == NULL)
		return;
	def = api_define(sizeof(*def), name, len);
	if (def == NULL)
		return;
	def->def.id = thread->number;
	def->process = thread->process;
	def->name_len = len;
	ring_defined(&def->def, ESC_DEF_THREAD_NAME);
}

/* 0: nothing is recorded of it. */
uint32_t
esc_api_pool_new(const char *name)
{
	uint16_t len = api_length(name);
	uint32_t process, number;
	struct esc_def_pool *def;

	if (shim.mode <= SHIM_OFF || (process = ring_process()) == 0)
		return 0;
	def = api_define(sizeof(*def), name, len);
	if (def == NULL)
		return 0;
	number = __atomic_add_fetch(&ring.header->pools, 1, __ATOMIC_RELAXED);
	def->def.id = number;
	def->process = process;
	def->name_len = len;
	ring_defined(&def->def, ESC_DEF_POOL);
	return number;
}
