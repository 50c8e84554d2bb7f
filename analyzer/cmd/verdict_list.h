/* The argument of --verdict: names of verdicts with commas. */
#ifndef CMD_VERDICT_LIST_H
#define CMD_VERDICT_LIST_H

struct cmd;

/* A usage error if one of them is no verdict, or there is none. */
void verdict_list_check(const struct cmd *cmd, const char *list);

#endif
