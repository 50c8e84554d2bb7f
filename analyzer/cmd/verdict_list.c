#include "analyzer/cmd/verdict_list.h"

#include <stdlib.h>
#include <string.h>

#include "analyzer/cmd/options.h"
#include "analyzer/report/advice.h"
#include "analyzer/util/xalloc.h"

/* The next of the list: its length, 0 behind the last. */
static size_t
list_next(const char **list)
{
	*list += strspn(*list, ",");
	return strcspn(*list, ",");
}

void
verdict_list_check(const struct cmd *cmd, const char *list)
{
	if (list[strspn(list, ",")] == '\0')
		options_usage(cmd, "which --verdict?");
	for (size_t len; (len = list_next(&list)) > 0; list += len) {
		char *name = xstrndup(list, len);

		if (strcmp(advice_find(name)->verdict, name) != 0)
			options_usage(cmd, "no verdict %s", name);
		free(name);
	}
}
