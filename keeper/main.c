/* esc-keeper FD [FIRST]: keeps the trace that is open at FD, of the run whose first trace
 * is FIRST. */
#include <stdlib.h>

#include "keeper/keeper.h"

int
main(int argc, char **argv)
{
	unsigned long fd;
	char *end;

	if (argc != 2 && argc != 3)
		return 2;
	fd = strtoul(argv[1], &end, 10);
	if (*argv[1] == '\0' || *end != '\0' || fd > 1U << 30)
		return 2;
	keeper_detach((int)fd, -1);
	return keeper_run((int)fd, -1, argv[2]) == 0 ? 0 : 1;
}
