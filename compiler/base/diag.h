/* diag.h: the user's mistakes, collected: all of them are said in one run, in the order of the lines. */
#ifndef DIAG_H
#define DIAG_H

#include "base.h"

#include <stdio.h>

typedef struct Diagnostics Diagnostics;

Diagnostics *diagnostics_create(Arena *arena);
/* `line` 0: the file as a whole. The message carries its own suggestion. The same message at the same place counts
 * once. */
void diagnostics_add(Diagnostics *all, const char *file, int line, const char *format, ...) PRINTF_LIKE(4, 5);
int  diagnostics_count(const Diagnostics *all);
/* The name of a file, say, as one line without what is no text or what a terminal could take for a command. */
const char *printable_text(Arena *arena, const char *text);
/* One line of text from elsewhere, cut to `width` bytes, without what a terminal could take for a command. */
void print_printable(FILE *to, const char *text, int width);
/* "file:line: message" a line each, sorted by line; at most 20, then how many more. */
void diagnostics_print(const Diagnostics *all, FILE *to);

#endif
