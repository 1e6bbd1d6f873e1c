/* diag.c: collects mistakes and prints them in the order of the lines. */
#include "diag.h"

#include <stdlib.h>
#include <string.h>

#define KEPT_MAX    1000      /* a loop can make any number */
#define PRINTED_MAX 100

typedef struct Diagnostic {
    const char *file, *message;
    int line, order;
} Diagnostic;

struct Diagnostics {
    Arena *arena;
    Diagnostic *items;
    int count, capacity;
    int dropped;
};

Diagnostics *diagnostics_create(Arena *arena)
{
    Diagnostics *all = arena_new(arena, Diagnostics);
    all->arena = arena;
    return all;
}

/* How many bytes of a character beyond ASCII begin here; 0 if it is no UTF-8. */
static int utf8_length(const unsigned char *c)
{
    int length = *c >= 0xc2 && *c <= 0xdf ? 2 : (*c & 0xf0) == 0xe0 ? 3 : *c >= 0xf0 && *c <= 0xf4 ? 4 : 0;
    for (int i = 1; i < length; i++)
        if ((c[i] & 0xc0) != 0x80)
            return 0;
    return *c == 0xc2 && c[1] < 0xa0 ? 0 : length;      /* not the control characters beyond ASCII either */
}

/* U+200E, 200F, 2028 to 202E, 2066 to 2069: what stands behind them would look as if it stood elsewhere. */
static bool turns_direction(const unsigned char *c)
{
    return c[0] == 0xe2 && ((c[1] == 0x80 && (c[2] == 0x8e || c[2] == 0x8f || (c[2] >= 0xa8 && c[2] <= 0xae)))
                            || (c[1] == 0x81 && c[2] >= 0xa6 && c[2] <= 0xa9));
}

/* Whatever is no text, or what a terminal could take for a command, becomes question marks. */
static void make_printable(char *text, bool one_line)
{
    unsigned char *c = (unsigned char *)text;
    while (*c) {
        int length = *c < 0x80 ? 1 : utf8_length(c);
        bool is_break = *c == '\n' || *c == '\t';
        if (length == 3 && turns_direction(c))
            c[0] = c[1] = c[2] = '?';
        else if (!length || (*c < ' ' && (one_line || !is_break)) || *c == 127)
            *c = '?';
        c += length ? length : 1;
    }
}

const char *printable_text(Arena *arena, const char *text)
{
    char *copy = arena_copy_text(arena, text);
    make_printable(copy, true);
    return copy;
}

void print_printable(FILE *to, const char *text, int width)
{
    char *line = malloc((size_t)width + 1);
    if (!line)
        die("out of memory");
    snprintf(line, (size_t)width + 1, "%s", text);
    make_printable(line, false);
    fprintf(to, "%s%s\n", line, strlen(text) > (size_t)width ? " ..." : "");
    free(line);
}

void diagnostics_add(Diagnostics *all, const char *file, int line, const char *format, ...)
{
    char message[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    make_printable(message, false);
    file = printable_text(all->arena, file);
    if (all->count >= KEPT_MAX) {
        all->dropped++;
        return;
    }
    for (int i = 0; i < all->count; i++)
        if (all->items[i].line == line && !strcmp(all->items[i].message, message) && !strcmp(all->items[i].file, file))
            return;
    Diagnostic item = { .file = file, .message = arena_copy_text(all->arena, message),
                        .line = line, .order = all->count };
    arena_append(all->arena, all->items, all->count, all->capacity, item);
}

int diagnostics_count(const Diagnostics *all)
{
    return all->count;
}

static int by_line(const void *a, const void *b)    /* what has no line comes last */
{
    const Diagnostic *left = a, *right = b;
    if (!left->line != !right->line)
        return !left->line - !right->line;
    return left->line != right->line ? left->line - right->line : left->order - right->order;
}

void diagnostics_print(const Diagnostics *all, FILE *to)
{
    if (all->count)
        qsort(all->items, (size_t)all->count, sizeof *all->items, by_line);
    for (int i = 0; i < all->count && i < PRINTED_MAX; i++) {
        const Diagnostic *item = &all->items[i];
        if (item->line > 0)
            fprintf(to, "%s:%d: %s\n", item->file, item->line, item->message);
        else
            fprintf(to, "%s: %s\n", item->file, item->message);
    }
    if (all->count > PRINTED_MAX)
        fprintf(to, "%s: and %d more\n", all->items[0].file, all->count + all->dropped - PRINTED_MAX);
}
