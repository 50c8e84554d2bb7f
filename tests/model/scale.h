/*
 * The real code with small pages: the model's segments have 256 bytes. Included
 * before each source (-include); what the sources name by enumerators, build.sh
 * makes smaller by sed.
 */
#include "preload/record.h"

#undef ESC_PAGE
#define ESC_PAGE 256U
#undef ESC_SEGMENT_MIN
#define ESC_SEGMENT_MIN 256U
#undef ESC_SEGMENT_MAX
#define ESC_SEGMENT_MAX 512U

/* In place of ESC_EVENT_MAX + 8. */
extern uint32_t scene_rest;
