/* command.h: the lstmc program as a test sees it: words in; status, output and cost out. */
#ifndef COMMAND_H
#define COMMAND_H

#include <stdbool.h>

typedef struct Ran {
    int status;                 /* of exit; -1 if a signal ended it */
    char *output, *errors;      /* whole texts, cut at 1 MB */
    double seconds;             /* of CPU time, user and system, without the children's */
    long kilobytes;             /* largest resident set */
} Ran;

/* The program: $LSTMC, or lstmc in the folder above the test program. */
const char *command_program(void);

/* Runs a line of the shell in `folder`, in which $L is the program. No terminal; compilers are those of tests/compilers; no CC, CFLAGS, NO_COLOR or MAKEFLAGS from outside; at most `seconds` of CPU time. */
Ran  command_run(const char *folder, int seconds, const char *line);
void ran_free(Ran *ran);

/* Runs a line and expects this exit status, `output` in standard output and `errors` in standard error (NULL: nothing there). */
void command_expect(const char *folder, int seconds, const char *line, int status, const char *output, const char *errors);

/* What a line prints, which ends with the status 0; to be freed. */
char *command_said(const char *folder, int seconds, const char *line);

/* A folder of its own under /tmp, and its end with all that is in it. */
char *command_folder(void);
void  command_folder_remove(char *folder);

void command_write(const char *folder, const char *name, const void *bytes, long count);
char *command_read_file(const char *folder, const char *name);     /* NULL if there is none; to be freed */
int  command_count_files(const char *folder);

#endif
