/* bar.h: a line of a terminal that shows how far something has come. */
#ifndef LSTMC_BAR_H
#define LSTMC_BAR_H

#include <stdio.h>

/* Whether `to` is a terminal on which a line can be written over (NULL is none), and whether in colours: NO_COLOR. */
int  lstmc_bar_terminal(FILE *to, int *colour);
/* Columns of the terminal: of its window, which may have become another one, or $COLUMNS, or 80. */
int  lstmc_bar_width(FILE *to);
/* How much of the text goes into so many columns, in whole fields: two spaces stand between them. */
int  lstmc_bar_fit(const char *text, int room);
/* Writes the line anew in so many columns, of which the last stays empty, because some terminals wrap there: head, a
 * bar of which `part` (0 to 1) is filled, where there is room for one, and of the tail as many whole fields as fit. */
void lstmc_bar_draw(FILE *to, int width, int colour, const char *head, double part, const char *tail);

#endif
