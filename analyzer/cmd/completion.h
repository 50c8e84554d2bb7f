/* Completions for shells, from the commands' own option tables. */
#ifndef CMD_COMPLETION_H
#define CMD_COMPLETION_H

/* Prints what `shell` (bash, zsh) reads: 0, or -1 for an unknown shell. */
int completion_print(const char *shell);
/* The two of them. */
void completion_bash(void);
void completion_zsh(void);

#endif
