#include "analyzer/cmd/completion.h"

#include <string.h>

int
completion_print(const char *shell)
{
	if (strcmp(shell, "bash") == 0)
		completion_bash();
	else if (strcmp(shell, "zsh") == 0)
		completion_zsh();
	else
		return -1;
	return 0;
}
