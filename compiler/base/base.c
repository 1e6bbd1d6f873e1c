/* base.c: the arena (a list of blocks, freed together) and the loud end. */
#include "base.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_SIZE ((size_t)64 * 1024)

typedef struct Block Block;
struct Block {
    Block *next;
    size_t used, size;
    max_align_t data[];
};

struct Arena {
    Block *blocks;
};

void die_at(const char *file, int line, const char *format, ...)
{
    va_list arguments;
    fprintf(stderr, "lstmc: internal error at %s:%d: ", file, line);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    abort();
}

Arena *arena_create(void)
{
    Arena *arena = calloc(1, sizeof *arena);
    if (!arena)
        die("out of memory");
    return arena;
}

void arena_free(Arena *arena)
{
    if (!arena)
        return;
    for (Block *block = arena->blocks, *next; block; block = next) {
        next = block->next;
        free(block);
    }
    free(arena);
}

/* One block of the usual size stays, zeroed as far as it was used. */
void arena_clear(Arena *arena)
{
    Block *kept = NULL;
    for (Block *block = arena->blocks, *next; block; block = next) {
        next = block->next;
        if (!kept && block->size == BLOCK_SIZE)
            kept = block;
        else
            free(block);
    }
    if (kept) {
        memset(kept->data, 0, kept->used);
        kept->used = 0;
        kept->next = NULL;
    }
    arena->blocks = kept;
}

void *arena_alloc(Arena *arena, size_t size)
{
    size = (size + sizeof(max_align_t) - 1) / sizeof(max_align_t) * sizeof(max_align_t);
    Block *block = arena->blocks;
    if (!block || block->size - block->used < size) {
        size_t room = size > BLOCK_SIZE ? size : BLOCK_SIZE;
        block = calloc(1, sizeof *block + room);
        if (!block)
            die("out of memory (%zu bytes)", room);
        block->size = room;
        block->next = arena->blocks;
        arena->blocks = block;
    }
    void *memory = (char *)block->data + block->used;
    block->used += size;
    return memory;
}

char *arena_format_list(Arena *arena, const char *format, va_list arguments)
{
    char small[256];
    va_list again;
    va_copy(again, arguments);
    int length = vsnprintf(small, sizeof small, format, arguments);
    if (length < 0)
        die("bad format: %s", format);
    char *text = arena_alloc(arena, (size_t)length + 1);
    if ((size_t)length < sizeof small)
        memcpy(text, small, (size_t)length);
    else
        vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    return text;
}

char *arena_format(Arena *arena, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *text = arena_format_list(arena, format, arguments);
    va_end(arguments);
    return text;
}

char *arena_copy_text(Arena *arena, const char *text)
{
    size_t size = strlen(text) + 1;
    return memcpy(arena_alloc(arena, size), text, size);
}

void *arena_grow(Arena *arena, void *items, int count, int *capacity, size_t item_size)
{
    if (count < *capacity)
        return items;
    int wider = *capacity ? 2 * *capacity : 8;
    void *copy = arena_alloc(arena, (size_t)wider * item_size);
    if (count)
        memcpy(copy, items, (size_t)count * item_size);
    *capacity = wider;
    return copy;
}
