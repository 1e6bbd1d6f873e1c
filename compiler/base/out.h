/* out.h: text that grows and indents itself: emitting code reads like the emitted code. */
#ifndef OUT_H
#define OUT_H

#include "base.h"

typedef struct Out {
    char  *text;      /* always terminated */
    size_t length, capacity;
    int    depth;     /* open braces */
} Out;

/* Appends one or more formatted lines; the newline of the last one may be left out. Lines that start with # stay at the
 * margin. Any other line is indented by the braces open before it (a line that starts with a closing brace by one
 * less); braces inside comments, strings and character constants are not told apart, so keep them balanced. */
void put(Out *out, const char *format, ...) PRINTF_LIKE(2, 3);

/* Appends text as it is, without indentation. */
void put_raw(Out *out, const char *text);
void out_free(Out *out);

/* Writes several files, at most WRITE_FILES_MAX: each to a temporary file beside its place, and only when all of them
 * are whole are they renamed: a failure while writing leaves every old file as it was. Returns 0, or an errno value
 * (in words: lstmc_write_reason) and the path that failed. */
#define WRITE_FILES_MAX 8
typedef struct FileText {
    const char *path, *text;
    size_t length;
} FileText;
int write_files(const FileText *texts, int count, const char **failed);

/* Writes `length` bytes to `path` by way of a temporary file beside it and a rename: the file is whole or untouched.
 * Returns 0, or an errno value. */
int write_file(const char *path, const char *text, size_t length);

/* Makes a folder, or that of a file, with those above it. Returns 0, also if it is there, or an errno value. */
int make_folder(const char *path);
int make_folder_of(const char *path);

#endif
