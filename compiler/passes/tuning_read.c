/* tuning_read.c: in: a file of choices.  out: the choices.  Reads the part of Lua that `lstmc tune` writes, without
 * running anything. */
#include "tuning.h"

#include "runtime/files/file.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX (1024 * 1024)

typedef struct Reader {
    Arena *arena;
    Diagnostics *diagnostics;
    Tuning *tuning;
    const char *at;             /* behind the token */
    int line;
    /* of the token: 'n' name, 's' string, 'd' number, 0 the end of the file, else the character itself */
    char kind;
    const char *text;           /* of a name, string or number */
    bool failed;
} Reader;

static void fail(Reader *reader, const char *expected)
{
    const char *found = !reader->kind ? "the end of the file" : reader->text;
    if (!reader->failed)
        diagnostics_add(reader->diagnostics, reader->tuning->file, reader->line, "%s expected, not %s", expected,
                        found);
    reader->failed = true;
}

/* ---- tokens ---- */

static void skip_blanks(Reader *reader)
{
    for (;;) {
        while (isspace((unsigned char)*reader->at))
            reader->line += *reader->at++ == '\n';
        if (strncmp(reader->at, "--", 2))
            return;
        if (!strncmp(reader->at, "--[[", 4) && !reader->failed) {
            diagnostics_add(reader->diagnostics, reader->tuning->file, reader->line,
                            "comments of several lines are not read here");
            reader->failed = true;
        }
        reader->at += strcspn(reader->at, "\n");
    }
}

static void next(Reader *reader)
{
    skip_blanks(reader);
    const char *start = reader->at;
    size_t length = 1;
    reader->kind = *start;
    if (!*start)
        return;
    if (*start == '"' || *start == '\'') {
        length = 1 + strcspn(start + 1, *start == '"' ? "\"\\\n" : "'\\\n");
        if (start[length] != *start) {
            reader->text = "a string that does not end on its line, or has a backslash";
            fail(reader, "a name in quotes");
            return;
        }
        reader->kind = 's';
        reader->at += length + 1;
        reader->text = arena_format(reader->arena, "%.*s", (int)length - 1, start + 1);
        return;
    }
    if (isalpha((unsigned char)*start) || *start == '_') {
        reader->kind = 'n';
        while (isalnum((unsigned char)start[length]) || start[length] == '_')
            length++;
    } else if (isdigit((unsigned char)*start) || (*start == '-' && isdigit((unsigned char)start[1]))) {
        reader->kind = 'd';
        while (isalnum((unsigned char)start[length]) || start[length] == '.')
            length++;
    }
    while ((start[length] & 0xc0) == 0x80)      /* the rest of a character in UTF-8 */
        length++;
    reader->at += length;
    reader->text = arena_format(reader->arena, "%.*s", (int)length, start);
}

static void take(Reader *reader, char kind, const char *expected)
{
    if (reader->kind != kind)
        fail(reader, expected);
    if (!reader->failed)
        next(reader);
}

/* ---- the table ---- */

static void read_number(Reader *reader, TileNumbers *numbers)
{
    const struct { const char *name; int *number, most;
    } all[] = {
        { "rows", &numbers->rows, TUNING_SIDE_MAX },
        { "blocks", &numbers->blocks, TUNING_SIDE_MAX },
        { "sets", &numbers->sets, 2 },
        { "unroll", &numbers->unroll, TUNING_UNROLL_MAX },
        { "chunk", &numbers->chunk, INT_MAX },
    };
    const char *name = reader->text;
    int line = reader->line;
    take(reader, 'n', "rows, blocks, sets, unroll or chunk");
    take(reader, '=', "=");
    size_t which = 0;
    while (which < sizeof all / sizeof *all && !reader->failed && strcmp(all[which].name, name))
        which++;
    if (reader->failed)
        return;
    if (strchr("{}[]=,;", reader->kind)) {      /* or the end of the file */
        fail(reader, "a number");
        return;
    }
    char *end = NULL;
    long number = reader->kind == 'd' ? strtol(reader->text, &end, 10) : 0;
    if (which == sizeof all / sizeof *all)
        diagnostics_add(reader->diagnostics, reader->tuning->file, line,
                        "unknown number \"%s\" (there are: rows, blocks, sets, unroll, chunk)", name);
    else if (*all[which].number)
        diagnostics_add(reader->diagnostics, reader->tuning->file, line, "%s is given twice", name);
    else if (!end || *end || number < 1 || number > all[which].most)
        diagnostics_add(reader->diagnostics, reader->tuning->file, reader->line,
                        "%s takes a whole number from 1%s, not %s", name,
                        all[which].most == INT_MAX ? "" : arena_format(reader->arena, " to %d", all[which].most),
                        reader->text);
    else
        *all[which].number = (int)number;
    next(reader);
}

static void read_choice(Reader *reader)
{
    Tuning *tuning = reader->tuning;
    TileChoice choice = { .line = reader->line };
    take(reader, '[', "[\"name of a tile\"]");
    choice.name = reader->text;
    take(reader, 's', "the name of a tile in quotes");
    take(reader, ']', "]");
    take(reader, '=', "=");
    take(reader, '{', "{");
    while (!reader->failed && reader->kind != '}') {
        read_number(reader, &choice.numbers);
        if (reader->kind != '}')
            take(reader, reader->kind == ';' ? ';' : ',', ", or }");
    }
    take(reader, '}', "}");
    for (int c = 0; c < tuning->count && !reader->failed; c++)
        if (!strcmp(tuning->choices[c].name, choice.name))
            diagnostics_add(reader->diagnostics, tuning->file, choice.line, "\"%s\" is given twice", choice.name);
    arena_append(reader->arena, tuning->choices, tuning->count, tuning->capacity, choice);
}

static void read_table(Reader *reader)
{
    next(reader);
    if (!reader->failed && (reader->kind != 'n' || strcmp(reader->text, "return")))
        fail(reader, "return");
    take(reader, 'n', "return");
    take(reader, '{', "{");
    while (!reader->failed && reader->kind != '}') {
        read_choice(reader);
        if (reader->kind != '}')
            take(reader, reader->kind == ';' ? ';' : ',', ", or }");
    }
    take(reader, '}', "}");
    if (!reader->failed && reader->kind)
        fail(reader, "the end of the file");
}

static char *read_text(Arena *arena, Diagnostics *diagnostics, const char *path)
{
    int descriptor = lstmc_file_open(path, NULL);
    FILE *file = descriptor < 0 ? NULL : fdopen(descriptor, "rb");
    if (!file && (errno == EINVAL || errno == EISDIR)) {
        diagnostics_add(diagnostics, path, 0, "is not a regular file");
        return NULL;
    }
    char *text = arena_alloc(arena, FILE_MAX + 1);
    size_t length = file ? fread(text, 1, FILE_MAX + 1, file) : 0;
    bool failed = !file || ferror(file);
    int error = errno;
    if (file)
        fclose(file);
    if (failed)
        diagnostics_add(diagnostics, path, 0, "cannot be read: %s", strerror(error));
    else if (length > FILE_MAX || memchr(text, 0, length))
        diagnostics_add(diagnostics, path, 0,
                        length > FILE_MAX ? "is larger than 1 MB: not a tuning table"
                                          : "is a binary file; a tuning table is text");
    else
        return text;
    return NULL;
}

bool tuning_read(Arena *arena, Diagnostics *diagnostics, const char *path, Tuning *tuning)
{
    int before = diagnostics_count(diagnostics);
    *tuning = (Tuning){ .file = arena_copy_text(arena, path) };
    char *text = read_text(arena, diagnostics, path);
    if (!text)
        return false;
    Reader reader = { .arena = arena, .diagnostics = diagnostics, .tuning = tuning, .at = text, .line = 1, .text = "" };
    read_table(&reader);
    return diagnostics_count(diagnostics) == before;
}
