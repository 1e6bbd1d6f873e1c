/* extents.c: sizes that a file leaves open are computed with as numbers, which stand for a text of the description. */
#include "flow.h"

#include <string.h>

#define TIMESTEPS "100"

/* Each is a prime, so that what is computed from one of them is not taken for another one. */
static const int64_t sizes[] = { 1000033, 1000037, 1000039, 1000081, 1000099, 1000117, 1000121, 1000133 };

#define SIZE_MOST (INT64_MAX / 8)       /* larger ones are this one: nothing that follows overflows */
#define SIZE_COUNT ((int)(sizeof sizes / sizeof *sizes))

static const char *new_parameter(Importer *importer, const char *parameter)
{
    Draft *draft = importer->draft;
    const char *name = parameter;
    for (int n = 2, i = 0; i < draft->parameter_count; i++)
        if (!strcmp(draft->parameters[i].name, name)) {
            name = arena_format(importer->arena, "%s_%d", parameter, n++);
            i = -1;
        }
    DraftArgument argument = { name, TIMESTEPS };
    arena_append(importer->arena, draft->parameters, draft->parameter_count, draft->parameter_capacity, argument);
    draft_assume(draft, "%s = " TIMESTEPS ", of which the file says that it may be any; %s=N on the command line says "
                 "another one.", name, name);
    return name;
}

Extent open_extent(Importer *importer, const char *symbol, const char *parameter)
{
    for (int i = 0; i < importer->size_count; i++)
        if (*symbol && !strcmp(importer->sizes[i], symbol))
            return (Extent){ sizes[i], importer->draft->parameters[i].name };
    if (importer->size_count == SIZE_COUNT) {
        cannot(importer, "more than %d extents of its inputs are open", SIZE_COUNT);
        return extent_of(1);
    }
    importer->sizes[importer->size_count] = symbol;
    return (Extent){ sizes[importer->size_count++], new_parameter(importer, parameter) };
}

Extent extent_of(int64_t size)
{
    return (Extent){ size, NULL };
}

const char *extent_text(Arena *arena, Extent extent)
{
    return extent.text ? extent.text : arena_format(arena, "%lld", (long long)extent.size);
}

static const char *as_factor(Arena *arena, Extent extent)
{
    const char *text = extent_text(arena, extent);
    return strchr(text, ' ') ? arena_format(arena, "(%s)", text) : text;
}

Extent extent_times(Arena *arena, Extent a, Extent b)
{
    int64_t size;
    if (__builtin_mul_overflow(a.size, b.size, &size))
        size = SIZE_MOST;
    size = size > SIZE_MOST ? SIZE_MOST : size;
    if (!a.text && !b.text)
        return extent_of(size);
    if (a.size == 1 || b.size == 1)
        return a.size == 1 ? b : a;
    return (Extent){ size, arena_format(arena, "%s * %s", as_factor(arena, a), as_factor(arena, b)) };
}

Extent extent_plus(Arena *arena, Extent a, int64_t n)
{
    n = n > SIZE_MOST ? SIZE_MOST : n;
    a.size = a.size > SIZE_MOST ? SIZE_MOST : a.size;
    if (!a.text || !n)
        return (Extent){ a.size + n, a.text };
    return (Extent){ a.size + n, arena_format(arena, "%s %c %lld", a.text, n < 0 ? '-' : '+',
                                              (long long)(n < 0 ? -n : n)) };
}

Extent extent_divided(Arena *arena, Extent a, int64_t n)
{
    int64_t size = a.size >= 0 ? a.size / n : -((-a.size + n - 1) / n);
    if (!a.text || n == 1)
        return (Extent){ size, n == 1 ? a.text : NULL };
    return (Extent){ size, arena_format(arena, "%s // %lld", as_factor(arena, a), (long long)n) };
}
