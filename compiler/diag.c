/* diag.c: collects mistakes and prints them in the order of the lines. */
#include "diag.h"

#include <stdlib.h>
#include <string.h>

#define PRINTED_MAX 20

typedef struct Diagnostic {
    const char *file, *message;
    int line, order;
} Diagnostic;

struct Diagnostics {
    Arena *arena;
    Diagnostic *items;
    int count, capacity;
};

Diagnostics *diagnostics_create(Arena *arena)
{
    Diagnostics *all = arena_new(arena, Diagnostics);
    all->arena = arena;
    return all;
}

void diagnostics_add(Diagnostics *all, const char *file, int line, const char *format, ...)
{
    char message[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    for (int i = 0; i < all->count; i++)
        if (all->items[i].line == line && !strcmp(all->items[i].message, message) && !strcmp(all->items[i].file, file))
            return;
    Diagnostic item = { .file = arena_copy_text(all->arena, file), .message = arena_copy_text(all->arena, message),
                        .line = line, .order = all->count };
    arena_append(all->arena, all->items, all->count, all->capacity, item);
}

int diagnostics_count(const Diagnostics *all)
{
    return all->count;
}

static int by_line(const void *a, const void *b)
{
    const Diagnostic *left = a, *right = b;
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
        fprintf(to, "%s: and %d more\n", all->items[0].file, all->count - PRINTED_MAX);
}
