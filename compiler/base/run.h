/* run.h: the C compiler and what it needs, run so that neither it nor its files outlive us. */
#ifndef RUN_H
#define RUN_H

#include "base.h"

/* From run_begin to run_end a signal that ends programs ends the program that runs, with all that it has started, and
 * is otherwise kept for run_end: what lies between can clean up. run_end then ends this program with the status of the
 * signal. */
void run_begin(void);
void run_end(void);

/* Between the two. Runs the words, standard output and error to the file `log`, temporary files to `folder` (NULL:
 * where they always go). Returns the exit status, 127 if there is no such program, 126 if a signal has ended it. */
int  run(char **words, const char *log, const char *folder);

/* A new folder in $TMPDIR, or /tmp, for the files of what runs; NULL with errno. */
char *run_folder(Arena *arena);

void  run_folder_remove(const char *folder);

/* The first bytes of what a program has said in `log`, at most so many; "" if there is no log. */
char *run_said(Arena *arena, const char *log, size_t most);

#endif
