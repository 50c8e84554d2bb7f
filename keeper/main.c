/* esc-keeper FD: keeps the trace that is open at FD. */
#include <stdlib.h>

#include "keeper/keeper.h"

int
main(int argc, char **argv)
{
	unsigned long fd;
	char *end;

	if (argc != 2)
		return 2;
	fd = strtoul(argv[1], &end, 10);
	if (*argv[1] == '\0' || *end != '\0' || fd > 1U << 30)
		return 2;
	keeper_detach((int)fd, -1);
	return keeper_run((int)fd, -1) == 0 ? 0 : 1;
}
