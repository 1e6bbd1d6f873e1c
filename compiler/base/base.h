/* base.h: the ground floor of the compiler: memory from an arena, text that grows, and `die` for broken invariants. */
#ifndef BASE_H
#define BASE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LSTMC_VERSION "0.1"

#if defined(__GNUC__)
#define PRINTF_LIKE(text, first) __attribute__((format(printf, text, first)))
#define NO_RETURN __attribute__((noreturn))
#else
#define PRINTF_LIKE(text, first)
#define NO_RETURN
#endif

/* Everything one compilation allocates; freed at once, so that hundreds of models compile in one process without a
 * leak. */
typedef struct Arena Arena;
Arena *arena_create(void);
void   arena_free(Arena *arena);
void   arena_clear(Arena *arena);                       /* as if it were new: for many short uses */
void  *arena_alloc(Arena *arena, size_t size);          /* zeroed, aligned for any type; never NULL */
char  *arena_format(Arena *arena, const char *format, ...) PRINTF_LIKE(2, 3);
char  *arena_format_list(Arena *arena, const char *format, va_list arguments) PRINTF_LIKE(2, 0);
char  *arena_copy_text(Arena *arena, const char *text);
#define arena_new(arena, Type)           ((Type *)arena_alloc((arena), sizeof(Type)))
#define arena_array(arena, Type, count)  ((Type *)arena_alloc((arena), sizeof(Type) * (size_t)(count)))

/* Appends `item` to an array that lives in an arena: items, count and capacity are lvalues. */
void *arena_grow(Arena *arena, void *items, int count, int *capacity, size_t item_size);
#define arena_append(arena, items, count, capacity, item)                                              \
    do {                                                                                               \
        (items) = arena_grow((arena), (items), (count), &(capacity), sizeof *(items));                 \
        (items)[(count)++] = (item);                                                                   \
    } while (0)

/* A broken invariant of ours: says where, then aborts. Never for a user's mistake. */
#define die(...) die_at(__FILE__, __LINE__, __VA_ARGS__)
NO_RETURN void die_at(const char *file, int line, const char *format, ...) PRINTF_LIKE(3, 4);

#endif
