/* out.c: text that grows and indents itself, and whole files or none. */
#include "out.h"

#include "runtime/files/replace.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define INDENT 4    /* spaces a brace */

static void append(Out *out, const char *text, size_t length)
{
    if (out->capacity - out->length <= length) {
        size_t wider = out->capacity ? out->capacity : 4096;
        while (wider - out->length <= length)
            wider *= 2;
        char *grown = realloc(out->text, wider);
        if (!grown)
            die("out of memory (%zu bytes)", wider);
        out->text = grown;
        out->capacity = wider;
    }
    memcpy(out->text + out->length, text, length);
    out->length += length;
    out->text[out->length] = '\0';
}

static void append_line(Out *out, const char *line, size_t length)
{
    int change = 0, leading = 0;
    while ((size_t)leading < length && line[leading] == '}')
        leading++;
    for (size_t i = 0; i < length; i++)
        change += (line[i] == '{') - (line[i] == '}');
    int spaces = INDENT * (out->depth - leading);
    if (length > 0 && line[0] != '#')       /* preprocessor lines stay at the margin */
        for (int i = 0; i < spaces; i++)
            append(out, " ", 1);
    append(out, line, length);
    append(out, "\n", 1);
    out->depth += change;
}

void put(Out *out, const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (length < 0)
        die("bad format: %s", format);
    char *text = malloc((size_t)length + 1);
    if (!text)
        die("out of memory (%d bytes)", length);
    vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    char *line = text;
    for (char *end; (end = strchr(line, '\n')) != NULL; line = end + 1)
        append_line(out, line, (size_t)(end - line));
    if (*line)
        append_line(out, line, strlen(line));
    free(text);
}

void put_raw(Out *out, const char *text)
{
    append(out, text, strlen(text));
}

void out_free(Out *out)
{
    free(out->text);
    *out = (Out){ 0 };
}

/* ---- files ---- */

static int write_temporary(struct lstmc_replacement *replacement, const FileText *text)
{
    if (lstmc_replacement_open(replacement, text->path))
        return errno;
    return lstmc_write_all(replacement->descriptor, text->text, text->length) ||
           lstmc_replacement_flush(replacement, 1) ? errno : 0;
}

int write_files(const FileText *texts, int count, const char **failed)
{
    struct lstmc_replacement replacements[WRITE_FILES_MAX] = { { .path = NULL } };
    int status = 0, opened = 0, placed = 0;
    if (count > WRITE_FILES_MAX)
        die("%d files at once", count);
    for (; opened < count && !status; opened++) {
        *failed = texts[opened].path;
        status = write_temporary(&replacements[opened], &texts[opened]);
    }
    for (; placed < count && !status; placed++) {
        *failed = texts[placed].path;
        status = lstmc_replacement_commit(&replacements[placed]) ? errno : 0;
    }
    for (int i = placed; i < opened; i++)
        if (replacements[i].path)
            lstmc_replacement_abandon(&replacements[i]);
    return status;
}

int write_file(const char *path, const char *text, size_t length)
{
    const char *failed;
    return write_files(&(FileText){ path, text, length }, 1, &failed);
}

/* Each folder on the way, from the first on; what is there already is no failure. */
int make_folder(const char *path)
{
    char *part = strdup(path);
    int error = part ? 0 : ENOMEM;
    for (char *c = part; part && !error; c++) {
        char kept = *c;
        if (kept && (kept != '/' || c == part))
            continue;
        *c = 0;
        if (mkdir(part, 0777) && errno != EEXIST)
            error = errno;
        *c = kept;
        if (!kept)
            break;
    }
    free(part);
    return error;
}

int make_folder_of(const char *path)
{
    char *folder = lstmc_folder_of(path);
    int error = folder ? make_folder(folder) : ENOMEM;
    free(folder);
    return error;
}
