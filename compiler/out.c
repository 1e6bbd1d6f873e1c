/* out.c: text that grows and indents itself, and whole files or none. */
#include "out.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

static int write_all(int file, const char *text, size_t length)
{
    while (length > 0) {
        ssize_t written = write(file, text, length);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return errno;
        text += written;
        length -= (size_t)written;
    }
    return 0;
}

static char *temporary_name(const char *path)
{
    size_t size = strlen(path) + 32;
    char *name = malloc(size);
    if (name)
        snprintf(name, size, "%s.%ld.tmp", path, (long)getpid());
    return name;
}

static int write_temporary(const char *name, const FileText *text)
{
    int file = open(name, O_WRONLY | O_CREAT | O_EXCL, 0666);
    if (file < 0)
        return errno;
    int status = write_all(file, text->text, text->length);
    if (!status && fsync(file))
        status = errno;
    if (close(file) && !status)
        status = errno;
    return status;
}

int write_files(const FileText *texts, int count, const char **failed)
{
    char *names[WRITE_FILES_MAX] = { NULL };
    int status = 0, i;
    if (count > WRITE_FILES_MAX)
        die("%d files at once", count);
    for (i = 0; i < count && !status; i++) {
        *failed = texts[i].path;
        names[i] = temporary_name(texts[i].path);
        status = names[i] ? write_temporary(names[i], &texts[i]) : ENOMEM;
    }
    for (i = 0; i < count && !status; i++) {
        *failed = texts[i].path;
        if (rename(names[i], texts[i].path))
            status = errno;
    }
    for (i = 0; i < count; i++) {
        if (status && names[i])
            unlink(names[i]);
        free(names[i]);
    }
    return status;
}

int write_file(const char *path, const char *text, size_t length)
{
    const char *failed;
    return write_files(&(FileText){ path, text, length }, 1, &failed);
}
