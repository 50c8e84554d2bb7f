#include "analyzer/trace/settle.h"

#include <string.h>

#include "analyzer/util/files.h"
#include "preload/record.h"

void
settle_definitions(int fd, uint64_t offset, uint8_t *bytes, size_t used)
{
	struct esc_def def;
	size_t at, len;

	for (at = 0; used - at >= ESC_SLOT; at += len) {
		memcpy(&def, bytes + at, sizeof(def));
		/* Read after all of `bytes`: if it is none still, so is what follows. */
		if (def.type == ESC_DEF_NONE &&
		    files_read(fd, offset + at, &def, sizeof(def)) == sizeof(def) &&
		    def.type != ESC_DEF_NONE) {
			def.type = ESC_DEF_PENDING;
			memcpy(bytes + at, &def, sizeof(def));
		}
		len = def.type != ESC_DEF_NONE && def.slots > 1 ? (size_t)def.slots * ESC_SLOT
								: ESC_SLOT;
		if (len > used - at)
			break;
	}
}
