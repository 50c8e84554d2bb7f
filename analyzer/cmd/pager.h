/* Long output on a terminal. */
#ifndef CMD_PAGER_H
#define CMD_PAGER_H

/* If stdout is a terminal, what is printed from here on goes through ESC_PAGER,
 * PAGER or `less -FRX`. Decide on colours before. */
void pager_start(void);
/* Waits for the reader to end it; nothing more can be printed. */
void pager_end(void);

#endif
