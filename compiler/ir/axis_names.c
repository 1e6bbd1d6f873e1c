/* axis_names.c: in: consecutive statements that become one nest.  out: what their axes are called in it, no two of one
 * statement alike: in its comment, in its code, in a dump. The axes of what is written keep their names; another one
 * that bears a name that is taken gets the letter before it in the alphabet that is free: m beside n, s beside t. */
#include "axes.h"

#include <ctype.h>
#include <string.h>

#define LETTERS 26

typedef struct Naming {
    AxisNames *names;
    const Statement *const *statements;
    int count;
    const char *(*legal)(Arena *arena, const char *name);   /* NULL: every name is */
} Naming;

static const char *find(const AxisNames *names, const Axis *axis)
{
    for (int i = 0; i < names->count; i++)
        if (names->list[i].axis == axis)
            return names->list[i].name;
    return NULL;
}

const char *axis_name(const AxisNames *names, const Axis *axis)
{
    const char *name = find(names, axis);
    return name ? name : axis->name;
}

static const char *legal_name(const Naming *naming, const char *name)
{
    return naming->legal ? naming->legal(naming->names->arena, name) : name;
}

/* The axis of the loop is -1. */
static const Axis *axis_of(const Statement *statement, int which)
{
    return which >= 0 ? statement->axes[which] : statement->loop ? statement->loop->axis : NULL;
}

static bool has_axis(const Statement *statement, const Axis *axis)
{
    for (int a = -1; a < statement->axis_count; a++)
        if (axis_of(statement, a) == axis)
            return true;
    return false;
}

/* Another axis of one of its statements is called so, or, `fresh`, would like to be. */
static bool is_taken(const Naming *naming, const Axis *axis, const char *name, bool fresh)
{
    for (int i = 0; i < naming->count; i++)
        for (int a = -1; a < naming->statements[i]->axis_count && has_axis(naming->statements[i], axis); a++) {
            const Axis *other = axis_of(naming->statements[i], a);
            const char *given = other && other != axis ? find(naming->names, other) : NULL;
            if (other && other != axis && !given && fresh)
                given = legal_name(naming, other->name);
            if (given && !strcmp(given, name))
                return true;
        }
    return false;
}

/* l and o look like digits. */
static bool reads_like_digit(char letter)
{
    return letter == 'l' || letter == 'o';
}

static const char *choose(const Naming *naming, const Axis *axis)
{
    Arena *arena = naming->names->arena;
    const char *own = legal_name(naming, axis->name);
    if (!is_taken(naming, axis, own, false))
        return own;
    bool is_letter = islower((unsigned char)*own) && !own[1];
    for (int back = 1; is_letter && back < LETTERS; back++) {
        char letter[] = { (char)('a' + (*own - 'a' + LETTERS - back) % LETTERS), '\0' };
        if (!reads_like_digit(*letter) && !strcmp(legal_name(naming, letter), letter) &&
            !is_taken(naming, axis, letter, true))
            return arena_copy_text(arena, letter);
    }
    const char *name = own;
    for (int again = 2; is_taken(naming, axis, name, true); again++)
        name = arena_format(arena, "%s_%d", own, again);
    return name;
}

static void give(const Naming *naming, const Axis *axis)
{
    AxisNames *names = naming->names;
    if (!axis || find(names, axis))
        return;
    AxisName named = { .axis = axis, .name = choose(naming, axis) };
    arena_append(names->arena, names->list, names->count, names->capacity, named);
}

const AxisNames *axis_names(Arena *arena, const Statement *const *statements, int count,
                            const char *(*legal)(Arena *arena, const char *name))
{
    AxisNames *names = arena_new(arena, AxisNames);
    names->arena = arena;
    const Naming naming = { .names = names, .statements = statements, .count = count, .legal = legal };
    for (int i = 0; i < count; i++)
        give(&naming, axis_of(statements[i], -1));
    for (int i = 0; i < count; i++)
        for (int a = 0; a < statements[i]->axis_count; a++)
            if (access_uses(&statements[i]->out, statements[i]->axes[a]))
                give(&naming, statements[i]->axes[a]);
    for (int i = 0; i < count; i++)
        for (int a = 0; a < statements[i]->axis_count; a++)
            give(&naming, statements[i]->axes[a]);
    return names;
}
